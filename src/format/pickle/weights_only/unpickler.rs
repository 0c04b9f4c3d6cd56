//! The opcodes, as `torch/_weights_only_unpickler.py` executes them.

use super::{
    WeightsOnly,
    call::Calls,
    execution::Execution,
    names,
    object::{Class, Dict, List, Object},
    packed::Packed,
    refused::{Refused, Step},
    sparse::SparseTensors,
    state::States,
    storage::Storages,
    value::TorchValue,
};
use crate::{
    bytes::{ReadError, Window, wide},
    fact::{GlobalName, Op, PickleReason},
    format::pickle::{
        machine::{Call, Constant, Flow, Items, Made, Noted, Observer, Scene},
        opcode as op,
        text::Letters,
        value::{Value, ValueKind},
    },
};

impl Observer for WeightsOnly<'_> {
    type Note = Packed;
    type Saved = ();

    #[inline]
    fn takes_notes(&self) -> bool {
        !self.ended
    }

    fn on_start(&mut self, window: &Window) {
        self.sequential = window.is_sequential();
    }

    #[inline]
    fn on_opcode(&mut self, at: u64, code: u8) {
        if SUPPORTED.get(usize::from(code)) != Some(&true) {
            self.unsupported(at, code);
        }
    }

    /// What [`Packed::of`] knows without a note is not noted.
    #[allow(
        clippy::inline_always,
        reason = "it runs for each opcode, and most often does nothing"
    )]
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
        let made = Calls::new(&mut execution).reduce(callee, arguments);
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
            let done = States::new(&mut Execution::new(self, scene)).build(target, state);
            self.step(done);
        }
        Flow::Continue
    }

    fn on_persistent(&mut self, id: Noted<Packed>, scene: &mut Scene<'_>) -> (Packed, Flow) {
        if self.ended {
            return (Packed::default(), Flow::Continue);
        }
        let id = self.heap.value(id);
        let loaded = Storages::new(&mut Execution::new(self, scene)).persistent(id);
        (self.made(loaded), Flow::Continue)
    }

    fn on_stop(&mut self, result: Noted<Packed>, scene: &mut Scene<'_>) {
        if self.ended {
            return;
        }
        let result = self.heap.value(result);
        let mut execution = Execution::new(self, scene);
        let returned = execution.lookup().returned(result);
        SparseTensors::new(&mut execution).check_sparse();
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

    /// A text of `SHORT_BINSTRING`, which has to be UTF-8 here.
    fn byte_string(&mut self, bytes: &[u8], value: Value) -> TorchValue {
        if std::str::from_utf8(bytes).is_err() {
            self.refuse(PickleReason::NotUtf8);
            return TorchValue::None;
        }
        self.text(bytes, value, SHORT_OPERAND)
    }
}

/// How far behind its opcode the text of BINUNICODE stands, and that of `SHORT_BINSTRING`.
const LONG_OPERAND: u64 = 5;

const SHORT_OPERAND: u64 = 2;

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

pub(super) fn far(
    opcode: Value,
    operand: u64,
    len: u64,
    holds: Letters,
    is_pair: bool,
) -> TorchValue {
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

fn unsupported(code: u8) -> PickleReason {
    PickleReason::Opcode {
        op: Op::new(code),
        protocol: op::lookup(code).map(|opcode| opcode.protocol),
    }
}

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
