//! Tensors: whether sizes, strides and offsets fit the memory that they are put on, as `Tensor.set_` and the functions of
//! `torch/_utils.py` check it.

use super::{
    execution::{Execution, Refused, Step},
    names::{Dtype, Family, Meaning, Scheme},
    storage::ALLOCATES,
    value::{Object, Tensor, TensorClass, TensorKind, Value},
};
use crate::{bytes::wide, fact::TorchBehaviour, format::pickle::text::Letters};

/// Smaller sizes and strides than this are symbolic to torch, which it does not take where memory is concerned.
const LEAST: i64 = -(1 << 62);

/// How a tensor lies in its memory.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    pub(super) offset: i64,
    pub(super) sizes: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

/// The arguments of a call that torch refuses.
fn arguments(what: &str, given: usize, takes: &str) -> Refused {
    Refused(format!(
        "{what} is called with {given} arguments, it takes {takes}"
    ))
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
        return Err(Refused(format!(
            "a tensor of size {} has more elements than can be counted",
            shape(sizes)
        )));
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

/// Sizes, for messages.
fn shape(sizes: &[i64]) -> String {
    const SHOWN: usize = 6;
    let mut shown: Vec<String> = sizes.iter().take(SHOWN).map(i64::to_string).collect();
    if sizes.len() > SHOWN {
        shown.push("...".to_owned());
    }
    format!("({})", shown.join(", "))
}

impl Execution<'_, '_> {
    /// A tuple or list of integers of 64 bits. A bool is one, except for the first.
    pub(super) fn integers(&self, value: Value) -> Option<Vec<i64>> {
        let list = match value {
            Value::Tuple { .. } | Value::Size { .. } => true,
            Value::Object(at) => matches!(self.torch.heap.get(at), Some(Object::List(_))),
            _ => false,
        };
        if !list {
            return None;
        }
        let items = self.torch.heap.elements(value)?;
        if matches!(items.first(), Some(Value::Bool(_))) {
            return None;
        }
        let integers = items.iter().map(|item| match item {
            Value::Int(n) => Some(*n),
            Value::Bool(is) => Some(i64::from(*is)),
            _ => None,
        });
        integers.collect()
    }

    fn sizes(&self, what: &str, value: Value) -> Step<Vec<i64>> {
        self.integers(value).ok_or_else(|| {
            Refused(format!(
                "the {what} of a tensor is {}, not a tuple of integers",
                self.article(value)
            ))
        })
    }

    /// A `TypedStorage`: its memory and type.
    pub(super) fn typed(&self, value: Value) -> Step<(u32, Dtype)> {
        if let Value::Object(at) = value
            && let Some(Object::Typed { memory, dtype }) = self.torch.heap.get(at)
        {
            return Ok((*memory, *dtype));
        }
        Err(Refused(format!(
            "a tensor is made of {}, not of a storage",
            self.article(value)
        )))
    }

    pub(super) fn place(&self, offset: Value, size: Value, stride: Value) -> Step<Geometry> {
        let Value::Int(offset) = offset else {
            return Err(Refused(format!(
                "the offset of a tensor is {}, not an integer",
                self.article(offset)
            )));
        };
        let sizes = self.sizes("size", size)?;
        let strides = match stride {
            Value::None => contiguous(&sizes),
            stride => self.sizes("stride", stride)?,
        };
        if sizes.iter().chain(&strides).any(|n| *n < LEAST) {
            return Err("a tensor whose sizes or strides are no numbers to torch".into());
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
            return Err(Refused(format!(
                "a tensor has {} sizes and {} strides",
                place.sizes.len(),
                place.strides.len()
            )));
        }
        if place.offset < 0 {
            return Err(Refused(format!(
                "a tensor begins at the negative offset {}",
                place.offset
            )));
        }
        if elements(&place.sizes)? == 0 {
            return Ok(());
        }
        let needs = reach(place).and_then(|reach| reach.checked_mul(itemsize));
        let needs = needs.filter(|needs| i64::try_from(*needs).is_ok());
        let Some(needs) = needs else {
            return Err(Refused(format!(
                "a tensor of size {} and stride {} reaches further than memory can",
                shape(&place.sizes),
                shape(&place.strides)
            )));
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
            let at = crate::bytes::narrow(u64::from(memory));
            if let Some(memory) = self.torch.heap.memories.get_mut(at) {
                memory.bytes = needs;
            }
            return Ok(());
        }
        Err(Refused(outside(place, needs, there.bytes)))
    }

    /// The same for a tensor of a quantized type, of which torch compared nothing before 2.15.
    fn lay_of(&mut self, memory: u32, dtype: Dtype, place: &Geometry) -> Step<()> {
        if dtype.family != Family::Quantized {
            return self.lay(memory, dtype.bytes, place);
        }
        if place.sizes.len() != place.strides.len() {
            return Err("a tensor has not as many strides as sizes".into());
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
            let why = outside(place, needs.unwrap_or(u64::MAX), there);
            self.torch
                .refuse_or_endanger(TorchBehaviour::ComparesQuantizedExtents, why);
        }
        Ok(())
    }

    /// `requires_grad`, which is a bool and only true where gradients exist.
    pub(super) fn gradient(&self, requires: Value, dtype: Dtype) -> Step<bool> {
        match requires {
            Value::Bool(true) if !dtype.differentiable() => Err(Refused(format!(
                "a tensor of {} requires gradients",
                dtype.name()
            ))),
            Value::Bool(requires) => Ok(requires),
            other => Err(Refused(format!(
                "requires_grad is {}, not a bool",
                self.article(other)
            ))),
        }
    }

    pub(super) fn new_tensor(&mut self, tensor: Tensor) -> Step<Value> {
        Ok(self.torch.heap.object(Object::Tensor(Box::new(tensor)))?)
    }

    fn tensor_on(&mut self, memory: u32, dtype: Dtype, place: Geometry) -> Tensor {
        let meta = self
            .torch
            .heap
            .memory_at(memory)
            .is_some_and(|memory| memory.meta);
        Tensor {
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
            ..Tensor::of_dtype(dtype)
        }
    }

    /// `_rebuild_tensor` and `_rebuild_tensor_v2`.
    pub(super) fn rebuild(&mut self, arguments_given: &[Value], plain: bool) -> Step<Value> {
        let (storage, offset, size, stride, more) = match arguments_given {
            [storage, offset, size, stride] if plain => (storage, offset, size, stride, None),
            [storage, offset, size, stride, grad, _hooks] if !plain => {
                (storage, offset, size, stride, Some((*grad, Value::None)))
            }
            [storage, offset, size, stride, grad, _hooks, metadata] if !plain => {
                (storage, offset, size, stride, Some((*grad, *metadata)))
            }
            given => {
                let (what, takes) = if plain {
                    ("_rebuild_tensor", "4")
                } else {
                    ("_rebuild_tensor_v2", "6 or 7")
                };
                return Err(arguments(what, given.len(), takes));
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
    pub(super) fn rebuild_v3(&mut self, given: &[Value]) -> Step<Value> {
        let (storage, offset, size, stride, grad, dtype, metadata) = match given {
            [storage, offset, size, stride, grad, _hooks, dtype] => {
                (storage, offset, size, stride, grad, dtype, Value::None)
            }
            [storage, offset, size, stride, grad, _hooks, dtype, metadata] => {
                (storage, offset, size, stride, grad, dtype, *metadata)
            }
            _ => return Err(arguments("_rebuild_tensor_v3", given.len(), "7 or 8")),
        };
        let (memory, _) = self.typed(*storage)?;
        let dtype = self.dtype(*dtype)?;
        if !matches!(grad, Value::None) && self.gradient(*grad, dtype)? {
            return Err("_rebuild_tensor_v3 is asked for a tensor that requires gradients".into());
        }
        let place = self.place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        self.metadata(metadata, dtype)?;
        let tensor = self.tensor_on(memory, dtype, place);
        self.new_tensor(tensor)
    }

    /// A dtype as an argument; `None` is the default type.
    pub(super) fn dtype(&self, value: Value) -> Step<Dtype> {
        match value {
            Value::None => Ok(Dtype::FLOAT),
            Value::Global(global) if let Meaning::Dtype(dtype) = self.known(global) => Ok(dtype),
            other => Err(Refused(format!(
                "the dtype of a tensor is {}",
                self.article(other)
            ))),
        }
    }

    /// The flags of a tensor: conjugated, negated.
    fn metadata(&self, metadata: Value, dtype: Dtype) -> Step<()> {
        match self.torch.heap.truth(metadata) {
            Some(false) => return Ok(()),
            Some(true) => {}
            None => return Err("the metadata of a tensor are not known".into()),
        }
        let flags = self
            .torch
            .heap
            .dict(metadata)
            .and_then(super::value::Dict::pairs);
        let Some(flags) = flags else {
            return Err(Refused(format!(
                "the metadata of a tensor are {}, not a dict",
                self.article(metadata)
            )));
        };
        for (name, flag) in flags {
            // Bytes are a text to C++, and their content is not known.
            let (conjugated, is_text) = match *name {
                Value::Far { holds, .. } => (false, holds < Letters::Surrogates),
                Value::Text { .. } => {
                    let name = self.bytes_of(*name);
                    (name.is_some_and(|name| *name == *b"conj"), true)
                }
                Value::Bytes(len) => (len == 4, true),
                _ => (false, false),
            };
            if !is_text {
                return Err("the metadata of a tensor have a name that is no text".into());
            }
            let is_flag = matches!(
                flag,
                Value::Bool(_)
                    | Value::None
                    | Value::Int(_)
                    | Value::Big { .. }
                    | Value::Float(_)
                    | Value::Complex { .. }
            );
            if !is_flag {
                return Err("the metadata of a tensor have a flag that is no bool".into());
            }
            if conjugated && dtype.family != Family::Complex {
                return Err(Refused(format!(
                    "a tensor of {} is conjugated",
                    dtype.name()
                )));
            }
        }
        Ok(())
    }

    /// `_rebuild_meta_tensor_no_storage`.
    pub(super) fn rebuild_meta(&mut self, given: &[Value]) -> Step<Value> {
        let [dtype, size, stride, grad] = given else {
            return Err(arguments(
                "_rebuild_meta_tensor_no_storage",
                given.len(),
                "4",
            ));
        };
        let dtype = self.dtype(*dtype)?;
        let sizes = self.sizes("size", *size)?;
        let strides = self.sizes("stride", *stride)?;
        if dtype.family == Family::Quantized {
            return Err("a quantized tensor on the meta device".into());
        }
        if sizes.len() != strides.len() {
            return Err("a tensor has not as many strides as sizes".into());
        }
        self.not_negative(&sizes)?;
        elements(&sizes)?;
        let grad = !matches!(grad, Value::None) && self.gradient(*grad, dtype)?;
        self.new_tensor(Tensor {
            sizes,
            strides,
            meta: true,
            grad,
            ..Tensor::of_dtype(dtype)
        })
    }

    #[allow(clippy::unused_self, reason = "reads like its neighbours")]
    pub(super) fn not_negative(&self, sizes: &[i64]) -> Step<()> {
        if sizes.iter().any(|size| *size < 0) {
            return Err(Refused(format!(
                "a tensor of the negative size {}",
                shape(sizes)
            )));
        }
        Ok(())
    }

    /// `_rebuild_qtensor`.
    pub(super) fn rebuild_quantized(&mut self, given: &[Value]) -> Step<Value> {
        let [storage, offset, size, stride, parameters, grad, _hooks] = given else {
            return Err(arguments("_rebuild_qtensor", given.len(), "7"));
        };
        let parameters = self.torch.heap.elements(*parameters).unwrap_or_default();
        let scheme = match parameters.first() {
            Some(Value::Global(global)) => self.known(*global),
            _ => Meaning::Foreign,
        };
        let (memory, dtype) = self.typed(*storage)?;
        let sizes = self.sizes("size", *size)?;
        match (scheme, parameters.as_slice()) {
            (Meaning::Scheme(Scheme::Tensor), [_, scale, zero]) => {
                let number = matches!(
                    scale,
                    Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Big { .. }
                );
                if !number || !matches!(zero, Value::Int(_)) {
                    return Err(
                        "the scale and zero point of a quantized tensor are no numbers".into(),
                    );
                }
            }
            (Meaning::Scheme(Scheme::Channel | Scheme::ChannelFloat), [_, scales, zeros, axis]) => {
                self.channels(*scales, *zeros, *axis, &sizes)?;
            }
            _ => {
                return Err("a quantized tensor whose parameters are none that torch takes".into());
            }
        }
        if dtype.family != Family::Quantized {
            return Err(Refused(format!("a quantized tensor of {}", dtype.name())));
        }
        if self
            .torch
            .heap
            .memory_at(memory)
            .is_some_and(|memory| memory.meta)
        {
            return Err("a quantized tensor on the meta device".into());
        }
        self.not_negative(&sizes)?;
        let count = elements(&sizes)?;
        if count.saturating_mul(dtype.bytes) >= ALLOCATES {
            return Err("a quantized tensor that no memory holds".into());
        }
        let place = self.place(*offset, *size, *stride)?;
        self.lay_of(memory, dtype, &place)?;
        self.gradient(*grad, dtype)?;
        let tensor = self.tensor_on(memory, dtype, place);
        self.new_tensor(Tensor {
            kind: TensorKind::Quantized,
            ..tensor
        })
    }

    /// The scales and zero points of a tensor that is quantized by channels.
    fn channels(&mut self, scales: Value, zeros: Value, axis: Value, sizes: &[i64]) -> Step<()> {
        let Value::Int(axis) = axis else {
            return Err("the axis of a quantized tensor is no integer".into());
        };
        let length = |machine: &Self, value: Value| -> Step<(u64, bool)> {
            if let Some(tensor) = machine.torch.heap.tensor(value) {
                if tensor.kind != TensorKind::Strided || tensor.sizes.len() != 1 {
                    return Err("the scales of a quantized tensor have not one dimension".into());
                }
                return Ok((elements(&tensor.sizes)?, false));
            }
            let Value::Object(at) = value else {
                return Err("the scales of a quantized tensor are neither list nor tensor".into());
            };
            let Some(Object::List(list)) = machine.torch.heap.get(at) else {
                return Err("the scales of a quantized tensor are neither list nor tensor".into());
            };
            let numbers =
                |item: &Value| matches!(item, Value::Int(_) | Value::Float(_) | Value::Bool(_));
            if wide(list.kept.len()) != list.len || !list.kept.iter().all(numbers) {
                return Err("the scales of a quantized tensor are no numbers".into());
            }
            Ok((list.len, true))
        };
        let (scale_count, scale_list) = length(self, scales)?;
        let (zero_count, zero_list) = length(self, zeros)?;
        if scale_list != zero_list || scale_count != zero_count {
            return Err("a quantized tensor has not as many zero points as scales".into());
        }
        let expected = usize::try_from(axis).ok().and_then(|axis| sizes.get(axis));
        if expected.is_none_or(|expected| u64::try_from(*expected) != Ok(scale_count)) {
            let why = format!(
                "a tensor of size {} is quantized along axis {axis} with {scale_count} scales",
                shape(sizes)
            );
            self.torch
                .refuse_or_endanger(TorchBehaviour::ComparesScales, why);
        }
        Ok(())
    }

    /// `torch.nn.Parameter`.
    pub(super) fn parameter(&mut self, data: Value, grad: Value) -> Step<Value> {
        let tensor = match data {
            Value::None => Tensor::of_dtype(Dtype::FLOAT),
            Value::Foreign(_) => return Ok(data),
            data => match self.torch.heap.tensor(data) {
                Some(tensor) => tensor.clone(),
                None => {
                    return Err(Refused(format!(
                        "a parameter is made of {}",
                        self.article(data)
                    )));
                }
            },
        };
        let grad = self.gradient(grad, tensor.dtype)?;
        let computed = false;
        self.new_tensor(Tensor {
            class: TensorClass::Parameter,
            grad,
            computed,
            ..tensor
        })
    }

    /// `_rebuild_device_tensor_from_cpu_tensor`.
    pub(super) fn rebuild_from_cpu(&mut self, given: &[Value]) -> Step<Value> {
        let [data, dtype, device, grad] = given else {
            return Err(arguments(
                "_rebuild_device_tensor_from_cpu_tensor",
                given.len(),
                "4",
            ));
        };
        let wanted = match dtype {
            Value::None => None,
            dtype => Some(self.dtype(*dtype)?),
        };
        let meta = self.to_device(*device)?;
        if matches!(data, Value::Foreign(_)) {
            return Ok(*data);
        }
        let Some(tensor) = self.torch.heap.tensor(*data).cloned() else {
            return Err(Refused(format!(
                "a tensor is made of {}",
                self.article(*data)
            )));
        };
        let dtype = wanted.unwrap_or(tensor.dtype);
        if tensor.kind != TensorKind::Strided && dtype != tensor.dtype {
            return Err("a sparse or quantized tensor is converted".into());
        }
        let grad = self.gradient(*grad, dtype)?;
        self.new_tensor(Tensor {
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

fn outside(place: &Geometry, needs: u64, there: u64) -> String {
    let needs = if needs == u64::MAX {
        "more".to_owned()
    } else {
        needs.to_string()
    };
    format!(
        "a tensor of size {}, stride {} and offset {} needs {needs} bytes, its storage has {there}",
        shape(&place.sizes),
        shape(&place.strides),
        place.offset
    )
}
