//! HDF5: named arrays in a hierarchy, and whole models where Keras wrote it.
//!
//! The objects of a file are walked from its root group along hard links, and of each its links, its attributes and where its raw data is
//! are read; raw data is not. What Keras and `PyTables` make of attributes and of rows is read as what they make of it. A structure that cannot be
//! followed to its end is said. Follows the HDF5 File Format Specification, versions 1 to 3.

mod attribute;
mod blosc;
mod chunks;
mod dataset;
mod datatype;
mod dense;
mod file;
mod fractal_heap;
mod global_heap;
mod group;
mod header;
mod local_heap;
mod objects;
mod subsystem;
mod superblock;
mod tree;
mod walk;

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, suffix::ends_in_one};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part, Unsupported},
};

/// The format.
pub static FORMAT: Format = Format {
    id: "hdf5",
    title: "HDF5 file",
    doc: DOC,
    suffixes: &[Suffix::own("h5"), Suffix::own("hdf5")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Named arrays in a hierarchy, each with attributes. Keras stored whole models in it (`model.save(\"model.h5\")`) and stores weights in it
(`model.weights.h5`), pandas and PyTables store tables. MATLAB 7.3 and netCDF-4 write it as well.

## What loading it does

HDF5 itself reads arrays. It opens other files that links, raw data and virtual datasets name, and loads a native plug-in for a filter that it
does not have.

Keras builds the model that the attribute `model_config` of the root describes, and compiles it as `training_config` says: `weighbridge
explain keras`. `safe_mode` is ignored for this format before Keras 3.11.3.

PyTables, and pandas through it (`read_hdf`), unpickles the rows of a dataset of objects, and every attribute that is a text of a fixed length
and ends with a full stop.

## How it is recognised

By the signature `\\x89HDF` at its start, or behind a block of 512 bytes, 1024 bytes and so on. In what is compressed, blocks of more than
2048 bytes count under the name of a model, of MATLAB or netCDF alone.

## What is checked

Every object that hard links lead to from the root group: links as symbol tables, messages and in dense storage; attributes as messages
and in dense storage; where raw data is stored. Raw data is not read, so a file of any size costs what its structure is long.

- A link to another file, raw data in another file and a virtual dataset are files that it names.
- The configurations of Keras are read as `keras` says.
- Objects of MATLAB whose classes are its own for data (`matlab`) are data, where the part of the file that they are made of names no other
  class; all others are code, as function handles are.
- Rows of objects, and attributes that PyTables would unpickle, are read as pickles.
- A filter that neither the library nor h5py, PyTables or hdf5plugin brings is native code of the machine, and refused (`unsafe-operator`).
- Structures that are not read here are refused: shared messages in a heap of their own, images of the cache, files in several parts, links
  of other types, and rows of objects behind other filters than deflate, shuffle, Fletcher, bzip2, LZF and Blosc.

## What to prefer

safetensors for weights; npy or npz for arrays.
";

/// How far a block of the user's may reach in content that is compressed, under the name of another format.
const NEAR: u64 = 64 << 10;
/// Suffixes of what else is HDF5: MATLAB and netCDF.
const MATLAB: [&str; 2] = ["mat", "nc"];

fn probe(head: &Head<'_>) -> Certainty {
    // A block of the user's stands before it in files of MATLAB.
    let in_front = superblock::PLACES.iter().any(|at| {
        let rest = head.front.get(narrow(*at)..);
        rest.is_some_and(|rest| rest.starts_with(superblock::SIGNATURE))
    });
    // Libraries look as far as the file goes, a few bytes at each place. What is compressed is not read to its end to find that out.
    let is_model = super::is_artifact_name(head.name) || ends_in_one(head.name, &MATLAB);
    let is_own = FORMAT.suffix_of(head.name).is_some();
    let may_look = || is_own || is_model || !head.window.is_sequential();
    let further = || {
        let most = if is_own || !head.window.is_sequential() {
            u64::MAX
        } else {
            NEAR
        };
        matches!(superblock::find(head.window, most), Ok(Some(_)))
    };
    Certainty::sure_if(in_front || may_look() && further())
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let Some(start) = superblock::find(window, u64::MAX)? else {
        return Err(ReadError::malformed(Hdf5Fault::Missing(
            Hdf5Part::Superblock,
        )));
    };
    let mut content = window.from(start);
    let hold = reading.may_hold();
    // Structures are read in the order in which they name one another.
    if content.is_sequential() && !content.reaches(wide(hold).saturating_add(1))? {
        content = Window::new(content.bytes_at(0, hold)?);
    }
    walk::read(&content, reading)
}

fn unsupported(form: Hdf5Form) -> ReadError {
    ReadError::unsupported(Unsupported::Hdf5(form))
}
