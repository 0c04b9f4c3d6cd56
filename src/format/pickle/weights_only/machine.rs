//! The opcodes, as `torch/_weights_only_unpickler.py` executes them.

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{
    Origin, Release, Said, names,
    names::Meaning,
    storage::Key,
    supports,
    value::{Class, Dict, Full, Heap, Letters, List, Object, TEXT, Value},
};
use crate::{
    bytes::{Stream, Window, narrow, wide},
    fact::{GlobalName, Text},
    format::pickle::{opcode as op, text},
    limits,
};

/// Why a stream is refused, readable.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

/// How a step ends.
pub(super) type Step<T> = Result<T, Refused>;

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self("it holds more values than are followed".to_owned())
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        Self(format!("it cannot be read: {error}"))
    }
}

/// One run over one stream.
pub(super) struct Machine<'a> {
    stream: Stream,
    pub(super) origin: Origin<'a>,
    release: Release,
    /// Another release would go on differently somewhere.
    pub(super) depends: bool,
    pub(super) heap: Heap,
    pub(super) globals: IndexMap<GlobalName, Meaning, FxBuildHasher>,
    pub(super) built: IndexSet<GlobalName, FxBuildHasher>,
    stack: Vec<Value>,
    /// Where the stack of each mark begins.
    marks: Vec<usize>,
    memo: Memo,
    /// What persistent ids have been loaded as, by their keys.
    pub(super) storages: FxHashMap<Key, Value>,
    /// Sparse tensors whose indices are checked at the end.
    pub(super) sparse: Vec<super::sparse::Check>,
    /// Where memory outside a storage is reached, though the release does not mind.
    pub(super) danger: Option<Said>,
    /// How many calls are in one another.
    pub(super) depth: u32,
    /// The offset of the opcode being executed.
    pub(super) at: u64,
}

/// Values by index. Picklers count up, so most are in order.
#[derive(Debug, Default)]
struct Memo {
    first: Vec<Value>,
    others: FxHashMap<u32, Value>,
}

impl Memo {
    fn put(&mut self, index: u32, value: Value) {
        let at = narrow(u64::from(index));
        if let Some(slot) = self.first.get_mut(at) {
            *slot = value;
        } else if at == self.first.len() {
            self.others.remove(&index);
            self.first.push(value);
        } else {
            self.others.insert(index, value);
        }
    }

    fn get(&self, index: u32) -> Option<Value> {
        let first = self.first.get(narrow(u64::from(index)));
        first.or_else(|| self.others.get(&index)).copied()
    }
}

impl<'a> Machine<'a> {
    pub(super) fn new(window: &Window, start: u64, origin: Origin<'a>, release: Release) -> Self {
        Self {
            stream: Stream::new(window.clone(), start),
            origin,
            release,
            depends: false,
            heap: Heap::default(),
            globals: IndexMap::default(),
            built: IndexSet::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            storages: FxHashMap::default(),
            sparse: Vec::new(),
            danger: None,
            depth: 0,
            at: start,
        }
    }

    /// The offset after the opcode executed last.
    pub(super) fn end(&self) -> u64 {
        self.stream.offset()
    }

    pub(super) fn window(&self) -> &Window {
        self.stream.window()
    }

    /// Whether the release does what torch does since another one. That it was asked is noted.
    pub(super) fn since(&mut self, release: Release) -> bool {
        self.depends = true;
        self.release >= release
    }

    /// Notes that a tensor reaches memory outside its storage where the release does not look.
    pub(super) fn endanger(&mut self, why: String) {
        if self.danger.is_none() {
            self.danger = Some(Said { at: self.at, why });
        }
    }

    /// Executes opcodes up to STOP, and returns the result.
    pub(super) fn run(&mut self) -> Step<Value> {
        let mut left = limits::OPCODES;
        loop {
            self.at = self.stream.offset();
            let code = self
                .stream
                .take(1)?
                .and_then(|bytes| bytes.first())
                .copied()
                .ok_or("the pickle ends without STOP")?;
            if code == op::STOP {
                return self.pop();
            }
            self.step(code)?;
            left = left.saturating_sub(1);
            if left == 0 {
                return Err("it has more opcodes than are followed".into());
            }
        }
    }

