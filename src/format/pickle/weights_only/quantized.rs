//! Quantized tensors: torch compares their scales and zero points with their sizes.

use super::{
    arguments::Arguments,
    execution::Execution,
    names::{Family, Meaning, Scheme},
    object::{Object, TensorKind, TorchTensor},
    packed::Packed,
    refused::Step,
    storage::ALLOCATES,
    tensor::{Tensors, elements, not_negative},
    value::TorchValue,
};
use crate::{
    bytes::wide,
    fact::{QuantizedReason, TorchBehaviour},
};

/// Makes quantized tensors.
#[derive(Debug)]
pub(super) struct Quantized<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Quantized<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    /// `_rebuild_qtensor`.
    pub(super) fn rebuild_quantized(
        &mut self,
        callee: u32,
        given: &[TorchValue],
    ) -> Step<TorchValue> {
        let [storage, offset, size, stride, parameters, grad, _hooks] = given else {
            return Err(self.run.lookup().not_between(callee, given.len(), 7, 7));
        };
        let parameters = self
            .run
            .torch
            .heap
            .elements(*parameters)
            .unwrap_or_default();
        let scheme = match parameters.first() {
            Some(TorchValue::Global(global)) => self.run.lookup().known(*global),
            _ => Meaning::Foreign,
        };
        let (memory, dtype) = Arguments::new(self.run.lookup()).typed(*storage)?;
        let sizes = Arguments::new(self.run.lookup()).sizes(*size)?;
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
            .run
            .torch
            .heap
            .memory_at(memory)
            .is_some_and(|memory| memory.meta)
        {
            return Err(QuantizedReason::Meta.into());
        }
        not_negative(&sizes)?;
        let count = elements(&sizes)?;
        if count.saturating_mul(dtype.bytes) >= ALLOCATES {
            return Err(QuantizedReason::TooLarge.into());
        }
        let place = Arguments::new(self.run.lookup()).place(*offset, *size, *stride)?;
        Tensors::new(self.run).lay_of(memory, dtype, &place)?;
        Arguments::new(self.run.lookup()).gradient(*grad, dtype)?;
        let tensor = Tensors::new(self.run).tensor_on(memory, dtype, place);
        self.run.new_tensor(TorchTensor {
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
        let length = |this: &Self, value: TorchValue| -> Step<(u64, bool)> {
            if let Some(tensor) = this.run.torch.heap.tensor(value) {
                if tensor.kind != TensorKind::Strided || tensor.sizes.len() != 1 {
                    return Err(QuantizedReason::ScaleDimensions.into());
                }
                return Ok((elements(&tensor.sizes)?, false));
            }
            let TorchValue::Object(at) = value else {
                return Err(QuantizedReason::Scales.into());
            };
            let Some(Object::List(list)) = this.run.torch.heap.get(at) else {
                return Err(QuantizedReason::Scales.into());
            };
            let numbers = |item: &Packed| {
                matches!(
                    this.run.torch.heap.unpack(*item),
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
            self.run
                .torch
                .refuse_or_endanger(TorchBehaviour::ComparesScales, why);
        }
        Ok(())
    }
}
