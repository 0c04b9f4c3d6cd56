//! Sparse tensors: torch checks their indices against their sizes when everything is loaded.

use super::{
    Origin,
    execution::{Execution, Refused, Step, fails, holds},
    names::{Dtype, Family, TensorLayout},
    tensor::elements,
    value::{Tensor, TensorKind, Value},
};
use crate::{bytes::narrow, fact::TorchBehaviour, limits};

/// Indices whose values are to be compared with a size.
#[derive(Debug, Clone)]
pub struct Check {
    /// The opcode that made the tensor.
    pub at: u64,
    what: What,
    indices: Vec<Indices>,
    size: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Coo {
        coalesced: bool,
    },
    Compressed {
        layout: (bool, bool),
        values: u64,
        block: (i64, i64),
    },
}

/// Why indices do not hold.
#[derive(Debug)]
pub enum Fault {
    /// They are not where they should be.
    Unread(&'static str),
    /// They do not fit.
    Wrong(String),
}

impl Fault {
    /// Readable.
    pub fn into_words(self) -> String {
        match self {
            Self::Unread(why) => why.to_owned(),
            Self::Wrong(why) => why,
        }
    }
}

impl From<&str> for Fault {
    fn from(why: &str) -> Self {
        Self::Wrong(why.to_owned())
    }
}

/// Where indices lie.
#[derive(Debug, Clone)]
struct Indices {
    memory: u32,
    bytes: u64,
    from: u64,
    sizes: Vec<i64>,
    strides: Vec<i64>,
}

impl Indices {
    fn of(tensor: &Tensor) -> Option<Self> {
        Some(Self {
            memory: tensor.memory?,
            bytes: tensor.dtype.bytes,
            from: tensor.offset,
            sizes: tensor.sizes.clone(),
            strides: tensor.strides.clone(),
        })
    }

    fn count(&self) -> u64 {
        let sizes = self.sizes.iter().map(|size| size.cast_unsigned());
        sizes.fold(1, u64::saturating_mul)
    }

    /// The indices in order.
    fn values(&self, read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>) -> Result<Vec<i64>, Fault> {
        let count = self.count();
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut reach: u64 = 1;
        for (size, stride) in self.sizes.iter().zip(&self.strides) {
            let steps = size.cast_unsigned().saturating_sub(1);
            reach = reach.saturating_add(steps.saturating_mul(stride.cast_unsigned()));
        }
        let bytes = reach.saturating_mul(self.bytes);
        if count.saturating_mul(self.bytes).max(bytes) > limits::SPARSE_INDEX_BYTES {
            return Err(Fault::Wrong(format!(
                "the indices of a sparse tensor are not checked: they are longer than {} MiB",
                limits::SPARSE_INDEX_BYTES >> 20
            )));
        }
        let from = self.from.saturating_mul(self.bytes);
        let data = read(self.memory, from, narrow(bytes)).ok_or(Fault::Unread(
            "the indices of a sparse tensor cannot be read",
        ))?;
        let width = narrow(self.bytes);
        let one = |at: u64| {
            let at = narrow(at.saturating_mul(self.bytes));
            let raw = data.get(at..at.saturating_add(width))?;
            let negative = raw.last().is_some_and(|last| last & 0x80 != 0);
            let mut word = [if negative { 0xff } else { 0 }; 8];
            for (slot, byte) in word.iter_mut().zip(raw) {
                *slot = *byte;
            }
            Some(i64::from_le_bytes(word))
        };
        let mut at = vec![0_i64; self.sizes.len()];
        let mut out = Vec::with_capacity(narrow(count));
        for _ in 0..count {
            let offset = at
                .iter()
                .zip(&self.strides)
                .fold(0_u64, |sum, (at, stride)| {
                    sum.saturating_add(at.cast_unsigned().saturating_mul(stride.cast_unsigned()))
                });
            out.push(one(offset).ok_or(Fault::Unread(
                "the indices of a sparse tensor cannot be read",
            ))?);
            for (at, size) in at.iter_mut().zip(&self.sizes).rev() {
                *at = at.saturating_add(1);
                if *at < *size {
                    break;
                }
                *at = 0;
            }
        }
        Ok(out)
    }
}

impl Check {
    /// Compares the indices with the sizes; `read` gives bytes of memory.
    ///
    /// # Errors
    /// What does not fit, readable.
    pub fn holds(&self, read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>) -> Result<(), Fault> {
        match (self.what, self.indices.as_slice()) {
            (What::Coo { coalesced }, [indices]) => self.coordinates(indices, coalesced, read),
            (
                What::Compressed {
                    layout,
                    values,
                    block,
                },
                [compressed, plain],
            ) => self.compressed(compressed, plain, layout, values, block, read),
            _ => Ok(()),
        }
    }

