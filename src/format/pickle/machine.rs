//! The pickle machine: CPython's C unpickler (`Modules/_pickle.c`) run on abstract values.
//!
//! Stack, marks and fence, memo, frames and every opcode of protocols 0 to 5 do what the C code does; where the
//! pure-Python unpickler resolves a global that the C one would refuse first, it is resolved here too. Nothing is
//! imported or called: a call's result is a value of which only the callee is known. A name is resolved only from proven
//! constants. What makes an unpickler stop makes the machine stop, with everything seen before it kept.

use super::{
    lex::{Lexer, Straddle},
    memo::{Memo, Stored},
    opcode as op,
    preview::Preview,
    seen::{CONTEXT, Moment, Seen},
    text,
    value::{Interner, Kind, Nodes, Value, is_name_like},
    weights_only::WeightsOnly,
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Fact, Text, Unresolved, Usage},
    limits,
};
use rustc_hash::FxHashMap;

/// How many other readings of straddled operands are followed in one stream. One is already a reason to refuse.
const FORKS: usize = 8;
/// Machines larger than this are not copied for another reading.
const FORK_VALUES: u64 = 1 << 20;
/// Constants of one stream that are tried as pickles.
const EMBEDDED: usize = 256;
/// Lines of a listing: more is for tools, which read the file themselves.
const LISTED: usize = 1_000_000;

/// What is left of a machine when its stream ends.
#[derive(Debug)]
pub(super) struct Run {
    /// The offset after the last opcode read.
    pub end: u64,
    /// `Ok` after STOP; otherwise why and where it stopped.
    pub result: Result<(), (u64, ReadError)>,
    /// Everything seen.
    pub seen: Seen,
    /// How torch's weights-only unpickler takes the stream.
    pub weights: WeightsOnly,
    /// Constants that look like pickles: where their bytes are, and their opcode's offset.
    pub embedded: Vec<Embedded>,
    /// The memo, for what a re-used unpickler would still have.
    pub memo: Memo,
}

/// A constant that looks like a pickle.
#[derive(Debug)]
pub(super) struct Embedded {
    /// The opcode's offset.
    pub opcode: u64,
    /// Its bytes.
    pub bytes: Constant,
}

/// The bytes of a constant.
#[derive(Debug)]
pub(super) enum Constant {
    /// They stand in the file.
    Stored(std::ops::Range<u64>),
    /// They come out of a text operand.
    Decoded(Vec<u8>),
}

/// The state that another reading starts from.
#[derive(Debug, Clone)]
struct State {
    stack: Vec<Value>,
    marks: Vec<usize>,
    fence: usize,
    memo: Memo,
    nodes: Nodes,
}

/// One run over one stream.
pub(super) struct Machine<'m> {
    window: Window,
    lexer: Lexer,
    state: State,
    names: Interner,
    /// Globals already resolved from these two operands.
    resolved: FxHashMap<(Value, Value), usize>,
    /// Globals already resolved from these two lines.
    lines: FxHashMap<Box<[u8]>, usize>,
    seen: Seen,
    weights: WeightsOnly,
    embedded: Vec<Embedded>,
    /// Entries that an earlier stream set.
    earlier: Option<&'m Memo>,
    /// The opcode being executed.
    at: u64,
    code: u8,
    /// It takes an operand from after its frame.
    moved: bool,
    recent: [u64; CONTEXT],
    forks: Vec<(State, u64, Straddle)>,
    forked: usize,
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

fn malformed(detail: &'static str) -> Halt {
    Halt::Error(ReadError::malformed(detail))
}

/// Lists the stream that begins at `start`, each opcode with its effect.
pub(super) fn list(window: &Window, start: u64, earlier: Option<&Memo>, lines: &mut Vec<String>) {
    let mut machine = Machine::new(window, start, earlier);
    while lines.len() < LISTED {
        let result = machine.step();
        let effect = match &result {
            Ok(()) => machine.effect(),
            Err(Halt::Stop(value)) => format!("returns {}", machine.looker().value(*value)),
            Err(Halt::Error(error)) => format!("stops: {error}"),
        };
        lines.push(super::disassemble::listed(window, machine.at, &effect));
        if result.is_err() {
            return;
        }
    }
    lines.push(format!("... (the listing stops after {LISTED} opcodes)"));
}

