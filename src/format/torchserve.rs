//! TorchServe: a zip of a handler, weights and what they need.

use super::{
    Container, Format, Read, Reading, Recognise, Runs, Suffix,
    zip::{Directory, read_members},
};
use crate::bytes::{ReadError, Window};

/// Zip archives with TorchServe's manifest.
pub static FORMAT: Format = Format {
    id: "torchserve",
    title: "TorchServe archive",
    doc: DOC,
    suffixes: &[Suffix::own("mar")],
    container: Some(Container::Zip),
    runs: Runs::Code,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A zip archive of `MAR-INF/MANIFEST.json`, a handler in Python, weights and other files, as `torch-model-archiver`
writes it.

## What loading it does

TorchServe imports the handler, which runs as its own code, and may install the requirements that the archive brings. The handler
loads the weights, by default with `torch.jit.load` or `torch.load`.

## How it is recognised

By its manifest, whatever the case.

## What is checked

Everything that is checked of a `zip` archive. Weights are read as artifacts of their own, and Python is read as source. What the handler
does besides loading is not judged: no bundled policy allows the format.

## What to prefer

The handler in the repository, where it is reviewed, and the weights as safetensors; build the archive where it is deployed.
";

fn claims(directory: &Directory) -> bool {
    let mut members = directory.members.iter();
    members.any(|member| {
        let name = member.name.as_bytes();
        name.eq_ignore_ascii_case(b"MAR-INF/MANIFEST.json")
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
    read_members(window, directory, reading, |_| None);
    Ok(())
}
