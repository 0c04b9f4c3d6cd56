//! The opcodes, as `torch/_weights_only_unpickler.py` executes them.

use super::{
    Returned, WeightsOnly,
    heap::Full,
    names,
    names::Meaning,
    object::{Class, Dict, List, Object},
    packed::Packed,
    value::TorchValue,
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{
        CallReason, Condition, GlobalName, Op, PickleReason, TorchBehaviour, TorchReason, TorchType,
    },
    format::pickle::{
        machine::{Call, Constant, Flow, Items, Made, Noted, Observer, Scene},
        opcode as op,
        text::Letters,
        value::{Interner, Value, ValueKind},
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
    type Note = Packed;
    type Saved = ();

    #[inline]
    fn takes_notes(&self) -> bool {
        !self.ended
    }

    fn on_start(&mut self, window: &Window, _names: &mut Interner) {
        self.sequential = window.is_sequential();
    }

    #[inline]
    fn on_opcode(&mut self, at: u64, code: u8) {
        if SUPPORTED.get(usize::from(code)) != Some(&true) {
            self.unsupported(at, code);
        }
    }

    /// What [`Packed::of`] knows without a note is not noted.
    #[inline(always)]
    fn on_constant(&mut self, constant: Constant<'_>, value: Value) -> Packed {
        match constant {
            Constant::Text(text) if text.is_ascii && text.bytes.len() > 2 && !self.sequential => {
                Packed::default()
            }
            Constant::Float(n) if n != 0.0 => Packed::default(),
            constant => self.rare_constant(constant, value),
        }
    }

    #[inline]
    fn on_container(
        &mut self,
        made: Value,
        items: Items<'_, Packed>,
        scene: &mut Scene<'_>,
    ) -> Packed {
        if self.ended {
            return Packed::default();
        }
        self.at = scene.at;
        let made = match made.kind() {
            ValueKind::Tuple => self.heap.tuple(items),
            ValueKind::List => self.heap.object(Object::List(List::default())),
            ValueKind::Dict => self.heap.object(Object::Dict(Dict::new(Class::Dict))),
            _ => self.heap.object(Object::Set { len: 0 }),
        };
        self.made(made.map_err(Refused::from))
    }

    #[inline]
    fn on_items(
        &mut self,
        target: Noted<Packed>,
        items: Items<'_, Packed>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        if self.ended {
            return None;
        }
        let mut execution = Execution::new(self, scene);
        let target = execution.torch.heap.value(target);
        let done = match execution.scene.code {
            op::APPEND | op::APPENDS => execution.append(target, items),
            _ => execution.set_items(target, items),
        };
        self.step(done);
        None
    }

    fn on_global(&mut self, row: usize, name: Option<&GlobalName>) -> Packed {
        if self.ended {
            return Packed::default();
        }
        let Some(name) = name else {
            self.refuse(PickleReason::TooManyGlobals);
            return Packed::default();
        };
        self.globals
            .entry(row)
            .or_insert_with(|| (name.clone(), names::known(name)));
        let global = TorchValue::Global(u32::try_from(row).unwrap_or(u32::MAX));
        self.made(Ok(global))
    }

    fn on_call(&mut self, call: Call<Packed>, scene: &mut Scene<'_>) -> Made<Packed> {
        if self.ended {
            return Made::default();
        }
        let mut execution = Execution::new(self, scene);
        let heap = &execution.torch.heap;
        let (callee, arguments) = (heap.value(call.callee), heap.value(call.arguments));
        let made = execution.reduce(callee, arguments);
        Made {
            note: self.made(made),
            ..Made::default()
        }
    }

    fn on_build(
        &mut self,
        target: Noted<Packed>,
        state: Noted<Packed>,
        scene: &mut Scene<'_>,
    ) -> Flow {
        if !self.ended {
            let (target, state) = (self.heap.value(target), self.heap.value(state));
            let done = Execution::new(self, scene).build(target, state);
            self.step(done);
        }
        Flow::Continue
    }

    fn on_persistent(&mut self, id: Noted<Packed>, scene: &mut Scene<'_>) -> (Packed, Flow) {
        if self.ended {
            return (Packed::default(), Flow::Continue);
        }
        let id = self.heap.value(id);
        let loaded = Execution::new(self, scene).persistent(id);
        (self.made(loaded), Flow::Continue)
    }

    fn on_stop(&mut self, result: Noted<Packed>, scene: &mut Scene<'_>) {
        if self.ended {
            return;
        }
        let result = self.heap.value(result);
        let mut execution = Execution::new(self, scene);
        let returned = execution.returned(result);
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

    /// What a step makes, as it is noted.
    #[inline]
    fn made(&mut self, step: Step<TorchValue>) -> Packed {
        let made = self.step(step);
        let packed = self.heap.pack(made);
        self.step(packed.map_err(Refused::from))
    }

    #[cold]
    fn rare_constant(&mut self, constant: Constant<'_>, value: Value) -> Packed {
        if self.ended {
            return Packed::default();
        }
        self.at = value.number();
        let made = match constant {
            Constant::Float(n) => TorchValue::Float { zero: n == 0.0 },
            Constant::Text(text) => self.text(text.bytes, value, LONG_OPERAND),
            Constant::ByteString(bytes) => self.byte_string(bytes, value),
            Constant::LongText { len, letters } => far(value, LONG_OPERAND, len, letters, false),
            Constant::Long { at, bytes } => long(at, bytes),
        };
        self.made(Ok(made))
    }

    #[cold]
    fn unsupported(&mut self, at: u64, code: u8) {
        if !self.ended {
            self.at = at;
            self.refuse(unsupported(code));
        }
    }

    /// A text whose operand stands so far behind its opcode.
    fn text(&self, bytes: &[u8], value: Value, operand: u64) -> TorchValue {
        const LONGEST_PAIR: usize = 8;
        let letters = Letters::of(bytes);
        let is_pair = bytes.len() <= LONGEST_PAIR
            && bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() == 2;
        let is_kept = value.kind() == ValueKind::Str
            || letters == Letters::Ascii && !bytes.is_empty() && !self.sequential;
        match (is_kept, is_pair) {
            (true, true) => TorchValue::Text { value, is_pair },
            (true, false) => TorchValue::None,
            _ => far(value, operand, wide(bytes.len()), letters, is_pair),
        }
    }

    /// A text of SHORT_BINSTRING, which has to be UTF-8 here.
    fn byte_string(&mut self, bytes: &[u8], value: Value) -> TorchValue {
        if std::str::from_utf8(bytes).is_err() {
            self.refuse(PickleReason::NotUtf8);
            return TorchValue::None;
        }
        self.text(bytes, value, SHORT_OPERAND)
    }
}

/// How far behind its opcode the text of BINUNICODE stands, and that of SHORT_BINSTRING.
const LONG_OPERAND: u64 = 5;
const SHORT_OPERAND: u64 = 2;

fn far(opcode: Value, operand: u64, len: u64, holds: Letters, is_pair: bool) -> TorchValue {
    TorchValue::Far {
        at: opcode.number().saturating_add(operand),
        len: u32::try_from(len).unwrap_or(u32::MAX),
        holds,
        is_pair,
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

impl<'e, 'a> Execution<'e, 'a> {
    fn new(torch: &'e mut WeightsOnly<'a>, scene: &'e Scene<'e>) -> Self {
        torch.at = scene.at;
        Self { torch, scene }
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

    fn append(&mut self, target: TorchValue, items: Items<'_, Packed>) -> Step<()> {
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

    fn set_items(&mut self, target: TorchValue, items: Items<'_, Packed>) -> Step<()> {
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
            | TorchValue::Float { .. } => TorchType::Number,
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