/// Runs the stream that begins at `start` of the window.
pub(super) fn run(window: &Window, start: u64, earlier: Option<&Memo>) -> Run {
    let mut machine = Machine::new(window, start, earlier);
    let result = machine.to_the_end();
    let end = machine.lexer.offset();
    if let Err((at, error)) = &result {
        machine.weights.block(*at, || format!("the pickle does not read to its end: {error}"));
    }
    // The main reading decided where the stream ends; the others only add what they see.
    while let Some((state, at, straddle)) = machine.forks.pop() {
        machine.state = state;
        machine.lexer.take_other_way(at, straddle);
        machine.recent = [u64::MAX; CONTEXT];
        let _ = machine.to_the_end();
    }
    Run {
        end,
        result: result.map(|_| ()),
        seen: machine.seen,
        weights: machine.weights,
        embedded: machine.embedded,
        memo: machine.state.memo,
    }
}

impl<'m> Machine<'m> {
    fn new(window: &Window, start: u64, earlier: Option<&'m Memo>) -> Self {
        Self {
        window: window.clone(),
        lexer: Lexer::new(window.clone(), start),
        state: State {
            stack: Vec::new(),
            marks: Vec::new(),
            fence: 0,
            memo: Memo::default(),
            nodes: Nodes::default(),
        },
        names: Interner::default(),
        resolved: FxHashMap::default(),
        lines: FxHashMap::default(),
        seen: Seen::default(),
        weights: WeightsOnly::default(),
        embedded: Vec::new(),
        earlier,
        moved: false,
        at: start,
        code: 0,
        recent: [u64::MAX; CONTEXT],
        forks: Vec::new(),
        forked: 0,
    }
    }
}

