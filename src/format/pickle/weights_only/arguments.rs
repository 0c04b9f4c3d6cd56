//! The arguments of functions that rebuild tensors.

use super::{
    elements::Elements,
    lookup::Lookup,
    names::{Family, Meaning, TorchDtype},
    object::Object,
    refused::Step,
    storage::is_index,
    value::{Device, TorchValue},
};
use crate::{fact::TensorReason, format::pickle::text::Letters};

/// Smaller sizes and strides than this are symbolic to torch, which it does not take where memory is concerned.
const LEAST: i64 = -(1 << 62);

/// How a tensor lies in its memory.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    pub(super) offset: i64,
    pub(super) sizes: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

/// Reads the arguments of functions that rebuild tensors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'l, 'e, 'a> {
    lookup: Lookup<'l, 'e, 'a>,
}

impl<'l, 'e, 'a> Arguments<'l, 'e, 'a> {
    pub(super) fn new(lookup: Lookup<'l, 'e, 'a>) -> Self {
        Self { lookup }
    }

    /// Where a tensor is moved to; whether that is the meta device.
    pub(super) fn moves_to_meta(&self, value: TorchValue) -> Step<bool> {
        let found = match value {
            TorchValue::None => Some(Device::Cpu),
            TorchValue::Device(device) => Some(device),
            TorchValue::Text { .. } | TorchValue::Far { .. } => {
                self.lookup.bytes_of(value).and_then(|text| device(&text))
            }
            _ => None,
        };
        found
            .map(|device| device == Device::Meta)
            .ok_or_else(|| TensorReason::MovedTo(self.lookup.type_of(value)).into())
    }

    pub(super) fn sizes(&self, value: TorchValue) -> Step<Vec<i64>> {
        let sizes = Elements::new(self.lookup).integers(value);
        sizes.ok_or_else(|| TensorReason::SizesNotIntegers(self.lookup.type_of(value)).into())
    }

    pub(super) fn strides(&self, value: TorchValue) -> Step<Vec<i64>> {
        let strides = Elements::new(self.lookup).integers(value);
        strides.ok_or_else(|| TensorReason::StridesNotIntegers(self.lookup.type_of(value)).into())
    }

    /// A `TypedStorage`: its memory and type.
    pub(super) fn typed(&self, value: TorchValue) -> Step<(u32, TorchDtype)> {
        if let TorchValue::Object(at) = value
            && let Some(Object::Typed { memory, dtype }) = self.lookup.torch.heap.get(at)
        {
            return Ok((*memory, *dtype));
        }
        Err(TensorReason::NotOfStorage(self.lookup.type_of(value)).into())
    }

    pub(super) fn place(
        &self,
        offset: TorchValue,
        size: TorchValue,
        stride: TorchValue,
    ) -> Step<Geometry> {
        let TorchValue::Int(offset) = offset else {
            return Err(TensorReason::OffsetNotInteger(self.lookup.type_of(offset)).into());
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

    /// `requires_grad`, which is a bool and only true where gradients exist.
    pub(super) fn gradient(&self, requires: TorchValue, dtype: TorchDtype) -> Step<bool> {
        match requires {
            TorchValue::Bool(true) if !dtype.differentiable() => {
                let dtype = dtype.name().into();
                Err(TensorReason::Gradient { dtype }.into())
            }
            TorchValue::Bool(requires) => Ok(requires),
            other => Err(TensorReason::RequiresGrad(self.lookup.type_of(other)).into()),
        }
    }

    /// A dtype as an argument; `None` is the default type.
    pub(super) fn dtype(&self, value: TorchValue) -> Step<TorchDtype> {
        match value {
            TorchValue::None => Ok(TorchDtype::FLOAT),
            TorchValue::Global(global) if let Meaning::Dtype(dtype) = self.lookup.known(global) => {
                Ok(dtype)
            }
            other => Err(TensorReason::Dtype(self.lookup.type_of(other)).into()),
        }
    }

    /// The flags of a tensor: conjugated, negated.
    pub(super) fn metadata(&self, metadata: TorchValue, dtype: TorchDtype) -> Step<()> {
        match self.lookup.truth(metadata) {
            Some(false) => return Ok(()),
            Some(true) => {}
            None => return Err(TensorReason::MetadataUnknown.into()),
        }
        let heap = &self.lookup.torch.heap;
        let flags = heap.dict(metadata).and_then(|flags| heap.pairs(flags));
        let Some(flags) = flags else {
            return Err(TensorReason::MetadataNotDict(self.lookup.type_of(metadata)).into());
        };
        for (name, flag) in flags {
            // Bytes are a text to C++, and their content is not known.
            let (conjugated, is_text) = match name {
                TorchValue::Far { holds, .. } => (false, holds < Letters::Surrogates),
                TorchValue::Text { .. } => {
                    let name = self.lookup.bytes_of(name);
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
}

/// A device by its spelling.
pub(super) fn device(text: &[u8]) -> Option<Device> {
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
