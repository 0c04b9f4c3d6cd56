//! State: what BUILD and the functions that set attributes take, for each kind of object.

use super::{
    container::Asked,
    execution::{Execution, Refused, Step, fails},
    names::TorchDtype,
    object::{Class, Object, TensorClass, TensorKind, TorchTensor},
    value::TorchValue,
};
use crate::{
    bytes::wide,
    fact::{GlobalName, Short, StateReason, TorchBehaviour},
    format::pickle::dtype::Dtypes,
};

/// Attributes of a tensor that cannot be set, or only to what no writer sets.
const READ_ONLY: &[&str] = &[
    "H",
    "T",
    "__class__",
    "__cuda_array_interface__",
    "__dict__",
    "__weakref__",
    "_base",
    "_cdata",
    "_grad_fn",
    "_has_grad_dtype_override",
    "_has_symbolic_sizes_strides",
    "_python_dispatch",
    "_version",
    "device",
    "dtype",
    "grad_dtype",
    "grad_fn",
    "imag",
    "is_cpu",
    "is_cuda",
    "is_ipu",
    "is_leaf",
    "is_maia",
    "is_meta",
    "is_mkldnn",
    "is_mps",
    "is_mtia",
    "is_nested",
    "is_quantized",
    "is_sparse",
    "is_sparse_csr",
    "is_vulkan",
    "is_xla",
    "is_xpu",
    "itemsize",
    "layout",
    "mH",
    "mT",
    "name",
    "names",
    "nbytes",
    "ndim",
    "output_nr",
    "retains_grad",
    "shape",
];

/// The class of the numpy dtype of a code.
pub(super) fn numpy_class(code: &[u8]) -> Option<&'static str> {
    let code = std::str::from_utf8(code).ok()?;
    Dtypes::default().spelled(code).class()
}

impl Execution<'_, '_> {
    /// BUILD.
    pub(super) fn build(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        match target {
            TorchValue::Foreign(_) => Ok(()),
            TorchValue::NumpyDtype(class) => {
                let class = class.and_then(|class| self.torch.heap.numpy_class_name(class));
                let class = class.ok_or(StateReason::NumpyDtype)?;
                self.torch
                    .built
                    .insert(GlobalName::new("numpy.dtypes", class));
                Ok(())
            }
            TorchValue::Size { .. } | TorchValue::Complex { .. } | TorchValue::Device(_) => {
                self.slots(target, state, false)
            }
            TorchValue::Object(at) => match self.torch.heap.get(at) {
                Some(Object::Tensor(tensor)) => match tensor.class {
                    TensorClass::Tensor => self.set_tensor(at, state),
                    TensorClass::Parameter => self.set_parameter(at, state),
                },
                Some(Object::Dict(dict)) if dict.class == Class::Ordered => {
                    self.updates(target, state)
                }
                Some(Object::Dict(dict)) if dict.class == Class::Counter => {
                    self.slots(target, state, true)
                }
                Some(Object::Typed { .. } | Object::Untyped { .. }) => {
                    self.slots(target, state, true)
                }
                Some(Object::Set { .. } | Object::ByteArray { .. }) => {
                    self.slots(target, state, false)
                }
                _ => Err(self.no_state(target)),
            },
            other => Err(self.no_state(other)),
        }
    }

    fn no_state(&self, target: TorchValue) -> Refused {
        StateReason::Target(self.type_of(target)).into()
    }

    /// `inst.__dict__.update(state)`.
    fn updates(&self, target: TorchValue, state: TorchValue) -> Step<()> {
        let fits = self.torch.heap.dict(state).is_some() || self.all(state, Asked::Pairs).is_some();
        if fits {
            return Ok(());
        }
        let (target, state) = (self.type_of(target), self.type_of(state));
        Err(StateReason::Updates { target, state }.into())
    }

