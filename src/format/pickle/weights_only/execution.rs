//! The opcodes, as `torch/_weights_only_unpickler.py` executes them.

use super::{
    Returned, WeightsOnly, names,
    names::Meaning,
    value::{Class, Dict, Full, List, Object, TorchValue},
};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{
        CallReason, Condition, GlobalName, Op, PickleReason, TorchBehaviour, TorchReason, TorchType,
    },
    format::pickle::{
        machine::{Call, Constant, Flow, Items, Made, Noted, Observer, Scene},
        opcode as op,
        text::Letters,
        value::{Value, ValueKind},
    },
};

/// Why a stream is refused.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Box<TorchReason>);

/// How a step ends.
pub(super) type Step<T> = Result<T, Refused>;

impl<T: Into<TorchReason>> From<T> for Refused {
    fn from(why: T) -> Self {
        Self(Box::new(why.into()))
    }
}

impl From<Full> for TorchReason {
    fn from(_: Full) -> Self {
        PickleReason::TooManyValues.into()
    }
}

/// The unpickler at an opcode, and what it sees of the machine.
#[derive(Debug)]
pub(super) struct Execution<'e, 'a> {
    pub(super) torch: &'e mut WeightsOnly<'a>,
    pub(super) scene: &'e Scene<'e>,
}

/// Releases that behave so.
pub(super) fn holds(behaviour: TorchBehaviour) -> Condition {
    Condition {
        behaviour,
        holds: true,
    }
}

/// Releases that do not.
pub(super) fn fails(behaviour: TorchBehaviour) -> Condition {
    Condition {
        behaviour,
        holds: false,
    }
}

impl Observer for WeightsOnly<'_> {
    type Note = TorchValue;
    type Saved = ();

    #[inline]
    fn takes_notes(&self) -> bool {
        !self.ended
    }

    #[inline]
    fn on_opcode(&mut self, at: u64, code: u8) {
        if self.ended {
            return;
        }
        self.at = at;
        self.code = code;
        if SUPPORTED.get(usize::from(code)) != Some(&true) {
            self.refuse(unsupported(code));
        }
    }

    #[inline]
    fn on_constant(&mut self, constant: Constant<'_>, value: Value) -> TorchValue {
        if self.ended {
            return TorchValue::None;
        }
        match constant {
            Constant::None => TorchValue::None,
            Constant::Bool(is) => TorchValue::Bool(is),
            Constant::Int(n) => TorchValue::Int(n),
            Constant::Float(n) => TorchValue::Float(n),
            Constant::Text(bytes) if value.kind() == ValueKind::Str => TorchValue::Text {
                id: u32::try_from(value.number()).unwrap_or(u32::MAX),
                len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            },
            Constant::Text(bytes) => self.text(bytes),
            Constant::LongText { len, letters } => self.far(len, letters, false),
            Constant::Long { at, bytes } => long(at, bytes),
        }
    }

    #[inline]
    fn on_container(
        &mut self,
        made: Value,
        items: Items<'_, TorchValue>,
        _scene: &mut Scene<'_>,
    ) -> TorchValue {
        if self.ended {
            return TorchValue::None;
        }
        let made = match made.kind() {
            ValueKind::Tuple => self.heap.tuple(items.notes),
            ValueKind::List => self.heap.object(Object::List(List::default())),
            ValueKind::Dict => self.heap.object(Object::Dict(Dict::new(Class::Dict))),
            _ => self.heap.object(Object::Set { len: 0 }),
        };
        self.step(made.map_err(Refused::from))
    }

    #[inline]
    fn on_items(
        &mut self,
        target: Noted<TorchValue>,
        items: Items<'_, TorchValue>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        if self.ended {
            return None;
        }
        let mut execution = Execution { torch: self, scene };
        let done = match execution.scene.code {
            op::APPEND | op::APPENDS => execution.append(target.note, items.notes),
            _ => execution.set_items(target.note, items.notes),
        };
        self.step(done);
        None
    }

    fn on_global(&mut self, row: usize, name: Option<&GlobalName>) -> TorchValue {
        if self.ended {
            return TorchValue::None;
        }
        let Some(name) = name else {
            self.refuse(PickleReason::TooManyGlobals);
            return TorchValue::None;
        };
        self.globals
            .entry(row)
            .or_insert_with(|| (name.clone(), names::known(name)));
        TorchValue::Global(u32::try_from(row).unwrap_or(u32::MAX))
    }

    fn on_call(&mut self, call: Call<TorchValue>, scene: &mut Scene<'_>) -> Made<TorchValue> {
        if self.ended {
            return Made::default();
        }
        let mut execution = Execution { torch: self, scene };
        let made = execution.reduce(call.callee.note, call.arguments.note);
        Made {
            note: self.step(made),
            ..Made::default()
        }
    }

    fn on_build(
        &mut self,
        target: Noted<TorchValue>,
        state: Noted<TorchValue>,
        scene: &mut Scene<'_>,
    ) -> Flow {
        if !self.ended {
            let done = Execution { torch: self, scene }.build(target.note, state.note);
            self.step(done);
        }
        Flow::Continue
    }

    fn on_persistent(
        &mut self,
        id: Noted<TorchValue>,
        scene: &mut Scene<'_>,
    ) -> (TorchValue, Flow) {
        if self.ended {
            return (TorchValue::None, Flow::Continue);
        }
        let loaded = Execution { torch: self, scene }.persistent(id.note);
        (self.step(loaded), Flow::Continue)
    }

    fn on_stop(&mut self, result: Noted<TorchValue>, scene: &mut Scene<'_>) {
        if self.ended {
            return;
        }
        let mut execution = Execution { torch: self, scene };
        let returned = execution.returned(result.note);
        execution.check_sparse();
        self.result = returned;
        self.ended = true;
    }

    fn on_error(&mut self, at: u64, error: &ReadError) {
        if !self.ended {
            self.at = at;
            self.refuse(PickleReason::Unread(error.as_fact()));
        }
    }
}

