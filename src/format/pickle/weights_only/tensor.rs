//! Tensors: whether sizes, strides and offsets fit the memory that they are put on, as `Tensor.set_` and the functions of
//! `torch/_utils.py` check it.

use super::{
    execution::{Execution, Step},
    names::{Family, Meaning, Scheme, TorchDtype},
    object::{Object, TensorClass, TensorKind, TorchTensor},
    packed::Packed,
    storage::ALLOCATES,
    value::TorchValue,
};
use crate::{
    bytes::wide,
    fact::{QuantizedReason, Sizes, TensorReason, TorchBehaviour},
    format::pickle::text::Letters,
};

/// Smaller sizes and strides than this are symbolic to torch, which it does not take where memory is concerned.
const LEAST: i64 = -(1 << 62);

/// How a tensor lies in its memory.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    pub(super) offset: i64,
    pub(super) sizes: Vec<i64>,
    pub(super) strides: Vec<i64>,
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
fn reach(place: &Geometry) -> Option<u64> {
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

impl Execution<'_, '_> {
    /// A tuple or list of integers of 64 bits. A bool is one, except for the first.
    pub(super) fn integers(&self, value: TorchValue) -> Option<Vec<i64>> {
        let list = match value {
            TorchValue::Tuple { .. } | TorchValue::Size { .. } => true,
            TorchValue::Object(at) => matches!(self.torch.heap.get(at), Some(Object::List(_))),
            _ => false,
        };
        if !list {
            return None;
        }
        let items = self.torch.heap.elements(value)?;
        if matches!(items.first(), Some(TorchValue::Bool(_))) {
            return None;
        }
        let integers = items.iter().map(|item| match item {
            TorchValue::Int(n) => Some(*n),
            TorchValue::Bool(is) => Some(i64::from(*is)),
            _ => None,
        });
        integers.collect()
    }

    fn sizes(&self, value: TorchValue) -> Step<Vec<i64>> {
        let sizes = self.integers(value);
        sizes.ok_or_else(|| TensorReason::SizesNotIntegers(self.type_of(value)).into())
    }

    fn strides(&self, value: TorchValue) -> Step<Vec<i64>> {
        let strides = self.integers(value);
        strides.ok_or_else(|| TensorReason::StridesNotIntegers(self.type_of(value)).into())
    }

    /// A `TypedStorage`: its memory and type.
    pub(super) fn typed(&self, value: TorchValue) -> Step<(u32, TorchDtype)> {
        if let TorchValue::Object(at) = value
            && let Some(Object::Typed { memory, dtype }) = self.torch.heap.get(at)
        {
            return Ok((*memory, *dtype));
        }
        Err(TensorReason::NotOfStorage(self.type_of(value)).into())
    }

    pub(super) fn place(
        &self,
        offset: TorchValue,
        size: TorchValue,
        stride: TorchValue,
    ) -> Step<Geometry> {
        let TorchValue::Int(offset) = offset else {
            return Err(TensorReason::OffsetNotInteger(self.type_of(offset)).into());
        };
        let sizes = self.sizes(size)?;
        let strides = match stride {
            TorchValue::None => contiguous(&sizes),
            stride => self.strides(stride)?,
        };
        if sizes.iter().chain(&strides).any(|n| *n < LEAST) {
            return Err(TensorReason::Symbolic.into());
        }
        Ok(Geometry {
            offset,
            sizes,
            strides,
        })
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
            .torch
            .heap
            .memory_at(memory)
            .filter(|there| needs > there.bytes)
        else {
            return Ok(());
        };
        if there.grows && (there.meta || needs < ALLOCATES) {
            if let Some(memory) = self.torch.heap.memory_mut(memory) {
                memory.bytes = needs;
            }
            return Ok(());
        }
        Err(outside(place, Some(needs), there.bytes).into())
    }

    /// The same for a tensor of a quantized type, of which torch compared nothing before 2.15.
    fn lay_of(&mut self, memory: u32, dtype: TorchDtype, place: &Geometry) -> Step<()> {
        if dtype.family != Family::Quantized {
            return self.lay(memory, dtype.bytes, place);
        }
        if place.sizes.len() != place.strides.len() {
            return Err(dimensions(&place.sizes, &place.strides).into());
        }
        let there = self
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
            self.torch
                .refuse_or_endanger(TorchBehaviour::ComparesQuantizedExtents, why);
        }
        Ok(())
    }

    /// `requires_grad`, which is a bool and only true where gradients exist.
    pub(super) fn gradient(&self, requires: TorchValue, dtype: TorchDtype) -> Step<bool> {
        match requires {
            TorchValue::Bool(true) if !dtype.differentiable() => {
                let dtype = dtype.name().into();
                Err(TensorReason::Gradient { dtype }.into())
            }
            TorchValue::Bool(requires) => Ok(requires),
            other => Err(TensorReason::RequiresGrad(self.type_of(other)).into()),
        }
    }

    pub(super) fn new_tensor(&mut self, tensor: TorchTensor) -> Step<TorchValue> {
        Ok(self.torch.heap.object(Object::Tensor(Box::new(tensor)))?)
    }

    fn tensor_on(&mut self, memory: u32, dtype: TorchDtype, place: Geometry) -> TorchTensor {
        let meta = self
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
                return Err(self.not_between(callee, given.len(), least, most));
            }
        };
        let (memory, dtype) = self.typed(*storage)?;
        let place = self.place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        let mut tensor = self.tensor_on(memory, dtype, place);
        if let Some((grad, metadata)) = more {
            tensor.grad = self.gradient(grad, dtype)?;
            self.metadata(metadata, dtype)?;
        }
        self.new_tensor(tensor)
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
            _ => return Err(self.not_between(callee, given.len(), 7, 8)),
        };
        let (memory, _) = self.typed(*storage)?;
        let dtype = self.dtype(*dtype)?;
        if !matches!(grad, TorchValue::None) && self.gradient(*grad, dtype)? {
            return Err(TensorReason::GradientOfV3.into());
        }
        let place = self.place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        self.metadata(metadata, dtype)?;
        let tensor = self.tensor_on(memory, dtype, place);
        self.new_tensor(tensor)
    }

    /// A dtype as an argument; `None` is the default type.
    pub(super) fn dtype(&self, value: TorchValue) -> Step<TorchDtype> {
        match value {
            TorchValue::None => Ok(TorchDtype::FLOAT),
            TorchValue::Global(global) if let Meaning::Dtype(dtype) = self.known(global) => {
                Ok(dtype)
            }
            other => Err(TensorReason::Dtype(self.type_of(other)).into()),
        }
    }

    /// The flags of a tensor: conjugated, negated.
    fn metadata(&self, metadata: TorchValue, dtype: TorchDtype) -> Step<()> {
        match self.torch.heap.truth(metadata) {
            Some(false) => return Ok(()),
            Some(true) => {}
            None => return Err(TensorReason::MetadataUnknown.into()),
        }
        let heap = &self.torch.heap;
        let flags = heap.dict(metadata).and_then(|flags| heap.pairs(flags));
        let Some(flags) = flags else {
            return Err(TensorReason::MetadataNotDict(self.type_of(metadata)).into());
        };
        for (name, flag) in flags {
            // Bytes are a text to C++, and their content is not known.
            let (conjugated, is_text) = match name {
                TorchValue::Far { holds, .. } => (false, holds < Letters::Surrogates),
                TorchValue::Text { .. } => {
                    let name = self.bytes_of(name);
                    (name.is_some_and(|name| *name == *b"conj"), true)
                }
                TorchValue::Bytes(len) => (len == 4, true),
                _ => (false, false),
            };
            if !is_text {
                return Err(TensorReason::MetadataName.into());
            }
            let is_flag = matches!(
                flag,
                TorchValue::Bool(_)
                    | TorchValue::None
                    | TorchValue::Int(_)
                    | TorchValue::Big { .. }
                    | TorchValue::Float { .. }
                    | TorchValue::Complex { .. }
            );
            if !is_flag {
                return Err(TensorReason::MetadataFlag.into());
            }
            if conjugated && dtype.family != Family::Complex {
                let dtype = dtype.name().into();
                return Err(TensorReason::Conjugated { dtype }.into());
            }
        }
        Ok(())
    }

    /// `_rebuild_meta_tensor_no_storage`.
    pub(super) fn rebuild_meta(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let [dtype, size, stride, grad] = given else {
            return Err(self.not_between(callee, given.len(), 4, 4));
        };
        let dtype = self.dtype(*dtype)?;
        let sizes = self.sizes(*size)?;
        let strides = self.strides(*stride)?;
        if dtype.family == Family::Quantized {
            return Err(QuantizedReason::Meta.into());
        }
        if sizes.len() != strides.len() {
            return Err(dimensions(&sizes, &strides).into());
        }
        self.not_negative(&sizes)?;
        elements(&sizes)?;
        let grad = !matches!(grad, TorchValue::None) && self.gradient(*grad, dtype)?;
        self.new_tensor(TorchTensor {
            sizes,
            strides,
            meta: true,
            grad,
            ..TorchTensor::of_dtype(dtype)
        })
    }

    #[allow(clippy::unused_self, reason = "reads like its neighbours")]
    pub(super) fn not_negative(&self, sizes: &[i64]) -> Step<()> {
        if sizes.iter().any(|size| *size < 0) {
            let sizes = Sizes::from(sizes);
            return Err(TensorReason::NegativeSize { sizes }.into());
        }
        Ok(())
    }

    /// `_rebuild_qtensor`.
    pub(super) fn rebuild_quantized(
        &mut self,
        callee: u32,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let [storage, offset, size, stride, parameters, grad, _hooks] = given else {
            return Err(self.not_between(callee, given.len(), 7, 7));
        };
        let parameters = self.torch.heap.elements(*parameters).unwrap_or_default();
        let scheme = match parameters.first() {
            Some(TorchValue::Global(global)) => self.known(*global),
            _ => Meaning::Foreign,
        };
        let (memory, dtype) = self.typed(*storage)?;
        let sizes = self.sizes(*size)?;
        match (scheme, parameters.as_slice()) {
            (Meaning::Scheme(Scheme::Tensor), [_, scale, zero]) => {
                let number = matches!(
                    scale,
                    TorchValue::Int(_)
                        | TorchValue::Float { .. }
                        | TorchValue::Bool(_)
                        | TorchValue::Big { .. }
                );
                if !number || !matches!(zero, TorchValue::Int(_)) {
                    return Err(QuantizedReason::ScaleAndZeroPoint.into());
                }
            }
            (Meaning::Scheme(Scheme::Channel | Scheme::ChannelFloat), [_, scales, zeros, axis]) => {
                self.channels(*scales, *zeros, *axis, &sizes)?;
            }
            _ => {
                return Err(QuantizedReason::Parameters.into());
            }
        }
        if dtype.family != Family::Quantized {
            let dtype = dtype.name().into();
            return Err(QuantizedReason::Type { dtype }.into());
        }
        if self
            .torch
            .heap
            .memory_at(memory)
            .is_some_and(|memory| memory.meta)
        {
            return Err(QuantizedReason::Meta.into());
        }
        self.not_negative(&sizes)?;
        let count = elements(&sizes)?;
        if count.saturating_mul(dtype.bytes) >= ALLOCATES {
            return Err(QuantizedReason::TooLarge.into());
        }
        let place = self.place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        self.gradient(*grad, dtype)?;
        let tensor = self.tensor_on(memory, dtype, place);
        self.new_tensor(TorchTensor {
            kind: TensorKind::Quantized,
            ..tensor
        })
    }

    /// The scales and zero points of a tensor that is quantized by channels.
    fn channels(
        &mut self,
        scales: TorchValue,
        zeros: TorchValue,
        axis: TorchValue,
        sizes: &[i64],
    ) -> Step<()> {
        let TorchValue::Int(axis) = axis else {
            return Err(QuantizedReason::Axis.into());
        };
        let length = |machine: &Self, value: TorchValue| -> Step<(u64, bool)> {
            if let Some(tensor) = machine.torch.heap.tensor(value) {
                if tensor.kind != TensorKind::Strided || tensor.sizes.len() != 1 {
                    return Err(QuantizedReason::ScaleDimensions.into());
                }
                return Ok((elements(&tensor.sizes)?, false));
            }
            let TorchValue::Object(at) = value else {
                return Err(QuantizedReason::Scales.into());
            };
            let Some(Object::List(list)) = machine.torch.heap.get(at) else {
                return Err(QuantizedReason::Scales.into());
            };
            let numbers = |item: &Packed| {
                matches!(
                    machine.torch.heap.unpack(*item),
                    TorchValue::Int(_) | TorchValue::Float { .. } | TorchValue::Bool(_)
                )
            };
            if wide(list.kept.len()) != list.len || !list.kept.iter().all(numbers) {
                return Err(QuantizedReason::ScalesNotNumbers.into());
            }
            Ok((list.len, true))
        };
        let (scale_count, scale_list) = length(self, scales)?;
        let (zero_count, zero_list) = length(self, zeros)?;
        if scale_list != zero_list || scale_count != zero_count {
            return Err(QuantizedReason::ZeroPoints.into());
        }
        let expected = usize::try_from(axis).ok().and_then(|axis| sizes.get(axis));
        if expected.is_none_or(|expected| u64::try_from(*expected) != Ok(scale_count)) {
            let why = QuantizedReason::ScaleCount {
                sizes: sizes.into(),
                axis,
                scales: scale_count,
            };
            self.torch
                .refuse_or_endanger(TorchBehaviour::ComparesScales, why);
        }
        Ok(())
    }

    /// `torch.nn.Parameter`.
    pub(super) fn parameter(&mut self, data: TorchValue, grad: TorchValue) -> Step<TorchValue> {
        let tensor = match data {
            TorchValue::None => TorchTensor::of_dtype(TorchDtype::FLOAT),
            TorchValue::Foreign(_) => return Ok(data),
            data => match self.torch.heap.tensor(data) {
                Some(tensor) => tensor.clone(),
                None => return Err(TensorReason::ParameterOf(self.type_of(data)).into()),
            },
        };
        let grad = self.gradient(grad, tensor.dtype)?;
        let computed = false;
        self.new_tensor(TorchTensor {
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
            return Err(self.not_between(callee, given.len(), 4, 4));
        };
        let wanted = match dtype {
            TorchValue::None => None,
            dtype => Some(self.dtype(*dtype)?),
        };
        let meta = self.to_device(*device)?;
        if matches!(data, TorchValue::Foreign(_)) {
            return Ok(*data);
        }
        let Some(tensor) = self.torch.heap.tensor(*data).cloned() else {
            return Err(TensorReason::ConvertedFrom(self.type_of(*data)).into());
        };
        let dtype = wanted.unwrap_or(tensor.dtype);
        if tensor.kind != TensorKind::Strided && dtype != tensor.dtype {
            return Err(TensorReason::Converted.into());
        }
        let grad = self.gradient(*grad, dtype)?;
        self.new_tensor(TorchTensor {
            dtype,
            grad,
            meta: tensor.meta || meta,
            memory: tensor.memory.filter(|_| dtype == tensor.dtype && !meta),
            ..tensor
        })
    }
}

fn contiguous(sizes: &[i64]) -> Vec<i64> {
    let mut strides = Vec::with_capacity(sizes.len());
    let mut step: i64 = 1;
    for size in sizes.iter().rev() {
        strides.push(step);
        step = step.saturating_mul((*size).max(1));
    }
    strides.reverse();
    strides
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
