//! Calls: what the globals that torch lists make of their arguments, and which they refuse.

use super::{
    machine::{Machine, Refused, Step},
    names::{Dtype, Meaning, Rebuild, TensorLayout},
    storage::{ALLOCATES, is_index},
    value::{Class, Device, Dict, Letters, Memory, Object, Tensor, TensorClass, TensorKind, Value},
};
use crate::bytes::{narrow, wide};

/// How often one call may lead to the next. Python stops at a thousand, writers at two.
const CALLS: u32 = 100;

/// The longest size that is followed where it is made of bytes.
const SIZE: u64 = 4096;

/// What a container asks of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// That they can be hashed.
    Keys,
    /// That each is a key and a value.
    Pairs,
}

impl Machine<'_> {
    fn given(&self, callee: u32, given: usize) -> Refused {
        Refused(format!(
            "{} is called with {given} arguments, which it does not take",
            self.spelled(callee)
        ))
    }

    fn takes_no(&self, callee: u32, argument: Value) -> Refused {
        Refused(format!(
            "{} is called with {}",
            self.spelled(callee),
            self.article(argument)
        ))
    }

    /// Calls a global.
    pub(super) fn call(&mut self, callee: u32, arguments: &[Value]) -> Step<Value> {
        match self.known(callee) {
            Meaning::Foreign => Ok(Value::Foreign(callee)),
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
                [name @ (Value::Text(_) | Value::Far { .. })] => self
                    .bytes_of(*name)
                    .and_then(|name| TensorLayout::named(&name))
                    .map(Value::TensorLayout)
                    .ok_or_else(|| self.takes_no(callee, *name)),
                other => Err(self.given(callee, other.len())),
            },
            Meaning::Tensor => self.legacy_tensor(callee, None, arguments),
            Meaning::LegacyTensor {
                dtype,
                sparse: false,
                cuda: false,
            } => self.legacy_tensor(callee, Some(dtype), arguments),
            Meaning::LegacyTensor { .. } => Err(Refused(format!(
                "{} makes a tensor on another device, or of another layout",
                self.spelled(callee)
            ))),
            Meaning::Parameter => match arguments {
                [] => self.parameter(Value::None, Value::Bool(true)),
                [data] => self.parameter(*data, Value::Bool(true)),
                [data, grad] => self.parameter(*data, *grad),
                other => Err(self.given(callee, other.len())),
            },
            Meaning::Typed => self.typed_storage(callee, arguments),
            Meaning::Untyped => self.untyped_storage(callee, arguments),
            Meaning::StorageType(_) | Meaning::Dtype(_) | Meaning::Scheme(_) => Err(Refused(
                format!("{} is called, and is no function", self.spelled(callee)),
            )),
            Meaning::Rebuild(rebuild) => self.rebuild_with(callee, rebuild, arguments),
        }
    }

    /// NEWOBJ: `cls.__new__(cls, *args)`.
    pub(super) fn instantiate(&mut self, class: u32, arguments: &[Value]) -> Step<Value> {
        let known = self.known(class);
        if matches!(
            known,
            Meaning::Foreign | Meaning::Parameter | Meaning::NumpyDtype
        ) {
            return self.call(class, arguments);
        }
        if !self.since((2, 6)) {
            return Err(Refused(format!(
                "NEWOBJ instantiates {}, which is no class that torch makes so",
                self.spelled(class)
            )));
        }
        match known {
            // `__new__` of these looks at no arguments.
            Meaning::OrderedDict => {
                Ok(self.heap.object(Object::Dict(Dict::new(Class::Ordered)))?)
            }
            Meaning::Counter => Ok(self.heap.object(Object::Dict(Dict::new(Class::Counter)))?),
            Meaning::Set => Ok(self.heap.object(Object::Set { len: 0 })?),
            Meaning::ByteArray => Ok(self.heap.object(Object::ByteArray { len: 0 })?),
            // Made without its constructor: nothing can be done with it.
            Meaning::Typed => Ok(Value::Foreign(class)),
            Meaning::Complex
            | Meaning::Size
            | Meaning::Device
            | Meaning::Tensor
            | Meaning::LegacyTensor { .. }
            | Meaning::Untyped => self.call(class, arguments),
            _ => Err(Refused(format!(
                "NEWOBJ instantiates {}, which is no class",
                self.spelled(class)
            ))),
        }
    }

    fn rebuild_with(&mut self, callee: u32, rebuild: Rebuild, given: &[Value]) -> Step<Value> {
        match (rebuild, given) {
            (Rebuild::Plain, given) => self.rebuild(given, true),
            (Rebuild::V2, given) => self.rebuild(given, false),
            (Rebuild::V3, given) => self.rebuild_v3(given),
            (Rebuild::Parameter, [data, grad, _hooks]) => self.parameter(*data, *grad),
            (Rebuild::ParameterWithState, [data, grad, _hooks, state]) => {
                let parameter = self.parameter(*data, *grad)?;
                self.object_state(parameter, *state)?;
                Ok(parameter)
            }
            (Rebuild::Sparse, given) => self.rebuild_sparse(given),
            (Rebuild::Quantized, given) => self.rebuild_quantized(given),
            (Rebuild::Meta, given) => self.rebuild_meta(given),
            (Rebuild::FromCpu, given) => self.rebuild_from_cpu(given),
            (Rebuild::FromNumpy, [Value::Foreign(made), dtype, device, grad]) => {
                let dtype = self.dtype(*dtype)?;
                self.to_device(*device)?;
                self.gradient(*grad, dtype)?;
                Ok(Value::Foreign(*made))
            }
            (Rebuild::FromNumpy, [data, _, _, _]) => Err(self.takes_no(callee, *data)),
            (Rebuild::Nested, [buffer, sizes, strides, offsets]) => {
                for part in [buffer, sizes, strides, offsets] {
                    if self.heap.tensor(*part).is_none() {
                        return Err(self.takes_no(callee, *part));
                    }
                }
                Ok(*buffer)
            }
            (Rebuild::Wrapper, [class, _, _, _, _, _, _, _]) => match class {
                Value::Global(global) if self.known(*global) == Meaning::Foreign => {
                    Ok(Value::Foreign(*global))
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
        function: Value,
        class: Value,
        arguments: Value,
        state: Value,
    ) -> Step<Value> {
        let Value::Global(function) = function else {
            return Err(self.takes_no(callee, function));
        };
        let arguments = self
            .heap
            .elements(arguments)
            .ok_or_else(|| self.takes_no(callee, arguments))?;
        self.depth = self.depth.saturating_add(1);
        if self.depth > CALLS {
            return Err(Refused(format!(
                "{} calls itself too often",
                self.spelled(callee)
            )));
        }
        let made = self.call(function, &arguments)?;
        self.depth = self.depth.saturating_sub(1);
        let Value::Global(class) = class else {
            return Err(self.takes_no(callee, class));
        };
        let made = self.as_class(callee, made, class)?;
        if !matches!(made, Value::Foreign(_)) {
            self.object_state(made, state)?;
        }
        Ok(made)
    }

    fn as_class(&mut self, callee: u32, made: Value, class: u32) -> Step<Value> {
        let wanted = self.known(class);
        let object = match made {
            Value::Foreign(_) => return Ok(made),
            Value::Object(at) => self.heap.get(at),
            _ => None,
        };
        let same = match (made, object, wanted) {
            (Value::Size { .. }, _, Meaning::Size)
            | (Value::Complex { .. }, _, Meaning::Complex)
            | (Value::Device(_), _, Meaning::Device)
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
        let Some(Object::Tensor(tensor)) = object else {
            return Err(Refused(format!(
                "{} makes {} a {}",
                self.spelled(callee),
                self.article(made),
                self.spelled(class)
            )));
        };
        let becomes = match wanted {
            Meaning::Tensor => TensorClass::Tensor,
            Meaning::Parameter => TensorClass::Parameter,
            Meaning::Foreign => return Ok(Value::Foreign(class)),
            _ => {
                return Err(Refused(format!(
                    "{} makes a tensor a {}",
                    self.spelled(callee),
                    self.spelled(class)
                )));
            }
        };
        if tensor.class == becomes {
            return Ok(made);
        }
        let computed = tensor.computed || tensor.grad;
        let tensor = Tensor {
            class: becomes,
            computed,
            ..Tensor::clone(tensor)
        };
        self.new_tensor(tensor)
    }

    // ---- containers

    /// `OrderedDict` or `Counter`, of nothing, of a mapping, or of what can be iterated over.
    fn dictionary(&mut self, callee: u32, class: Class, arguments: &[Value]) -> Step<Value> {
        let mut dict = Dict::new(class);
        match arguments {
            [] => {}
            [Value::None] if class == Class::Counter => {}
            [Value::Foreign(_)] => dict.len = 1,
            [source] => {
                if let Some(mapping) = self.heap.dict(*source) {
                    dict.len = mapping.len;
                    dict.kept.clone_from(&mapping.kept);
                } else {
                    dict.len = match class {
                        Class::Counter => self.all(*source, Asked::Keys),
                        _ => self.all(*source, Asked::Pairs),
                    }
                    .ok_or_else(|| self.takes_no(callee, *source))?;
                }
            }
            other => return Err(self.given(callee, other.len())),
        }
        Ok(self.heap.object(Object::Dict(dict))?)
    }

    fn fits(&self, value: Value, asked: Asked) -> bool {
        match asked {
            Asked::Keys => self.heap.hashable(value),
            Asked::Pairs => self.heap.is_pair(value),
        }
    }

    /// How many elements iterating over a value gives, if each is what is asked for.
    pub(super) fn all(&self, source: Value, asked: Asked) -> Option<u64> {
        let keys = asked == Asked::Keys;
        match source {
            Value::Object(at) => match self.heap.get(at)? {
                Object::List(list) => {
                    let kept = list.kept.iter().all(|item| self.fits(*item, asked));
                    let wrong = if keys { list.unhashable } else { list.no_pairs };
                    (kept && !wrong).then_some(list.len)
                }
                Object::Dict(dict) => {
                    let mut keys = dict.pairs()?.iter().map(|(key, _)| *key);
                    keys.all(|key| self.fits(key, asked)).then_some(dict.len)
                }
                // Iterating over a tensor gives tensors, which are keys; rows of two are pairs.
                Object::Tensor(tensor) => {
                    let (first, rest) = tensor.sizes.split_first()?;
                    let pairs = *first == 0 || rest.first() == Some(&2);
                    (keys || pairs).then_some(first.cast_unsigned())
                }
                Object::Typed { memory, dtype } if keys => {
                    self.heap.memory_at(*memory)?.bytes.checked_div(dtype.bytes)
                }
                Object::Untyped { memory } if keys => Some(self.heap.memory_at(*memory)?.bytes),
                // Elements of a set are keys. Pairs among them are not told apart.
                Object::Set { len } | Object::ByteArray { len } => {
                    (keys || *len == 0).then_some(*len)
                }
                _ => None,
            },
            Value::Tuple { at, len, .. } | Value::Size { at, len } => {
                let items = self.heap.items(at, len);
                let all = items.iter().all(|item| self.fits(*item, asked));
                all.then_some(u64::from(len))
            }
            // Characters are keys, and no pairs.
            Value::Text(_) | Value::Far { .. } | Value::Bytes(_) => {
                let empty = self.heap.truth(source) == Some(false);
                (keys || empty).then_some(u64::from(!empty))
            }
            Value::Foreign(_) => Some(1),
            _ => None,
        }
    }

    fn set(&mut self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let len = match arguments {
            [] => 0,
            [source] => self
                .all(*source, Asked::Keys)
                .ok_or_else(|| self.takes_no(callee, *source))?,
            other => return Err(self.given(callee, other.len())),
        };
        Ok(self.heap.object(Object::Set { len })?)
    }

    /// `torch.Size`, of what can be iterated over and holds integers, however large.
    fn torch_size(&mut self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let source = match arguments {
            [] => return Ok(self.heap.size(&[])?),
            [source] => *source,
            other => return Err(self.given(callee, other.len())),
        };
        let refused = self.takes_no(callee, source);
        let items = match source {
            // Numbers, of which it is not known which.
            Value::Bytes(len) if len <= SIZE => Some(vec![
                Value::Big {
                    at: 0,
                    len: 0,
                    negative: false
                };
                narrow(len)
            ]),
            source => self.heap.elements(source),
        };
        let integers: Option<Vec<Value>> = items.and_then(|items| {
            let integers = items.into_iter().map(|item| match item {
                Value::Int(_) | Value::Big { .. } => Some(item),
                Value::Bool(is) => Some(Value::Int(i64::from(is))),
                _ => None,
            });
            integers.collect()
        });
        Ok(self.heap.size(&integers.ok_or(refused)?)?)
    }

    // ---- numbers and bytes

    fn complex(&self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let number = |value: Value| {
            matches!(
                value,
                Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::Complex { .. }
            )
        };
        let zero = |value: Value| self.heap.truth(value) == Some(false);
        match arguments {
            [] => Ok(Value::Complex { zero: true }),
            [text @ Value::Text(_)] => {
                let bytes = self.bytes_of(*text).unwrap_or_default();
                let text_of = String::from_utf8_lossy(&bytes);
                match text_of.trim().parse::<f64>() {
                    Ok(n) => Ok(Value::Complex { zero: n == 0.0 }),
                    Err(_) => Err(self.takes_no(callee, *text)),
                }
            }
            [one] if number(*one) => Ok(Value::Complex { zero: zero(*one) }),
            [one, two] if number(*one) && number(*two) => Ok(Value::Complex {
                zero: zero(*one) && zero(*two),
            }),
            [one] => Err(self.takes_no(callee, *one)),
            [one, two] => Err(self.takes_no(callee, if number(*one) { *two } else { *one })),
            other => Err(self.given(callee, other.len())),
        }
    }

    /// Which of its characters a text can have in an encoding; `None` for encodings that no writer uses.
    fn encoding(&self, name: Value) -> Option<Letters> {
        let name = String::from_utf8(self.bytes_of(name)?)
            .ok()?
            .to_ascii_lowercase();
        Some(match name.replace('_', "-").as_str() {
            "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" | "l1" => Letters::Latin1,
            "utf-8" | "utf8" => Letters::Unicode,
            "ascii" | "us-ascii" => Letters::Ascii,
            _ => return None,
        })
    }

    fn letters(&self, text: Value) -> Option<(Letters, u64)> {
        match text {
            Value::Text(text) => {
                let bytes = self.heap.text_of(text);
                Some((Letters::of(bytes), wide(bytes.len())))
            }
            Value::Far { len, holds, .. } => Some((holds, u64::from(len))),
            _ => None,
        }
    }

    /// `_codecs.encode`, by which bytes are stored in protocol 2.
    fn encode(&self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let (text, encoding) = match arguments {
            [text] => (*text, Letters::Unicode),
            [text, encoding] | [text, encoding, _] => {
                let known = self.encoding(*encoding);
                (
                    *text,
                    known.ok_or_else(|| self.takes_no(callee, *encoding))?,
                )
            }
            other => return Err(self.given(callee, other.len())),
        };
        if let [_, _, errors] = arguments
            && self
                .bytes_of(*errors)
                .is_none_or(|errors| errors.contains(&0))
        {
            return Err(self.takes_no(callee, *errors));
        }
        let (letters, len) = self
            .letters(text)
            .ok_or_else(|| self.takes_no(callee, text))?;
        if letters > encoding {
            return Err(Refused(format!(
                "{} is called with characters that the encoding has not",
                self.spelled(callee)
            )));
        }
        Ok(Value::Bytes(len))
    }

    fn byte_array(&mut self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let len = match arguments {
            [] => 0,
            [Value::Bytes(len)] => *len,
            [Value::Bool(is)] => u64::from(*is),
            [Value::Int(n)] => u64::try_from(*n)
                .ok()
                .filter(|n| *n < ALLOCATES)
                .ok_or_else(|| self.takes_no(callee, Value::Int(*n)))?,
            [source @ (Value::Tuple { .. } | Value::Size { .. } | Value::Object(_))] => {
                if let Value::Object(at) = source
                    && let Some(Object::ByteArray { len }) = self.heap.get(*at)
                {
                    *len
                } else {
                    let byte = |value: &Value| match value {
                        Value::Int(n) => (0..256).contains(n),
                        Value::Bool(_) => true,
                        _ => false,
                    };
                    let items = self.heap.elements(*source);
                    let items = items.filter(|items| items.iter().all(byte));
                    wide(items.ok_or_else(|| self.takes_no(callee, *source))?.len())
                }
            }
            [text @ (Value::Text(_) | Value::Far { .. }), encoding, ..] if arguments.len() <= 3 => {
                match self.encode(callee, arguments)? {
                    Value::Bytes(len) => len,
                    _ => {
                        return Err(
                            self.takes_no(callee, if text == encoding { *text } else { *encoding })
                        );
                    }
                }
            }
            [source] => return Err(self.takes_no(callee, *source)),
            other => return Err(self.given(callee, other.len())),
        };
        Ok(self.heap.object(Object::ByteArray { len })?)
    }

    // ---- devices

    fn torch_device(&mut self, callee: u32, arguments: &[Value]) -> Step<Value> {
        let refused = |machine: &Self, value: Value| machine.takes_no(callee, value);
        let device = match arguments {
            [Value::Device(device)] => Some(*device),
            [Value::Int(n)] if *n >= 0 && self.since((2, 10)) => Some(Device::Other),
            [text @ Value::Text(_)] | [text @ Value::Text(_), Value::None] => {
                self.bytes_of(*text).and_then(|text| device(&text))
            }
            [text @ Value::Text(_), Value::Int(index)] if *index >= 0 => self
                .bytes_of(*text)
                .filter(|text| !text.contains(&b':'))
                .and_then(|text| device(&text)),
            _ => None,
        };
        device.map(Value::Device).ok_or_else(|| match arguments {
            [first, ..] => refused(self, *first),
            [] => self.given(callee, 0),
        })
    }

    /// Where a tensor is moved to; whether that is the meta device.
    pub(super) fn to_device(&self, value: Value) -> Step<bool> {
        let found = match value {
            Value::None => Some(Device::Cpu),
            Value::Device(device) => Some(device),
            Value::Text(_) => self.bytes_of(value).and_then(|text| device(&text)),
            _ => None,
        };
        found
            .map(|device| device == Device::Meta)
            .ok_or_else(|| Refused(format!("a tensor is moved to {}", self.article(value))))
    }

    // ---- tensors and storages by their classes

    fn new_memory(&mut self, count: u64, dtype: Dtype) -> Step<u32> {
        let bytes = count
            .checked_mul(dtype.bytes)
            .filter(|bytes| *bytes < ALLOCATES);
        let bytes = bytes.ok_or("a tensor that no memory holds")?;
        Ok(self.heap.memory(Memory::new(bytes))?)
    }

    fn legacy_tensor(&mut self, callee: u32, dtype: Option<Dtype>, given: &[Value]) -> Step<Value> {
        let own = dtype.unwrap_or(Dtype::FLOAT);
        let sizes = match given {
            [] => vec![0],
            [size @ Value::Size { .. }] => self.integers(*size).unwrap_or_default(),
            [Value::Int(_), ..] => {
                let sizes: Option<Vec<i64>> = given
                    .iter()
                    .map(|item| match item {
                        Value::Int(n) => Some(*n),
                        Value::Bool(is) => Some(i64::from(*is)),
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
        self.new_tensor(Tensor {
            strides: vec![1; sizes.len()],
            sizes,
            memory: Some(memory),
            ..Tensor::of_dtype(own)
        })
    }

    /// A tensor of another, of a storage, or of a list of numbers.
    fn tensor_of(&mut self, callee: u32, dtype: Option<Dtype>, source: Value) -> Step<Value> {
        let own = dtype.unwrap_or(Dtype::FLOAT);
        if let Some(tensor) = self.heap.tensor(source) {
            if tensor.kind != TensorKind::Strided
                || dtype.is_some_and(|dtype| dtype != tensor.dtype)
            {
                return Err(self.takes_no(callee, source));
            }
            let tensor = Tensor {
                class: TensorClass::Tensor,
                grad: false,
                ..tensor.clone()
            };
            return self.new_tensor(tensor);
        }
        let (memory, bytes) = match source {
            Value::Object(at) => match self.heap.get(at) {
                Some(Object::Untyped { memory }) => (Some(*memory), 0),
                Some(Object::Typed { memory, dtype }) if *dtype == own => (Some(*memory), 0),
                Some(Object::List(_)) => (None, self.numbers(source).unwrap_or(u64::MAX)),
                _ => (None, u64::MAX),
            },
            Value::Tuple { .. } => (None, self.numbers(source).unwrap_or(u64::MAX)),
            _ => (None, u64::MAX),
        };
        let count = match memory {
            Some(memory) => {
                let bytes = self.heap.memory_at(memory).map_or(0, |memory| memory.bytes);
                bytes.checked_div(own.bytes).unwrap_or(0)
            }
            None if bytes == u64::MAX => return Err(self.takes_no(callee, source)),
            None => bytes,
        };
        let sizes = vec![i64::try_from(count).unwrap_or(i64::MAX)];
        // What a list holds is not kept: only what is in the archive can be compared later.
        self.new_tensor(Tensor {
            sizes,
            memory,
            ..Tensor::of_dtype(own)
        })
    }

    /// How many numbers a flat list or tuple has.
    fn numbers(&self, source: Value) -> Option<u64> {
        let items = self.heap.elements(source)?;
        let number =
            |item: &Value| matches!(item, Value::Int(_) | Value::Float(_) | Value::Bool(_));
        items.iter().all(number).then_some(wide(items.len()))
    }

    fn typed_storage(&mut self, callee: u32, given: &[Value]) -> Step<Value> {
        let count = match given {
            [] => 0,
            [Value::Bool(is)] => u64::from(*is),
            [Value::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => self
                .numbers(*source)
                .ok_or_else(|| self.takes_no(callee, *source))?,
            other => return Err(self.given(callee, other.len())),
        };
        let dtype = Dtype::FLOAT;
        let memory = self.new_memory(count, dtype)?;
        Ok(self.heap.object(Object::Typed { memory, dtype })?)
    }

    fn untyped_storage(&mut self, callee: u32, given: &[Value]) -> Step<Value> {
        let count = match given {
            [] => 0,
            [Value::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => return Err(self.takes_no(callee, *source)),
            other => return Err(self.given(callee, other.len())),
        };
        let memory = self.new_memory(count, Dtype::BYTE)?;
        Ok(self.heap.object(Object::Untyped { memory })?)
    }

    /// The class of what `numpy.dtype` makes, which torch wants listed if state is set on it.
    fn numpy_dtype(&self, given: &[Value]) -> Value {
        let class = given
            .first()
            .and_then(|code| self.bytes_of(*code))
            .and_then(|code| super::state::numpy_class(&code));
        Value::NumpyDtype(class)
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