impl WeightsOnly<'_> {
    /// What a step gives; one that is refused ends everything.
    #[inline]
    fn step<T: Default>(&mut self, step: Step<T>) -> T {
        match step {
            Ok(value) => value,
            Err(Refused(why)) => {
                self.refuse(*why);
                T::default()
            }
        }
    }

    /// A text that the machine does not keep. Surrogates are admitted in BINUNICODE alone.
    fn text(&mut self, bytes: &[u8]) -> TorchValue {
        const LONGEST_PAIR: usize = 8;
        // The machine has looked at BINUNICODE's.
        if self.code != op::BINUNICODE && std::str::from_utf8(bytes).is_err() {
            self.refuse(PickleReason::NotUtf8);
            return TorchValue::None;
        }
        if bytes.is_ascii() {
            return self.far(wide(bytes.len()), Letters::Ascii, bytes.len() == 2);
        }
        let is_pair = bytes.len() <= LONGEST_PAIR
            && bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() == 2;
        self.far(wide(bytes.len()), Letters::of(bytes), is_pair)
    }

    fn far(&self, len: u64, holds: Letters, is_pair: bool) -> TorchValue {
        let operand = if self.code == op::BINUNICODE { 5 } else { 2 };
        TorchValue::Far {
            at: self.at.saturating_add(operand),
            len: u32::try_from(len).unwrap_or(u32::MAX),
            holds,
            is_pair,
        }
    }
}

/// An integer of LONG1.
fn long(at: u64, bytes: &[u8]) -> TorchValue {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let (low, high) = bytes.split_at_checked(8).unwrap_or((bytes, &[]));
    let mut word = [fill; 8];
    for (slot, byte) in word.iter_mut().zip(low) {
        *slot = *byte;
    }
    let n = i64::from_le_bytes(word);
    let fits = high.iter().all(|byte| *byte == fill) && (high.is_empty() || negative == (n < 0));
    if fits {
        TorchValue::Int(n)
    } else {
        TorchValue::Big {
            at,
            len: u8::try_from(bytes.len()).unwrap_or(u8::MAX),
            negative,
        }
    }
}

