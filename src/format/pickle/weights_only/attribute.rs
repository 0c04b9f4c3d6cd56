//! Attributes: what `setattr` takes, for each kind of object.

use super::{
    arguments::Arguments,
    execution::Execution,
    object::{Object, TorchTensor},
    refused::Step,
    value::TorchValue,
};
use crate::fact::{Short, StateReason};

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

/// Sets attributes.
#[derive(Debug)]
pub(super) struct Attributes<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Attributes<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    /// `torch._utils._set_obj_state`.
    pub(super) fn object_state(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        let (state, slots) = match state {
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                match *self.run.torch.heap.items(at, len).as_slice() {
                    [state, slots] => (state, slots),
                    _ => return Err(StateReason::NotDictOrPair.into()),
                }
            }
            state => (state, TorchValue::None),
        };
        for part in [state, slots] {
            match self.run.lookup().truth(part) {
                Some(false) => {}
                Some(true) => self.attributes(target, part)?,
                None => {
                    let (target, state) = (
                        self.run.lookup().type_of(target),
                        self.run.lookup().type_of(part),
                    );
                    return Err(StateReason::UnknownOf { target, state }.into());
                }
            }
        }
        Ok(())
    }

    /// `setattr` for each item of a dict.
    pub(super) fn attributes(&mut self, target: TorchValue, state: TorchValue) -> Step<()> {
        let Some(dict) = self.run.torch.heap.dict(state) else {
            let (target, state) = (
                self.run.lookup().type_of(target),
                self.run.lookup().type_of(state),
            );
            return Err(StateReason::NotDict { target, state }.into());
        };
        let pairs = self.run.torch.heap.pairs(dict);
        let pairs = pairs.ok_or(StateReason::TooManyAttributes)?;
        for (name, value) in pairs {
            let Some(name) = self.run.lookup().bytes_of(name) else {
                return Err(StateReason::AttributeName.into());
            };
            self.attribute(target, &String::from_utf8_lossy(&name), value)?;
        }
        Ok(())
    }

    fn attribute(&mut self, target: TorchValue, name: &str, value: TorchValue) -> Step<()> {
        let refused = |this: &Self| {
            let reason = StateReason::Attribute {
                name: Short::from(name),
                target: this.run.lookup().type_of(target),
                value: this.run.lookup().type_of(value),
            };
            reason.into()
        };
        let Some(tensor) = self.run.torch.heap.tensor(target).cloned() else {
            let takes = match target {
                TorchValue::Object(at) => matches!(
                    self.run.torch.heap.get(at),
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
                let grad = Arguments::new(self.run.lookup()).gradient(value, tensor.dtype)?;
                if tensor.computed && !grad {
                    return Err(refused(self));
                }
                self.change(target, |tensor| tensor.grad = grad);
                Ok(())
            }
            "data" => self.set_data(target, &tensor, value),
            "grad" | "_grad" => match (value, self.run.torch.heap.tensor(value)) {
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

    pub(super) fn change(&mut self, target: TorchValue, change: impl FnOnce(&mut TorchTensor)) {
        if let TorchValue::Object(at) = target
            && let Some(Object::Tensor(tensor)) = self.run.torch.heap.get_mut(at)
        {
            change(tensor);
        }
    }

    /// `tensor.data = other`.
    pub(super) fn set_data(
        &mut self,
        target: TorchValue,
        tensor: &TorchTensor,
        data: TorchValue,
    ) -> Step<()> {
        let Some(data) = self.run.torch.heap.tensor(data).cloned() else {
            return Err(StateReason::Data(self.run.lookup().type_of(data)).into());
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
}
