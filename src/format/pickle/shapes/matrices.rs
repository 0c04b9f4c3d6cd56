//! Sparse matrices of scipy: indices against the shape, and against one another.
//!
//! scipy compares these when a program makes a matrix, not when a pickle sets its attributes, and its compiled loops believe them.

use super::{ContentsCheck, Values};
use crate::{
    bytes::wide,
    fact::ContentsFault,
    format::pickle::{
        digest::{Digest, Integers},
        named::Found,
        tensors::TensorSummary,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// The dimensions that scipy's matrices of coordinates have at most here.
const DIMENSIONS: usize = 8;
/// Offsets that can be negated and added to a number of rows.
const OFFSET: i64 = 1 << 30;

/// The attributes of a matrix.
struct Matrix<'a, 'v> {
    state: Value,
    values: &'a Values<'v>,
}

/// Compares the state of a matrix.
pub(super) fn state(
    check: ContentsCheck,
    state: Value,
    values: &Values<'_>,
) -> Result<(), ContentsFault> {
    let matrix = Matrix { state, values };
    let shape = matrix.shape()?;
    // What an instance says of itself here would stand for what its class says.
    for form in [Attribute::Form, Attribute::FormBefore] {
        if values.named.get(state, form) != Found::Absent {
            return Err(ContentsFault::Form);
        }
    }
    match (check, shape.as_slice()) {
        (ContentsCheck::SparseCoordinates, [_, ..]) if shape.len() <= DIMENSIONS => {
            matrix.coordinates(&shape)
        }
        // One dimension is a row.
        (ContentsCheck::SparseRows, [columns]) => matrix.compressed(1, *columns),
        (ContentsCheck::SparseRows, [rows, columns]) => matrix.compressed(*rows, *columns),
        (ContentsCheck::SparseColumns, [rows, columns]) => matrix.compressed(*columns, *rows),
        (ContentsCheck::SparseBlocks, [rows, columns]) => matrix.blocks(*rows, *columns),
        (ContentsCheck::SparseDiagonals, [_, _]) => matrix.diagonals(),
        (ContentsCheck::SparseKeys, [_] | [_, _]) => match values.named.get(state, Attribute::Keys)
        {
            Found::Absent => Ok(()),
            Found::One(dict) if dict.kind() == ValueKind::Dict => Ok(()),
            _ => Err(ContentsFault::Arrays),
        },
        _ => Err(ContentsFault::MatrixSizes),
    }
}

impl Matrix<'_, '_> {
    fn shape(&self) -> Result<Vec<u64>, ContentsFault> {
        let shape = self.values.named.get(self.state, Attribute::Shape).one();
        let sizes = shape.filter(|shape| shape.kind() == ValueKind::Tuple);
        let sizes = sizes.and_then(|shape| self.values.sizes(shape));
        // scipy counts with a sign.
        sizes
            .filter(|sizes| sizes.iter().all(|size| i64::try_from(*size).is_ok()))
            .ok_or(ContentsFault::MatrixSizes)
    }

    fn array(&self, attribute: Attribute) -> Result<&TensorSummary, ContentsFault> {
        let found = self.values.named.get(self.state, attribute).one();
        let array = found.and_then(|value| self.values.array(value));
        // Of one whose sizes are not known, no dtype is known.
        array
            .filter(|array| array.dtype.is_some())
            .ok_or(ContentsFault::Arrays)
    }

    /// The integers of an array with one dimension, and how many there are. scipy takes those of 32 and 64 bits.
    fn integers(&self, value: Option<Value>) -> Result<(Integers, u64), ContentsFault> {
        let array = value.and_then(|value| self.values.array(value));
        match array.map(|array| (array.sizes.as_slice(), array.digest)) {
            Some(([count], Some(Digest::Integers(integers))))
                if matches!(integers.bytes, 4 | 8) =>
            {
                Ok((integers, *count))
            }
            _ => Err(ContentsFault::Arrays),
        }
    }

    fn named_integers(&self, attribute: Attribute) -> Result<(Integers, u64), ContentsFault> {
        self.integers(self.values.named.get(self.state, attribute).one())
    }

    /// Where each of so many rows begins, among so many indices, each of which is below an end.
    fn pointers(&self, rows: u64, values: u64, end: u64) -> Result<(), ContentsFault> {
        let (pointers, count) = self.named_integers(Attribute::IndexPointers)?;
        let (indices, index_count) = self.named_integers(Attribute::Indices)?;
        let last = u64::try_from(pointers.last);
        if rows.checked_add(1) != Some(count)
            || !(pointers.rising && pointers.first == 0)
            || last.is_err()
        {
            return Err(ContentsFault::IndexPointers);
        }
        if index_count != values || last.is_ok_and(|last| last > values) {
            return Err(ContentsFault::Lengths);
        }
        if !indices.are_below(end) {
            return Err(ContentsFault::Indices);
        }
        Ok(())
    }

    fn compressed(&self, rows: u64, columns: u64) -> Result<(), ContentsFault> {
        match self.array(Attribute::Data)?.sizes.as_slice() {
            [values] => self.pointers(rows, *values, columns),
            _ => Err(ContentsFault::Lengths),
        }
    }

    fn blocks(&self, rows: u64, columns: u64) -> Result<(), ContentsFault> {
        let [blocks, height, width] = self.array(Attribute::Data)?.sizes.as_slice() else {
            return Err(ContentsFault::Blocks);
        };
        let divided = |size: u64, block: u64| {
            let whole = size.checked_rem(block) == Some(0);
            size.checked_div(block)
                .filter(|_| whole)
                .ok_or(ContentsFault::Blocks)
        };
        self.pointers(divided(rows, *height)?, *blocks, divided(columns, *width)?)
    }

    /// An array of indices for each dimension. Some releases keep those of a matrix as `row` and `col`, which others take over.
    fn coordinates(&self, shape: &[u64]) -> Result<(), ContentsFault> {
        let [values] = self.array(Attribute::Data)?.sizes.as_slice() else {
            return Err(ContentsFault::Lengths);
        };
        let get = |attribute| self.values.named.get(self.state, attribute);
        let (coordinates, row, column) = (
            get(Attribute::Coordinates),
            get(Attribute::Row),
            get(Attribute::Column),
        );
        let of_tuple = |tuple: Value| self.values.preview.nodes.all(tuple).unwrap_or_default();
        let arrays = match (coordinates, row, column) {
            (Found::One(tuple), Found::Absent, Found::Absent)
                if tuple.kind() == ValueKind::Tuple =>
            {
                of_tuple(tuple).to_vec()
            }
            (Found::Absent, Found::One(row), Found::One(column)) => vec![row, column],
            _ => return Err(ContentsFault::Arrays),
        };
        if wide(arrays.len()) != wide(shape.len()) {
            return Err(ContentsFault::Arrays);
        }
        for (array, end) in arrays.iter().zip(shape) {
            let (indices, count) = self.integers(Some(*array))?;
            if count != *values {
                return Err(ContentsFault::Lengths);
            }
            if !indices.are_below(*end) {
                return Err(ContentsFault::Indices);
            }
        }
        Ok(())
    }

    fn diagonals(&self) -> Result<(), ContentsFault> {
        let (offsets, count) = self.named_integers(Attribute::Offsets)?;
        match self.array(Attribute::Data)?.sizes.as_slice() {
            [diagonals, _] if *diagonals == count => {}
            _ => return Err(ContentsFault::Lengths),
        }
        if offsets.min < -OFFSET || offsets.max > OFFSET {
            return Err(ContentsFault::Offsets);
        }
        Ok(())
    }
}