impl Execution<'_, '_> {
    /// The name of a global.
    pub(super) fn name_of(&self, global: u32) -> GlobalName {
        self.torch
            .globals
            .get(&narrow(u64::from(global)))
            .map_or_else(|| GlobalName::new("", ""), |(name, _)| name.clone())
    }

    /// A call of a global that fails.
    pub(super) fn failed(&self, callee: u32, reason: CallReason) -> Refused {
        let callee = self.name_of(callee);
        TorchReason::Call { callee, reason }.into()
    }

    /// What a global is.
    pub(super) fn known(&self, global: u32) -> Meaning {
        self.torch
            .globals
            .get(&narrow(u64::from(global)))
            .map_or(Meaning::Foreign, |(_, known)| *known)
    }

    fn reduce(&mut self, callee: TorchValue, arguments: TorchValue) -> Step<TorchValue> {
        let instantiates = self.scene.code == op::NEWOBJ;
        let TorchValue::Global(callee) = callee else {
            let op = if instantiates { Op::NEWOBJ } else { Op::REDUCE };
            return Err(PickleReason::CalleeNotGlobal(op).into());
        };
        if instantiates {
            self.instantiate(callee, arguments)
        } else {
            let arguments = self.unpacked(callee, arguments)?;
            self.call(callee, &arguments)
        }
    }

    /// The arguments of a call: whatever can be iterated over.
    pub(super) fn unpacked(&self, callee: u32, arguments: TorchValue) -> Step<Vec<TorchValue>> {
        let elements = self.torch.heap.elements(arguments);
        elements.ok_or_else(|| self.no_arguments(callee, arguments))
    }

    pub(super) fn no_arguments(&self, callee: u32, arguments: TorchValue) -> Refused {
        self.failed(callee, CallReason::NotATuple(self.type_of(arguments)))
    }

    fn returned(&self, value: TorchValue) -> Returned {
        match value {
            TorchValue::Int(n) => Returned::Int(n),
            TorchValue::Bool(is) => Returned::Int(i64::from(is)),
            TorchValue::Big { at, len, .. } => Returned::Big { at, len },
            value => {
                let keys = self.torch.heap.elements(value);
                let keys = keys.and_then(|keys| keys.iter().map(|key| self.key(*key)).collect());
                keys.map_or(Returned::Other, Returned::Keys)
            }
        }
    }

    // ---- items

    fn append(&mut self, target: TorchValue, items: &[TorchValue]) -> Step<()> {
        match target {
            TorchValue::Object(list)
                if matches!(self.torch.heap.get(list), Some(Object::List(_))) =>
            {
                self.torch.heap.extend(list, items)?;
                Ok(())
            }
            other => Err(self.no_items(other)),
        }
    }

    fn set_items(&mut self, target: TorchValue, items: &[TorchValue]) -> Step<()> {
        let op = Op::new(self.scene.code);
        let heap = &self.torch.heap;
        let keys_hash = items
            .chunks(2)
            .all(|pair| pair.first().is_none_or(|key| heap.hashable(*key)));
        let object = match target {
            TorchValue::Object(at) => self.torch.heap.get_mut(at),
            _ => None,
        };
        match object {
            Some(Object::Dict(dict)) => {
                if items.len() % 2 == 1 {
                    return Err(PickleReason::KeyWithoutValue(op).into());
                }
                if !keys_hash {
                    return Err(PickleReason::UnhashableKey(op).into());
                }
                dict.set(items);
                self.torch.heap.take_pairs(items.chunks_exact(2).len())?;
                Ok(())
            }
            Some(Object::List(list)) => {
                let len = i64::try_from(list.len).unwrap_or(i64::MAX);
                let inside = |key: &TorchValue| match key {
                    TorchValue::Int(n) => (len.saturating_neg()..len).contains(n),
                    TorchValue::Bool(n) => i64::from(*n) < len,
                    _ => false,
                };
                let fits = items.len().is_multiple_of(2) && items.iter().step_by(2).all(inside);
                self.set_on_anything(target, fits)
            }
            // Where nothing is looked at, nothing is set.
            _ => self.set_on_anything(target, items.is_empty()),
        }
    }

