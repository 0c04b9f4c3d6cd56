//! Sparse tensors: torch checks their indices against their sizes when everything is loaded.

use super::{
    Origin,
    elements::Elements,
    execution::Execution,
    names::{Family, TensorLayout, TorchDtype},
    object::{TensorKind, TorchTensor},
    refused::{Step, fails, holds},
    tensor::{elements, not_negative},
    value::TorchValue,
};
use crate::{
    bytes::{narrow, wide},
    fact::{SparseReason, TorchBehaviour},
    limits,
};

/// Indices whose values are to be compared with a size.
#[derive(Debug, Clone)]
pub struct SparseCheck {
    /// The opcode that made the tensor.
    pub at: u64,
    checked: CheckedLayout,
    indices: Vec<Indices>,
    size: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
enum CheckedLayout {
    Coo {
        coalesced: bool,
    },
    Compressed {
        layout: (bool, bool),
        values: u64,
        block: (i64, i64),
    },
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
    fn of(tensor: &TorchTensor) -> Option<Self> {
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
    fn values(
        &self,
        read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>,
    ) -> Result<Vec<i64>, SparseReason> {
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
            return Err(SparseReason::IndicesTooLong {
                bytes: limits::SPARSE_INDEX_BYTES,
            });
        }
        let from = self.from.saturating_mul(self.bytes);
        let data = read(self.memory, from, narrow(bytes)).ok_or(SparseReason::IndicesUnread)?;
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
            out.push(one(offset).ok_or(SparseReason::IndicesUnread)?);
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

impl SparseCheck {
    /// Compares the indices with the sizes; `read` gives bytes of memory.
    ///
    /// # Errors
    /// What does not fit.
    pub fn holds(
        &self,
        read: &dyn Fn(u32, u64, usize) -> Option<Vec<u8>>,
    ) -> Result<(), SparseReason> {
        match (self.checked, self.indices.as_slice()) {
            (CheckedLayout::Coo { coalesced }, [indices]) => {
                self.coordinates(indices, coalesced, read)
            }
            (
                CheckedLayout::Compressed {
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
    ) -> Result<(), SparseReason> {
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
                return Err(SparseReason::Index {
                    index: *wrong,
                    dimension: Some(wide(dim)),
                    size: *size,
                });
            }
        }
        if coalesced {
            let rows: Vec<&[i64]> = all.chunks(count).collect();
            let column = |at: usize| rows.iter().map(move |row| row.get(at).copied());
            for next in 1..count {
                let before = next.saturating_sub(1);
                if !column(before).lt(column(next)) {
                    return Err(SparseReason::NotCoalesced);
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
    ) -> Result<(), SparseReason> {
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
                return Err(SparseReason::FirstCompressed);
            }
            if starts.last().map(|last| last.cast_unsigned()) != Some(values) {
                return Err(SparseReason::LastCompressed);
            }
            for pair in starts.windows(2) {
                let [first, next] = pair else { continue };
                let steps = next.saturating_sub(*first);
                if steps < 0 || steps > across {
                    return Err(SparseReason::CompressedOrder);
                }
                let row = usize::try_from(*first)
                    .ok()
                    .zip(usize::try_from(*next).ok())
                    .and_then(|(first, next)| own.get(first..next))
                    .ok_or(SparseReason::CompressedOutside)?;
                if row.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
                    return Err(SparseReason::IndexOrder);
                }
            }
            if let Some(wrong) = own.iter().find(|index| !(0..across).contains(*index)) {
                return Err(SparseReason::Index {
                    index: *wrong,
                    dimension: None,
                    size: across,
                });
            }
        }
        Ok(())
    }
}

/// Makes sparse tensors.
#[derive(Debug)]
pub(super) struct SparseTensors<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> SparseTensors<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    /// `_rebuild_sparse_tensor`.
    pub(super) fn rebuild_sparse(&mut self, given: &[TorchValue]) -> Step<TorchValue> {
        let [layout, data] = given else {
            return Err(SparseReason::Arguments.into());
        };
        let data = self
            .run
            .torch
            .heap
            .elements(*data)
            .ok_or(SparseReason::NotATuple)?;
        match (layout, data.as_slice()) {
            (TorchValue::Layout(TensorLayout::Coo), [indices, values, size]) => {
                self.coordinates(*indices, *values, *size, TorchValue::None)
            }
            (TorchValue::Layout(TensorLayout::Coo), [indices, values, size, coalesced]) => {
                self.coordinates(*indices, *values, *size, *coalesced)
            }
            (
                TorchValue::Layout(TensorLayout::Compressed { rows, blocks }),
                [compressed, plain, values, size],
            ) => self.compressed_rows(*compressed, *plain, *values, *size, (*rows, *blocks)),
            (TorchValue::Layout(TensorLayout::Coo | TensorLayout::Compressed { .. }), _) => {
                Err(SparseReason::Parts.into())
            }
            _ => Err(SparseReason::Layout(self.run.lookup().type_of(*layout)).into()),
        }
    }

    fn part(&self, value: TorchValue) -> Step<TorchTensor> {
        self.run
            .torch
            .heap
            .tensor(value)
            .filter(|tensor| tensor.kind == TensorKind::Strided)
            .cloned()
            .ok_or_else(|| SparseReason::PartOf(self.run.lookup().type_of(value)).into())
    }

    fn coordinates(
        &mut self,
        indices: TorchValue,
        values: TorchValue,
        size: TorchValue,
        coalesced: TorchValue,
    ) -> Step<TorchValue> {
        let coalesced = match coalesced {
            TorchValue::None => None,
            TorchValue::Bool(is) => Some(is),
            other => return Err(SparseReason::IsCoalesced(self.run.lookup().type_of(other)).into()),
        };
        let indices = self.part(indices)?;
        let values = self.part(values)?;
        let size = Elements::new(self.run.lookup())
            .integers(size)
            .ok_or(SparseReason::Size)?;
        not_negative(&size)?;
        elements(&size)?;
        let [dims, count] = indices.sizes.as_slice() else {
            return Err(SparseReason::IndexDimensions.into());
        };
        let Some((first, dense)) = values.sizes.split_first() else {
            return Err(SparseReason::NoValueDimension.into());
        };
        if first != count {
            return Err(SparseReason::ValueCount.into());
        }
        let sparse = narrow(dims.cast_unsigned());
        if size.get(sparse..) != Some(dense) {
            return Err(SparseReason::SizeDiffers.into());
        }
        if indices.meta != values.meta {
            return Err(SparseReason::TwoDevices.into());
        }
        if indices.dtype.family != Family::Integer || indices.dtype.is("bool") {
            return Err(SparseReason::IndexType.into());
        }
        self.later(
            CheckedLayout::Coo {
                coalesced: coalesced == Some(true),
            },
            &[&indices],
            &size,
        )?;
        self.sparse_tensor(values.dtype, size, values.meta)
    }

    fn compressed_rows(
        &mut self,
        compressed: TorchValue,
        plain: TorchValue,
        values: TorchValue,
        size: TorchValue,
        layout: (bool, bool),
    ) -> Step<TorchValue> {
        let compressed = self.part(compressed)?;
        let plain = self.part(plain)?;
        let values = self.part(values)?;
        let size = Elements::new(self.run.lookup())
            .integers(size)
            .ok_or(SparseReason::Size)?;
        not_negative(&size)?;
        elements(&size)?;
        if let Err(why) = fits(&compressed, &plain, &values, &size, layout) {
            self.run
                .torch
                .refuse_or_endanger(TorchBehaviour::ChecksSparseTensors, why);
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
            CheckedLayout::Compressed {
                layout,
                values: count,
                block,
            },
            &[&compressed, &plain],
            &size,
        )?;
        self.sparse_tensor(values.dtype, size, values.meta)
    }

    fn sparse_tensor(
        &mut self,
        dtype: TorchDtype,
        sizes: Vec<i64>,
        meta: bool,
    ) -> Step<TorchValue> {
        self.run.new_tensor(TorchTensor {
            sizes,
            kind: TensorKind::Sparse,
            meta,
            ..TorchTensor::of_dtype(dtype)
        })
    }

    /// Keeps a comparison of indices for the end.
    fn later(
        &mut self,
        checked: CheckedLayout,
        indices: &[&TorchTensor],
        size: &[i64],
    ) -> Step<()> {
        if indices.iter().any(|tensor| tensor.meta) {
            return Ok(());
        }
        let indices: Option<Vec<Indices>> =
            indices.iter().map(|tensor| Indices::of(tensor)).collect();
        let Some(indices) = indices else {
            return Err(SparseReason::IndicesElsewhere.into());
        };
        self.run.torch.sparse.push(SparseCheck {
            at: self.run.torch.at,
            checked,
            indices,
            size: size.to_vec(),
        });
        Ok(())
    }

    /// Compares what was kept, where the bytes are at hand.
    pub(super) fn check_sparse(&mut self) {
        let Origin::Zip(records) = self.run.torch.origin else {
            return;
        };
        for check in std::mem::take(&mut self.run.torch.sparse) {
            let read = |memory: u32, from: u64, bytes: usize| {
                let memory = self.run.torch.heap.memory_at(memory)?;
                let mut data = records.read(memory.record?, from, bytes)?;
                for element in data.chunks_mut(narrow(memory.turned).max(1)) {
                    element.reverse();
                }
                Some(data)
            };
            if let Err(why) = check.holds(&read) {
                self.run.torch.at = check.at;
                let checks = TorchBehaviour::ChecksSparseTensors;
                // What lies beyond a record that is too short is not known, and what compares no sizes reads it.
                if why == SparseReason::IndicesUnread {
                    let compares = TorchBehaviour::ComparesRecordSizes;
                    self.run
                        .torch
                        .refuse_where(&[holds(checks), holds(compares)], why.clone());
                    self.run.torch.endanger(&[fails(checks)], why.clone());
                    self.run.torch.endanger(&[fails(compares)], why);
                } else {
                    self.run.torch.refuse_or_endanger(checks, why);
                }
            }
        }
    }
}

fn block(values: &TorchTensor, batch: usize, blocks: bool) -> (i64, i64) {
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
pub(super) fn fits(
    compressed: &TorchTensor,
    plain: &TorchTensor,
    values: &TorchTensor,
    size: &[i64],
    (by_rows, blocks): (bool, bool),
) -> Result<(), SparseReason> {
    let integers = compressed.dtype.is("int64") || compressed.dtype.is("int32");
    if !integers || compressed.dtype != plain.dtype {
        return Err(SparseReason::IndexTypes);
    }
    if compressed.meta != plain.meta || plain.meta != values.meta {
        return Err(SparseReason::TwoDevices);
    }
    let (Some((per, batch)), Some((plain_count, plain_batch))) =
        (compressed.sizes.split_last(), plain.sizes.split_last())
    else {
        return Err(SparseReason::NoIndexDimension);
    };
    let depth = batch.len();
    let block_dims = if blocks { 2 } else { 0 };
    let first_dense = depth.saturating_add(1).saturating_add(block_dims);
    let (Some(value_batch), Some(dense)) =
        (values.sizes.get(..depth), values.sizes.get(first_dense..))
    else {
        return Err(SparseReason::ValueDimensions);
    };
    let (Some(size_batch), Some([rows, columns]), Some(size_dense)) = (
        size.get(..depth),
        size.get(depth..depth.saturating_add(2)),
        size.get(depth.saturating_add(2)..),
    ) else {
        return Err(SparseReason::Dimensions);
    };
    if batch != plain_batch || batch != value_batch || batch != size_batch || dense != size_dense {
        return Err(SparseReason::Batches);
    }
    if values.sizes.get(depth) != Some(plain_count) {
        return Err(SparseReason::ValueCount);
    }
    let (high, wide) = block(values, depth, blocks);
    let (Some(0), Some(0)) = (rows.checked_rem(high), columns.checked_rem(wide)) else {
        return Err(SparseReason::Blocks);
    };
    let along = if by_rows {
        rows.checked_div(high)
    } else {
        columns.checked_div(wide)
    };
    if along.and_then(|along| along.checked_add(1)) != Some(*per) {
        return Err(SparseReason::CompressedCount);
    }
    Ok(())
}
