//! Eggs: zip archives that setuptools put on the path, before there were wheels.

use super::wheel;
use crate::format::{Container, Format, Read, Recognise, Runs, Suffix, zip};

/// A zip with the metadata of an egg.
pub(in crate::format) static FORMAT: Format = Format {
    id: "egg",
    title: "Python egg",
    doc: DOC,
    suffixes: &[Suffix::wrapping("egg")],
    container: Some(Container::Zip),
    runs: Runs::Nothing,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(wheel::read),
};

const DOC: &str = "\
## What it is

A built Python package of the time before wheels: a zip archive with a folder `EGG-INFO`.

## What loading it does

Python imports from the archive as it is. Importing the package runs its code, which may load the model files in it.

## How it is recognised

By a member `EGG-INFO/PKG-INFO`, whatever the archive itself is named.

## What is checked

Everything that is checked of a `wheel`.

## What to prefer

Wheels, and models outside of packages.
";

fn claims(directory: &zip::Directory) -> bool {
    zip::has_member(directory, |name| name == b"EGG-INFO/PKG-INFO")
}