    /// Items on something that is no dict. What they change matters to nothing that is asked later.
    fn set_on_anything(&mut self, target: TorchValue, works: bool) -> Step<()> {
        let refused = self.no_items(target);
        if !works {
            return Err(refused);
        }
        let asks = fails(TorchBehaviour::SetitemOnAnything);
        self.torch.refuse_where(&[asks], *refused.0);
        Ok(())
    }

    fn no_items(&self, target: TorchValue) -> Refused {
        let op = Op::new(self.scene.code);
        let target = self.type_of(target);
        PickleReason::Items { op, target }.into()
    }

    /// What a value is.
    pub(super) fn type_of(&self, value: TorchValue) -> TorchType {
        match value {
            TorchValue::None => TorchType::None,
            TorchValue::Bool(_)
            | TorchValue::Int(_)
            | TorchValue::Big { .. }
            | TorchValue::Float(_) => TorchType::Number,
            TorchValue::Complex { .. } => TorchType::Complex,
            TorchValue::Text { .. } | TorchValue::Far { .. } => TorchType::Str,
            TorchValue::Bytes(_) => TorchType::Bytes,
            TorchValue::Tuple { .. } => TorchType::Tuple,
            TorchValue::Size { .. } => TorchType::Size,
            TorchValue::Device(_) => TorchType::Device,
            TorchValue::Layout(_) => TorchType::Layout,
            TorchValue::Global(global) => TorchType::Global(self.name_of(global)),
            TorchValue::Foreign(global) => TorchType::MadeBy(self.name_of(global)),
            TorchValue::NumpyDtype(_) => TorchType::NumpyDtype,
            TorchValue::Object(at) => match self.torch.heap.get(at) {
                Some(Object::List(_)) => TorchType::List,
                Some(Object::Dict(dict)) => match dict.class {
                    Class::Dict => TorchType::Dict,
                    Class::Ordered => TorchType::OrderedDict,
                    Class::Counter => TorchType::Counter,
                },
                Some(Object::Set { .. }) => TorchType::Set,
                Some(Object::ByteArray { .. }) => TorchType::ByteArray,
                Some(Object::Tensor(_)) => TorchType::Tensor,
                _ => TorchType::Storage,
            },
        }
    }
}

fn unsupported(code: u8) -> PickleReason {
    PickleReason::Opcode {
        op: Op::new(code),
        protocol: op::lookup(code).map(|opcode| opcode.protocol),
    }
}

/// The opcodes that the weights-only unpickler knows.
static SUPPORTED: [bool; 256] = {
    let mut table = [false; 256];
    let mut code = 0;
    while code < 256 {
        #[allow(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::indexing_slicing,
            clippy::arithmetic_side_effects,
            reason = "a table made when it is compiled"
        )]
        {
            table[code] = supports(code as u8);
            code += 1;
        }
    }
    table
};

/// Whether the weights-only unpickler knows an opcode.
pub(super) const fn supports(code: u8) -> bool {
    matches!(
        code,
        op::GLOBAL
            | op::NEWOBJ
            | op::REDUCE
            | op::BUILD
            | op::APPEND
            | op::APPENDS
            | op::SETITEM
            | op::SETITEMS
            | op::MARK
            | op::TUPLE
            | op::TUPLE1
            | op::TUPLE2
            | op::TUPLE3
            | op::NONE
            | op::NEWTRUE
            | op::NEWFALSE
            | op::EMPTY_TUPLE
            | op::EMPTY_LIST
            | op::EMPTY_DICT
            | op::EMPTY_SET
            | op::BININT
            | op::BININT1
            | op::BININT2
            | op::BINFLOAT
            | op::BINUNICODE
            | op::SHORT_BINSTRING
            | op::LONG1
            | op::BINPERSID
            | op::BINGET
            | op::LONG_BINGET
            | op::BINPUT
            | op::LONG_BINPUT
            | op::PROTO
            | op::STOP
    )
}