    fn coordinates(
        &self,
        indices: &Indices,
        coalesced: bool,
        read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>,
    ) -> Result<(), Fault> {
        let (Some(dims), Some(count)) = (indices.sizes.first(), indices.sizes.get(1)) else {
            return Ok(());
        };
        let (dims, count) = (narrow(dims.cast_unsigned()), narrow(count.cast_unsigned()));
        if count == 0 {
            return Ok(());
        }
        let all = indices.values(read)?;
        for (dim, (row, size)) in all.chunks(count).zip(&self.size).enumerate().take(dims) {
            if let Some(wrong) = row.iter().find(|index| !(0..*size).contains(*index)) {
                return Err(Fault::Wrong(format!(
                    "a sparse tensor has the index {wrong} in dimension {dim}, which has {size}"
                )));
            }
        }
        if coalesced {
            let rows: Vec<&[i64]> = all.chunks(count).collect();
            let column = |at: usize| rows.iter().map(move |row| row.get(at).copied());
            for next in 1..count {
                let before = next.saturating_sub(1);
                if !column(before).lt(column(next)) {
                    return Err(
                        "a sparse tensor is called coalesced and its indices are not in order"
                            .into(),
                    );
                }
            }
        }
        Ok(())
    }

    fn compressed(
        &self,
        compressed: &Indices,
        plain: &Indices,
        (by_rows, _): (bool, bool),
        values: u64,
        block: (i64, i64),
        read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>,
    ) -> Result<(), Fault> {
        let batch = compressed.sizes.len().saturating_sub(1);
        let rows = self
            .size
            .get(batch)
            .copied()
            .unwrap_or(0)
            .checked_div(block.0);
        let columns = self
            .size
            .get(batch.saturating_add(1))
            .copied()
            .unwrap_or(0)
            .checked_div(block.1);
        let across = if by_rows { columns } else { rows }.unwrap_or(0);
        let starts = compressed.values(read)?;
        let indices = plain.values(read)?;
        let per = narrow(compressed.sizes.last().map_or(0, |n| n.cast_unsigned()));
        if per == 0 {
            return Ok(());
        }
        let count = narrow(values);
        for (number, starts) in starts.chunks(per).enumerate() {
            let from = number.saturating_mul(count);
            let own = indices
                .get(from..from.saturating_add(count))
                .unwrap_or_default();
            if starts.first() != Some(&0) {
                return Err("the first compressed index of a sparse tensor is not 0".into());
            }
            if starts.last().map(|last| last.cast_unsigned()) != Some(values) {
                return Err(
                    "the last compressed index of a sparse tensor is not its number of values"
                        .into(),
                );
            }
            for pair in starts.windows(2) {
                let [first, next] = pair else { continue };
                let steps = next.saturating_sub(*first);
                if steps < 0 || steps > across {
                    return Err("the compressed indices of a sparse tensor are not in order".into());
                }
                let row = usize::try_from(*first)
                    .ok()
                    .zip(usize::try_from(*next).ok())
                    .and_then(|(first, next)| own.get(first..next))
                    .ok_or("a compressed index of a sparse tensor is outside its values")?;
                if row.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
                    return Err("the indices of a sparse tensor are not in order".into());
                }
            }
            if let Some(wrong) = own.iter().find(|index| !(0..across).contains(*index)) {
                return Err(Fault::Wrong(format!(
                    "a sparse tensor has the index {wrong} in a dimension that has {across}"
                )));
            }
        }
        Ok(())
    }
}

