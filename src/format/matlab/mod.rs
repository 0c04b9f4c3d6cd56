//! MATLAB: matrices, cells and structures of version 5 of its files, some of them compressed, and matrices of version 4. Function handles
//! and objects are code, unless their class is one of MATLAB's own for data.

mod elements;
mod objects;
mod old;
mod walk;

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Code, CodeByValue, Fact, ForeignCode, GlobalName, Hop, Place, Short, TableFault},
};
use objects::Objects;

/// Files that begin with MATLAB's text and the version 5, or with a matrix of version 4.
pub static FORMAT: Format = Format {
    id: "matlab",
    title: "MATLAB file",
    doc: DOC,
    suffixes: &[Suffix::plain("mat")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Variables as `save` writes them by default, or `scipy.io.savemat`: matrices, texts, cells and structures, each of them compressed or not.

## What loading it does

MATLAB rebuilds function handles, and asks the class of an object to restore it (`loadobj`). `scipy.io.loadmat` rebuilds neither. Files of
version 7.3 are [`hdf5`](#hdf5), where the class of each variable is read, and what objects are made of. Those of version 4 have matrices alone.

## How it is recognised

By `MATLAB 5.0 MAT-file` and the version and byte order in the head; version 4 by the header of its first matrix, with its name. Data alone is
not reported, unless its name is that of a model.

## What is checked

Every element, also in what is compressed: sizes fit, and matrices are nested no deeper than any writer nests them. Function handles and
objects are refused, with the place and the class. Texts (`string`), dates, durations, categories, tables and maps are objects of MATLAB's own
classes: they are data where the part of the file that holds what they are made of names no other class and no function.

## What to prefer

npy or HDF5.
";

/// How files of version 5 begin.
const SIGN: &[u8] = b"MATLAB 5.0 MAT-file";

fn probe(head: &Head<'_>) -> Certainty {
    let is_new = head.front.starts_with(SIGN) && elements::Order::of(&head.front).is_some();
    Certainty::sure_if(is_new || old::begins(&head.front))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if window.bytes_at(0, SIGN.len())? == SIGN {
        walk::read(window, reading)
    } else {
        old::read(window, reading)
    }
}

fn code(what: ForeignCode, name: Short) -> Fact {
    Fact::CodeByValue(Box::new(CodeByValue {
        made_by: GlobalName::new("matlab", "load"),
        code: Code::Foreign { what, name },
    }))
}

/// Classes of data, as files of version 7.3 name them.
const DATA: [&[u8]; 15] = [
    b"canonical empty",
    b"cell",
    b"char",
    b"double",
    b"int16",
    b"int32",
    b"int64",
    b"int8",
    b"logical",
    b"single",
    b"struct",
    b"uint16",
    b"uint32",
    b"uint64",
    b"uint8",
];

/// What MATLAB makes of an object of HDF5 that it marked with a class.
#[derive(Debug)]
pub(super) enum Restored {
    /// Numbers, texts, cells or structures.
    Data,
    /// Code.
    Code(Box<Fact>),
    /// An object, of which the class is one that [`Objects`] knows, or none of data.
    Object,
    /// What all objects are made of.
    MadeOf,
}

/// How MATLAB restores what is marked so.
pub(super) fn restored(class: &[u8]) -> Restored {
    match class {
        b"function_handle" => {
            let fact = code(ForeignCode::MatlabFunction, Short::default());
            Restored::Code(Box::new(fact))
        }
        objects::WRAPPER => Restored::MadeOf,
        _ if DATA.contains(&class) => Restored::Data,
        _ => Restored::Object,
    }
}

/// The objects of a file of HDF5. Each is a row of numbers; the classes stand in one place for all.
#[derive(Debug, Default)]
pub(super) struct Stored(Objects);

impl Stored {
    /// An object of a class; one that is no row of numbers is of a class of the old kind, which is code.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn met(&mut self, class: Vec<u8>, is_row: bool, hop: Hop) -> Result<(), ReadError> {
        let system: &[u8] = if is_row { b"MCOS" } else { b"" };
        let texts = [Vec::new(), system.to_vec(), class];
        self.0.met(texts, &[hop], Place::Whole)
    }

    /// The classes, as version 5 has them in a matrix, and which have other names.
    ///
    /// # Errors
    /// What MATLAB does not write.
    pub(super) fn made_of(
        &mut self,
        classes: &Window,
        renamed: &Window,
        hop: &Hop,
    ) -> Result<(), ReadError> {
        let hops = std::slice::from_ref(hop);
        let version = objects::classes(classes, elements::Order::Little, |class| {
            self.0.made_of(class, hops, Place::Whole)
        })?;
        let names = renamed.bytes_at(0, narrow(objects::MOST))?;
        let is_zero = wide(names.len()) < objects::MOST && names.iter().all(|byte| *byte == 0);
        self.0.are_renamed |= version >= 3 && !is_zero;
        self.0.is_read = true;
        Ok(())
    }

    /// Records objects that are more than data.
    pub(super) fn record(self, reading: &mut Reading<'_>) {
        self.0.record(reading);
    }
}

fn wrong(name: &str, at: u64) -> ReadError {
    let name = name.into();
    ReadError::malformed(TableFault::Value { name, at })
}
