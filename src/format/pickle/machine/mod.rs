//! The pickle machine: CPython's C unpickler (`Modules/_pickle.c`) run on abstract values.
//!
//! Stack, marks and fence, memo, frames and every opcode of protocols 0 to 5 do what the C code does; where the
//! pure-Python unpickler resolves a global that the C one would refuse first, it is resolved here too. Nothing is
//! imported or called: a call's result is a value of which only the callee is known. A name is resolved only from proven
//! constants. What makes an unpickler stop makes the machine stop, with everything seen before it kept.

mod calls;
mod constants;
mod embeds;
mod frames;
mod listing;
mod memory;
mod names;
mod observer;
mod reused;
mod stack;
mod stops;

pub(in crate::format::pickle) use embeds::Embedded;
pub(in crate::format::pickle) use listing::list;
pub(in crate::format::pickle) use observer::{
    Call, Constant, Flow, Items, Made, Noted, Observer, Scene,
};
pub(in crate::format::pickle) use reused::Reused;

use embeds::Embeds;
use names::Names;
use stack::{MemoNotes, Stack};

use super::{
    events::{CONTEXT, EventLog, Moment},
    lex::{Lexer, Straddle},
    memo::Memo,
    opcode as op,
    preview::Preview,
    text,
    value::{Nodes, Overgrown, Value, ValueKind},
};
use crate::{
    bytes::{ReadError, Window, wide},
    fact::{Fact, Op, PickleAnomaly, PickleFault, Text, Unsupported},
    limits,
};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// What is left of a machine when its stream ends.
#[derive(Debug)]
pub(in crate::format::pickle) struct Run<O> {
    /// The offset after the last opcode read.
    pub end: u64,
    /// The offsets after STOP, in every reading that comes to one; the main reading's first.
    pub ends: Vec<u64>,
    /// `Ok` after STOP; otherwise why and where it stopped.
    pub result: Result<(), (u64, ReadError)>,
    /// Everything seen.
    pub log: EventLog,
    /// Constants that look like pickles: where their bytes are, and their opcode's offset.
    pub embedded: Vec<Embedded>,
    /// There are pickles among the constants that were not kept.
    pub embedded_more: bool,
    /// Pickles that stand between the opcodes.
    pub nested: Vec<Range<u64>>,
    /// There are more of them.
    pub nested_more: bool,
    /// There are other readings of operands that cross a frame which were not followed.
    pub forks_more: bool,
    /// Who followed it.
    pub observer: O,
    /// The memo, for what a re-used unpickler would still have.
    pub memo: Memo,
    /// Entries were fetched, and their indexes depend on how many there are: an unpickler that is used again fetches others.
    pub counts_memo: bool,
}

/// The state that another reading starts from.
#[derive(Debug, Clone)]
struct State<N> {
    stack: Stack<N>,
    memo: Memo,
    memo_notes: MemoNotes<N>,
    nodes: Nodes,
}

/// Another reading of an operand, to be followed when this one is done.
#[derive(Debug)]
struct Fork<O: Observer> {
    state: State<O::Note>,
    saved: O::Saved,
    at: u64,
    straddle: Straddle,
}

/// One run over one stream.
pub(in crate::format::pickle) struct Machine<'m, O: Observer> {
    window: Window,
    lexer: Lexer,
    state: State<O::Note>,
    observer: O,
    names: Names,
    log: EventLog,
    embeds: Embeds,
    nested: Vec<Range<u64>>,
    nested_more: bool,
    /// Entries that an earlier stream set.
    earlier: Option<&'m Memo>,
    /// The opcode being executed.
    at: u64,
    code: u8,
    /// It takes an operand from after its frame.
    moved: bool,
    recent: [u64; CONTEXT],
    forks: Vec<Fork<O>>,
    forked: usize,
    /// Other readings that are not followed.
    forks_left: usize,
    /// Memo indexes beyond 63 bits, by their digits.
    indexes: FxHashMap<Box<[u8]>, u64>,
    memo_use: MemoUse,
}