impl Execution<'_, '_> {
    /// `_rebuild_sparse_tensor`.
    pub(super) fn rebuild_sparse(&mut self, given: &[Value]) -> Step<Value> {
        let [layout, data] = given else {
            return Err("_rebuild_sparse_tensor takes a layout and its parts".into());
        };
        let data = self
            .torch
            .heap
            .elements(*data)
            .ok_or("a sparse tensor is made of something that is no tuple")?;
        match (layout, data.as_slice()) {
            (Value::Layout(TensorLayout::Coo), [indices, values, size]) => {
                self.coordinates(*indices, *values, *size, Value::None)
            }
            (Value::Layout(TensorLayout::Coo), [indices, values, size, coalesced]) => {
                self.coordinates(*indices, *values, *size, *coalesced)
            }
            (
                Value::Layout(TensorLayout::Compressed { rows, blocks }),
                [compressed, plain, values, size],
            ) => self.compressed_rows(*compressed, *plain, *values, *size, (*rows, *blocks)),
            (Value::Layout(TensorLayout::Coo | TensorLayout::Compressed { .. }), _) => {
                Err("a sparse tensor has not the parts of its layout".into())
            }
            _ => Err(Refused(format!(
                "{} is no layout of a sparse tensor",
                self.article(*layout)
            ))),
        }
    }

    fn part(&self, value: Value) -> Step<Tensor> {
        self.torch
            .heap
            .tensor(value)
            .filter(|tensor| tensor.kind == TensorKind::Strided)
            .cloned()
            .ok_or_else(|| {
                Refused(format!(
                    "a sparse tensor is made of {}",
                    self.article(value)
                ))
            })
    }

    fn coordinates(
        &mut self,
        indices: Value,
        values: Value,
        size: Value,
        coalesced: Value,
    ) -> Step<Value> {
        let coalesced = match coalesced {
            Value::None => None,
            Value::Bool(is) => Some(is),
            other => {
                return Err(Refused(format!(
                    "is_coalesced of a sparse tensor is {}",
                    self.article(other)
                )));
            }
        };
        let indices = self.part(indices)?;
        let values = self.part(values)?;
        let size = self
            .integers(size)
            .ok_or("the size of a sparse tensor is no tuple of integers")?;
        self.not_negative(&size)?;
        elements(&size)?;
        let [dims, count] = indices.sizes.as_slice() else {
            return Err("the indices of a sparse tensor have not two dimensions".into());
        };
        let Some((first, dense)) = values.sizes.split_first() else {
            return Err("the values of a sparse tensor have no dimension".into());
        };
        if first != count {
            return Err("a sparse tensor has not as many values as indices".into());
        }
        let sparse = narrow(dims.cast_unsigned());
        if size.get(sparse..) != Some(dense) {
            return Err("the size of a sparse tensor is not that of its indices and values".into());
        }
        if indices.meta != values.meta {
            return Err("a sparse tensor whose indices and values are on two devices".into());
        }
        if indices.dtype.family != Family::Integer || indices.dtype.is("bool") {
            return Err("the indices of a sparse tensor are no integers".into());
        }
        self.later(
            What::Coo {
                coalesced: coalesced == Some(true),
            },
            &[&indices],
            &size,
        )?;
        self.sparse_tensor(values.dtype, size, values.meta)
    }

    fn compressed_rows(
        &mut self,
        compressed: Value,
        plain: Value,
        values: Value,
        size: Value,
        layout: (bool, bool),
    ) -> Step<Value> {
        let compressed = self.part(compressed)?;
        let plain = self.part(plain)?;
        let values = self.part(values)?;
        let size = self
            .integers(size)
            .ok_or("the size of a sparse tensor is no tuple of integers")?;
        self.not_negative(&size)?;
        elements(&size)?;
        if let Err(why) = fits(&compressed, &plain, &values, &size, layout) {
            self.torch
                .refuse_or_endanger(TorchBehaviour::ChecksSparseTensors, why.to_owned());
            return self.sparse_tensor(values.dtype, size, values.meta);
        }
        let batch = compressed.sizes.len().saturating_sub(1);
        let count = values
            .sizes
            .get(batch)
            .copied()
            .unwrap_or(0)
            .cast_unsigned();
        let block = block(&values, batch, layout.1);
        self.later(
            What::Compressed {
                layout,
                values: count,
                block,
            },
            &[&compressed, &plain],
            &size,
        )?;
        self.sparse_tensor(values.dtype, size, values.meta)
    }

    fn sparse_tensor(&mut self, dtype: Dtype, sizes: Vec<i64>, meta: bool) -> Step<Value> {
        self.new_tensor(Tensor {
            sizes,
            kind: TensorKind::Sparse,
            meta,
            ..Tensor::of_dtype(dtype)
        })
    }