impl Machine<'_> {
    fn to_the_end(&mut self) -> Result<Value, (u64, ReadError)> {
        let mut left = limits::OPCODES;
        loop {
            match self.step() {
                Ok(()) => {}
                Err(Halt::Stop(value)) => return Ok(value),
                Err(Halt::Error(error)) => {
                    // The operand may be wrong here and right where the other reading takes it.
                    self.straddled();
                    return Err((self.at, error));
                }
            }
            left = left.wrapping_sub(1);
            if left == 0 {
                return Err((self.at, ReadError::Limit(format!("more than {} opcodes", limits::OPCODES))));
            }
        }
    }

    /// Executes one opcode.
    fn step(&mut self) -> Result<(), Halt> {
        self.at = self.lexer.offset();
        let Some(code) = self.lexer.opcode()? else {
            return Err(malformed("the pickle ends without STOP"));
        };
        self.code = code;
        self.moved = self.lexer.is_going_other_way();
        self.weights.opcode(code, self.at);
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
                return self.put(Some(u64::from(index)));
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.lexer.array()?);
                return self.put(Some(u64::from(index)));
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
                self.lexer.array::<8>()?;
                self.push(Value::new(Kind::Float, self.at))?;
            }
            op::BININT => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                self.push(Value::int(n))?;
            }
            op::BININT1 => {
                let [n] = self.lexer.array()?;
                self.push(Value::int(i32::from(n)))?;
            }
            op::BININT2 => {
                let n = u16::from_le_bytes(self.lexer.array()?);
                self.push(Value::int(i32::from(n)))?;
            }
            op::MARK => self.mark()?,
            op::NONE => self.push(Value::new(Kind::None, 0))?,
            op::NEWTRUE => self.push(Value::new(Kind::Bool, 1))?,
            op::NEWFALSE => self.push(Value::new(Kind::Bool, 0))?,
            op::EMPTY_TUPLE => self.container(Kind::Tuple)?,
            op::EMPTY_LIST => self.container(Kind::List)?,
            op::EMPTY_DICT => self.container(Kind::Dict)?,
            op::EMPTY_SET => self.container(Kind::Set)?,
            op::TUPLE => self.gather(Kind::Tuple)?,
            op::LIST => self.gather(Kind::List)?,
            op::DICT => self.gather(Kind::Dict)?,
            op::FROZENSET => self.gather(Kind::FrozenSet)?,
            op::TUPLE1 => self.tuple(1)?,
            op::TUPLE2 => self.tuple(2)?,
            op::TUPLE3 => self.tuple(3)?,
            op::APPEND => {
                let from = self.below_top(1)?;
                self.add_items(from, Kind::List)?;
            }
            op::APPENDS => {
                let from = self.pop_mark()?;
                self.add_items(from, Kind::List)?;
            }
            op::ADDITEMS => {
                let from = self.pop_mark()?;
                self.add_items(from, Kind::Set)?;
            }
            op::SETITEM => {
                let from = self.below_top(2)?;
                self.add_items(from, Kind::Dict)?;
            }
            op::SETITEMS => {
                let from = self.pop_mark()?;
                self.add_items(from, Kind::Dict)?;
            }
            op::POP => self.pop_or_unmark()?,
            op::POP_MARK => {
                let from = self.pop_mark()?;
                self.state.stack.truncate(from);
            }
            op::DUP => {
                let top = self.top()?;
                self.push(top)?;
            }
            op::GLOBAL => self.global()?,
            op::STACK_GLOBAL => self.stack_global()?,
            op::REDUCE => self.reduce()?,
            op::BUILD => self.build()?,
            op::NEWOBJ => self.newobj(false)?,
            op::NEWOBJ_EX => self.newobj(true)?,
            op::INST => self.inst()?,
            op::OBJ => self.obj()?,
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
            op::STOP => return Err(Halt::Stop(self.pop()?)),
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
                    let detail = || format!("protocol {protocol}: CPython knows 0 to 5");
                    self.seen.anomaly("unknown-protocol", detail, self.moment());
                }
                return Ok(());
            }
            op::FRAME => {
                let n = u64::from_le_bytes(self.lexer.array()?);
                let fits = self.lexer.frame(n);
                self.straddled();
                // The pure-Python unpickler goes on without the missing bytes; so do we, and say so.
                if let Err(error) = fits {
                    self.seen.anomaly("frame-past-end", || error.to_string(), self.moment());
                }
                return Ok(());
            }
            op::INT => {
                let line = self.lexer.line()?;
                let (good, bool) = (text::is_int(line.bytes), matches!(line.bytes, b"00" | b"01"));
                let truth = u64::from(line.bytes == b"01");
                self.number(good, "INT")?;
                self.push(if bool { Value::new(Kind::Bool, truth) } else { Value::new(Kind::Long, self.at) })?;
            }
            op::LONG => {
                let good = text::is_long(self.lexer.line()?.bytes);
                self.number(good, "LONG")?;
                self.push(Value::new(Kind::Long, self.at))?;
            }
            op::FLOAT => {
                let good = text::is_float(self.lexer.line()?.bytes);
                self.number(good, "FLOAT")?;
                self.push(Value::new(Kind::Float, self.at))?;
            }
            op::LONG1 => {
                let [n] = self.lexer.array()?;
                self.lexer.short(usize::from(n))?;
                self.push(Value::new(Kind::Long, self.at))?;
            }
            op::LONG4 => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                let n = u64::try_from(n).map_err(|_| malformed("LONG4 with a negative length"))?;
                self.lexer.skip(n, false)?;
                self.push(Value::new(Kind::Long, self.at))?;
            }
            op::STRING => {
                let decoded = text::decode_string(self.lexer.line()?.bytes).map(|text| Text::new(&*text));
                self.text_line(decoded)?;
            }
            op::UNICODE => {
                let decoded = text::decode_unicode(self.lexer.line()?.bytes).map(|text| Text::new(&*text));
                self.text_line(decoded)?;
            }
            op::SHORT_BINSTRING => {
                let [n] = self.lexer.array()?;
                self.byte_string(u64::from(n))?;
            }
            op::BINSTRING => {
                let n = i32::from_le_bytes(self.lexer.array()?);
                let n = u64::try_from(n).map_err(|_| malformed("BINSTRING with a negative length"))?;
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
                let index = text::memo_index(self.lexer.line()?.bytes);
                match index {
                    Some(index) => self.get(index)?,
                    None => return Err(malformed("GET with something that is no memo index")),
                }
            }
            op::PUT => {
                let index = text::memo_index(self.lexer.line()?.bytes);
                return self.put(index);
            }
            op::NEXT_BUFFER => {
                self.seen.other(Fact::OutOfBandBuffer, self.moment());
                self.push(Value::new(Kind::Buffer, 0))?;
            }
            op::READONLY_BUFFER => {
                self.top()?;
            }
            _ => {
                return Err(Halt::Error(ReadError::malformed(format!("{code:#04x} is no opcode"))));
            }
        }
        self.remember();
        Ok(())
    }

    // ---- the stack, as `Pdata` keeps it

    #[inline]
    fn push(&mut self, value: Value) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        if self.state.stack.len() >= limits::STACK {
            return Err(Halt::Error(ReadError::Limit(format!("more than {} values on the stack", limits::STACK))));
        }
        self.state.stack.push(value);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) -> Result<Value, Halt> {
        if self.state.stack.len() <= self.state.fence {
            return Err(self.underflow());
        }
        self.state.stack.pop().ok_or_else(|| self.underflow())
    }

    #[inline]
    fn top(&self) -> Result<Value, Halt> {
        match self.state.stack.last() {
            Some(top) if self.state.stack.len() > self.state.fence => Ok(*top),
            _ => Err(self.underflow()),
        }
    }

    #[cold]
    fn underflow(&self) -> Halt {
        malformed(if self.state.marks.is_empty() {
            "the opcode takes more from the stack than is there"
        } else {
            "the opcode takes more from the stack than there is above the mark"
        })
    }

    fn mark(&mut self) -> Result<(), Halt> {
        if self.state.marks.len() >= limits::MARKS {
            return Err(Halt::Error(ReadError::Limit(format!("more than {} marks", limits::MARKS))));
        }
        self.state.fence = self.state.stack.len();
        self.state.marks.push(self.state.fence);
        Ok(())
    }

    /// Takes the topmost mark and returns where on the stack it stood.
    #[inline]
    fn pop_mark(&mut self) -> Result<usize, Halt> {
        let mark = self.state.marks.pop().ok_or_else(|| malformed("there is no mark"))?;
        self.state.fence = self.state.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    fn pop_or_unmark(&mut self) -> Result<(), Halt> {
        if self.state.marks.last() == Some(&self.state.stack.len()) {
            self.pop_mark().map(|_| ())
        } else {
            self.pop().map(|_| ())
        }
    }

    /// Where the `n` topmost values begin, with at least one more value below them.
    #[inline]
    fn below_top(&self, n: usize) -> Result<usize, Halt> {
        match self.state.stack.len().checked_sub(n) {
            Some(from) if from > self.state.fence => Ok(from),
            _ => Err(self.underflow()),
        }
    }

    fn container(&mut self, kind: Kind) -> Result<(), Halt> {
        let value = self.state.nodes.make(kind, &[]);
        self.push(value)
    }

    fn gather_from(&mut self, from: usize, kind: Kind) -> Value {
        let State { stack, nodes, .. } = &mut self.state;
        let value = nodes.make(kind, stack.get(from..).unwrap_or_default());
        stack.truncate(from);
        value
    }

    fn gather(&mut self, kind: Kind) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        let odd = self.state.stack.len().saturating_sub(from) % 2 == 1;
        if kind == Kind::Dict && odd {
            return Err(malformed("DICT with a key that has no value"));
        }
        let value = self.gather_from(from, kind);
        self.push(value)
    }

    fn tuple(&mut self, n: usize) -> Result<(), Halt> {
        let from = match self.state.stack.len().checked_sub(n) {
            Some(from) if from >= self.state.fence => from,
            _ => return Err(self.underflow()),
        };
        let value = self.gather_from(from, Kind::Tuple);
        self.push(value)
    }

    // ---- the memo

    #[inline]
    fn get(&mut self, index: u64) -> Result<(), Halt> {
        if let Some(value) = self.state.memo.get(index) {
            return self.push(value);
        }
        // An unpickler object that is used again still has the memo of its last pickle. A fresh one stops here.
        match self.earlier.and_then(|memo| memo.get(index)) {
            Some(_) => {
                let detail = || format!("memo entry {index} is only set by an earlier pickle of this file");
                self.seen.anomaly("memo-of-earlier-pickle", detail, self.moment());
                self.weights.block(self.at, || format!("memo entry {index} is not set"));
                self.push(Value::new(Kind::Stale, index))
            }
            None => Err(Halt::Error(ReadError::malformed(format!("memo entry {index} is not set")))),
        }
    }

    #[inline]
    fn put(&mut self, index: Option<u64>) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        let top = self.top()?;
        let Some(index) = index else { return Err(malformed("PUT with something that is no memo index")) };
        self.store(index, top);
        Ok(())
    }

    #[inline]
    fn memoize(&mut self) -> Result<(), Halt> {
        let top = self.top()?;
        self.store(self.state.memo.len(), top);
        Ok(())
    }

    #[inline]
    fn store(&mut self, index: u64, value: Value) {
        if self.state.memo.put(index, value) != Stored::Fine {
            let detail = || format!("memo index {index}: CPython would allocate an array that long");
            self.seen.anomaly("huge-memo-index", detail, self.moment());
        }
    }

    // ---- constants

    fn number(&mut self, good: bool, op: &str) -> Result<(), Halt> {
        if good {
            return Ok(());
        }
        // Unpicklers differ in what they take for a number; none is known to go on here, but a payload must not hide behind it.
        self.seen.anomaly("bad-number", || format!("{op} with something that is no number"), self.moment());
        self.weights.block(self.at, || format!("{op} with something that is no number"));
        Ok(())
    }

    /// A string constant: interned where it could name something, or where reading it again would find other bytes.
    #[inline]
    fn string_value(&mut self, text: &Text) -> Value {
        Self::intern(&mut self.names, self.moved, self.at, text.as_bytes())
    }

    #[inline]
    fn intern(names: &mut Interner, moved: bool, at: u64, bytes: &[u8]) -> Value {
        let id = if moved || is_name_like(bytes) { names.intern(bytes) } else { None };
        match id {
            Some(id) => Value::new(Kind::Str, u64::from(id)),
            None if moved => Value::UNKNOWN,
            None => Value::new(Kind::StrAt, at),
        }
    }

    /// A string constant too long to be a name: its bytes stay in the file.
    fn long_string(&self) -> Value {
        if self.moved { Value::UNKNOWN } else { Value::new(Kind::StrAt, self.at) }
    }

    #[inline]
    fn unicode(&mut self, n: u64) -> Result<(), Halt> {
        if n > limits::NAME_BYTES {
            self.lexer.skip_utf8(n)?;
            return self.push(self.long_string());
        }
        let bytes = self.lexer.short(narrow(n))?;
        let value = Self::intern(&mut self.names, self.moved, self.at, bytes);
        if value.kind() != Kind::Str {
            if text::utf8_surrogatepass(bytes) != Ok(0) {
                return Err(malformed("a string that is not UTF-8"));
            }
            // How protocols 0 to 2 store bytes: as Latin-1 text that `_codecs.encode` turns back.
            let latin1 = bytes.starts_with(b"\xc2\x80").then(|| text::latin1(bytes));
            if let Some(latin1) = latin1.filter(|latin1| super::begins_embedded(latin1)) {
                self.embed(Constant::Decoded(latin1));
            }
        }
        self.push(value)
    }

    fn text_line(&mut self, decoded: Result<Text, &'static str>) -> Result<(), Halt> {
        let text = decoded.map_err(malformed)?;
        if super::begins_embedded(text.as_bytes()) {
            self.embed(Constant::Decoded(text.as_bytes().to_vec()));
        }
        let value = self.string_value(&text);
        self.push(value)
    }

    /// A Python 2 `str`: text or bytes, as the loader's `encoding` will have it.
    fn byte_string(&mut self, n: u64) -> Result<(), Halt> {
        let start = self.lexer.offset();
        if n > limits::NAME_BYTES {
            self.lexer.skip(n, false)?;
            self.embedded_constant(start, n);
            return self.push(self.long_string());
        }
        let bytes = self.lexer.short(narrow(n))?;
        let embedded = super::begins_embedded(bytes);
        let value = Self::intern(&mut self.names, self.moved, self.at, bytes);
        if embedded {
            self.embedded_constant(start, n);
        }
        self.push(value)
    }

    fn byte_constant(&mut self, n: u64) -> Result<(), Halt> {
        const LOOKED_AT: usize = 64;
        let start = self.lexer.offset();
        if n <= wide(LOOKED_AT) {
            let embedded = super::begins_embedded(self.lexer.short(narrow(n))?);
            if embedded {
                self.embedded_constant(start, n);
            }
        } else {
            self.lexer.skip(n, true)?;
            self.embedded_constant(start, n);
        }
        self.push(Value::new(Kind::Bytes, self.at))
    }

    /// Keeps a constant to be tried as a pickle of its own, if its first bytes could be one's.
    fn embedded_constant(&mut self, start: u64, len: u64) {
        let front = self.window.bytes_at(start, narrow(len).min(64));
        if front.is_ok_and(|front| super::begins_embedded(&front)) {
            self.embed(Constant::Stored(start..start.saturating_add(len)));
        }
    }

    fn embed(&mut self, bytes: Constant) {
        if self.embedded.len() < EMBEDDED {
            self.embedded.push(Embedded { opcode: self.at, bytes });
        }
    }

    // ---- where it stands

    #[inline]
    fn remember(&mut self) {
        let [_, second, third, fourth] = self.recent;
        self.recent = [second, third, fourth, self.at];
    }

    /// What the last opcode did, for a listing.
    fn effect(&self) -> String {
        let top = self.state.stack.last().map(|top| self.looker().value(*top));
        match (self.code, top) {
            (op::PROTO | op::FRAME | op::MARK | op::POP | op::POP_MARK, _) | (_, None) => String::new(),
            (op::MEMOIZE | op::PUT | op::BINPUT | op::LONG_BINPUT, Some(top)) => format!("memo: {top}"),
            (op::REDUCE | op::INST | op::OBJ | op::NEWOBJ | op::NEWOBJ_EX, Some(top)) => format!("calls {top}"),
            (op::BUILD, Some(top)) => format!("sets state on {top}"),
            (op::GLOBAL | op::STACK_GLOBAL, Some(top)) => format!("imports {top}"),
            (op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS | op::ADDITEMS, Some(top)) => format!("fills {top}"),
            (_, Some(top)) => top.to_string(),
        }
    }

    fn moment(&self) -> Moment {
        Moment { at: self.at, op: self.code, before: self.recent }
    }

    fn looker(&self) -> Preview<'_> {
        Preview { nodes: &self.state.nodes, names: &self.names, seen: &self.seen, window: &self.window }
    }

    /// Keeps the other reading of an operand that crosses the end of its frame, to be run when this one is done.
    #[cold]
    fn straddled(&mut self) {
        let Some(straddle) = self.lexer.straddle.take() else { return };
        let detail = || {
            format!("an operand at {:#x} crosses the end of its frame at {:#x}", straddle.at, straddle.frame_end)
        };
        self.seen.anomaly("frame-straddle", detail, self.moment());
        self.forked = self.forked.saturating_add(1);
        let size = wide(self.state.stack.len()).saturating_add(self.state.memo.len());
        if self.forked <= FORKS && size <= FORK_VALUES {
            self.forks.push((self.state.clone(), self.at, straddle));
        }
    }

    // ---- globals

    /// The bytes of a string constant: `None` if the value is none, or cannot be read again.
    fn string(&self, value: Value) -> Option<Result<Text, Unresolved>> {
        match value.kind() {
            Kind::Str => Some(Ok(Text::new(self.names.text(value.index())))),
            Kind::StrAt => Some(super::constant::string(&self.window, value.number()).ok_or(Unresolved::Oversized)),
            _ => None,
        }
    }

    fn global(&mut self) -> Result<(), Halt> {
        let (module, name) = self.two_lines("GLOBAL")?;
        let row = self.resolve_lines(&module, &name);
        self.seen.used(row, Usage::Import, self.moment());
        self.weights.global(self.seen.name(row), self.at);
        self.push(Value::new(Kind::Global, wide(row)))
    }

    /// The two line operands of GLOBAL and INST. At the end of the data the pure-Python unpickler takes a line without its
    /// line feed, less its last byte, and resolves what that spells before it notices.
    fn two_lines(&mut self, what: &str) -> Result<(Text, Text), Halt> {
        let cut = |line: &[u8]| line.split_last().map(|(_, cut)| Text::new(cut)).unwrap_or_default();
        let module = self.lexer.line()?;
        let (module, cut_module) = (Text::new(module.bytes), (!module.ended).then(|| cut(module.bytes)));
        let name = self.lexer.line()?;
        if !name.ended {
            let module = cut_module.as_ref().unwrap_or(&module);
            let name = cut(name.bytes);
            let row = self.resolve_lines(module, &name);
            self.seen.used(row, Usage::Import, self.moment());
            return Err(Halt::Error(ReadError::malformed(format!("{what} without two line feeds"))));
        }
        let name = Text::new(name.bytes);
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        Ok((module, name))
    }

    fn resolve_lines(&mut self, module: &Text, name: &Text) -> usize {
        let key: Vec<u8> = [module.as_bytes(), b"\n", name.as_bytes()].concat();
        if let Some(row) = self.lines.get(&*key) {
            return *row;
        }
        let row = self.seen.named(module.as_bytes(), name.as_bytes());
        if self.lines.len() < limits::GLOBALS {
            self.lines.insert(key.into(), row);
        }
        row
    }

    fn stack_global(&mut self) -> Result<(), Halt> {
        let name = self.pop()?;
        let module = self.pop()?;
        let row = match self.resolved.get(&(module, name)) {
            Some(row) => *row,
            None => {
                let row = self.resolve(module, name);
                if self.resolved.len() < limits::GLOBALS {
                    self.resolved.insert((module, name), row);
                }
                row
            }
        };
        self.seen.used(row, Usage::Import, self.moment());
        self.push(Value::new(Kind::Global, wide(row)))
    }

    fn resolve(&mut self, module: Value, name: Value) -> usize {
        let earlier = module.kind() == Kind::Stale || name.kind() == Kind::Stale;
        match (self.string(module), self.string(name)) {
            (Some(Ok(module)), Some(Ok(name))) => self.seen.named(module.as_bytes(), name.as_bytes()),
            (Some(Err(why)), Some(_)) | (Some(_), Some(Err(why))) => self.seen.unresolved(why),
            _ if earlier => self.seen.unresolved(Unresolved::Memo),
            _ => self.seen.unresolved(Unresolved::Computed),
        }
    }

    // ---- what runs

    /// The row behind something that is called or instantiated. What is not a global itself cannot be named.
    fn callee(&mut self, value: Value) -> usize {
        match value.kind() {
            Kind::Global => value.index(),
            Kind::Extension => self.seen.unresolved(Unresolved::Extension),
            Kind::Persistent => self.seen.unresolved(Unresolved::Persistent),
            Kind::Stale => self.seen.unresolved(Unresolved::Memo),
            _ => self.seen.unresolved(Unresolved::Result),
        }
    }

    /// Records a call and returns what it gives.
    fn call(&mut self, callee: Value, arguments: Value, usage: Usage) -> Value {
        let row = self.callee(callee);
        self.seen.used(row, usage, self.moment());
        let signature = self.signature(arguments, usage);
        if !self.seen.called_before(row, signature) {
            let text = self.looker().call(row, arguments);
            let arguments = self.looker().arguments(arguments);
            self.seen.called(row, signature, usage, text, arguments, self.moment());
        }
        let kind = if usage == Usage::Construct { Kind::Instance } else { Kind::Result };
        Value::new(kind, wide(row))
    }

    /// What distinguishes a call's arguments from another's: globals and short strings by identity, the rest by kind.
    fn signature(&self, arguments: Value, usage: Usage) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = rustc_hash::FxHasher::default();
        usage.hash(&mut hasher);
        match self.state.nodes.get(arguments).filter(|_| is_container(arguments)) {
            Some((len, kept)) => {
                len.hash(&mut hasher);
                for value in kept {
                    match value.kind() {
                        Kind::Str | Kind::Global | Kind::StrAt => value.hash(&mut hasher),
                        kind => kind.hash(&mut hasher),
                    }
                }
            }
            None => arguments.kind().hash(&mut hasher),
        }
        hasher.finish()
    }

    fn reduce(&mut self) -> Result<(), Halt> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        self.weights.reduce(callee, self.at);
        let result = self.call(callee, arguments, Usage::Call);
        self.push(result)
    }

    fn newobj(&mut self, keywords: bool) -> Result<(), Halt> {
        if keywords {
            self.pop()?;
        }
        let arguments = self.pop()?;
        let class = self.pop()?;
        self.weights.newobj(class, self.at);
        let result = self.call(class, arguments, Usage::Construct);
        self.push(result)
    }

    fn obj(&mut self) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        let Some(class) = self.state.stack.get(from).copied() else {
            return Err(malformed("OBJ without a class"));
        };
        let arguments = self.gather_from(from.saturating_add(1), Kind::Tuple);
        self.state.stack.truncate(from);
        let result = self.call(class, arguments, Usage::Call);
        self.push(result)
    }

    fn inst(&mut self) -> Result<(), Halt> {
        let (module, name) = self.two_lines("INST")?;
        if !module.as_bytes().is_ascii() || !name.as_bytes().is_ascii() {
            return Err(malformed("INST with a name that is not ASCII"));
        }
        // The pure-Python unpickler resolves before it looks for the mark, the C one after: so the import comes first.
        let row = self.resolve_lines(&module, &name);
        self.seen.used(row, Usage::Import, self.moment());
        let from = self.pop_mark()?;
        let arguments = self.gather_from(from, Kind::Tuple);
        let result = self.call(Value::new(Kind::Global, wide(row)), arguments, Usage::Call);
        self.push(result)
    }

    fn build(&mut self) -> Result<(), Halt> {
        let from = self.below_top(1)?;
        self.state.stack.truncate(from);
        let target = self.top()?;
        self.weights.build(target, &self.seen, self.at);
        match (target.kind(), target.global()) {
            (Kind::Result | Kind::Instance, Some(row)) => self.seen.used(row, Usage::Build, self.moment()),
            _ => {
                let target = self.looker().value(target);
                self.seen.other(Fact::StateOnNonInstance { target }, self.moment());
            }
        }
        Ok(())
    }

    /// APPEND(S), ADDITEMS and SETITEM(S): everything from `from` on goes into the value below it.
    #[inline]
    fn add_items(&mut self, from: usize, kind: Kind) -> Result<(), Halt> {
        let len = self.state.stack.len();
        if from > len || from <= self.state.fence {
            return Err(self.underflow());
        }
        let Some(target) = from.checked_sub(1).and_then(|at| self.state.stack.get(at)).copied() else {
            return Err(self.underflow());
        };
        self.weights.items(target, kind, &self.seen, self.at, self.code);
        let count = len.saturating_sub(from);
        if count == 0 {
            return Ok(());
        }
        if kind == Kind::Dict && count % 2 == 1 {
            return Err(malformed("items to be set of which one has no value"));
        }
        if target.kind() == kind {
            let State { stack, nodes, .. } = &mut self.state;
            nodes.extend(target, stack.get(from..).unwrap_or_default());
        } else {
            self.items_on(target);
        }
        self.state.stack.truncate(from);
        Ok(())
    }

    #[cold]
    fn items_on(&mut self, target: Value) {
        let op = op::name(self.code);
        match (target.kind(), target.global()) {
            (Kind::Result | Kind::Instance, Some(row)) => self.seen.items_on(row, op, self.moment()),
            _ => {
                let target = self.looker().value(target);
                self.seen.other(Fact::ItemsOnNonContainer { target, op: op.into() }, self.moment());
            }
        }
    }

    fn extension(&mut self, code: i64) -> Result<(), Halt> {
        self.seen.other(Fact::Extension { code }, self.moment());
        if code <= 0 {
            return Err(malformed("an extension code that is not positive"));
        }
        let row = self.seen.unresolved(Unresolved::Extension);
        self.seen.used(row, Usage::Import, self.moment());
        self.push(Value::new(Kind::Extension, 0))
    }

    fn persistent_text(&mut self, pid: &Text) -> Result<(), Halt> {
        let fact = Fact::PersistentId { preview: Text::from(format!("'{pid}'")), torch_storage: false };
        self.seen.other(fact, self.moment());
        self.push(Value::new(Kind::Persistent, 0))
    }

    fn persistent(&mut self) -> Result<(), Halt> {
        let pid = self.pop()?;
        let torch_storage = self.looker().is_torch_storage(pid);
        let obstacle = self.looker().storage_obstacle(pid);
        if let Some(obstacle) = obstacle {
            self.weights.block(self.at, || obstacle);
        }
        // A checkpoint has one for each tensor: they are one row, shown by the first.
        if !torch_storage || !self.seen.storage_again() {
            let preview = self.looker().value(pid);
            self.seen.persistent(preview, torch_storage, self.moment());
        }
        self.push(Value::new(Kind::Persistent, 0))
    }
}

fn is_container(value: Value) -> bool {
    matches!(value.kind(), Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet)
}
