//! A tensor that a file describes: for people and programs that look at one file; judged by nobody.

use super::{Site, Text};

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: Text,
    /// Its dtype, as the format spells it.
    pub dtype: String,
    /// Its shape; empty for a scalar.
    pub shape: Vec<u64>,
    /// Bytes of its data.
    pub bytes: u64,
}

/// The tensors of one file, or of one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensors {
    /// Where they are described.
    pub site: Site,
    /// In the order of the file.
    pub listed: Vec<Tensor>,
    /// How many there are, listed or not.
    pub count: u64,
}
