//! Torch's zip: `<root>/data.pkl` and one stored member for each tensor storage.
//!
//! torch goes by the central directory alone, ignores case, takes the folder of the first entry for the root and wants a
//! `version` record. Every pickle of every copy is read here; the verdict is about what torch itself would take.

use super::zip_load::{Archive, WeightsPickles, judge};
use crate::{
    bytes::{ReadError, Window},
    fact::{Fact, Observation},
    format::{
        Expect, Format, Read, Reading, Recognise, Runs, Suffix, pickle,
        zip::{Directory, is_torch, read_members},
    },
    record::Checkpoint,
};

/// A zip with a `data.pkl` that is no TorchScript archive.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-zip",
    title: "PyTorch checkpoint (zip)",
    doc: DOC,
    suffixes: &[
        Suffix::shared_with_text("pt", "templates of pages"),
        Suffix::shared_with_text("pth", "path files of Python"),
        Suffix::shared_with_text("ckpt", "lists of checkpoints"),
        Suffix::shared("bin", "firmware and other raw data"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Zip(is_torch),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

What `torch.save` writes since torch 1.6: a zip archive with a pickle, `<root>/data.pkl`, and one stored member
`<root>/data/<n>` for each tensor storage.

## What loading it does

`torch.load(weights_only=True)`, the default since torch 2.6, runs the pickle on an unpickler of its own that knows a
third of the opcodes and only listed globals. `weights_only=False` runs it on Python's: whatever it names is imported
and called.

## How it is recognised

A zip archive with a member `data.pkl`, whatever the case, under any folder.

## What is checked

Everything that is checked of a `zip` archive and of a `pickle`, in every copy of every member. The verdict on
`weights_only=True` names the globals that would have to be listed, or the first thing that no list can mend: opcodes,
state, arguments of the functions that rebuild tensors, sizes and strides against storages, storages against their
records. It is the verdict of the release of torch that the policy targets. A tensor that reaches outside its storage is
refused although a release does not look.

## What to prefer

safetensors for weights; a state dict, never a whole module.
";

/// Reads every member, those named `*.pkl` as the pickles that torch takes them for.
pub(super) fn read_pickles(window: &Window, directory: &Directory, reading: &mut Reading<'_>) {
    read_members(window, directory, reading, |member| {
        is_pickle_name(member.name.as_bytes()).then_some(Expect::Format(&pickle::FORMAT))
    });
}

pub(super) fn is_pickle_name(name: &[u8]) -> bool {
    name.len()
        .checked_sub(4)
        .and_then(|at| name.get(at..))
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case(b".pkl"))
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
    let before = reading.recorder.checkpoint();
    let archive = Archive::new(window, directory, reading.budget());
    let pickles = WeightsPickles::new(&archive);
    read_members(window, directory, reading, |member| {
        match pickles.of(member) {
            Some(loader) => Some(Expect::Loaded(&pickle::FORMAT, loader)),
            None => {
                is_pickle_name(member.name.as_bytes()).then_some(Expect::Format(&pickle::FORMAT))
            }
        }
    });
    if is_other(before, reading) {
        reading.is(crate::format::zip::FORMAT.id);
        return Ok(());
    }
    let verdict = judge(pickles, &archive, reading);
    reading.record(verdict.finish());
    Ok(())
}

/// Whether the archive is no checkpoint: what is called `data.pkl` in it is something else, and it holds no pickle.
fn is_other(before: Checkpoint, reading: &Reading<'_>) -> bool {
    let is = |o: &Observation| match &o.fact {
        Fact::Is(id) => Some(id.as_str() == pickle::FORMAT.id),
        // What could not be read may be one.
        Fact::Unread(_) => Some(true),
        _ => None,
    };
    let seen = reading.recorder.since(before);
    reading.recorder.is_whole_since(before)
        && seen.iter().any(|o| is(o) == Some(false))
        && !seen.iter().any(|o| is(o) == Some(true))
}
