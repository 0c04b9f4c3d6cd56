//! Files of joblib: pickles with arrays between their opcodes, or beside them. The reader of pickles follows them.

use super::{Format, Read, Recognise, Runs, Suffix, pickle};

/// The format.
pub static FORMAT: Format = Format {
    id: "joblib",
    title: "joblib file",
    doc: DOC,
    // Pickles have them as well.
    suffixes: &[
        Suffix::own("joblib"),
        Suffix::own("pkl"),
        Suffix::own("pickle"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Stream(pickle::Stream::has_arrays),
    read: Read::Bytes(|window, reading| pickle::FORMAT.read(window, reading)),
};

const DOC: &str = "\
## What it is

A pickle that `joblib.dump` wrote, with NumPy arrays in it: scikit-learn's usual form. In place of each array it has an object that says
class, shape, order and dtype. The bytes of the array follow that object, between the opcodes; an array of objects follows as a pickle.
joblib before 0.10 wrote each array to a file of its own, `model.pkl_01.npy`, and names it in the pickle.

## What loading it does

What loading a pickle does: it imports and calls whatever it names. No release of joblib has a safe mode. `joblib.load` decompresses by
the first bytes, whatever the name, and unpickles arrays of objects as well, also those in files beside the pickle.

## How it is recognised

By the objects that stand in place of arrays, under any name. What `joblib.dump` writes without an array is an ordinary `pickle`.

## What is checked

Everything that is checked in a pickle, in the pickles of arrays of objects too. The bytes of arrays are passed over. The objects in place
of arrays need no entry in a policy that has the pack `joblib-arrays`, as `recommended` has. Files beside the pickle are checked
as what they are, if they are among the files that are checked.

- The state of such an object is compared with what joblib writes. If dtype or shape are not constant, nobody knows where the array ends:
  the file is refused, and what follows is not read.
- `pickle.load` takes the bytes of an array for opcodes. In an honest file it stops there. What it would resolve or call before that is
  reported like everything else.
- A name of a file beside the pickle that leads elsewhere, or does not end in `.npy` or `.npy.z`, is refused.

## What to prefer

skops for scikit-learn models, npy or safetensors for arrays.
";