/// What decides whether an unpickler that is used again fetches other memo entries.
#[derive(Debug, Clone, Copy, Default)]
struct MemoUse {
    /// An entry was fetched.
    fetched: bool,
    /// One was stored under the number of entries.
    counted: bool,
}

/// Why the machine stops.
enum Halt {
    Stop(Value),
    Error(ReadError),
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        Self::Error(error)
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Error(error.into())
    }
}

fn malformed(fault: PickleFault) -> Halt {
    Halt::Error(ReadError::malformed(fault))
}

/// Runs the stream that begins at `start` of the window.
pub(in crate::format::pickle) fn run<O: Observer>(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    observer: O,
) -> Run<O> {
    let mut machine = Machine::new(window, start, earlier, observer);
    let result = machine.run_on();
    let end = machine.lexer.offset();
    let memo = std::mem::take(&mut machine.state.memo);
    let mut ends: Vec<u64> = Vec::new();
    machine.ended(result.is_ok(), &mut ends);
    // The other readings of straddled operands add what they see, and may end elsewhere.
    while let Some(fork) = machine.forks.pop() {
        machine.state = fork.state;
        machine.observer.restore(fork.saved);
        machine.lexer.take_other_way(fork.at, fork.straddle);
        machine.recent = [u64::MAX; CONTEXT];
        let stopped = machine.run_on().is_ok();
        machine.ended(stopped, &mut ends);
    }
    Run {
        end,
        ends,
        observer: machine.observer,
        result: result.map(|_| ()),
        log: machine.log,
        embedded: machine.embeds.kept,
        embedded_more: machine.embeds.more,
        nested: machine.nested,
        nested_more: machine.nested_more,
        forks_more: machine.forks_left > 0,
        memo,
        counts_memo: machine.memo_use.fetched && machine.memo_use.counted,
    }
}

/// Whether a window reads as a pickle to its STOP and names something.
fn is_pickle(window: &Window) -> bool {
    let mut machine = Machine::new(window, 0, None, ());
    machine.embeds.ignored = true;
    machine.run_on().is_ok() && machine.log.names_any()
}

impl<'m, O: Observer> Machine<'m, O> {
    fn new(window: &Window, start: u64, earlier: Option<&'m Memo>, mut observer: O) -> Self {
        let mut names = Names::default();
        observer.on_start(&mut names.texts);
        Self {
            window: window.clone(),
            lexer: Lexer::new(window.clone(), start),
            state: State {
                stack: Stack::default(),
                memo: Memo::default(),
                memo_notes: MemoNotes::default(),
                nodes: Nodes::default(),
            },
            observer,
            names,
            embeds: Embeds::new(window.clone()),
            nested: Vec::new(),
            nested_more: false,
            log: EventLog::default(),
            earlier,
            moved: false,
            at: start,
            code: 0,
            recent: [u64::MAX; CONTEXT],
            forks: Vec::new(),
            forked: 0,
            forks_left: 0,
            indexes: FxHashMap::default(),
            memo_use: MemoUse::default(),
        }
    }
}

