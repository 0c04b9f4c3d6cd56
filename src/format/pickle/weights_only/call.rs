//! Calls: what the globals that torch lists make of their arguments, and which they refuse.

use super::{
    arguments::Arguments,
    attribute::Attributes,
    constructor::Constructors,
    container::Containers,
    elements::{Asked, Elements},
    execution::Execution,
    names::{Meaning, Rebuild, TensorLayout},
    object::{Class, Dict, Object, TensorClass, TorchTensor},
    quantized::Quantized,
    refused::{Step, fails},
    sparse::SparseTensors,
    tensor::Tensors,
    value::TorchValue,
};
use crate::{
    fact::{CallReason, Op, PickleReason, TorchBehaviour, TorchReason},
    format::pickle::opcode as op,
};

/// How often one call may lead to the next. Python stops at a thousand, writers at two.
const CALLS: u32 = 100;

/// Calls globals.
#[derive(Debug)]
pub(super) struct Calls<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Calls<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    pub(super) fn reduce(&mut self, callee: TorchValue, arguments: TorchValue) -> Step<TorchValue> {
        let instantiates = self.run.scene.code == op::NEWOBJ;
        let TorchValue::Global(callee) = callee else {
            let op = if instantiates { Op::NEWOBJ } else { Op::REDUCE };
            return Err(PickleReason::CalleeNotGlobal(op).into());
        };
        if instantiates {
            self.instantiate(callee, arguments)
        } else {
            let arguments = self.run.lookup().unpacked(callee, arguments)?;
            self.call(callee, &arguments)
        }
    }

    /// Calls a global.
    pub(super) fn call(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        match self.run.lookup().known(callee) {
            Meaning::Foreign => Ok(TorchValue::Foreign(callee)),
            Meaning::NumpyDtype => Ok(Constructors::new(self.run).numpy_dtype(arguments)),
            Meaning::OrderedDict => {
                Containers::new(self.run).dictionary(callee, Class::Ordered, arguments)
            }
            Meaning::Counter => {
                Containers::new(self.run).dictionary(callee, Class::Counter, arguments)
            }
            Meaning::Set => Containers::new(self.run).set(callee, arguments),
            Meaning::ByteArray => Containers::new(self.run).byte_array(callee, arguments),
            Meaning::Complex => Containers::new(self.run).complex(callee, arguments),
            Meaning::Encode => Containers::new(self.run).encode(callee, arguments),
            Meaning::Size => Containers::new(self.run).torch_size(callee, arguments),
            Meaning::Device => Constructors::new(self.run).torch_device(callee, arguments),
            Meaning::GetLayout => match arguments {
                [name @ (TorchValue::Text { .. } | TorchValue::Far { .. })] => self
                    .run
                    .lookup()
                    .bytes_of(*name)
                    .and_then(|name| TensorLayout::named(&name))
                    .map(TorchValue::Layout)
                    .ok_or_else(|| self.run.lookup().takes_no(callee, *name)),
                other => Err(self.run.lookup().given(callee, other.len())),
            },
            Meaning::Tensor => Constructors::new(self.run).legacy_tensor(callee, None, arguments),
            Meaning::LegacyTensor {
                dtype,
                sparse: false,
                cuda: false,
            } => Constructors::new(self.run).legacy_tensor(callee, Some(dtype), arguments),
            Meaning::LegacyTensor { .. } => {
                Err(self.run.lookup().failed(callee, CallReason::OtherDevice))
            }
            Meaning::Parameter => match arguments {
                [] => Tensors::new(self.run).parameter(TorchValue::None, TorchValue::Bool(true)),
                [data] => Tensors::new(self.run).parameter(*data, TorchValue::Bool(true)),
                [data, grad] => Tensors::new(self.run).parameter(*data, *grad),
                other => Err(self.run.lookup().given(callee, other.len())),
            },
            Meaning::Typed => Constructors::new(self.run).typed_storage(callee, arguments),
            Meaning::Untyped => Constructors::new(self.run).untyped_storage(callee, arguments),
            Meaning::StorageType(_) | Meaning::Dtype(_) | Meaning::Scheme(_) => {
                Err(self.run.lookup().failed(callee, CallReason::NotAFunction))
            }
            Meaning::Rebuild(rebuild) => self.rebuild_with(callee, rebuild, arguments),
        }
    }

    /// NEWOBJ: `cls.__new__(cls, *args)`.
    pub(super) fn instantiate(&mut self, class: u32, arguments: TorchValue) -> Step<TorchValue> {
        let known = self.run.lookup().known(class);
        if matches!(
            known,
            Meaning::Foreign | Meaning::Parameter | Meaning::NumpyDtype
        ) {
            let arguments = self.run.lookup().unpacked(class, arguments)?;
            return self.call(class, &arguments);
        }
        let why = TorchReason::Call {
            callee: self.run.lookup().name_of(class),
            reason: CallReason::NotMadeByNewobj,
        };
        let only_parameters = fails(TorchBehaviour::NewobjOfAnyListedClass);
        self.run.torch.refuse_where(&[only_parameters], why);
        let made = match known {
            Meaning::OrderedDict => Some(Object::Dict(Dict::new(Class::Ordered))),
            Meaning::Counter => Some(Object::Dict(Dict::new(Class::Counter))),
            Meaning::Set => Some(Object::Set { len: 0 }),
            Meaning::ByteArray => Some(Object::ByteArray { len: 0 }),
            _ => None,
        };
        // `__new__` of these looks at no arguments.
        if (known == Meaning::Typed || made.is_some())
            && Elements::new(self.run.lookup())
                .all(arguments, Asked::Nothing)
                .is_none()
        {
            return Err(self.run.lookup().no_arguments(class, arguments));
        }
        if let Some(object) = made {
            return Ok(self.run.torch.heap.object(object)?);
        }
        match known {
            // Made without its constructor: nothing can be done with it.
            Meaning::Typed => Ok(TorchValue::Foreign(class)),
            Meaning::Complex
            | Meaning::Size
            | Meaning::Device
            | Meaning::Tensor
            | Meaning::LegacyTensor { .. }
            | Meaning::Untyped => {
                let arguments = self.run.lookup().unpacked(class, arguments)?;
                self.call(class, &arguments)
            }
            _ => Err(self.run.lookup().failed(class, CallReason::NotAClass)),
        }
    }

    fn rebuild_with(
        &mut self,
        callee: u32,
        rebuild: Rebuild,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        match (rebuild, given) {
            (Rebuild::Plain, given) => Tensors::new(self.run).rebuild(callee, given, true),
            (Rebuild::V2, given) => Tensors::new(self.run).rebuild(callee, given, false),
            (Rebuild::V3, given) => Tensors::new(self.run).rebuild_v3(callee, given),
            (Rebuild::Parameter, [data, grad, _hooks]) => {
                Tensors::new(self.run).parameter(*data, *grad)
            }
            (Rebuild::ParameterWithState, [data, grad, _hooks, state]) => {
                let parameter = Tensors::new(self.run).parameter(*data, *grad)?;
                Attributes::new(self.run).object_state(parameter, *state)?;
                Ok(parameter)
            }
            (Rebuild::Sparse, given) => SparseTensors::new(self.run).rebuild_sparse(given),
            (Rebuild::Quantized, given) => {
                Quantized::new(self.run).rebuild_quantized(callee, given)
            }
            (Rebuild::Meta, given) => Tensors::new(self.run).rebuild_meta(callee, given),
            (Rebuild::FromCpu, given) => Tensors::new(self.run).rebuild_from_cpu(callee, given),
            (Rebuild::FromNumpy, [TorchValue::Foreign(made), dtype, device, grad]) => {
                let dtype = Arguments::new(self.run.lookup()).dtype(*dtype)?;
                Arguments::new(self.run.lookup()).moves_to_meta(*device)?;
                Arguments::new(self.run.lookup()).gradient(*grad, dtype)?;
                Ok(TorchValue::Foreign(*made))
            }
            (Rebuild::FromNumpy, [data, _, _, _]) => Err(self.run.lookup().takes_no(callee, *data)),
            (Rebuild::Nested, [buffer, sizes, strides, offsets]) => {
                for part in [buffer, sizes, strides, offsets] {
                    if self.run.torch.heap.tensor(*part).is_none() {
                        return Err(self.run.lookup().takes_no(callee, *part));
                    }
                }
                Ok(*buffer)
            }
            (Rebuild::Wrapper, [class, _, _, _, _, _, _, _]) => match class {
                TorchValue::Global(global)
                    if self.run.lookup().known(*global) == Meaning::Foreign =>
                {
                    Ok(TorchValue::Foreign(*global))
                }
                other => Err(self.run.lookup().takes_no(callee, *other)),
            },
            (Rebuild::FromType, [function, class, arguments, state]) => {
                self.rebuild_from_type(callee, *function, *class, *arguments, *state)
            }
            (_, given) => Err(self.run.lookup().given(callee, given.len())),
        }
    }

    /// `_rebuild_from_type_v2`: calls a function, makes the result one of a class and sets a state on it.
    fn rebuild_from_type(
        &mut self,
        callee: u32,
        function: TorchValue,
        class: TorchValue,
        arguments: TorchValue,
        state: TorchValue,
    ) -> Step<TorchValue> {
        let TorchValue::Global(function) = function else {
            return Err(self.run.lookup().takes_no(callee, function));
        };
        let arguments = self
            .run
            .torch
            .heap
            .elements(arguments)
            .ok_or_else(|| self.run.lookup().takes_no(callee, arguments))?;
        self.run.torch.depth = self.run.torch.depth.saturating_add(1);
        if self.run.torch.depth > CALLS {
            return Err(self.run.lookup().failed(callee, CallReason::CallsItself));
        }
        let made = self.call(function, &arguments)?;
        self.run.torch.depth = self.run.torch.depth.saturating_sub(1);
        let TorchValue::Global(class) = class else {
            return Err(self.run.lookup().takes_no(callee, class));
        };
        let made = self.as_class(callee, made, class)?;
        if !matches!(made, TorchValue::Foreign(_)) {
            Attributes::new(self.run).object_state(made, state)?;
        }
        Ok(made)
    }

    fn as_class(&mut self, callee: u32, made: TorchValue, class: u32) -> Step<TorchValue> {
        let wanted = self.run.lookup().known(class);
        let object = match made {
            TorchValue::Foreign(_) => return Ok(made),
            TorchValue::Object(at) => self.run.torch.heap.get(at),
            _ => None,
        };
        let same = match (made, object, wanted) {
            (TorchValue::Size { .. }, _, Meaning::Size)
            | (TorchValue::Complex { .. }, _, Meaning::Complex)
            | (TorchValue::Device(_), _, Meaning::Device)
            | (_, Some(Object::Set { .. }), Meaning::Set)
            | (_, Some(Object::ByteArray { .. }), Meaning::ByteArray)
            | (_, Some(Object::Typed { .. }), Meaning::Typed)
            | (_, Some(Object::Untyped { .. }), Meaning::Untyped) => true,
            (_, Some(Object::Dict(dict)), Meaning::OrderedDict) => dict.class == Class::Ordered,
            (_, Some(Object::Dict(dict)), Meaning::Counter) => dict.class == Class::Counter,
            _ => false,
        };
        if same {
            return Ok(made);
        }
        let no_instance = |this: &Self| {
            let class = this.run.lookup().name_of(class);
            let made = this.run.lookup().type_of(made);
            this.run
                .lookup()
                .failed(callee, CallReason::Makes { made, class })
        };
        let Some(Object::Tensor(tensor)) = object else {
            return Err(no_instance(self));
        };
        let becomes = match wanted {
            Meaning::Tensor => TensorClass::Tensor,
            Meaning::Parameter => TensorClass::Parameter,
            Meaning::Foreign => return Ok(TorchValue::Foreign(class)),
            _ => return Err(no_instance(self)),
        };
        if tensor.class == becomes {
            return Ok(made);
        }
        let computed = tensor.computed || tensor.grad;
        let tensor = TorchTensor {
            class: becomes,
            computed,
            ..TorchTensor::clone(tensor)
        };
        self.run.new_tensor(tensor)
    }
}
