//! Wheels: zip archives that installers unpack into `site-packages`.

use crate::{
    bytes::{ReadError, Window},
    format::{Container, Format, Read, Reading, Recognise, Runs, Suffix, zip},
};

/// A zip with the metadata of a wheel.
pub(in crate::format) static FORMAT: Format = Format {
    id: "wheel",
    title: "Python wheel",
    doc: DOC,
    suffixes: &[Suffix::wrapping("whl")],
    container: Some(Container::Zip),
    runs: Runs::Nothing,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A built Python package: a zip archive with a folder `NAME-VERSION.dist-info`.

## What loading it does

An installer unpacks it. Importing the package runs its code, which may load the model files in it.

## How it is recognised

By a member `WHEEL` in a folder `*.dist-info`, whatever the archive itself is named.

## What is checked

Everything that is checked of a `zip` archive. Python in it is read as source: a call that loads without `weights_only` is reported with
the path in the wheel and the line. Model files in it are read as what they are. Compiled modules are not read.

## What to prefer

Models outside of packages, in a format that is data.
";

fn claims(directory: &zip::Directory) -> bool {
    zip::has_member(directory, |name| {
        let mut parts = name.split(|byte| *byte == b'/');
        let folder = parts.next().unwrap_or_default();
        folder.ends_with(b".dist-info") && parts.eq([b"WHEEL".as_slice()])
    })
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature of every layout's reader"
)]
pub(super) fn read(
    window: &Window,
    directory: &zip::Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    zip::read_members(window, directory, reading, |_| None);
    Ok(())
}
