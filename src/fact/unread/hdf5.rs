//! How an HDF5 file breaks its format, and what of the format is not read.

use serde::{Deserialize, Serialize};

/// A structure of an HDF5 file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hdf5Part {
    /// An attribute.
    Attribute,
    /// A chunk of a dataset.
    Chunk,
    /// The index of the chunks of a dataset.
    Chunks,
    /// A dataspace.
    Dataspace,
    /// A datatype.
    Datatype,
    /// The list of external files.
    ExternalFiles,
    /// A filter pipeline.
    Filters,
    /// A fractal heap.
    FractalHeap,
    /// A global heap.
    GlobalHeap,
    /// The tree of a group.
    GroupTree,
    /// The layout of a dataset.
    Layout,
    /// A link.
    Link,
    /// A local heap.
    LocalHeap,
    /// The list of what objects of MATLAB are made of.
    MatlabObjects,
    /// A number that is wider than any.
    Number,
    /// An object header.
    ObjectHeader,
    /// The superblock.
    Superblock,
    /// A node of symbols.
    SymbolNode,
    /// A B-tree of version 2.
    Tree,
    /// The sources of a virtual dataset.
    VirtualDataset,
}

/// How an HDF5 file breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hdf5Fault {
    /// A structure is not where it should be.
    Missing(Hdf5Part),
    /// What a structure says cannot be.
    Broken(Hdf5Part),
    /// A structure is there more than once.
    Twice(Hdf5Part),
    /// The file ends before the superblock says.
    CutOff {
        /// Where it should end.
        end: u64,
        /// Where it ends.
        left: u64,
    },
}

/// A form of HDF5 that is not read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hdf5Form {
    /// A version of a structure.
    Version {
        /// The structure.
        part: Hdf5Part,
        /// The version.
        version: u8,
    },
    /// Addresses or lengths of so many bytes.
    Width(u8),
    /// A message of this type.
    Message(u16),
    /// A link of this type.
    Link(u8),
    /// Messages in a heap that objects share.
    SharedMessages,
    /// An image of the cache.
    CacheImage,
    /// A file in several parts.
    ManyFiles,
    /// A heap whose objects go through filters.
    FilteredHeap,
    /// Rows of objects that are packed.
    PackedObjects,
}
