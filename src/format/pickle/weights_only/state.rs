//! State: what BUILD takes, for each kind of object.

use super::{
    arguments::{Arguments, Geometry},
    attribute::Attributes,
    elements::{Asked, Elements},
    execution::Execution,
    names::TorchDtype,
    object::{Class, Memory, Object, TensorClass, TensorKind, TorchTensor},
    refused::{Refused, Step, fails},
    tensor::Tensors,
    value::TorchValue,
};
use crate::{
    bytes::wide,
    fact::{GlobalName, StateReason, TorchBehaviour},
    format::pickle::dtype::Dtypes,
};

/// Sets states.
#[derive(Debug)]
pub(super) struct States<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> States<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    /// BUILD.
    pub(super) fn build(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        match target {
            TorchValue::Foreign(_) => Ok(()),
            TorchValue::NumpyDtype(class) => {
                let class = class.and_then(|class| self.run.torch.heap.numpy_classes.name(class));
                let class = class.ok_or(StateReason::NumpyDtype)?;
                self.run
                    .torch
                    .built
                    .insert(GlobalName::new("numpy.dtypes", class));
                Ok(())
            }
            TorchValue::Size { .. } | TorchValue::Complex { .. } | TorchValue::Device(_) => {
                self.slots(target, state, false)
            }
            TorchValue::Object(at) => match self.run.torch.heap.get(at) {
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
        StateReason::Target(self.run.lookup().type_of(target)).into()
    }

    /// `inst.__dict__.update(state)`.
    fn updates(&self, target: TorchValue, state: TorchValue) -> Step<()> {
        let fits = self.run.torch.heap.dict(state).is_some()
            || Elements::new(self.run.lookup())
                .all(state, Asked::Pairs)
                .is_some();
        if fits {
            return Ok(());
        }
        let (target, state) = (
            self.run.lookup().type_of(target),
            self.run.lookup().type_of(state),
        );
        Err(StateReason::Updates { target, state }.into())
    }

    /// State on an instance of a class that is listed and has no `__setstate__`.
    fn slots(&mut self, target: TorchValue, state: TorchValue, attributes: bool) -> Step<()> {
        let only_some = fails(TorchBehaviour::BuildOfAnyListedClass);
        let why = StateReason::Target(self.run.lookup().type_of(target));
        self.run.torch.refuse_where(&[only_some], why);
        let (state, slots) = match state {
            TorchValue::Tuple { at, len: 2, .. } | TorchValue::Size { at, len: 2 } => {
                match *self.run.torch.heap.items(at, 2).as_slice() {
                    [state, slots] => (state, slots),
                    _ => (state, TorchValue::None),
                }
            }
            state => (state, TorchValue::None),
        };
        let sets = |this: &Self, value: TorchValue| {
            this.run
                .lookup()
                .truth(value)
                .ok_or_else(|| StateReason::Unknown(this.run.lookup().type_of(value)))
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
            Attributes::new(self.run).attributes(target, slots)?;
        }
        Ok(())
    }

    /// `tensor.set_(*state)`.
    fn set_tensor(&mut self, target: u32, state: TorchValue) -> Step<()> {
        let parts = self.run.torch.heap.elements(state);
        let parts = parts.ok_or_else(|| StateReason::Tensor(self.run.lookup().type_of(state)))?;
        let Some(Object::Tensor(tensor)) = self.run.torch.heap.get(target) else {
            return Ok(());
        };
        let tensor = TorchTensor::clone(tensor);
        if tensor.kind != TensorKind::Strided || tensor.grad || tensor.meta && !parts.is_empty() {
            return Err(StateReason::Unchangeable.into());
        }
        let source = match parts.as_slice() {
            [] => {
                let memory = self.run.torch.heap.memory(Memory::new(0))?;
                let empty = TorchTensor {
                    memory: Some(memory),
                    meta: tensor.meta,
                    ..TorchTensor::of_dtype(tensor.dtype)
                };
                Attributes::new(self.run)
                    .change(TorchValue::Object(target), |tensor| *tensor = empty);
                return Ok(());
            }
            [source, ..] => *source,
        };
        let memory = self.source(source, tensor.dtype)?;
        let bytes = self
            .run
            .torch
            .heap
            .memory_at(memory)
            .map_or(0, |memory| memory.bytes);
        let place = match parts.as_slice() {
            [_] => {
                let count = bytes.checked_div(tensor.dtype.bytes).unwrap_or(0);
                Geometry {
                    offset: 0,
                    sizes: vec![i64::try_from(count).unwrap_or(i64::MAX)],
                    strides: vec![1],
                }
            }
            [_, offset, size] => {
                Arguments::new(self.run.lookup()).place(*offset, *size, TorchValue::None)?
            }
            [_, offset, size, stride] => {
                Arguments::new(self.run.lookup()).place(*offset, *size, *stride)?
            }
            other => return Err(StateReason::TensorParts(wide(other.len())).into()),
        };
        Tensors::new(self.run).lay(memory, tensor.dtype.bytes, &place)?;
        let changed = TorchTensor {
            offset: place.offset.cast_unsigned(),
            sizes: place.sizes,
            strides: place.strides,
            memory: Some(memory),
            ..tensor
        };
        Attributes::new(self.run).change(TorchValue::Object(target), |tensor| *tensor = changed);
        Ok(())
    }

    /// The memory that a tensor is put on.
    fn source(&self, source: TorchValue, dtype: TorchDtype) -> Step<u32> {
        let refused = || {
            let reason = StateReason::Source {
                dtype: dtype.name().into(),
                source: self.run.lookup().type_of(source),
            };
            reason.into()
        };
        let TorchValue::Object(at) = source else {
            return Err(refused());
        };
        match self.run.torch.heap.get(at) {
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
        let parts = self.run.torch.heap.elements(state).unwrap_or_default();
        let value = TorchValue::Object(target);
        let grad = match *parts.as_slice() {
            [grad, _, _hooks] => grad,
            [data, _, _hooks, grad, _] => {
                let Some(tensor) = self.run.torch.heap.tensor(value).cloned() else {
                    return Ok(());
                };
                if tensor.computed {
                    return Err(StateReason::ComputedParameter.into());
                }
                Attributes::new(self.run).set_data(value, &tensor, data)?;
                grad
            }
            [_, _, _, _] => return self.set_tensor(target, state),
            _ => return Err(StateReason::Parameter(self.run.lookup().type_of(state)).into()),
        };
        let dtype = self
            .run
            .torch
            .heap
            .tensor(value)
            .map_or(TorchDtype::FLOAT, |tensor| tensor.dtype);
        let grad = Arguments::new(self.run.lookup()).gradient(grad, dtype)?;
        Attributes::new(self.run).change(value, |tensor| tensor.grad = grad);
        Ok(())
    }
}

/// The class of the numpy dtype of a code.
pub(super) fn numpy_class(code: &[u8]) -> Option<&'static str> {
    let code = std::str::from_utf8(code).ok()?;
    Dtypes::default().spelled(code).class()
}
