//! What `torch.export.save` writes: a zip of a program as JSON, raw weights, and what `torch.save` wrote of its inputs.

use super::zip::is_pickle_name;
use crate::{
    bytes::{ReadError, Window},
    fact::{Hop, Place, Unread, Unsupported},
    format::{
        Expect, Format, Read, Reading, Recognise, Suffix, pickle,
        zip::{Directory, Member, read_members},
    },
};

/// A zip with an exported program.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-export",
    title: "torch.export archive",
    doc: DOC,
    suffixes: &[Suffix::own("pt2")],
    container: None,
    executes: true,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

What `torch.export.save` writes. Since torch 2.8 a zip archive with `archive_format`, programs in `models/*.json`, raw weights in
`data/weights/` and constants in `data/constants/`; before, one with `serialized_exported_program.json`.

## What loading it does

`torch.export.load` reads the program as JSON and its weights as bytes, and gives sample inputs, and the state of older
archives, to `torch.load`. A program names the operators that it calls when it runs. An archive can also bring compiled
code (`data/aotinductor/`), which loading runs, and custom objects, which are TorchScript.

## How it is recognised

A zip archive with `archive_format` and `models/`, or with `serialized_exported_program.json`.

## What is checked

Everything that is checked of a `zip` archive; every file that `torch.save` wrote in it as a file of its own. Members
that are no program, weights, inputs or versions are not read, which is said. The operators of a program are not looked at.

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
    read_members(window, directory, reading, |member| {
        is_pickle_name(member.name.as_bytes()).then_some(Expect::Format(&pickle::FORMAT))
    });
    for member in &directory.members {
        if !is_read(member) {
            reading.recorder.enter(Hop::Member {
                name: member.name.clone(),
                copy: member.copy,
            });
            let form = Unsupported::ExportMember;
            reading.unread(Unread::Unsupported(form), Place::Whole);
            reading.recorder.leave();
        }
    }
    Ok(())
}

/// Whether a member is one that holds data, or is read.
fn is_read(member: &Member) -> bool {
    let name = member.name.as_bytes();
    let parts: Vec<&[u8]> = name.split(|byte| *byte == b'/').collect();
    let name = last(name);
    let folder = parts.iter().rev().nth(1).copied().unwrap_or_default();
    let numbered = |prefix: &[u8]| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
    };
    let code = parts.iter().any(|part| part.starts_with(b"aotinductor"));
    if code {
        return false;
    }
    member.is_folder()
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
