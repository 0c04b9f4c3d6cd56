//! TorchScript archives: a zip of code, constants and a pickle of objects whose methods that code defines.
//!
//! The code is in a language of its own, which only looks like Python. It is not compiled here: what it names of native code is
//! found in its tokens. A mobile archive holds compiled code as well, `bytecode.pkl`, whose constants name operators.

mod code;
mod lexer;

pub(super) use code::add_code;

use std::cell::RefCell;

use rustc_hash::FxHashSet;

use super::{Verdict, site_in, whole::read_whole, zip::is_pickle_name};
use crate::{
    bytes::{ReadError, Window},
    fact::{Anomaly, Fact, Global, Native, Place, Short, Site, Text, TorchForm, TorchReason},
    format::{
        Expect, Format, Loader, Read, Reading, Recognise, Runs, Suffix,
        operators::Names,
        pickle,
        zip::{self, Directory, Member, read_members},
    },
    limits,
    record::Checkpoint,
};

/// A zip with a `constants.pkl`, which is what torch itself goes by.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-script",
    title: "TorchScript archive",
    doc: DOC,
    suffixes: &[Suffix::own("torchscript"), Suffix::own("ptl")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A zip archive that `torch.jit.save` writes: TorchScript code under `code/`, `constants.pkl`, and `data.pkl`, whose
objects are instances of classes that the code defines (`__torch__.*`). LibTorch's `torch::save` writes the same without code. A
mobile archive (`.ptl`) has compiled code as well, `bytecode.pkl`.

## What loading it does

`torch.jit.load` compiles the code and runs `__setstate__` methods in it. TorchScript is no sandbox: its operators read
and write files. `torch.load` hands such an archive to `torch.jit.load`; with `weights_only=True` it refuses.

## How it is recognised

A zip archive with a member `constants.pkl`: what torch goes by.

## What is checked

Everything that is checked of a `zip` archive. The pickles are read, and the classes they name that the archive itself
defines are its own code, not imports. The code is searched for the operators and classes of native code that it names, in every
form that torch's parser takes, and so is `bytecode.pkl`: `unsafe-operator` refuses those that reach files, other processes or
Python, `custom-operator` reports those that a library has to bring, `torchscript-code` says that there is code at all. Pickles beside
the code (`*.debug_pkl`) hold places in source; torch reads them with an unpickler that imports nothing. Torch writes one for each file
of code, so an archive that lacks one was not written by torch, or was changed since (`code-without-places`), and is refused.

## What to prefer

safetensors for weights; ONNX for a graph.
";

fn claims(directory: &Directory) -> bool {
    directory
        .members
        .iter()
        .any(|member| last_part(member.name.as_bytes()).eq_ignore_ascii_case(b"constants.pkl"))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every format is read by a function of this shape"
)]
fn read(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    if let Some(member) = without_places(directory) {
        let member = Short::new(member.name.as_bytes());
        let anomaly = Anomaly::CodeWithoutPlaces { member };
        reading.recorder.anomaly(anomaly, Place::Whole);
    }
    let bytecode = Bytecode::default();
    let before = reading.recorder.checkpoint();
    read_members(window, directory, reading, |member| {
        let name = member.name.as_bytes();
        if is_code(name) {
            // Names of Python, and none of its code.
            Some(Expect::Aside)
        } else if last_part(name).eq_ignore_ascii_case(b"bytecode.pkl") {
            Some(Expect::Loaded(&pickle::FORMAT, &bytecode))
        } else {
            is_pickle_name(name).then_some(Expect::Format(&pickle::FORMAT))
        }
    });
    let mut names = Names::default();
    add_classes(&mut names, before, reading);
    for (site, operator) in bytecode.operators.into_inner() {
        names.add(Native::Operator(operator), || (site, None));
    }
    read_code(window, directory, &mut names, reading);
    names.record(reading);
    let mut verdict = Verdict::new(TorchForm::Script);
    verdict.block(site_in(reading, None), TorchReason::Script);
    reading.record(verdict.finish());
    Ok(())
}

/// Adds classes of native code that pickles name: torch makes instances of them and gives them their state.
fn add_classes(names: &mut Names, before: Checkpoint, reading: &Reading<'_>) {
    for observation in reading.recorder.since(before) {
        if let Fact::Global {
            global: Global::Named(global),
            ..
        } = &observation.fact
            && let Some(namespace) = global.module.as_bytes().strip_prefix(CLASSES)
        {
            let class = [namespace, b".", global.name.as_bytes()].concat();
            let site = observation.site.clone();
            names.add(Native::Class(Text::new(class)), || (site, None));
        }
    }
}

/// Where classes of native code are, for TorchScript.
const CLASSES: &[u8] = b"__torch__.torch.classes.";

/// An object of a class of native code, which torch saves by itself: a zip archive with its state and no code.
#[derive(Debug)]
pub(super) struct Object;

impl Loader for Object {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        reading.is(FORMAT.id);
        let directory = zip::directory(window, reading)?;
        let before = reading.recorder.checkpoint();
        read_members(window, &directory, reading, |member| {
            is_pickle_name(member.name.as_bytes()).then_some(Expect::Format(&pickle::FORMAT))
        });
        let mut names = Names::default();
        add_classes(&mut names, before, reading);
        names.record(reading);
        Ok(())
    }
}

fn last_part(name: &[u8]) -> &[u8] {
    let mut parts = name.rsplit(|byte| matches!(byte, b'/' | b'\\'));
    parts.next().unwrap_or_default()
}

/// Whether a member is a file of code, whatever the case: torch compares so.
fn is_code(name: &[u8]) -> bool {
    let end = name.len().checked_sub(3).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(b".py"))
}

/// The first file of code without a pickle of places beside it. Torch writes one for each.
fn without_places(directory: &Directory) -> Option<&Member> {
    let names = directory
        .members
        .iter()
        .map(|member| member.name.as_bytes());
    let names: FxHashSet<&[u8]> = names.collect();
    directory.members.iter().find(|member| {
        let name = member.name.as_bytes();
        // Other files may be of Python: whoever saves a model can give files of its own to it.
        let mut parts = name.split(|byte| *byte == b'/').skip(1);
        let is_of_program = parts
            .next()
            .is_some_and(|part| part.eq_ignore_ascii_case(b"code"));
        is_of_program && is_code(name) && !names.contains(&*[name, PLACES].concat())
    })
}

/// The suffix of such a pickle, behind that of the code.
const PLACES: &[u8] = b".debug_pkl";

/// Reads every content of every file of code, up to a limit for all of them.
fn read_code(window: &Window, directory: &Directory, names: &mut Names, reading: &mut Reading<'_>) {
    let is_file = |member: &&Member| is_code(member.name.as_bytes()) && !member.is_folder();
    let members = directory.members.iter().filter(is_file);
    let limit = (limits::SCRIPT_BYTES, limits::Id::SCRIPT_BYTES);
    read_whole(window, members, limit, reading, |_, code, site, _| {
        add_code(names, code, site);
    });
}

/// What a mobile archive's compiled code names.
#[derive(Debug, Default)]
struct Bytecode {
    operators: RefCell<Vec<(Site, Text)>>,
}

impl Loader for Bytecode {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let operators = pickle::read_operators(window, reading);
        let site = reading.recorder.site(Place::Whole);
        let named = operators.into_iter().map(|(at, operator)| {
            let mut site = site.clone();
            site.at = pickle::opcode_in(window, at);
            (site, operator)
        });
        self.operators.borrow_mut().extend(named);
        Ok(())
    }
}
