//! Calls: what the globals that torch lists make of their arguments, and which they refuse.

use super::{
    container::Asked,
    execution::{Execution, Refused, Step, fails},
    names::{Meaning, Rebuild, TensorLayout, TorchDtype},
    object::{Class, Dict, Memory, Object, TensorClass, TensorKind, TorchTensor},
    storage::{ALLOCATES, is_index},
    value::{Device, TorchValue},
};
use crate::{
    bytes::wide,
    fact::{CallReason, TensorReason, TorchBehaviour, TorchReason},
};

/// How often one call may lead to the next. Python stops at a thousand, writers at two.
const CALLS: u32 = 100;

impl Execution<'_, '_> {
    pub(super) fn given(&self, callee: u32, given: usize) -> Refused {
        let given = wide(given);
        self.failed(callee, CallReason::Arguments { given })
    }

    pub(super) fn takes_no(&self, callee: u32, argument: TorchValue) -> Refused {
        self.failed(callee, CallReason::Argument(self.type_of(argument)))
    }

    /// Arguments of another number than a function takes.
    pub(super) fn not_between(&self, callee: u32, given: usize, least: u8, most: u8) -> Refused {
        let given = wide(given);
        self.failed(callee, CallReason::ArgumentsBetween { given, least, most })
    }

    /// Calls a global.
    pub(super) fn call(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        match self.known(callee) {
            Meaning::Foreign => Ok(TorchValue::Foreign(callee)),
            Meaning::NumpyDtype => Ok(self.numpy_dtype(arguments)),
            Meaning::OrderedDict => self.dictionary(callee, Class::Ordered, arguments),
            Meaning::Counter => self.dictionary(callee, Class::Counter, arguments),
            Meaning::Set => self.set(callee, arguments),
            Meaning::ByteArray => self.byte_array(callee, arguments),
            Meaning::Complex => self.complex(callee, arguments),
            Meaning::Encode => self.encode(callee, arguments),
            Meaning::Size => self.torch_size(callee, arguments),
            Meaning::Device => self.torch_device(callee, arguments),
            Meaning::GetLayout => match arguments {
                [name @ (TorchValue::Text { .. } | TorchValue::Far { .. })] => self
                    .bytes_of(*name)
                    .and_then(|name| TensorLayout::named(&name))
                    .map(TorchValue::Layout)
                    .ok_or_else(|| self.takes_no(callee, *name)),
                other => Err(self.given(callee, other.len())),
            },
            Meaning::Tensor => self.legacy_tensor(callee, None, arguments),
            Meaning::LegacyTensor {
                dtype,
                sparse: false,
                cuda: false,
            } => self.legacy_tensor(callee, Some(dtype), arguments),
            Meaning::LegacyTensor { .. } => Err(self.failed(callee, CallReason::OtherDevice)),
            Meaning::Parameter => match arguments {
                [] => self.parameter(TorchValue::None, TorchValue::Bool(true)),
                [data] => self.parameter(*data, TorchValue::Bool(true)),
                [data, grad] => self.parameter(*data, *grad),
                other => Err(self.given(callee, other.len())),
            },
            Meaning::Typed => self.typed_storage(callee, arguments),
            Meaning::Untyped => self.untyped_storage(callee, arguments),
            Meaning::StorageType(_) | Meaning::Dtype(_) | Meaning::Scheme(_) => {
                Err(self.failed(callee, CallReason::NotAFunction))
            }
            Meaning::Rebuild(rebuild) => self.rebuild_with(callee, rebuild, arguments),
        }
    }

