//! Tensors: whether sizes, strides and offsets fit the memory that they are put on, as `Tensor.set_` and the functions of
//! `torch/_utils.py` check it.

use super::{
    arguments::{Arguments, Geometry},
    execution::Execution,
    names::{Family, TorchDtype},
    object::{TensorClass, TensorKind, TorchTensor},
    refused::Step,
    storage::ALLOCATES,
    value::TorchValue,
};
use crate::{
    bytes::wide,
    fact::{QuantizedReason, Sizes, TensorReason, TorchBehaviour},
};

/// Makes tensors.
#[derive(Debug)]
pub(super) struct Tensors<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Tensors<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    /// Puts a tensor on memory, which may grow if it is not read from an archive.
    pub(super) fn lay(&mut self, memory: u32, itemsize: u64, place: &Geometry) -> Step<()> {
        if place.sizes.len() != place.strides.len() {
            return Err(dimensions(&place.sizes, &place.strides).into());
        }
        if place.offset < 0 {
            return Err(TensorReason::NegativeOffset(place.offset).into());
        }
        if elements(&place.sizes)? == 0 {
            return Ok(());
        }
        let needs = reach(place).and_then(|reach| reach.checked_mul(itemsize));
        let needs = needs.filter(|needs| i64::try_from(*needs).is_ok());
        let Some(needs) = needs else {
            let reason = TensorReason::BeyondMemory {
                sizes: place.sizes.as_slice().into(),
                strides: place.strides.as_slice().into(),
            };
            return Err(reason.into());
        };
        let Some(there) = self
            .run
            .torch
            .heap
            .memory_at(memory)
            .filter(|there| needs > there.bytes)
        else {
            return Ok(());
        };
        if there.grows && (there.meta || needs < ALLOCATES) {
            if let Some(memory) = self.run.torch.heap.memory_mut(memory) {
                memory.bytes = needs;
            }
            return Ok(());
        }
        Err(outside(place, Some(needs), there.bytes).into())
    }

    /// The same for a tensor of a quantized type, of which torch compared nothing before 2.15.
    pub(super) fn lay_of(&mut self, memory: u32, dtype: TorchDtype, place: &Geometry) -> Step<()> {
        if dtype.family != Family::Quantized {
            return self.lay(memory, dtype.bytes, place);
        }
        if place.sizes.len() != place.strides.len() {
            return Err(dimensions(&place.sizes, &place.strides).into());
        }
        let there = self
            .run
            .torch
            .heap
            .memory_at(memory)
            .map_or(0, |there| there.bytes);
        let packed = match dtype.name() {
            "quint4x2" => 2,
            "quint2x4" => 4,
            _ => 1,
        };
        let needs = reach(place)
            .and_then(|reach| reach.checked_mul(dtype.bytes))
            .map(|needs| needs.div_ceil(packed));
        elements(&place.sizes)?;
        let fits = place.offset >= 0 && needs.is_some_and(|needs| needs <= there);
        if !fits {
            let why = outside(place, needs, there);
            self.run
                .torch
                .refuse_or_endanger(TorchBehaviour::ComparesQuantizedExtents, why);
        }
        Ok(())
    }

    pub(super) fn tensor_on(
        &mut self,
        memory: u32,
        dtype: TorchDtype,
        place: Geometry,
    ) -> TorchTensor {
        let meta = self
            .run
            .torch
            .heap
            .memory_at(memory)
            .is_some_and(|memory| memory.meta);
        TorchTensor {
            offset: place.offset.cast_unsigned(),
            sizes: place.sizes,
            strides: place.strides,
            memory: Some(memory),
            meta,
            kind: if dtype.family == Family::Quantized {
                TensorKind::Unscaled
            } else {
                TensorKind::Strided
            },
            ..TorchTensor::of_dtype(dtype)
        }
    }

    /// `_rebuild_tensor` and `_rebuild_tensor_v2`.
    pub(super) fn rebuild(
        &mut self,
        callee: u32,
        given: &[TorchValue],
        plain: bool,
    ) -> Step<TorchValue> {
        let (storage, offset, size, stride, more) = match given {
            [storage, offset, size, stride] if plain => (storage, offset, size, stride, None),
            [storage, offset, size, stride, grad, _hooks] if !plain => (
                storage,
                offset,
                size,
                stride,
                Some((*grad, TorchValue::None)),
            ),
            [storage, offset, size, stride, grad, _hooks, metadata] if !plain => {
                (storage, offset, size, stride, Some((*grad, *metadata)))
            }
            given => {
                let (least, most) = if plain { (4, 4) } else { (6, 7) };
                return Err(self
                    .run
                    .lookup()
                    .not_between(callee, given.len(), least, most));
            }
        };
        let (memory, dtype) = Arguments::new(self.run.lookup()).typed(*storage)?;
        let place = Arguments::new(self.run.lookup()).place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        let mut tensor = self.tensor_on(memory, dtype, place);
        if let Some((grad, metadata)) = more {
            tensor.grad = Arguments::new(self.run.lookup()).gradient(grad, dtype)?;
            Arguments::new(self.run.lookup()).metadata(metadata, dtype)?;
        }
        self.run.new_tensor(tensor)
    }

    /// `_rebuild_tensor_v3`, which says the type itself.
    pub(super) fn rebuild_v3(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let (storage, offset, size, stride, grad, dtype, metadata) = match given {
            [storage, offset, size, stride, grad, _hooks, dtype] => {
                (storage, offset, size, stride, grad, dtype, TorchValue::None)
            }
            [storage, offset, size, stride, grad, _hooks, dtype, metadata] => {
                (storage, offset, size, stride, grad, dtype, *metadata)
            }
            _ => return Err(self.run.lookup().not_between(callee, given.len(), 7, 8)),
        };
        let (memory, _) = Arguments::new(self.run.lookup()).typed(*storage)?;
        let dtype = Arguments::new(self.run.lookup()).dtype(*dtype)?;
        if !matches!(grad, TorchValue::None)
            && Arguments::new(self.run.lookup()).gradient(*grad, dtype)?
        {
            return Err(TensorReason::GradientOfV3.into());
        }
        let place = Arguments::new(self.run.lookup()).place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        Arguments::new(self.run.lookup()).metadata(metadata, dtype)?;
        let tensor = self.tensor_on(memory, dtype, place);
        self.run.new_tensor(tensor)
    }

    /// `_rebuild_meta_tensor_no_storage`.
    pub(super) fn rebuild_meta(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let [dtype, size, stride, grad] = given else {
            return Err(self.run.lookup().not_between(callee, given.len(), 4, 4));
        };
        let dtype = Arguments::new(self.run.lookup()).dtype(*dtype)?;
        let sizes = Arguments::new(self.run.lookup()).sizes(*size)?;
        let strides = Arguments::new(self.run.lookup()).strides(*stride)?;
        if dtype.family == Family::Quantized {
            return Err(QuantizedReason::Meta.into());
        }
        if sizes.len() != strides.len() {
            return Err(dimensions(&sizes, &strides).into());
        }
        not_negative(&sizes)?;
        elements(&sizes)?;
        let grad = !matches!(grad, TorchValue::None)
            && Arguments::new(self.run.lookup()).gradient(*grad, dtype)?;
        self.run.new_tensor(TorchTensor {
            sizes,
            strides,
            meta: true,
            grad,
            ..TorchTensor::of_dtype(dtype)
        })
    }

    /// `torch.nn.Parameter`.
    pub(super) fn parameter(&mut self, data: TorchValue, grad: TorchValue) -> Step<TorchValue> {
        let tensor = match data {
            TorchValue::None => TorchTensor::of_dtype(TorchDtype::FLOAT),
            TorchValue::Foreign(_) => return Ok(data),
            data => match self.run.torch.heap.tensor(data) {
                Some(tensor) => tensor.clone(),
                None => {
                    return Err(TensorReason::ParameterOf(self.run.lookup().type_of(data)).into());
                }
            },
        };
        let grad = Arguments::new(self.run.lookup()).gradient(grad, tensor.dtype)?;
        let computed = false;
        self.run.new_tensor(TorchTensor {
            class: TensorClass::Parameter,
            grad,
            computed,
            ..tensor
        })
    }

    /// `_rebuild_device_tensor_from_cpu_tensor`.
    pub(super) fn rebuild_from_cpu(
        &mut self,
        callee: u32,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let [data, dtype, device, grad] = given else {
            return Err(self.run.lookup().not_between(callee, given.len(), 4, 4));
        };
        let wanted = match dtype {
            TorchValue::None => None,
            dtype => Some(Arguments::new(self.run.lookup()).dtype(*dtype)?),
        };
        let meta = Arguments::new(self.run.lookup()).moves_to_meta(*device)?;
        if matches!(data, TorchValue::Foreign(_)) {
            return Ok(*data);
        }
        let Some(tensor) = self.run.torch.heap.tensor(*data).cloned() else {
            return Err(TensorReason::ConvertedFrom(self.run.lookup().type_of(*data)).into());
        };
        let dtype = wanted.unwrap_or(tensor.dtype);
        if tensor.kind != TensorKind::Strided && dtype != tensor.dtype {
            return Err(TensorReason::Converted.into());
        }
        let grad = Arguments::new(self.run.lookup()).gradient(*grad, dtype)?;
        self.run.new_tensor(TorchTensor {
            dtype,
            grad,
            meta: tensor.meta || meta,
            memory: tensor.memory.filter(|_| dtype == tensor.dtype && !meta),
            ..tensor
        })
    }
}

