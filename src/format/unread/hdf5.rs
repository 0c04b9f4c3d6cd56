//! HDF5: a file of named arrays, and of whole models where Keras wrote it.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files with HDF5's signature.
pub static FORMAT: Format = Format {
    id: "hdf5",
    title: "HDF5 file",
    doc: DOC,
    suffixes: &[Suffix::own("h5"), Suffix::own("hdf5")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "store weights as safetensors, and arrays as npy or npz",
    },
};

const DOC: &str = "\
## What it is

Named arrays in a hierarchy. Keras stored whole models in it (`model.save(\"model.h5\")`), pandas stores tables
(`to_hdf`).

## What loading it does

Arrays are data. Keras builds the layers that the file names; a `Lambda` layer brings Python bytecode, which runs.
pandas unpickles columns of objects. A file may refer to other files.

## How it is recognised

By the signature `\\x89HDF` at its start, if its name says that it is a model: science keeps all kinds of data in
HDF5.

## What to prefer

safetensors for weights; npy or npz for arrays.
";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::maybe_if(head.front.starts_with(b"\x89HDF\r\n\x1a\n"))
}