    /// State on an instance of a class that is listed and has no `__setstate__`.
    fn slots(&mut self, target: TorchValue, state: TorchValue, attributes: bool) -> Step<()> {
        let only_some = fails(TorchBehaviour::BuildOfAnyListedClass);
        let why = StateReason::Target(self.type_of(target));
        self.torch.refuse_where(&[only_some], why);
        let (state, slots) = match state {
            TorchValue::Tuple { at, len: 2, .. } | TorchValue::Size { at, len: 2 } => {
                match *self.torch.heap.items(at, 2).as_slice() {
                    [state, slots] => (state, slots),
                    _ => (state, TorchValue::None),
                }
            }
            state => (state, TorchValue::None),
        };
        let sets = |machine: &Self, value: TorchValue| {
            machine
                .torch
                .heap
                .truth(value)
                .ok_or_else(|| StateReason::Unknown(machine.type_of(value)))
        };
        if sets(self, state)? {
            if !attributes {
                return Err(self.no_state(target));
            }
            self.updates(target, state)?;
        }
        if sets(self, slots)? {
            if !attributes {
                return Err(self.no_state(target));
            }
            self.attributes(target, slots)?;
        }
        Ok(())
    }

    /// `torch._utils._set_obj_state`.
    pub(super) fn object_state(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        let (state, slots) = match state {
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                match *self.torch.heap.items(at, len).as_slice() {
                    [state, slots] => (state, slots),
                    _ => return Err(StateReason::NotDictOrPair.into()),
                }
            }
            state => (state, TorchValue::None),
        };
        for part in [state, slots] {
            match self.torch.heap.truth(part) {
                Some(false) => {}
                Some(true) => self.attributes(target, part)?,
                None => {
                    let (target, state) = (self.type_of(target), self.type_of(part));
                    return Err(StateReason::UnknownOf { target, state }.into());
                }
            }
        }
        Ok(())
    }

    /// `setattr` for each item of a dict.
    fn attributes(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        let Some(dict) = self.torch.heap.dict(state) else {
            let (target, state) = (self.type_of(target), self.type_of(state));
            return Err(StateReason::NotDict { target, state }.into());
        };
        let pairs = self.torch.heap.pairs(dict);
        let pairs = pairs.ok_or(StateReason::TooManyAttributes)?;
        for (name, value) in pairs {
            let Some(name) = self.bytes_of(name) else {
                return Err(StateReason::AttributeName.into());
            };
            self.attribute(target, &String::from_utf8_lossy(&name), value)?;
        }
        Ok(())
    }

    fn attribute(&mut self, target: TorchValue, name: &str, value: TorchValue) -> Step<()> {
        let refused = |machine: &Self| {
            let reason = StateReason::Attribute {
                name: Short::from(name),
                target: machine.type_of(target),
                value: machine.type_of(value),
            };
            reason.into()
        };
        let Some(tensor) = self.torch.heap.tensor(target).cloned() else {
            let takes = match target {
                TorchValue::Object(at) => matches!(
                    self.torch.heap.get(at),
                    Some(Object::Dict(_) | Object::Typed { .. } | Object::Untyped { .. })
                ),
                _ => false,
            };
            return if takes && !name.starts_with("__") {
                Ok(())
            } else {
                Err(refused(self))
            };
        };
        match name {
            "requires_grad" => {
                let grad = self.gradient(value, tensor.dtype)?;
                if tensor.computed && !grad {
                    return Err(refused(self));
                }
                self.change(target, |tensor| tensor.grad = grad);
                Ok(())
            }
            "data" => self.set_data(target, &tensor, value),
            "grad" | "_grad" => match (value, self.torch.heap.tensor(value)) {
                (TorchValue::None, _) => Ok(()),
                (_, Some(grad)) if grad.dtype == tensor.dtype && grad.sizes == tensor.sizes => {
                    Ok(())
                }
                _ => Err(refused(self)),
            },
            name if READ_ONLY.contains(&name) => Err(refused(self)),
            _ => Ok(()),
        }
    }

    fn change(&mut self, target: TorchValue, change: impl FnOnce(&mut TorchTensor)) {
        if let TorchValue::Object(at) = target
            && let Some(Object::Tensor(tensor)) = self.torch.heap.get_mut(at)
        {
            change(tensor);
        }
    }

    /// `tensor.data = other`.
    fn set_data(&mut self, target: TorchValue, tensor: &TorchTensor, data: TorchValue) -> Step<()> {
        let Some(data) = self.torch.heap.tensor(data).cloned() else {
            return Err(StateReason::Data(self.type_of(data)).into());
        };
        if data.kind != tensor.kind || data.meta != tensor.meta {
            return Err(StateReason::DataKind.into());
        }
        if tensor.grad && !data.dtype.differentiable() {
            return Err(StateReason::DataGradient.into());
        }
        let (class, grad) = (tensor.class, tensor.grad);
        self.change(target, |tensor| {
            *tensor = TorchTensor {
                class,
                grad,
                ..data
            }
        });
        Ok(())
    }

    /// `tensor.set_(*state)`.
    fn set_tensor(&mut self, target: u32, state: TorchValue) -> Step<()> {
        let parts = self.torch.heap.elements(state);
        let parts = parts.ok_or_else(|| StateReason::Tensor(self.type_of(state)))?;
        let Some(Object::Tensor(tensor)) = self.torch.heap.get(target) else {
            return Ok(());
        };
        let tensor = TorchTensor::clone(tensor);
        if tensor.kind != TensorKind::Strided || tensor.grad || tensor.meta && !parts.is_empty() {
            return Err(StateReason::Unchangeable.into());
        }
        let source = match parts.as_slice() {
            [] => {
                let memory = self.torch.heap.memory(super::object::Memory::new(0))?;
                let empty = TorchTensor {
                    memory: Some(memory),
                    meta: tensor.meta,
                    ..TorchTensor::of_dtype(tensor.dtype)
                };
                self.change(TorchValue::Object(target), |tensor| *tensor = empty);
                return Ok(());
            }
            [source, ..] => *source,
        };
        let memory = self.source(source, tensor.dtype)?;
        let bytes = self
            .torch
            .heap
            .memory_at(memory)
            .map_or(0, |memory| memory.bytes);
        let place = match parts.as_slice() {
            [_] => {
                let count = bytes.checked_div(tensor.dtype.bytes).unwrap_or(0);
                super::tensor::Geometry {
                    offset: 0,
                    sizes: vec![i64::try_from(count).unwrap_or(i64::MAX)],
                    strides: vec![1],
                }
            }
            [_, offset, size] => self.place(*offset, *size, TorchValue::None)?,
            [_, offset, size, stride] => self.place(*offset, *size, *stride)?,
            other => return Err(StateReason::TensorParts(wide(other.len())).into()),
        };
        self.lay(memory, tensor.dtype.bytes, &place)?;
        let changed = TorchTensor {
            offset: place.offset.cast_unsigned(),
            sizes: place.sizes,
            strides: place.strides,
            memory: Some(memory),
            ..tensor
        };
        self.change(TorchValue::Object(target), |tensor| *tensor = changed);
        Ok(())
    }

    /// The memory that a tensor is put on.
    fn source(&self, source: TorchValue, dtype: TorchDtype) -> Step<u32> {
        let refused = || {
            let reason = StateReason::Source {
                dtype: dtype.name().into(),
                source: self.type_of(source),
            };
            reason.into()
        };
        let TorchValue::Object(at) = source else {
            return Err(refused());
        };
        match self.torch.heap.get(at) {
            Some(Object::Untyped { memory }) => Ok(*memory),
            Some(Object::Typed { memory, dtype: own }) if *own == dtype => Ok(*memory),
            Some(Object::Tensor(tensor))
                if tensor.dtype == dtype && tensor.kind == TensorKind::Strided && !tensor.meta =>
            {
                tensor.memory.ok_or_else(refused)
            }
            _ => Err(refused()),
        }
    }

    /// `Tensor.__setstate__` of a parameter.
    fn set_parameter(&mut self, target: u32, state: TorchValue) -> Step<()> {
        let parts = self.torch.heap.elements(state).unwrap_or_default();
        let value = TorchValue::Object(target);
        let grad = match *parts.as_slice() {
            [grad, _, _hooks] => grad,
            [data, _, _hooks, grad, _] => {
                let Some(tensor) = self.torch.heap.tensor(value).cloned() else {
                    return Ok(());
                };
                if tensor.computed {
                    return Err(StateReason::ComputedParameter.into());
                }
                self.set_data(value, &tensor, data)?;
                grad
            }
            [_, _, _, _] => return self.set_tensor(target, state),
            _ => return Err(StateReason::Parameter(self.type_of(state)).into()),
        };
        let dtype = self
            .torch
            .heap
            .tensor(value)
            .map_or(TorchDtype::FLOAT, |tensor| tensor.dtype);
        let grad = self.gradient(grad, dtype)?;
        self.change(value, |tensor| tensor.grad = grad);
        Ok(())
    }
}