    fn step(&mut self, code: u8) -> Step<()> {
        match code {
            op::BINPUT => {
                let [index] = self.operand()?;
                self.put(u32::from(index))
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.operand()?);
                self.put(index)
            }
            op::BINGET => {
                let [index] = self.operand()?;
                self.get(u32::from(index))
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.operand()?);
                self.get(index)
            }
            op::BINUNICODE => {
                let len = u32::from_le_bytes(self.operand()?);
                self.unicode(len, true)
            }
            op::SHORT_BINSTRING => {
                let [len] = self.operand()?;
                self.unicode(u32::from(len), false)
            }
            op::BININT => {
                let n = i32::from_le_bytes(self.operand()?);
                self.push(Value::Int(i64::from(n)))
            }
            op::BININT1 => {
                let [n] = self.operand()?;
                self.push(Value::Int(i64::from(n)))
            }
            op::BININT2 => {
                let n = u16::from_le_bytes(self.operand()?);
                self.push(Value::Int(i64::from(n)))
            }
            op::LONG1 => self.long(),
            op::BINFLOAT => {
                let n = f64::from_be_bytes(self.operand()?);
                self.push(Value::Float(n))
            }
            op::NONE => self.push(Value::None),
            op::NEWTRUE => self.push(Value::Bool(true)),
            op::NEWFALSE => self.push(Value::Bool(false)),
            op::EMPTY_TUPLE => {
                let empty = self.heap.tuple(&[])?;
                self.push(empty)
            }
            op::EMPTY_LIST => self.new_object(Object::List(List::default())),
            op::EMPTY_DICT => self.new_object(Object::Dict(Dict::new(Class::Dict))),
            op::EMPTY_SET => self.new_object(Object::Set { len: 0 }),
            op::MARK => {
                if self.marks.len() >= limits::MARKS {
                    return Err("it sets more marks than are followed".into());
                }
                self.marks.push(self.stack.len());
                Ok(())
            }
            op::TUPLE => {
                let from = self.pop_mark()?;
                let tuple = self
                    .heap
                    .tuple(self.stack.get(from..).unwrap_or_default())?;
                self.stack.truncate(from);
                self.push(tuple)
            }
            op::TUPLE1 => self.tuple(1),
            op::TUPLE2 => self.tuple(2),
            op::TUPLE3 => self.tuple(3),
            op::APPEND => {
                let item = self.pop()?;
                self.append("APPEND", &[item])
            }
            op::APPENDS => {
                let from = self.pop_mark()?;
                let items = self.stack.split_off(from);
                self.append("APPENDS", &items)
            }
            op::SETITEM => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items("SETITEM", &[key, value])
            }
            op::SETITEMS => {
                let from = self.pop_mark()?;
                let items = self.stack.split_off(from);
                self.set_items("SETITEMS", &items)
            }
            op::GLOBAL => self.global(),
            op::REDUCE => self.reduce(),
            op::NEWOBJ => self.newobj(),
            op::BUILD => {
                let state = self.pop()?;
                let target = self.top()?;
                self.build(target, state)
            }
            op::BINPERSID => {
                let id = self.pop()?;
                let storage = self.persistent(id)?;
                self.push(storage)
            }
            op::PROTO => self.operand::<1>().map(|_| ()),
            _ => Err(unsupported(code)),
        }
    }

    // ---- operands

    fn operand<const N: usize>(&mut self) -> Step<[u8; N]> {
        self.stream
            .take(N)?
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| "an operand is cut off".into())
    }

    fn long(&mut self) -> Step<()> {
        let [len] = self.operand()?;
        let at = self.stream.offset();
        let bytes = self
            .stream
            .take(usize::from(len))?
            .ok_or("an operand is cut off")?;
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let fill = if negative { 0xff } else { 0 };
        let (low, high) = bytes.split_at_checked(8).unwrap_or((bytes, &[]));
        let mut word = [fill; 8];
        for (slot, byte) in word.iter_mut().zip(low) {
            *slot = *byte;
        }
        let n = i64::from_le_bytes(word);
        let fits =
            high.iter().all(|byte| *byte == fill) && (high.is_empty() || negative == (n < 0));
        self.push(if fits {
            Value::Int(n)
        } else {
            Value::Big { at, len, negative }
        })
    }

    /// A text of `len` bytes. Surrogates are admitted in BINUNICODE alone.
    fn unicode(&mut self, len: u32, surrogates: bool) -> Step<()> {
        const PIECE: usize = 64 << 10;
        let at = self.stream.offset();
        let length = narrow(u64::from(len));
        let not_utf8 = || Refused("a string that is not UTF-8".to_owned());
        if length <= TEXT {
            let bytes = self.stream.take(length)?.ok_or("a string is cut off")?;
            if std::str::from_utf8(bytes).is_err()
                && (!surrogates || text::utf8_surrogatepass(bytes) != Ok(0))
            {
                return Err(not_utf8());
            }
            let value = match self.heap.text(bytes) {
                Some(text) => Value::Text(text),
                None => Value::Far {
                    at,
                    len,
                    holds: Letters::of(bytes),
                },
            };
            return self.push(value);
        }
        if u64::from(len) > self.stream.left() {
            return Err("a string is cut off".into());
        }
        let (mut todo, mut holds) = (length, Letters::Ascii);
        while todo > 0 {
            let piece = todo.min(PIECE);
            let bytes = self
                .stream
                .peek(piece)?
                .get(..piece)
                .ok_or("a string is cut off")?;
            let cut = text::utf8_surrogatepass(bytes).map_err(|()| not_utf8())?;
            let done = piece.saturating_sub(cut);
            if done == 0 || piece == todo && cut > 0 {
                return Err(not_utf8());
            }
            holds = holds.max(Letters::of(bytes.get(..done).unwrap_or_default()));
            self.stream.advance(done);
            todo = todo.saturating_sub(done);
        }
        self.push(Value::Far { at, len, holds })
    }

    // ---- the stack and the memo

    pub(super) fn push(&mut self, value: Value) -> Step<()> {
        if self.stack.len() >= limits::TORCH_STACK {
            return Err("it puts more values on the stack than are followed".into());
        }
        self.stack.push(value);
        Ok(())
    }

    /// Where the stack of the topmost mark begins.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Step<Value> {
        if self.stack.len() <= self.floor() {
            return Err(underflow());
        }
        self.stack.pop().ok_or_else(underflow)
    }

    fn top(&self) -> Step<Value> {
        let floor = self.floor();
        let top = self.stack.last().filter(|_| self.stack.len() > floor);
        top.copied().ok_or_else(underflow)
    }

    /// Puts a value in the place of the topmost.
    pub(super) fn replace(&mut self, value: Value) {
        if let Some(top) = self.stack.last_mut() {
            *top = value;
        }
    }

    fn pop_mark(&mut self) -> Step<usize> {
        self.marks.pop().ok_or_else(|| "there is no mark".into())
    }

    fn tuple(&mut self, len: usize) -> Step<()> {
        let from = self
            .stack
            .len()
            .checked_sub(len)
            .filter(|from| *from >= self.floor());
        let from = from.ok_or_else(underflow)?;
        let tuple = self
            .heap
            .tuple(self.stack.get(from..).unwrap_or_default())?;
        self.stack.truncate(from);
        self.push(tuple)
    }

    fn new_object(&mut self, object: Object) -> Step<()> {
        let object = self.heap.object(object)?;
        self.push(object)
    }

    fn put(&mut self, index: u32) -> Step<()> {
        let top = self.top()?;
        self.memo.put(index, top);
        Ok(())
    }

    fn get(&mut self, index: u32) -> Step<()> {
        let value = self
            .memo
            .get(index)
            .ok_or_else(|| Refused(format!("memo entry {index} is not set")))?;
        self.push(value)
    }

    // ---- globals

    fn global(&mut self) -> Step<()> {
        let module = self.line()?;
        let name = self.line()?;
        let name = GlobalName { module, name };
        let at = match self.globals.get_index_of(&name) {
            Some(at) => at,
            None if self.globals.len() >= limits::GLOBALS => {
                return Err("it names more globals than are read".into());
            }
            None => {
                let known = names::known(&name);
                self.globals.insert_full(name, known).0
            }
        };
        let at = u32::try_from(at).map_err(|_| Full)?;
        self.push(Value::Global(at))
    }

    fn line(&mut self) -> Step<Text> {
        let mut want = 256;
        let mut searched = 0;
        let len = loop {
            let buffered = self.stream.peek(want)?;
            let fresh = buffered.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', fresh) {
                break searched.saturating_add(at);
            }
            searched = buffered.len();
            if searched < want || wide(searched) >= limits::LINE_BYTES {
                return Err("a name without a line feed".into());
            }
            want = want.saturating_mul(4);
        };
        let line = self.stream.take(len.saturating_add(1))?.unwrap_or_default();
        let line = line.get(..len).unwrap_or_default();
        std::str::from_utf8(line)
            .map(Text::from)
            .map_err(|_| "GLOBAL with a name that is not UTF-8".into())
    }

    /// The name of a global, for messages.
    pub(super) fn spelled(&self, global: u32) -> String {
        self.globals
            .get_index(narrow(u64::from(global)))
            .map_or_else(String::new, |(name, _)| name.to_string())
    }

    /// What a global is.
    pub(super) fn known(&self, global: u32) -> Meaning {
        self.globals
            .get_index(narrow(u64::from(global)))
            .map_or(Meaning::Foreign, |(_, known)| *known)
    }

    fn reduce(&mut self) -> Step<()> {
        let arguments = self.pop()?;
        let Value::Global(callee) = self.top()? else {
            return Err("REDUCE calls something that is not a listed global".into());
        };
        let arguments = self.unpacked(callee, arguments)?;
        let result = self.call(callee, &arguments)?;
        self.replace(result);
        Ok(())
    }

    fn newobj(&mut self) -> Step<()> {
        let arguments = self.pop()?;
        let Value::Global(class) = self.pop()? else {
            return Err("NEWOBJ instantiates something that is not a listed global".into());
        };
        let arguments = self.unpacked(class, arguments)?;
        let result = self.instantiate(class, &arguments)?;
        self.push(result)
    }

    /// The arguments of a call: whatever can be iterated over.
    fn unpacked(&self, callee: u32, arguments: Value) -> Step<Vec<Value>> {
        self.heap.elements(arguments).ok_or_else(|| {
            Refused(format!(
                "{} is called with {}, not with a tuple of arguments",
                self.spelled(callee),
                self.article(arguments)
            ))
        })
    }

    // ---- items

    fn append(&mut self, op: &str, items: &[Value]) -> Step<()> {
        let target = self.top()?;
        match target {
            Value::Object(list) if matches!(self.heap.get(list), Some(Object::List(_))) => {
                self.heap.extend(list, items);
                Ok(())
            }
            other => Err(Refused(format!(
                "{op} adds items to {}",
                self.article(other)
            ))),
        }
    }

    fn set_items(&mut self, op: &str, items: &[Value]) -> Step<()> {
        // Before 2.10 nothing is looked at if there is nothing to set.
        if items.is_empty() && !self.since((2, 10)) {
            return Ok(());
        }
        let target = self.top()?;
        let keys_hash = items.iter().step_by(2).all(|key| self.heap.hashable(*key));
        match target {
            Value::Object(at) => match self.heap.get_mut(at) {
                Some(Object::Dict(dict)) => {
                    if items.len() % 2 == 1 {
                        return Err(Refused(format!("{op} sets a key that has no value")));
                    }
                    if !keys_hash {
                        return Err(Refused(format!("{op} sets a key that cannot be hashed")));
                    }
                    for pair in items.chunks_exact(2) {
                        if let [key, value] = pair {
                            dict.set(*key, *value);
                        }
                    }
                    Ok(())
                }
                Some(Object::List(list)) => {
                    let len = i64::try_from(list.len).unwrap_or(i64::MAX);
                    let inside = |key: &Value| match key {
                        Value::Int(n) => (len.saturating_neg()..len).contains(n),
                        Value::Bool(n) => i64::from(*n) < len,
                        _ => false,
                    };
                    let fits = items.len().is_multiple_of(2) && items.iter().step_by(2).all(inside);
                    // What it changes in the list matters to nothing that is asked later.
                    if fits && !self.since((2, 10)) {
                        return Ok(());
                    }
                    Err(self.no_items(op, target))
                }
                _ => Err(self.no_items(op, target)),
            },
            other => Err(self.no_items(op, other)),
        }
    }

    fn no_items(&self, op: &str, target: Value) -> Refused {
        Refused(format!("{op} adds items to {}", self.article(target)))
    }

    /// What a value is, for messages.
    pub(super) fn article(&self, value: Value) -> String {
        let what = match value {
            Value::None => "None",
            Value::Bool(_) | Value::Int(_) | Value::Big { .. } | Value::Float(_) => "a number",
            Value::Complex { .. } => "a complex number",
            Value::Text(_) | Value::Far { .. } => "a string",
            Value::Bytes(_) => "bytes",
            Value::Tuple { .. } => "a tuple",
            Value::Size { .. } => "a torch.Size",
            Value::Device(_) => "a device",
            Value::TensorLayout(_) => "a layout",
            Value::Global(global) => return format!("{} itself", self.spelled(global)),
            Value::Foreign(global) => return format!("what {} made", self.spelled(global)),
            Value::NumpyDtype(_) => "a numpy dtype",
            Value::Object(at) => match self.heap.get(at) {
                Some(Object::List(_)) => "a list",
                Some(Object::Dict(dict)) => match dict.class {
                    Class::Dict => "a dict",
                    Class::Ordered => "an OrderedDict",
                    Class::Counter => "a Counter",
                },
                Some(Object::Set { .. }) => "a set",
                Some(Object::ByteArray { .. }) => "a bytearray",
                Some(Object::Tensor(_)) => "a tensor",
                _ => "a storage",
            },
        };
        what.to_owned()
    }
}

fn underflow() -> Refused {
    Refused("the opcode takes more from the stack than is there".to_owned())
}

fn unsupported(code: u8) -> Refused {
    debug_assert!(!supports(code), "every other opcode is executed");
    Refused(match op::lookup(code) {
        Some(opcode) => format!(
            "opcode {} (protocol {}) is not supported",
            opcode.name, opcode.protocol
        ),
        None => format!("opcode {code:#04x} is not supported"),
    })
}
