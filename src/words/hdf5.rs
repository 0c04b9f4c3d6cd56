//! HDF5 files that break their format, or are in a form that is not read.

use std::fmt;

use crate::fact::{Hdf5Fault, Hdf5Form, Hdf5Part};

impl fmt::Display for Hdf5Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute => "an attribute",
            Self::Chunk => "a chunk of a dataset",
            Self::Chunks => "the index of the chunks of a dataset",
            Self::Dataspace => "a dataspace",
            Self::Datatype => "a datatype",
            Self::ExternalFiles => "the list of external files",
            Self::Filters => "a filter pipeline",
            Self::FractalHeap => "a fractal heap",
            Self::GlobalHeap => "a global heap",
            Self::GroupTree => "the tree of a group",
            Self::Layout => "the layout of a dataset",
            Self::Link => "a link",
            Self::LocalHeap => "a local heap",
            Self::MatlabObjects => "the list of what objects of MATLAB are made of",
            Self::Number => "a number",
            Self::ObjectHeader => "an object header",
            Self::Superblock => "the superblock",
            Self::SymbolNode => "a node of symbols",
            Self::Tree => "a B-tree",
            Self::VirtualDataset => "the sources of a virtual dataset",
        })
    }
}

impl fmt::Display for Hdf5Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(part) => write!(f, "{part} is not where the HDF5 file says"),
            Self::Broken(part) => write!(f, "{part} of the HDF5 file says what cannot be"),
            Self::Twice(part) => write!(f, "{part} is there more than once in the HDF5 file"),
            Self::CutOff { end, left } => {
                write!(f, "the HDF5 file should end at {end} and ends at {left}")
            }
        }
    }
}

impl fmt::Display for Hdf5Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { part, version } => write!(f, "version {version} of {part} of HDF5"),
            Self::Width(bytes) => write!(f, "addresses or lengths of {bytes} bytes in HDF5"),
            Self::Message(kind) => write!(f, "a message of type {kind} in an HDF5 object"),
            Self::Link(kind) => write!(f, "a link of type {kind} in an HDF5 group"),
            Self::SharedMessages => f.write_str("messages that objects of the HDF5 file share"),
            Self::CacheImage => f.write_str("an image of HDF5's cache"),
            Self::ManyFiles => f.write_str("an HDF5 file in several parts"),
            Self::FilteredHeap => f.write_str("a heap of HDF5 that goes through filters"),
            Self::PackedObjects => f.write_str(
                "rows of objects in chunks behind a filter, or in an order, that is not read here",
            ),
        }
    }
}
