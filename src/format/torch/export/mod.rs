//! What `torch.export.save` writes: a zip of a program as JSON, raw weights, and what `torch.save` wrote of its inputs.

mod expression;
mod program;

use rustc_hash::FxHashSet;

use self::program::Program;
use super::{
    script,
    whole::{read_whole, unread_in},
    zip::is_pickle_name,
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Malformed, Unread, Unsupported},
    format::{
        Expect, Format, Read, Reading, Recognise, Runs, Suffix,
        operators::Names,
        pickle,
        zip::{self, Directory, Member, read_members},
    },
    limits,
};

/// A zip with an exported program.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-export",
    title: "torch.export archive",
    doc: DOC,
    suffixes: &[Suffix::own("pt2")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

What `torch.export.save` writes. Since torch 2.8 a zip archive with `archive_format`, programs in `models/*.json`, raw weights in
`data/weights/` and constants in `data/constants/`; before, one with `serialized_exported_program.json`.

## What loading it does

`torch.export.load` reads the program as JSON and its weights as bytes, and gives sample inputs, and the state of older
archives, to `torch.load`; so it does with weights that the archive marks as pickles. A program names the operators that it
calls when it runs. It gives the sizes of its tensors, and conditions of its inputs (guards), as expressions: loading it
and calling it evaluate them as Python. An archive can also bring
compiled code (`data/aotinductor/`), which loading runs, and custom objects, instances of classes of native code that set their own
state. Torch before 2.7 keeps those in a pickle, as `torch.ScriptObject`.

## How it is recognised

A zip archive with `archive_format` and `models/`, or with `serialized_exported_program.json`.

## What is checked

Everything that is checked of a `zip` archive; every file that `torch.save` wrote in it as a file of its own, and weights that are
marked as pickles. `unsafe-operator` refuses operators that reach files, other processes or Python, functions of Python that do not
just compute, and expressions that are more than arithmetic; `custom-operator` reports operators that a library has to bring. So are
the classes of custom objects (`data/constants/custom_obj_*`), whose pickles torch reads with an unpickler that imports nothing. Compiled
code and members that are no program, weights, inputs or versions are not read, which is said.

## What to prefer

safetensors for weights, ONNX for a graph.
";

fn last(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn claims(directory: &Directory) -> bool {
    let names = || {
        directory
            .members
            .iter()
            .map(|member| member.name.as_bytes())
    };
    let has = |wanted: &[u8]| names().any(|name| last(name) == wanted);
    let programs = names().any(|name| {
        name.split(|byte| *byte == b'/')
            .any(|part| part == b"models")
    });
    has(b"archive_format") && programs || has(b"serialized_exported_program.json")
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
    let mut names = Names::default();
    let pickled = read_programs(window, directory, &mut names, reading);
    let budget = reading.budget();
    read_members(window, directory, reading, |member| {
        let name = member.name.as_bytes();
        if is_object(name) {
            return Some(Expect::Loaded(&zip::FORMAT, &script::Object));
        }
        let is_pickle = last(name).starts_with(b"opaque_obj_")
            || is_pickle_name(name)
            || (pickled.contains(last(name)) || is_state(name)) && {
                let body = member.body(window, &budget);
                let front = body.ok().and_then(|body| body.bytes_at(0, 4).ok());
                // What `torch.load` does not open as an archive it takes for a pickle.
                front.is_none_or(|front| front != b"PK\x03\x04")
            };
        if is_pickle {
            Some(Expect::Format(&pickle::FORMAT))
        } else if is_state(name) {
            Some(Expect::Aside)
        } else {
            pickled.contains(last(name)).then_some(Expect::Named)
        }
    });
    names.record(reading);
    for member in &directory.members {
        if !is_read(member, directory) {
            let form = if is_compiled(member) {
                Unsupported::CompiledCode
            } else {
                Unsupported::ExportMember
            };
            unread_in(member, Unread::Unsupported(form), reading);
        }
    }
    Ok(())
}

/// Reads all JSON of an archive but that of extra files. Returns the last parts of the names of members that are pickles.
fn read_programs(
    window: &Window,
    directory: &Directory,
    names: &mut Names,
    reading: &mut Reading<'_>,
) -> FxHashSet<Vec<u8>> {
    let mut pickled: FxHashSet<Vec<u8>> = FxHashSet::default();
    let is_json = |member: &&Member| {
        let name = member.name.as_bytes().to_ascii_lowercase();
        name.ends_with(b".json") && !is_state(&name) && !is_extra(member, directory)
    };
    let members = directory.members.iter().filter(is_json);
    let limit = (limits::PROGRAM_BYTES, limits::Id::PROGRAM_BYTES);
    read_whole(
        window,
        members,
        limit,
        reading,
        |member, json, site, reading| {
            let (program, result) = Program::read(json);
            for native in program.natives {
                names.add(native, || (site.clone(), None));
            }
            let paths = program.pickled.iter();
            pickled.extend(paths.map(|path| last(path.as_bytes()).to_vec()));
            if let Err(fault) = result {
                unread_in(member, Unread::from(Malformed::Program(fault)), reading);
            }
        },
    );
    pickled
}

/// Whether a member is an object of a class of native code.
fn is_object(name: &[u8]) -> bool {
    let mut parts = name.rsplit(|byte| *byte == b'/');
    let is_object = parts
        .next()
        .is_some_and(|last| last.starts_with(b"custom_obj_"));
    is_object && parts.next() == Some(b"constants")
}

/// What `torch.load` opens although it is called otherwise: torch 2.1 wrote the state so.
fn is_state(name: &[u8]) -> bool {
    matches!(
        last(name),
        b"serialized_state_dict.json" | b"serialized_constants.json"
    )
}

/// Whether a member is compiled code.
fn is_compiled(member: &Member) -> bool {
    let mut parts = member.name.as_bytes().split(|byte| *byte == b'/');
    parts.any(|part| part.starts_with(b"aotinductor"))
}

/// Whether a member is a file that whoever exported the program added: loaders return its text.
fn is_extra(member: &Member, directory: &Directory) -> bool {
    let mut parts = member.name.as_bytes().split(|byte| *byte == b'/');
    let first = parts.next();
    // Before torch 2.8 there was no root, and a root may have any name.
    first == Some(b"extra_files") && directory.root() != b"extra_files"
        || parts.next() == Some(b"extra")
}

/// Whether a member is one that holds data, or is read.
fn is_read(member: &Member, directory: &Directory) -> bool {
    let name = member.name.as_bytes();
    let parts: Vec<&[u8]> = name.split(|byte| *byte == b'/').collect();
    let name = last(name);
    let folder = parts.iter().rev().nth(1).copied().unwrap_or_default();
    let numbered = |prefix: &[u8]| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
    };
    if is_compiled(member) {
        return false;
    }
    member.is_folder()
        || is_extra(member, directory)
        || name.starts_with(b"opaque_obj_")
        || is_object(member.name.as_bytes())
        || matches!(
            name,
            b"version"
                | b"byteorder"
                | b"archive_format"
                | b"archive_version"
                | b"serialization_id"
        )
        || name.ends_with(b".json")
        || name.ends_with(b".pt")
        || matches!(folder, b"weights") && (numbered(b"weight_") || numbered(b""))
        || matches!(folder, b"constants") && numbered(b"tensor_")
        || name == b".format_version"
        || name == b".storage_alignment"
}
