//! TorchScript archives: a zip of code, constants and a pickle of objects whose methods that code defines.

use super::{Verdict, site_in, zip::read_pickles};
use crate::{
    bytes::{ReadError, Window},
    fact::{TorchForm, TorchReason},
    format::{Format, Read, Reading, Recognise, Suffix, zip::Directory},
};

/// A zip with a `constants.pkl`, which is what torch itself goes by.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-script",
    title: "TorchScript archive",
    doc: DOC,
    suffixes: &[Suffix::own("torchscript"), Suffix::own("ptl")],
    container: None,
    executes: true,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A zip archive that `torch.jit.save` writes: TorchScript code under `code/`, `constants.pkl`, and `data.pkl`, whose
objects are instances of classes that the code defines (`__torch__.*`).

## What loading it does

`torch.jit.load` compiles the code and runs `__setstate__` methods in it. TorchScript is no sandbox: its operators read
and write files. `torch.load` hands such an archive to `torch.jit.load`; with `weights_only=True` it refuses.

## How it is recognised

A zip archive with a member `constants.pkl`: what torch goes by.

## What is checked

Everything that is checked of a `zip` archive; the pickles are read, and the classes they name that the archive itself
defines are its own code, not imports.

## What to prefer

safetensors for weights; ONNX for a graph, which is not read yet.
";

fn claims(directory: &Directory) -> bool {
    directory.members.iter().any(|member| {
        let name = member.name.as_bytes();
        name.rsplit(|b| matches!(b, b'/' | b'\\'))
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(b"constants.pkl"))
    })
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
    read_pickles(window, directory, reading);
    let mut verdict = Verdict::new(TorchForm::Script);
    verdict.block(site_in(reading, None), TorchReason::Script);
    reading.record(verdict.finish());
    Ok(())
}
