//! Sdists: tar archives of a package's source.

use crate::format::{
    Container, Format, Read, Recognise, Runs,
    tar::{self, MemberName},
};

/// A tar with the metadata of a package.
pub(in crate::format) static FORMAT: Format = Format {
    id: "sdist",
    title: "Python source distribution",
    doc: DOC,
    suffixes: &[],
    container: Some(Container::Tar),
    runs: Runs::Code,
    recognise: Recognise::Tar(&[&[MemberName::File(b"PKG-INFO")]]),
    read: Read::Bytes(tar::read),
};

const DOC: &str = "\
## What it is

The source of a Python package, as it is published: `NAME-VERSION.tar.gz`, a compressed tar archive.

## What loading it does

An installer unpacks it and runs its `setup.py`, or the build backend that its `pyproject.toml` names.

## How it is recognised

By a member `PKG-INFO` of a tar archive in which something is reported. A package without model files and without calls of
loaders is not.

## What is checked

Everything that is checked of a `tar` archive. Python in it is read as source, and model files as what they are.

## What to prefer

Wheels, which run nothing when they are installed.
";