    /// Keeps a comparison of indices for the end.
    fn later(&mut self, what: What, indices: &[&Tensor], size: &[i64]) -> Step<()> {
        if indices.iter().any(|tensor| tensor.meta) {
            return Ok(());
        }
        let indices: Option<Vec<Indices>> =
            indices.iter().map(|tensor| Indices::of(tensor)).collect();
        let Some(indices) = indices else {
            return Err("the indices of a sparse tensor are not in the archive".into());
        };
        self.torch.sparse.push(Check {
            at: self.torch.at,
            what,
            indices,
            size: size.to_vec(),
        });
        Ok(())
    }

    /// Compares what was kept, where the bytes are at hand.
    pub(super) fn check_sparse(&mut self) {
        let Origin::Zip(records) = self.torch.origin else {
            return;
        };
        for check in std::mem::take(&mut self.torch.sparse) {
            let read = |memory: u32, from: u64, bytes: usize| {
                let memory = self.torch.heap.memory_at(memory)?;
                let mut data = records.read(memory.record?, from, bytes)?;
                for element in data.chunks_mut(narrow(memory.turned).max(1)) {
                    element.reverse();
                }
                Some(data)
            };
            if let Err(fault) = check.holds(&read) {
                self.torch.at = check.at;
                let checks = TorchBehaviour::ChecksSparseTensors;
                // What lies beyond a record that is too short is not known, and what compares no sizes reads it.
                if matches!(fault, Fault::Unread(_)) {
                    let compares = TorchBehaviour::ComparesRecordSizes;
                    let why = fault.into_words();
                    self.torch
                        .refuse_where(&[holds(checks), holds(compares)], why.clone());
                    self.torch.endanger(&[fails(checks)], why.clone());
                    self.torch.endanger(&[fails(compares)], why);
                } else {
                    self.torch.refuse_or_endanger(checks, fault.into_words());
                }
            }
        }
    }
}

fn block(values: &Tensor, batch: usize, blocks: bool) -> (i64, i64) {
    if !blocks {
        return (1, 1);
    }
    let at = |offset: usize| {
        let at = batch.saturating_add(offset);
        values.sizes.get(at).copied().unwrap_or(1)
    };
    (at(1), at(2))
}

/// Whether the shapes of a compressed tensor's parts fit together.
fn fits(
    compressed: &Tensor,
    plain: &Tensor,
    values: &Tensor,
    size: &[i64],
    (by_rows, blocks): (bool, bool),
) -> Result<(), &'static str> {
    let integers = compressed.dtype.is("int64") || compressed.dtype.is("int32");
    if !integers || compressed.dtype != plain.dtype {
        return Err("the indices of a sparse tensor are not both of the type int32 or int64");
    }
    if compressed.meta != plain.meta || plain.meta != values.meta {
        return Err("a sparse tensor whose parts are on two devices");
    }
    let (Some((per, batch)), Some((plain_count, plain_batch))) =
        (compressed.sizes.split_last(), plain.sizes.split_last())
    else {
        return Err("the indices of a sparse tensor have no dimension");
    };
    let depth = batch.len();
    let block_dims = if blocks { 2 } else { 0 };
    let first_dense = depth.saturating_add(1).saturating_add(block_dims);
    let (Some(value_batch), Some(dense)) =
        (values.sizes.get(..depth), values.sizes.get(first_dense..))
    else {
        return Err("the values of a sparse tensor have too few dimensions");
    };
    let (Some(size_batch), Some([rows, columns]), Some(size_dense)) = (
        size.get(..depth),
        size.get(depth..depth.saturating_add(2)),
        size.get(depth.saturating_add(2)..),
    ) else {
        return Err("a sparse tensor has too few dimensions");
    };
    if batch != plain_batch || batch != value_batch || batch != size_batch || dense != size_dense {
        return Err("the parts of a sparse tensor have other batches than its size");
    }
    if values.sizes.get(depth) != Some(plain_count) {
        return Err("a sparse tensor has not as many values as indices");
    }
    let (high, wide) = block(values, depth, blocks);
    let (Some(0), Some(0)) = (rows.checked_rem(high), columns.checked_rem(wide)) else {
        return Err("the size of a sparse tensor is no multiple of its blocks");
    };
    let along = if by_rows {
        rows.checked_div(high)
    } else {
        columns.checked_div(wide)
    };
    if along.and_then(|along| along.checked_add(1)) != Some(*per) {
        return Err("a sparse tensor has not a compressed index for each row");
    }
    Ok(())
}
