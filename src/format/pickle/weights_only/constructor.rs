//! Classes of tensors, storages, devices and dtypes, and what they make of their arguments.

use super::{
    arguments::device,
    elements::Elements,
    execution::Execution,
    names::TorchDtype,
    object::{Memory, Object, TensorClass, TensorKind, TorchTensor},
    refused::Step,
    state::numpy_class,
    storage::ALLOCATES,
    tensor::not_negative,
    value::{Device, TorchValue},
};
use crate::fact::TensorReason;

/// Calls the classes of tensors, storages, devices and dtypes.
#[derive(Debug)]
pub(super) struct Constructors<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Constructors<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    pub(super) fn torch_device(
        &mut self,
        callee: u32,
        arguments: &[TorchValue],
    ) -> Step<TorchValue> {
        let refused = |this: &Self, value: TorchValue| this.run.lookup().takes_no(callee, value);
        let device = match arguments {
            [TorchValue::Device(device)] => Some(*device),
            // The accelerator of the machine, if it has one.
            [TorchValue::Int(n)] if *n >= 0 => Some(Device::Other),
            [text @ (TorchValue::Text { .. } | TorchValue::Far { .. })]
            | [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                TorchValue::None,
            ] => self
                .run
                .lookup()
                .bytes_of(*text)
                .and_then(|text| device(&text)),
            [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                TorchValue::Int(index),
            ] if *index >= 0 => self
                .run
                .lookup()
                .bytes_of(*text)
                .filter(|text| !text.contains(&b':'))
                .and_then(|text| device(&text)),
            _ => None,
        };
        device
            .map(TorchValue::Device)
            .ok_or_else(|| match arguments {
                [first, ..] => refused(self, *first),
                [] => self.run.lookup().given(callee, 0),
            })
    }

    fn new_memory(&mut self, count: u64, dtype: TorchDtype) -> Step<u32> {
        let bytes = count
            .checked_mul(dtype.bytes)
            .filter(|bytes| *bytes < ALLOCATES);
        let bytes = bytes.ok_or(TensorReason::TooLarge)?;
        Ok(self.run.torch.heap.memory(Memory::new(bytes))?)
    }

    pub(super) fn legacy_tensor(
        &mut self,
        callee: u32,
        dtype: Option<TorchDtype>,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let own = dtype.unwrap_or(TorchDtype::FLOAT);
        let sizes = match given {
            [] => vec![0],
            [size @ TorchValue::Size { .. }] => Elements::new(self.run.lookup())
                .integers(*size)
                .unwrap_or_default(),
            [TorchValue::Int(_), ..] => {
                let sizes: Option<Vec<i64>> = given
                    .iter()
                    .map(|item| match item {
                        TorchValue::Int(n) => Some(*n),
                        TorchValue::Bool(is) => Some(i64::from(*is)),
                        _ => None,
                    })
                    .collect();
                sizes.ok_or_else(|| self.run.lookup().given(callee, given.len()))?
            }
            [one] => return self.tensor_of(callee, dtype, *one),
            _ => return Err(self.run.lookup().given(callee, given.len())),
        };
        not_negative(&sizes)?;
        let count = sizes
            .iter()
            .try_fold(1_u64, |count, size| count.checked_mul(size.cast_unsigned()));
        let memory = self.new_memory(count.unwrap_or(u64::MAX), own)?;
        self.run.new_tensor(TorchTensor {
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
        if let Some(tensor) = self.run.torch.heap.tensor(source) {
            if tensor.kind != TensorKind::Strided
                || dtype.is_some_and(|dtype| dtype != tensor.dtype)
            {
                return Err(self.run.lookup().takes_no(callee, source));
            }
            let tensor = TorchTensor {
                class: TensorClass::Tensor,
                grad: false,
                ..tensor.clone()
            };
            return self.run.new_tensor(tensor);
        }
        let (memory, bytes) = match source {
            TorchValue::Object(at) => match self.run.torch.heap.get(at) {
                Some(Object::Untyped { memory }) => (Some(*memory), 0),
                Some(Object::Typed { memory, dtype }) if *dtype == own => (Some(*memory), 0),
                Some(Object::List(_)) => (
                    None,
                    Elements::new(self.run.lookup())
                        .numbers(source)
                        .unwrap_or(u64::MAX),
                ),
                _ => (None, u64::MAX),
            },
            TorchValue::Tuple { .. } => (
                None,
                Elements::new(self.run.lookup())
                    .numbers(source)
                    .unwrap_or(u64::MAX),
            ),
            _ => (None, u64::MAX),
        };
        let count = match memory {
            Some(memory) => {
                let bytes = self
                    .run
                    .torch
                    .heap
                    .memory_at(memory)
                    .map_or(0, |memory| memory.bytes);
                bytes.checked_div(own.bytes).unwrap_or(0)
            }
            None if bytes == u64::MAX => return Err(self.run.lookup().takes_no(callee, source)),
            None => bytes,
        };
        let sizes = vec![i64::try_from(count).unwrap_or(i64::MAX)];
        // What a list holds is not kept: only what is in the archive can be compared later.
        self.run.new_tensor(TorchTensor {
            sizes,
            memory,
            ..TorchTensor::of_dtype(own)
        })
    }

    pub(super) fn typed_storage(&mut self, callee: u32, given: &[TorchValue]) -> Step<TorchValue> {
        let count = match given {
            [] => 0,
            [TorchValue::Bool(is)] => u64::from(*is),
            [TorchValue::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => Elements::new(self.run.lookup())
                .numbers(*source)
                .ok_or_else(|| self.run.lookup().takes_no(callee, *source))?,
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        let dtype = TorchDtype::FLOAT;
        let memory = self.new_memory(count, dtype)?;
        Ok(self
            .run
            .torch
            .heap
            .object(Object::Typed { memory, dtype })?)
    }

    pub(super) fn untyped_storage(
        &mut self,
        callee: u32,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let count = match given {
            [] => 0,
            [TorchValue::Int(n)] => u64::try_from(*n).unwrap_or(u64::MAX),
            [source] => {
                let bytes = Elements::new(self.run.lookup()).bytes_of_sequence(*source);
                bytes.ok_or_else(|| self.run.lookup().takes_no(callee, *source))?
            }
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        let memory = self.new_memory(count, TorchDtype::BYTE)?;
        Ok(self.run.torch.heap.object(Object::Untyped { memory })?)
    }

    /// The class of what `numpy.dtype` makes, which torch wants listed if state is set on it.
    pub(super) fn numpy_dtype(&mut self, given: &[TorchValue]) -> TorchValue {
        let class = given
            .first()
            .and_then(|code| self.run.lookup().bytes_of(*code))
            .and_then(|code| numpy_class(&code));
        let class = class.and_then(|class| self.run.torch.heap.numpy_classes.number(class));
        TorchValue::NumpyDtype(class)
    }
}
