//! What torch wrote before 0.1.10: a tar of `sys_info`, `pickle`, `storages` and `tensors`, the last three of them runs of
//! pickles with raw bytes between them.
//!
//! `torch.load` still opens it with `weights_only=False`. Every member is read as a pickle; where raw bytes interrupt the
//! pickles, that is said.

use super::{Verdict, site_in};
use crate::{
    fact::{Fact, TorchForm, TorchReason},
    format::{
        Format, Read, Reading, Recognise, Runs,
        tar::{Layout, MemberName, Takes, last},
    },
};

/// The format: a `tar` of these members, which that reads.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-tar",
    title: "PyTorch checkpoint (before 0.1.10)",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Tar(&[&[MemberName::File(b"storages")]]),
    read: Read::Tar(Layout {
        takes,
        verdict: Some(verdict),
        compressed: false,
    }),
};

const DOC: &str = "\
## What it is

What torch wrote before 0.1.10: a tar archive of `sys_info`, `pickle`, `storages` and `tensors`.

## What loading it does

`torch.load(weights_only=False)` extracts `storages` and `tensors`, unpickles all that is in them, then unpickles `pickle`.
`weights_only=True` refuses since torch 2.6; releases before could be led here all the same (CVE-2025-32434).

## How it is recognised

A tar archive with a member `storages`, which is what torch looks for first.

## What is checked

Each member is read as a `pickle`; the raw bytes between pickles are reported as what they are to an unpickler.

## What to prefer

safetensors; or saving again with a current torch.
";

/// Runs of pickles.
fn takes(path: &[u8]) -> Takes {
    match last(path) {
        b"sys_info" | b"pickle" | b"storages" | b"tensors" => Takes::Pickles,
        _ => Takes::File,
    }
}

/// What `torch.load` makes of it.
fn verdict(reading: &Reading<'_>) -> Fact {
    let mut verdict = Verdict::new(TorchForm::Tar);
    verdict.block(site_in(reading, None), TorchReason::Tar);
    verdict.finish()
}