pub(super) fn not_negative(sizes: &[i64]) -> Step<()> {
    if sizes.iter().any(|size| *size < 0) {
        let sizes = Sizes::from(sizes);
        return Err(TensorReason::NegativeSize { sizes }.into());
    }
    Ok(())
}

/// How many elements sizes come to, as torch multiplies them.
pub(super) fn elements(sizes: &[i64]) -> Step<u64> {
    let mut count: u64 = 1;
    let mut overflows = false;
    for size in sizes {
        let (product, over) = count.overflowing_mul(size.cast_unsigned());
        count = product;
        overflows |= over;
    }
    if overflows || i64::try_from(count).is_err() {
        let sizes = Sizes::from(sizes);
        return Err(TensorReason::TooManyElements { sizes }.into());
    }
    Ok(count)
}

/// How many elements of memory a tensor needs from the beginning on; 0 if it has none itself. `None` if that overflows.
pub(super) fn reach(place: &Geometry) -> Option<u64> {
    if place.sizes.contains(&0) {
        return Some(0);
    }
    let mut last: u64 = 0;
    for (size, stride) in place.sizes.iter().zip(&place.strides) {
        let steps = size.cast_unsigned().checked_sub(1)?;
        last = last.checked_add(stride.cast_unsigned().checked_mul(steps)?)?;
    }
    last.checked_add(1)?
        .checked_add(place.offset.cast_unsigned())
}

fn outside(place: &Geometry, needed: Option<u64>, storage: u64) -> TensorReason {
    TensorReason::OutsideStorage {
        sizes: place.sizes.as_slice().into(),
        strides: place.strides.as_slice().into(),
        offset: place.offset,
        needed,
        storage,
    }
}

fn dimensions(sizes: &[i64], strides: &[i64]) -> TensorReason {
    TensorReason::Dimensions {
        sizes: wide(sizes.len()),
        strides: wide(strides.len()),
    }
}
