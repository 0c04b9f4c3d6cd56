//! The unpickler at an opcode, and the items that it puts into containers.

use super::{
    WeightsOnly,
    lookup::Lookup,
    object::{Object, TorchTensor},
    packed::Packed,
    refused::{Step, fails},
    value::TorchValue,
};
use crate::{
    fact::{Op, PickleReason, TorchBehaviour},
    format::pickle::machine::{Items, Noted, Scene},
};

/// The unpickler at an opcode, and what it sees of the machine.
#[derive(Debug)]
pub(super) struct Execution<'e, 'a> {
    pub(super) torch: &'e mut WeightsOnly<'a>,
    pub(super) scene: &'e Scene<'e>,
}

impl<'e, 'a> Execution<'e, 'a> {
    pub(super) fn new(torch: &'e mut WeightsOnly<'a>, scene: &'e Scene<'e>) -> Self {
        torch.at = scene.at;
        Self { torch, scene }
    }

    pub(super) fn lookup(&self) -> Lookup<'_, 'e, 'a> {
        Lookup {
            torch: self.torch,
            scene: self.scene,
        }
    }

    pub(super) fn append(&mut self, target: TorchValue, items: Items<'_, Packed>) -> Step<()> {
        match target {
            TorchValue::Object(list)
                if matches!(self.torch.heap.get(list), Some(Object::List(_))) =>
            {
                self.torch.heap.extend(list, items)?;
                Ok(())
            }
            other => Err(self.lookup().no_items(other)),
        }
    }

    pub(super) fn set_items(&mut self, target: TorchValue, items: Items<'_, Packed>) -> Step<()> {
        let op = Op::new(self.scene.code);
        let heap = &self.torch.heap;
        let count = items.values.len();
        // What is blank is a constant.
        let mut keys = items.notes.iter().step_by(2);
        let keys_hash = keys.all(|key| heap.is_key(*key));
        let object = match target {
            TorchValue::Object(at) => self.torch.heap.get_mut(at),
            _ => None,
        };
        match object {
            Some(Object::Dict(dict)) => {
                if !count.is_multiple_of(2) {
                    return Err(PickleReason::KeyWithoutValue(op).into());
                }
                if !keys_hash {
                    return Err(PickleReason::UnhashableKey(op).into());
                }
                dict.set(items);
                self.torch.heap.take_pairs(count / 2)?;
                Ok(())
            }
            Some(Object::List(list)) => {
                let len = i64::try_from(list.len).unwrap_or(i64::MAX);
                let heap = &self.torch.heap;
                let inside = |key: Noted<Packed>| match heap.value(key) {
                    TorchValue::Int(n) => (len.saturating_neg()..len).contains(&n),
                    TorchValue::Bool(n) => i64::from(n) < len,
                    _ => false,
                };
                let fits = count.is_multiple_of(2) && items.iter().step_by(2).all(inside);
                self.set_on_anything(target, fits)
            }
            // Where nothing is looked at, nothing is set.
            _ => self.set_on_anything(target, count == 0),
        }
    }

    /// Items on something that is no dict. What they change matters to nothing that is asked later.
    fn set_on_anything(&mut self, target: TorchValue, works: bool) -> Step<()> {
        let refused = self.lookup().no_items(target);
        if !works {
            return Err(refused);
        }
        let asks = fails(TorchBehaviour::SetitemOnAnything);
        self.torch.refuse_where(&[asks], *refused.0);
        Ok(())
    }

    pub(super) fn new_tensor(&mut self, tensor: TorchTensor) -> Step<TorchValue> {
        Ok(self.torch.heap.object(Object::Tensor(Box::new(tensor)))?)
    }
}
