//! Vowpal Wabbit.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// Files that begin with a release and the mark of a model.
pub static FORMAT: Format = Format {
    id: "vowpal-wabbit",
    title: "Vowpal Wabbit model",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "train it where it is used, or keep its weights as text (`--readable_model`)",
    },
};

const DOC: &str = "\
## What it is

Weights of Vowpal Wabbit, behind a head with the options of the training.

## What loading it does

The options in the head are taken as if they stood on the command line, unless that has others: some of them open files.

## How it is recognised

By its first bytes: the release as a text with its length, and the letter `m` behind it.

## What to prefer

A format whose head holds no options.
";

fn probe(head: &Head<'_>) -> Certainty {
    let Some((&[length @ 6..=12, 0, 0, 0], rest)) = head.front.split_first_chunk() else {
        return Certainty::No;
    };
    let Some((release, rest)) = rest.split_at_checked(usize::from(length)) else {
        return Certainty::No;
    };
    let Some((0, release)) = release.split_last() else {
        return Certainty::No;
    };
    let is_release = release.split(|byte| *byte == b'.').count() == 3
        && release
            .split(|byte| *byte == b'.')
            .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    // Releases since 8.0.2 have a name in between, which is empty unless somebody gave one.
    let is_model = rest.starts_with(b"m") || rest.starts_with(&[1, 0, 0, 0, 0, b'm']);
    Certainty::sure_if(is_release && is_model)
}