    /// NEWOBJ: `cls.__new__(cls, *args)`.
    pub(super) fn instantiate(&mut self, class: u32, arguments: TorchValue) -> Step<TorchValue> {
        let known = self.known(class);
        if matches!(
            known,
            Meaning::Foreign | Meaning::Parameter | Meaning::NumpyDtype
        ) {
            let arguments = self.unpacked(class, arguments)?;
            return self.call(class, &arguments);
        }
        let why = TorchReason::Call {
            callee: self.name_of(class),
            reason: CallReason::NotMadeByNewobj,
        };
        let only_parameters = fails(TorchBehaviour::NewobjOfAnyListedClass);
        self.torch.refuse_where(&[only_parameters], why);
        let made = match known {
            Meaning::OrderedDict => Some(Object::Dict(Dict::new(Class::Ordered))),
            Meaning::Counter => Some(Object::Dict(Dict::new(Class::Counter))),
            Meaning::Set => Some(Object::Set { len: 0 }),
            Meaning::ByteArray => Some(Object::ByteArray { len: 0 }),
            _ => None,
        };
        // `__new__` of these looks at no arguments.
        if (known == Meaning::Typed || made.is_some())
            && self.all(arguments, Asked::Nothing).is_none()
        {
            return Err(self.no_arguments(class, arguments));
        }
        if let Some(object) = made {
            return Ok(self.torch.heap.object(object)?);
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
                let arguments = self.unpacked(class, arguments)?;
                self.call(class, &arguments)
            }
            _ => Err(self.failed(class, CallReason::NotAClass)),
        }
    }

    fn rebuild_with(
        &mut self,
        callee: u32,
        rebuild: Rebuild,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        match (rebuild, given) {
            (Rebuild::Plain, given) => self.rebuild(callee, given, true),
            (Rebuild::V2, given) => self.rebuild(callee, given, false),
            (Rebuild::V3, given) => self.rebuild_v3(callee, given),
            (Rebuild::Parameter, [data, grad, _hooks]) => self.parameter(*data, *grad),
            (Rebuild::ParameterWithState, [data, grad, _hooks, state]) => {
                let parameter = self.parameter(*data, *grad)?;
                self.object_state(parameter, *state)?;
                Ok(parameter)
            }
            (Rebuild::Sparse, given) => self.rebuild_sparse(given),
            (Rebuild::Quantized, given) => self.rebuild_quantized(callee, given),
            (Rebuild::Meta, given) => self.rebuild_meta(callee, given),
            (Rebuild::FromCpu, given) => self.rebuild_from_cpu(callee, given),
            (Rebuild::FromNumpy, [TorchValue::Foreign(made), dtype, device, grad]) => {
                let dtype = self.dtype(*dtype)?;
                self.to_device(*device)?;
                self.gradient(*grad, dtype)?;
                Ok(TorchValue::Foreign(*made))
            }
            (Rebuild::FromNumpy, [data, _, _, _]) => Err(self.takes_no(callee, *data)),
            (Rebuild::Nested, [buffer, sizes, strides, offsets]) => {
                for part in [buffer, sizes, strides, offsets] {
                    if self.torch.heap.tensor(*part).is_none() {
                        return Err(self.takes_no(callee, *part));
                    }
                }
                Ok(*buffer)
            }
            (Rebuild::Wrapper, [class, _, _, _, _, _, _, _]) => match class {
                TorchValue::Global(global) if self.known(*global) == Meaning::Foreign => {
                    Ok(TorchValue::Foreign(*global))
                }
                other => Err(self.takes_no(callee, *other)),
            },
            (Rebuild::FromType, [function, class, arguments, state]) => {
                self.rebuild_from_type(callee, *function, *class, *arguments, *state)
            }
            (_, given) => Err(self.given(callee, given.len())),
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
            return Err(self.takes_no(callee, function));
        };
        let arguments = self
            .torch
            .heap
            .elements(arguments)
            .ok_or_else(|| self.takes_no(callee, arguments))?;
        self.torch.depth = self.torch.depth.saturating_add(1);
        if self.torch.depth > CALLS {
            return Err(self.failed(callee, CallReason::CallsItself));
        }
        let made = self.call(function, &arguments)?;
        self.torch.depth = self.torch.depth.saturating_sub(1);
        let TorchValue::Global(class) = class else {
            return Err(self.takes_no(callee, class));
        };
        let made = self.as_class(callee, made, class)?;
        if !matches!(made, TorchValue::Foreign(_)) {
            self.object_state(made, state)?;
        }
        Ok(made)
    }

    fn as_class(&mut self, callee: u32, made: TorchValue, class: u32) -> Step<TorchValue> {
        let wanted = self.known(class);
        let object = match made {
            TorchValue::Foreign(_) => return Ok(made),
            TorchValue::Object(at) => self.torch.heap.get(at),
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
        let no_instance = |machine: &Self| {
            let class = machine.name_of(class);
            let made = machine.type_of(made);
            machine.failed(callee, CallReason::Makes { made, class })
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
        self.new_tensor(tensor)
    }

    // ---- devices

    fn torch_device(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let refused = |machine: &Self, value: TorchValue| machine.takes_no(callee, value);
        let device = match arguments {
            [TorchValue::Device(device)] => Some(*device),
            // The accelerator of the machine, if it has one.
            [TorchValue::Int(n)] if *n >= 0 => Some(Device::Other),
            [text @ (TorchValue::Text { .. } | TorchValue::Far { .. })]
            | [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                TorchValue::None,
            ] => self.bytes_of(*text).and_then(|text| device(&text)),
            [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                TorchValue::Int(index),
            ] if *index >= 0 => self
                .bytes_of(*text)
                .filter(|text| !text.contains(&b':'))
                .and_then(|text| device(&text)),
            _ => None,
        };
        device
            .map(TorchValue::Device)
            .ok_or_else(|| match arguments {
                [first, ..] => refused(self, *first),
                [] => self.given(callee, 0),
            })
    }

    /// Where a tensor is moved to; whether that is the meta device.
    pub(super) fn to_device(&self, value: TorchValue) -> Step<bool> {
        let found = match value {
            TorchValue::None => Some(Device::Cpu),
            TorchValue::Device(device) => Some(device),
            TorchValue::Text { .. } | TorchValue::Far { .. } => {
                self.bytes_of(value).and_then(|text| device(&text))
            }
            _ => None,
        };
        found
            .map(|device| device == Device::Meta)
            .ok_or_else(|| TensorReason::MovedTo(self.type_of(value)).into())
    }

    // ---- tensors and storages by their classes

    fn new_memory(&mut self, count: u64, dtype: TorchDtype) -> Step<u32> {
        let bytes = count
            .checked_mul(dtype.bytes)
            .filter(|bytes| *bytes < ALLOCATES);
        let bytes = bytes.ok_or(TensorReason::TooLarge)?;
        Ok(self.torch.heap.memory(Memory::new(bytes))?)
    }

    fn legacy_tensor(
        &mut self,
        callee: u32,
        dtype: Option<TorchDtype>,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let own = dtype.unwrap_or(TorchDtype::FLOAT);
        let sizes = match given {
            [] => vec![0],
            [size @ TorchValue::Size { .. }] => self.integers(*size).unwrap_or_default(),
            [TorchValue::Int(_), ..] => {
                let sizes: Option<Vec<i64>> = given
                    .iter()
                    .map(|item| match item {
                        TorchValue::Int(n) => Some(*n),
                        TorchValue::Bool(is) => Some(i64::from(*is)),
                        _ => None,
                    })
                    .collect();
                sizes.ok_or_else(|| self.given(callee, given.len()))?
            }
            [one] => return self.tensor_of(callee, dtype, *one),
            _ => return Err(self.given(callee, given.len())),
        };
        self.not_negative(&sizes)?;
        let count = sizes
            .iter()
            .try_fold(1_u64, |count, size| count.checked_mul(size.cast_unsigned()));
        let memory = self.new_memory(count.unwrap_or(u64::MAX), own)?;
        self.new_tensor(TorchTensor {
            strides: vec![1; sizes.len()],
            sizes,
            memory: Some(memory),
            ..TorchTensor::of_dtype(own)
        })
    }

    /// A tensor of another, of a storage, or of a list of numbers.
    fn tensor_of(
        &mut self,
        callee: u32,
        dtype: Option<TorchDtype>,
        source: TorchValue,
    ) -> Step<TorchValue> {
        let own = dtype.unwrap_or(TorchDtype::FLOAT);
        if let Some(tensor) = self.torch.heap.tensor(source) {
            if tensor.kind != TensorKind::Strided
                || dtype.is_some_and(|dtype| dtype != tensor.dtype)
            {
                return Err(self.takes_no(callee, source));
            }
            let tensor = TorchTensor {
                class: TensorClass::Tensor,
                grad: false,
                ..tensor.clone()
            };
            return self.new_tensor(tensor);
        }
        let (memory, bytes) = match source {
            TorchValue::Object(at) => match self.torch.heap.get(at) {
                Some(Object::Untyped { memory }) => (Some(*memory), 0),
                Some(Object::Typed { memory, dtype }) if *dtype == own => (Some(*memory), 0),
                Some(Object::List(_)) => (None, self.numbers(source).unwrap_or(u64::MAX)),
                _ => (None, u64::MAX),
            },
            TorchValue::Tuple { .. } => (None, self.numbers(source).unwrap_or(u64::MAX)),
            _ => (None, u64::MAX),
        };
        let count = match memory {
            Some(memory) => {
                let bytes = self
                    .torch
                    .heap
                    .memory_at(memory)
                    .map_or(0, |memory| memory.bytes);
                bytes.checked_div(own.bytes).unwrap_or(0)
            }
            None if bytes == u64::MAX => return Err(self.takes_no(callee, source)),
            None => bytes,
        };
        let sizes = vec![i64::try_from(count).unwrap_or(i64::MAX)];
        // What a list holds is not kept: only what is in the archive can be compared later.
        self.new_tensor(TorchTensor {
            sizes,
            memory,
            ..TorchTensor::of_dtype(own)
        })
    }

    /// How many numbers a flat list or tuple has.
    fn numbers(&self, source: TorchValue) -> Option<u64> {
        let items = self.torch.heap.elements(source)?;
        let number = |item: &TorchValue| {
            matches!(
                item,
                TorchValue::Int(_) | TorchValue::Float { .. } | TorchValue::Bool(_)
            )
        };
        items.iter().all(number).then_some(wide(items.len()))
    }

    fn typed_storage(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let count = match given {
            [] => 0,
            [TorchValue::Bool(is)] => u64::from(*is),
            [TorchValue::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => self
                .numbers(*source)
                .ok_or_else(|| self.takes_no(callee, *source))?,
            other => return Err(self.given(callee, other.len())),
        };
        let dtype = TorchDtype::FLOAT;
        let memory = self.new_memory(count, dtype)?;
        Ok(self.torch.heap.object(Object::Typed { memory, dtype })?)
    }

    fn untyped_storage(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let count = match given {
            [] => 0,
            [TorchValue::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => {
                let bytes = self.bytes_of_sequence(*source);
                bytes.ok_or_else(|| self.takes_no(callee, *source))?
            }
            other => return Err(self.given(callee, other.len())),
        };
        let memory = self.new_memory(count, TorchDtype::BYTE)?;
        Ok(self.torch.heap.object(Object::Untyped { memory })?)
    }

    /// The class of what `numpy.dtype` makes, which torch wants listed if state is set on it.
    fn numpy_dtype(&mut self, given: &[TorchValue]) -> TorchValue {
        let class = given
            .first()
            .and_then(|code| self.bytes_of(*code))
            .and_then(|code| super::state::numpy_class(&code));
        let class = class.and_then(|class| self.torch.heap.numpy_class(class));
        TorchValue::NumpyDtype(class)
    }
}

/// A device by its spelling.
fn device(text: &[u8]) -> Option<Device> {
    const TYPES: &[&str] = &[
        "cpu",
        "cuda",
        "ipu",
        "xpu",
        "mkldnn",
        "opengl",
        "opencl",
        "ideep",
        "hip",
        "ve",
        "fpga",
        "maia",
        "xla",
        "lazy",
        "vulkan",
        "mps",
        "meta",
        "hpu",
        "mtia",
        "privateuseone",
    ];
    let text = std::str::from_utf8(text).ok()?;
    let (kind, index) = match text.split_once(':') {
        Some((kind, index)) => (kind, Some(index)),
        None => (text, None),
    };
    if !TYPES.contains(&kind) || index.is_some_and(|index| !is_index(index.as_bytes())) {
        return None;
    }
    Some(match kind {
        "cpu" => Device::Cpu,
        "meta" => Device::Meta,
        _ => Device::Other,
    })
}
