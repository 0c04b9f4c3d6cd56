//! Mobile programs of TorchScript as flatbuffers, which torch writes instead of a zip with `bytecode.pkl`.
//!
//! Follows `mobile_bytecode.fbs` of torch: fields are asked for by their numbers there.

use super::script::add_code;
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Hop, Native, Site, Text},
    format::{
        Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
        flatbuffer::{Flatbuffer, Table, identifier},
        operators::Names,
    },
    limits,
};

/// Flatbuffers with the identifier `PTMF`.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-mobile",
    title: "TorchScript program (flatbuffer)",
    doc: DOC,
    suffixes: &[Suffix::own("ptl")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A compiled TorchScript module for phones, as `torch.jit.save_jit_module_to_flatbuffer` and
`_save_for_lite_interpreter(_use_flatbuffer=True)` write it. Others keep the same in a zip archive: see `torch-script`.

## What loading it does

torch makes its objects and runs the `__setstate__` functions among them; calling the model runs the rest. Instructions call
operators, which read and write files as well. The file may hold the source, which `torch.jit.load` compiles instead.

## How it is recognised

By `PTMF` as its fifth to eighth byte.

## What is checked

The operators that each function names, the classes of native code and the source are judged as in a `torch-script`:
`unsafe-operator`, `custom-operator`, `torchscript-code`. Offsets that lead outside of the file break it. Tensors are not read.

## What to prefer

safetensors for weights; the module's code in the repository.
";

/// Numbers of the fields of `Module`.
mod module {
    pub(super) const IVALUES: u16 = 4;
    pub(super) const OBJECT_TYPES: u16 = 7;
    pub(super) const SOURCES: u16 = 8;
}

/// Of the kinds of values, a function.
const FUNCTION: u8 = 16;

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(identifier(head) == Some(*b"PTMF"))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut names = Names::default();
    let result = read_module(window, &mut names, reading);
    names.record(reading);
    result
}

fn read_module(window: &Window, names: &mut Names, reading: &Reading<'_>) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(window);
    let module = buffer.root()?;
    for value in module.tables(module::IVALUES)? {
        let value = value?;
        if value.u8(0)? == FUNCTION
            && let Some(function) = value.table(1)?
        {
            read_function(&buffer, function, names, reading)?;
        }
    }
    for class in module.tables(module::OBJECT_TYPES)? {
        let name = class?.text(0)?;
        add_classes(name.as_bytes(), names, || within(reading, name.clone()));
    }
    let mut left = limits::SCRIPT_BYTES;
    for source in module.tables(module::SOURCES)? {
        let source = source?;
        let content = source.vector(1, 1)?;
        left = left
            .checked_sub(content.count)
            .ok_or(ReadError::Limit(limits::Id::SCRIPT_BYTES))?;
        let code = window.bytes_at(content.start, narrow(content.count))?;
        add_code(names, &code, &within(reading, source.text(0)?));
    }
    Ok(())
}

fn read_function(
    buffer: &Flatbuffer,
    function: Table<'_>,
    names: &mut Names,
    reading: &Reading<'_>,
) -> Result<(), ReadError> {
    let name = function.text(0)?;
    for operator in function.tables(2)? {
        let called = Native::Operator(operator?.text(0)?);
        names.add(called, || (within(reading, name.clone()), None));
    }
    let types = function.vector(4, 4)?;
    for number in 0..types.count {
        let annotation = buffer.text_element(types, number)?;
        add_classes(annotation.as_bytes(), names, || {
            within(reading, name.clone())
        });
    }
    Ok(())
}

/// Adds the classes of native code that the name of a type names.
fn add_classes(name: &[u8], names: &mut Names, site: impl Fn() -> Site) {
    const CLASSES: &[u8] = b"__torch__.torch.classes.";
    for start in memchr::memmem::find_iter(name, CLASSES) {
        let class = name.get(start.saturating_add(CLASSES.len())..);
        let class = class.unwrap_or_default();
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'.');
        let length = class.iter().take_while(is_name).count();
        let class = Text::new(class.get(..length).unwrap_or_default());
        names.add(Native::Class(class), || (site(), None));
    }
}

/// In a function or a source of the program.
fn within(reading: &Reading<'_>, name: Text) -> Site {
    super::site_in(reading, Some(Hop::Member { name, copy: 0 }))
}
