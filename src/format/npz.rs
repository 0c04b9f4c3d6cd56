//! npz: numpy's archive of arrays, a zip whose members are `.npy` files.
//!
//! What each member is, [`npy`](super::npy) reads; the archive itself is [`zip`](super::zip)'s to read. numpy takes a
//! member without the array magic as bytes; it is read here by its content all the same.

use super::{
    Format, Read, Reading, Recognise, Runs, Suffix,
    zip::{Directory, read_members},
};
use crate::bytes::{ReadError, Window};

/// A zip of arrays: every file in it is named `*.npy`.
pub static FORMAT: Format = Format {
    id: "npz",
    title: "NumPy archive of arrays",
    doc: DOC,
    suffixes: &[Suffix::own("npz")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read_layout),
};

const DOC: &str = "\
## What it is

A zip archive of `.npy` arrays, as `numpy.savez` writes it.

## What loading it does

`numpy.load` opens the archive and reads each array when it is asked for. Arrays of numbers are data. An array of
Python objects is a pickle, and reading it with `allow_pickle=True` runs that pickle.

## How it is recognised

A zip archive whose members are all named `*.npy`, whatever the archive itself is named.

## What is checked

Everything that is checked of a `zip` archive and of each `npy` array in it. A member that is not an array is read by
its content.

## What to prefer

Arrays without an object dtype, loaded with `allow_pickle=False` (the default since NumPy 1.16.3).
";

fn claims(directory: &Directory) -> bool {
    let mut files = directory
        .members
        .iter()
        .filter(|member| !member.is_folder())
        .peekable();
    files.peek().is_some() && files.all(|member| member.name.as_bytes().ends_with(b".npy"))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature of every layout's reader"
)]
fn read_layout(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    read_members(window, directory, reading, |_| None);
    Ok(())
}