impl<O: Observer> Machine<'_, O> {
    /// Executes opcodes up to STOP, or to what stops it.
    fn run_on(&mut self) -> Result<Value, (u64, ReadError)> {
        let mut left = limits::OPCODES;
        loop {
            match self.step() {
                Ok(()) => {}
                Err(Halt::Stop(value)) => return Ok(value),
                Err(Halt::Error(error)) => {
                    // The operand may be wrong here and right where the other reading takes it.
                    self.straddled();
                    self.observer.on_error(self.at, &error);
                    return Err((self.at, error));
                }
            }
            left = left.wrapping_sub(1);
            if left == 0 {
                let error = ReadError::Limit(limits::Id::OPCODES);
                self.observer.on_error(self.at, &error);
                return Err((self.at, error));
            }
        }
    }

    /// Executes one opcode.
    fn step(&mut self) -> Result<(), Halt> {
        self.at = self.lexer.offset();
        let Some(code) = self.lexer.opcode()? else {
            return Err(malformed(PickleFault::NoStop));
        };
        self.code = code;
        self.observer.on_opcode(self.at, code);
        self.moved = self.lexer.is_going_other_way();
        match code {
            op::MEMOIZE => return self.memoize(),
            op::BINGET => {
                let [index] = self.lexer.array()?;
                self.get(u64::from(index))?;
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.lexer.array()?);
                self.get(u64::from(index))?;
            }
            op::BINPUT => {
                let [index] = self.lexer.array()?;
                return self.put(u64::from(index));
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.lexer.array()?);
                return self.put(u64::from(index));
            }
            op::SHORT_BINUNICODE => {
                let [n] = self.lexer.array()?;
                self.unicode(u64::from(n))?;
            }
            op::BINUNICODE => {
                let n = u32::from_le_bytes(self.lexer.array()?);
                self.unicode(u64::from(n))?;
            }
            op::BINFLOAT => {
                let n = f64::from_be_bytes(self.lexer.array()?);
                let value = Value::new(ValueKind::Float, self.at);
                self.constant(value, Constant::Float(n))?;
            }
            op::BININT => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                self.int(n)?;
            }
            op::BININT1 => {
                let [n] = self.lexer.array()?;
                self.int(i32::from(n))?;
            }
            op::BININT2 => {
                let n = u16::from_le_bytes(self.lexer.array()?);
                self.int(i32::from(n))?;
            }
            op::MARK => self.state.stack.mark()?,
            op::NONE => self.constant(Value::new(ValueKind::None, 0), Constant::None)?,
            op::NEWTRUE => self.constant(Value::new(ValueKind::Bool, 1), Constant::Bool(true))?,
            op::NEWFALSE => self.constant(Value::new(ValueKind::Bool, 0), Constant::Bool(false))?,
            op::EMPTY_TUPLE => self.container(ValueKind::Tuple)?,
            op::EMPTY_LIST => self.container(ValueKind::List)?,
            op::EMPTY_DICT => self.container(ValueKind::Dict)?,
            op::EMPTY_SET => self.container(ValueKind::Set)?,
            op::TUPLE => self.gather(ValueKind::Tuple)?,
            op::LIST => self.gather(ValueKind::List)?,
            op::DICT => self.gather(ValueKind::Dict)?,
            op::FROZENSET => self.gather(ValueKind::FrozenSet)?,
            op::TUPLE1 => self.tuple(1)?,
            op::TUPLE2 => self.tuple(2)?,
            op::TUPLE3 => self.tuple(3)?,
            op::APPEND => {
                let from = self.state.stack.below_top(1)?;
                self.add_items(from, ValueKind::List)?;
            }
            op::APPENDS => {
                let from = self.state.stack.pop_mark()?;
                self.add_items(from, ValueKind::List)?;
            }
            op::ADDITEMS => {
                let from = self.state.stack.pop_mark()?;
                self.add_items(from, ValueKind::Set)?;
            }
            op::SETITEM => {
                let from = self.state.stack.below_top(2)?;
                self.add_items(from, ValueKind::Dict)?;
            }
            op::SETITEMS => {
                let from = self.state.stack.pop_mark()?;
                self.add_items(from, ValueKind::Dict)?;
            }
            op::POP => self.state.stack.pop_or_unmark()?,
            op::POP_MARK => {
                let from = self.state.stack.pop_mark()?;
                self.state.stack.truncate(from);
            }
            op::DUP => {
                let top = self.state.stack.top()?;
                self.push_noted(top.value.by_name(), top.note)?;
            }
            op::GLOBAL => self.global()?,
            op::STACK_GLOBAL => {
                self.state.stack.needs_names()?;
                self.stack_global()?;
            }
            op::REDUCE => {
                self.state.stack.needs_callable(1)?;
                self.reduce()?;
            }
            op::BUILD => self.build()?,
            op::NEWOBJ => {
                self.state.stack.needs_callable(1)?;
                self.newobj(false)?;
            }
            op::NEWOBJ_EX => {
                self.state.stack.needs_callable(2)?;
                self.newobj(true)?;
            }
            op::INST => self.inst()?,
            op::OBJ => {
                self.state.stack.needs_callable_at_mark()?;
                self.obj()?;
            }
            op::PERSID => {
                let pid = Text::new(self.lexer.line()?.bytes);
                self.persistent_text(&pid)?;
            }
            op::BINPERSID => self.persistent()?,
            op::EXT1 => {
                let [code] = self.lexer.array()?;
                self.extension(i64::from(code))?;
            }
            op::EXT2 => {
                let code = u16::from_le_bytes(self.lexer.array()?);
                self.extension(i64::from(code))?;
            }
            op::EXT4 => {
                let code = i32::from_le_bytes(self.lexer.array()?);
                self.extension(i64::from(code))?;
            }
            op::STOP => return self.stop(),
            _ => return self.constant_or_rare(code),
        }
        self.remember();
        Ok(())
    }

    /// Constants and opcodes that are rare in large pickles.
    fn constant_or_rare(&mut self, code: u8) -> Result<(), Halt> {
        match code {
            op::PROTO => {
                let [protocol] = self.lexer.array()?;
                if protocol > 5 {
                    self.log
                        .anomaly(PickleAnomaly::UnknownProtocol { protocol }, self.moment());
                }
                return Ok(());
            }
            op::FRAME => {
                let n = u64::from_le_bytes(self.lexer.array()?);
                let fits = self.lexer.frame(n);
                self.straddled();
                // The pure-Python unpickler goes on without the missing bytes; so do we, and say so.
                if let Err(anomaly) = fits {
                    self.log.anomaly(anomaly, self.moment());
                }
                return Ok(());
            }
            op::INT => {
                let line = self.lexer.line()?;
                let spelling = text::int(line.bytes);
                let value = match line.bytes {
                    b"00" => Value::new(ValueKind::Bool, 0),
                    b"01" => Value::new(ValueKind::Bool, 1),
                    digits => {
                        text::small(digits).map_or(Value::new(ValueKind::Long, self.at), Value::int)
                    }
                };
                self.number(spelling)?;
                self.push(value)?;
            }
            op::LONG => {
                let spelling = text::long(self.lexer.line()?.bytes);
                self.number(spelling)?;
                self.push(Value::new(ValueKind::Long, self.at))?;
            }
            op::FLOAT => {
                let spelling = text::float(self.lexer.line()?.bytes);
                self.number(spelling)?;
                self.push(Value::new(ValueKind::Float, self.at))?;
            }
            op::LONG1 => {
                let [n] = self.lexer.array()?;
                let at = self.lexer.offset();
                let bytes = self.lexer.short(usize::from(n))?;
                let value = Value::new(ValueKind::Long, self.at);
                let note = self
                    .observer
                    .on_constant(Constant::Long { at, bytes }, value);
                self.push_noted(value, note)?;
            }
            op::LONG4 => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                let n = u64::try_from(n)
                    .map_err(|_| malformed(PickleFault::NegativeLength { op: Op::LONG4 }))?;
                self.lexer.skip(n, false)?;
                self.push(Value::new(ValueKind::Long, self.at))?;
            }
            op::STRING => {
                let decoded =
                    text::decode_string(self.lexer.line()?.bytes).map(|text| Text::new(&*text));
                self.text_line(decoded)?;
            }
            op::UNICODE => {
                let decoded =
                    text::decode_unicode(self.lexer.line()?.bytes).map(|text| Text::new(&*text));
                self.text_line(decoded)?;
            }
            op::SHORT_BINSTRING => {
                let [n] = self.lexer.array()?;
                self.byte_string(u64::from(n))?;
            }
            op::BINSTRING => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                let n = u64::try_from(n)
                    .map_err(|_| malformed(PickleFault::NegativeLength { op: Op::BINSTRING }))?;
                self.byte_string(n)?;
            }
            op::BINUNICODE8 => {
                let n = u64::from_le_bytes(self.lexer.array()?);
                self.unicode(n)?;
            }
            op::SHORT_BINBYTES => {
                let [n] = self.lexer.array()?;
                self.byte_constant(u64::from(n))?;
            }
            op::BINBYTES => {
                let n = u32::from_le_bytes(self.lexer.array()?);
                self.byte_constant(u64::from(n))?;
            }
            op::BINBYTES8 | op::BYTEARRAY8 => {
                let n = u64::from_le_bytes(self.lexer.array()?);
                self.byte_constant(n)?;
            }
            op::GET => {
                let index = self.text_index()?;
                self.get(index)?;
            }
            op::PUT => {
                let index = self.text_index()?;
                return self.put(index);
            }
            op::NEXT_BUFFER => {
                self.log.other(Fact::OutOfBandBuffer, self.moment());
                self.push(Value::new(ValueKind::Buffer, 0))?;
            }
            op::READONLY_BUFFER => {
                self.state.stack.top()?;
            }
            _ => {
                return Err(Halt::Error(ReadError::malformed(
                    PickleFault::NotAnOpcode { byte: code },
                )));
            }
        }
        self.remember();
        Ok(())
    }

    #[inline]
    fn remember(&mut self) {
        let [_, second, third, fourth] = self.recent;
        self.recent = [second, third, fourth, self.at];
        if let Some(what) = self.state.nodes.overgrown() {
            self.overgrown(what);
        }
    }

    /// STOP takes the top of the stack for the result. Picklers leave nothing else there.
    fn stop(&mut self) -> Result<(), Halt> {
        let result = self.state.stack.pop()?;
        let left = self.state.stack.len();
        if left > 0 {
            let values = wide(left);
            self.log
                .anomaly(PickleAnomaly::ValuesLeft { values }, self.moment());
        }
        let (observer, mut scene, _) = self.watched();
        observer.on_stop(result, &mut scene);
        Err(Halt::Stop(result.value))
    }

    #[cold]
    fn overgrown(&mut self, what: Overgrown) {
        let anomaly = match what {
            Overgrown::Values => PickleAnomaly::ExponentialReferences,
            Overgrown::Depth => PickleAnomaly::DeepNesting,
        };
        self.log.anomaly(anomaly, self.moment());
    }

    /// An integer of a binary opcode.
    #[inline]
    fn int(&mut self, n: i32) -> Result<(), Halt> {
        self.constant(Value::int(n), Constant::Int(i64::from(n)))
    }

    #[inline]
    fn constant(&mut self, value: Value, constant: Constant<'_>) -> Result<(), Halt> {
        let note = self.observer.on_constant(constant, value);
        self.push_noted(value, note)
    }

    /// The observer and what it sees, and the stack.
    #[inline]
    fn watched(&mut self) -> (&mut O, Scene<'_>, &mut Stack<O::Note>) {
        let scene = Scene {
            code: self.code,
            at: self.at,
            recent: &self.recent,
            nodes: &self.state.nodes,
            names: &self.names.texts,
            log: &mut self.log,
            window: &self.window,
            lexer: &self.lexer,
        };
        (&mut self.observer, scene, &mut self.state.stack)
    }

    /// Goes on as the observer says: behind what the loader reads itself.
    #[inline]
    fn follow(&mut self, flow: Flow) -> Result<(), Halt> {
        match flow {
            Flow::Continue => Ok(()),
            flow => self.pass_over(flow),
        }
    }

    #[cold]
    fn pass_over(&mut self, flow: Flow) -> Result<(), Halt> {
        let start = self.lexer.offset();
        match flow {
            Flow::Continue => {}
            Flow::Skip(n) => self.lexer.skip(n, true)?,
            Flow::Nested(n) => {
                self.lexer.skip(n, true)?;
                if self.nested.len() < limits::STREAMS {
                    self.nested.push(start..self.lexer.offset());
                } else {
                    self.nested_more = true;
                }
            }
            Flow::Lost(fault) => {
                let form = Unsupported::JoblibArray(fault);
                return Err(Halt::Error(ReadError::unsupported(form)));
            }
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        Moment {
            at: self.at,
            op: self.code,
            before: self.recent,
        }
    }

    fn preview(&self) -> Preview<'_> {
        Preview {
            nodes: &self.state.nodes,
            names: &self.names.texts,
            log: &self.log,
            window: &self.window,
        }
    }
}
