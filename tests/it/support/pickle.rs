//! An assembler for pickles, and a seeded generator of valid and nearly valid ones.

use super::{fixture::Fixture, random::Random};

/// Assembles a pickle opcode by opcode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pickle(Vec<u8>);

impl Pickle {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn proto(version: u8) -> Self {
        Self(vec![0x80, version])
    }

    /// Raw bytes, for what no method makes.
    pub(crate) fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub(crate) fn op(self, code: u8) -> Self {
        self.raw([code])
    }

    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n"))
    }

    pub(crate) fn unicode(self, text: &str) -> Self {
        let n = u32::try_from(text.len()).unwrap().to_le_bytes();
        self.op(b'X').raw(n).raw(text)
    }

    pub(crate) fn short_unicode(self, text: &str) -> Self {
        self.op(0x8c)
            .op(u8::try_from(text.len()).unwrap())
            .raw(text)
    }

    pub(crate) fn stack_global(self, module: &str, name: &str) -> Self {
        self.short_unicode(module).short_unicode(name).op(0x93)
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        let n = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        self.op(b'B').raw(n).raw(bytes)
    }

    pub(crate) fn int(self, n: u8) -> Self {
        self.op(b'K').op(n)
    }

    pub(crate) fn tuple1(self) -> Self {
        self.op(0x85)
    }

    pub(crate) fn reduce(self) -> Self {
        self.op(b'R')
    }

    pub(crate) fn memoize(self) -> Self {
        self.op(0x94)
    }

    pub(crate) fn stop(self) -> Vec<u8> {
        self.op(b'.').0
    }

    /// Without a STOP.
    pub(crate) fn unfinished(self) -> Vec<u8> {
        self.0
    }
}

/// `posix.system('true')`, the harmless payload.
pub(crate) fn payload() -> Vec<u8> {
    Pickle::proto(2)
        .global("posix", "system")
        .unicode("true")
        .tuple1()
        .reduce()
        .stop()
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let inner = payload();
    let framed = Pickle::new()
        .stack_global("a.b", "C")
        .memoize()
        .op(b')')
        .op(0x81)
        .stop();
    let framed = Pickle::proto(4)
        .op(0x95)
        .raw((framed.len() as u64).to_le_bytes())
        .raw(framed)
        .unfinished();
    vec![
        ("payload.pkl", inner.clone()),
        ("framed.pkl", framed),
        (
            "text.pkl",
            b"(dp0\nS'a'\np1\n(lp2\nI1\naF1.5\naL5L\naVx\\u0041\nasg1\n(icollections\nOrderedDict\ns.".to_vec(),
        ),
        (
            "several.pkl",
            [Pickle::proto(2).unicode("a").raw(b"q\0").stop(), inner.clone()].concat(),
        ),
        ("outer.pkl", Pickle::proto(4).bytes(&inner).stop()),
        (
            "rare.pkl",
            Pickle::proto(5)
                .raw(b"(K\x01N\x91(\x8fK\x02\x90e\x97\x98Pid\nQ\x96\x02\0\0\0\0\0\0\0ab\x82\x07)R}b")
                .stop(),
        ),
    ]
}

/// What the generator knows of a value on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Hashable,
    Tuple,
    List,
    Dict,
    Set,
    Class,
    /// What a call of a class gave.
    Made,
    Mark,
}

/// Writes pickles that unpicklers accept, most of the time: every opcode of every protocol, all spellings of operands.
#[derive(Debug)]
pub(crate) struct Generator {
    random: Random,
    out: Vec<u8>,
    stack: Vec<Kind>,
    memo: Vec<(u64, Kind)>,
    /// Mostly what torch's weights-only unpickler knows, one stream, no frames.
    weights_only: bool,
}

const NAMES: &[&str] = &[
    "os",
    "system",
    "builtins",
    "eval",
    "a.b",
    "m_0",
    "collections",
    "OrderedDict",
    "x y",
    "naïve",
    "torch._utils",
];

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            out: Vec::new(),
            stack: Vec::new(),
            memo: Vec::new(),
            weights_only: false,
        }
    }

    pub(crate) fn for_weights_only(seed: u64) -> Self {
        Self {
            weights_only: true,
            ..Self::new(seed)
        }
    }

    /// One file: one to three streams, sometimes with frames, sometimes damaged.
    pub(crate) fn file(&mut self) -> Vec<u8> {
        let mut file = Vec::new();
        let streams = if self.weights_only || self.random.chance(80) {
            1
        } else {
            1 + self.random.below(3)
        };
        for _ in 0..streams {
            let stream = self.stream();
            file.extend_from_slice(&stream);
        }
        if self.random.chance(if self.weights_only { 15 } else { 45 }) {
            self.damage(&mut file);
        }
        file
    }

    /// One stream, undamaged.
    pub(crate) fn stream(&mut self) -> Vec<u8> {
        self.out.clear();
        self.stack.clear();
        self.memo.clear();
        if self.random.chance(80) {
            let version = if self.weights_only {
                2
            } else {
                self.random.below(6) as u8
            };
            self.out.extend([0x80, version]);
        }
        let steps = 3 + self.random.below(40);
        let framed = !self.weights_only && self.random.chance(30);
        let frame_at = framed.then_some(self.out.len());
        for _ in 0..steps {
            if self.weights_only {
                self.weights_step();
            } else {
                self.step();
            }
        }
        while self.stack.contains(&Kind::Mark) {
            self.close();
        }
        if self.stack.is_empty() {
            self.out.push(b'N');
        }
        self.out.push(b'.');
        if let Some(at) = frame_at {
            let mut length = (self.out.len() - at) as u64;
            if self.random.chance(40) {
                length = self.random.below(self.out.len() - at + 3) as u64;
            }
            let mut frame = vec![0x95];
            frame.extend(length.to_le_bytes());
            self.out.splice(at..at, frame);
        }
        self.out.clone()
    }

    fn push(&mut self, bytes: impl AsRef<[u8]>, kind: Kind) {
        self.out.extend_from_slice(bytes.as_ref());
        self.stack.push(kind);
    }

    fn text(&mut self, text: &str) {
        let escaped = spelled(text.chars(), |c| format!("\\u{:04x}", c as u32));
        let bytes = text.as_bytes();
        let n = bytes.len();
        let spelled = match self.random.below(9) {
            0 => [b"X".as_slice(), &(n as u32).to_le_bytes(), bytes].concat(),
            1 => [b"\x8d".as_slice(), &(n as u64).to_le_bytes(), bytes].concat(),
            2 if text.is_ascii() => format!("V{text}\n").into_bytes(),
            3 => format!("V{escaped}\n").into_bytes(),
            4 if text.is_ascii() => format!("S'{text}'\n").into_bytes(),
            5 => {
                let hex = spelled(bytes.iter(), |b| format!("\\x{b:02x}"));
                if text.is_ascii() {
                    format!("S\"{hex}\"\n").into_bytes()
                } else {
                    [&[0x8c, n as u8], bytes].concat()
                }
            }
            6 if text.is_ascii() => [&[b'U', n as u8], bytes].concat(),
            7 if text.is_ascii() => [b"T".as_slice(), &(n as u32).to_le_bytes(), bytes].concat(),
            _ => [&[0x8c, n as u8], bytes].concat(),
        };
        self.push(spelled, Kind::Text);
    }

    fn number(&mut self) {
        const SPELLED: &[&[u8]] = &[
            b"I5\n",
            b"I01\n",
            b"I00\n",
            b"I0x1f\n",
            b"I 7\n",
            b"I1_0\n",
            b"I010\n",
            b"L5L\n",
            b"L-0x10L\n",
            b"L99999999999999999999\n",
            b"F1.5\n",
            b"Finf\n",
            b"J\x01\x02\x03\x04",
            b"K\x07",
            b"M\x01\x02",
            b"\x8a\x02\x01\x02",
            b"\x8b\x01\x00\x00\x00\x05",
            b"G\x3f\xf0\0\0\0\0\0\0",
            b"N",
            b"\x88",
            b"\x89",
            b"C\x02ab",
            b"B\x01\0\0\0z",
            b"\x8e\x01\0\0\0\0\0\0\0q",
        ];
        let spelled = *self.random.pick(SPELLED);
        self.push(spelled, Kind::Hashable);
    }

    fn above_mark(&self) -> &[Kind] {
        let from = self
            .stack
            .iter()
            .rposition(|kind| *kind == Kind::Mark)
            .map_or(0, |at| at + 1);
        &self.stack[from..]
    }

    fn drop(&mut self, n: usize) {
        self.stack.truncate(self.stack.len() - n);
    }

    /// Ends the innermost mark somehow.
    fn close(&mut self) {
        let n = self.above_mark().len();
        let (code, kind) = match self.random.below(6) {
            0 if n.is_multiple_of(2) => (b'd', Some(Kind::Dict)),
            1 => (b'l', Some(Kind::List)),
            2 => (b'1', None),
            3 if self.above_mark().first() == Some(&Kind::Class) => (b'o', Some(Kind::Class)),
            4 => {
                let (module, name) = (
                    *self.random.pick(&["os", "m_0", "builtins"]),
                    *self.random.pick(&["system", "a", "B_c"]),
                );
                self.out.extend(format!("i{module}\n{name}\n").into_bytes());
                self.drop(n + 1);
                self.stack.push(Kind::Class);
                return;
            }
            _ => (b't', Some(Kind::Tuple)),
        };
        self.out.push(code);
        self.drop(n + 1);
        self.stack.extend(kind);
    }

    fn step(&mut self) {
        let top = self.above_mark().last().copied();
        let second = self.above_mark().iter().rev().nth(1).copied();
        match self.random.below(24) {
            0 | 1 => {
                let name = *self.random.pick(NAMES);
                self.text(name);
            }
            3 => {
                let (module, name) = (*self.random.pick(NAMES), self.random.pick(NAMES));
                self.push(format!("c{module}\n{name}\n"), Kind::Class);
            }
            4 | 5 if top == Some(Kind::Text) && second == Some(Kind::Text) => {
                self.out.push(0x93);
                self.drop(2);
                self.stack.push(Kind::Class);
            }
            4 | 5 => {
                let (module, name) = (*self.random.pick(NAMES), self.random.pick(NAMES));
                self.text(module);
                if self.random.chance(20) {
                    self.out.extend(b"20");
                }
                if self.random.chance(20) {
                    self.out.extend(b"(N1");
                }
                self.text(name);
                self.out.push(0x93);
                self.drop(2);
                self.stack.push(Kind::Class);
            }
            6 => self.push([b'('], Kind::Mark),
            7 | 8 if self.stack.contains(&Kind::Mark) => self.close(),
            9 => {
                let (code, kind) = *self.random.pick(&[
                    (b']', Kind::List),
                    (b'}', Kind::Dict),
                    (b')', Kind::Tuple),
                    (0x8f, Kind::Set),
                ]);
                self.push([code], kind);
            }
            10 | 11 if top == Some(Kind::Tuple) && second == Some(Kind::Class) => {
                let code = *self.random.pick(&[b'R', 0x81]);
                self.out.push(code);
                self.drop(2);
                self.stack.push(Kind::Class);
            }
            12 if top.is_some() => {
                let code = 0x85;
                self.out.push(code);
                self.drop(1);
                self.stack.push(Kind::Tuple);
            }
            13 if second.is_some() => {
                self.out.push(0x86);
                self.drop(2);
                self.stack.push(Kind::Tuple);
            }
            14 if second == Some(Kind::Class) => {
                self.out.push(b'b');
                self.drop(1);
            }
            15 if second == Some(Kind::List) || second == Some(Kind::Class) => {
                self.out.push(b'a');
                self.drop(1);
            }
            16..=18 => self.remember(top),
            19 | 20 if !self.memo.is_empty() => self.recall(),
            21 if top.is_some() => {
                self.out.push(b'2');
                self.stack.extend(top);
            }
            22 if top.is_some() => {
                self.out.push(b'0');
                self.drop(1);
            }
            23 => match self.random.below(4) {
                0 => self.push(b"Pid\n", Kind::Class),
                1 if top.is_some() => {
                    self.out.push(b'Q');
                    self.drop(1);
                    self.stack.push(Kind::Class);
                }
                2 => self.out.extend([0x80, self.random.below(6) as u8]),
                _ => {
                    self.push([b'(', b'N', b'K', 1, 0x91], Kind::Hashable);
                }
            },
            _ => self.number(),
        }
    }

    /// A step that torch's weights-only unpickler knows, most of the time, and whose arguments no class would refuse.
    fn weights_step(&mut self) {
        const NUMBERS: &[&[u8]] = &[
            b"K\x07",
            b"M\x01\x02",
            b"J\x01\x02\x03\x04",
            b"G\x3f\xf0\0\0\0\0\0\0",
            b"N",
            b"\x88",
            b"\x89",
            b"\x8a\x01\x05",
        ];
        let top = self.above_mark().last().copied();
        let second = self.above_mark().iter().rev().nth(1).copied();
        let third = self.above_mark().iter().rev().nth(2).copied();
        match self.random.below(15) {
            0 | 1 => self.push(b"X\x01\0\0\0k", Kind::Text),
            2 => {
                let number = *self.random.pick(NUMBERS);
                self.push(number, Kind::Hashable);
            }
            3 | 4 => {
                let name = *self.random.pick(&[
                    "myapp\nNet",
                    "myapp.models\nOther",
                    "numpy\ndtype",
                    "__builtin__\nfrozenset",
                ]);
                self.push(format!("c{name}\n"), Kind::Class);
            }
            5 => {
                let name = *self.random.pick(&["OrderedDict", "Counter"]);
                self.push(format!("ccollections\n{name}\n)R"), Kind::Dict);
            }
            6 => {
                let (code, kind) = *self.random.pick(&[
                    (b']', Kind::List),
                    (b'}', Kind::Dict),
                    (b')', Kind::Tuple),
                    (b'(', Kind::Mark),
                ]);
                self.push([code], kind);
            }
            7 if self.stack.contains(&Kind::Mark) => {
                let n = self.above_mark().len();
                self.out.push(b't');
                self.drop(n + 1);
                self.stack.push(Kind::Tuple);
            }
            8 | 9
                if top == Some(Kind::Tuple)
                    && second.is_some()
                    && (second == Some(Kind::Class) || self.random.chance(5)) =>
            {
                let code = *self.random.pick(b"R\x81");
                self.out.push(code);
                self.drop(2);
                self.stack.push(Kind::Made);
            }
            10 if second == Some(Kind::Made) || second.is_some() && self.random.chance(5) => {
                self.out.push(b'b');
                self.drop(1);
            }
            11 if second == Some(Kind::List) || second.is_some() && self.random.chance(5) => {
                self.out.push(b'a');
                self.drop(1);
            }
            12 if second == Some(Kind::Text)
                && (third == Some(Kind::Dict) || third.is_some() && self.random.chance(10)) =>
            {
                self.out.push(b's');
                self.drop(2);
            }
            13 if top.is_some() => {
                let index = self.random.below(4) as u8;
                self.out.extend([b'q', index]);
                self.memo.retain(|(known, _)| *known != u64::from(index));
                self.memo.extend(top.map(|kind| (u64::from(index), kind)));
            }
            14 if !self.memo.is_empty() => {
                let (index, kind) = self.memo[self.random.below(self.memo.len())];
                self.push([b'h', index as u8], kind);
            }
            _ if self.random.chance(2) => {
                let odd = *self.random.pick(&[
                    b"\x8c\x01a".as_slice(),
                    b"2",
                    b"I1\n",
                    b"\x94",
                    b"C\x01a",
                ]);
                self.push(odd, Kind::Text);
            }
            _ => self.push(b"X\x01\0\0\0v", Kind::Text),
        }
    }

    fn remember(&mut self, top: Option<Kind>) {
        let Some(kind) = top else { return };
        let distinct = self
            .memo
            .iter()
            .map(|(index, _)| *index)
            .collect::<std::collections::BTreeSet<_>>()
            .len() as u64;
        let index = match self.random.below(6) {
            0 | 1 => {
                self.out.push(0x94);
                distinct
            }
            2 | 3 => {
                let index = self.random.below(8) as u8;
                self.out.extend([b'q', index]);
                u64::from(index)
            }
            4 => {
                let index = self.random.below(300) as u32;
                self.out.push(b'r');
                self.out.extend(index.to_le_bytes());
                u64::from(index)
            }
            _ => {
                let index = self.random.below(12) as u64;
                let spelled = match self.random.below(4) {
                    0 => format!("p+{index}\n"),
                    1 => format!("p {index} \n"),
                    2 => format!("p0_{index}\n"),
                    _ => format!("p{index}\n"),
                };
                self.out.extend(spelled.into_bytes());
                index
            }
        };
        self.memo.retain(|(known, _)| *known != index);
        self.memo.push((index, kind));
    }

    fn recall(&mut self) {
        let (index, kind) = self.memo[self.random.below(self.memo.len())];
        let spelled = match self.random.below(3) {
            0 if index < 256 => vec![b'h', index as u8],
            1 => [b"j".as_slice(), &(index as u32).to_le_bytes()].concat(),
            _ => format!("g{index}\n").into_bytes(),
        };
        self.push(spelled, kind);
    }

    /// Flips, cuts, doubles and splices.
    pub(crate) fn damage(&mut self, file: &mut Vec<u8>) {
        for _ in 0..=self.random.below(3) {
            if file.is_empty() {
                return;
            }
            let at = self.random.below(file.len());
            match self.random.below(7) {
                0 => file[at] = self.random.next() as u8,
                1 => file.truncate(at),
                2 => {
                    file.remove(at);
                }
                3 => file.insert(at, *self.random.pick(b"(.012]}tRbcioq\x93\x94\x95\x8c")),
                4 => file[at] ^= 1 << self.random.below(8),
                5 => {
                    let end = (at + self.random.below(12)).min(file.len());
                    let piece = file[at..end].to_vec();
                    let to = self.random.below(file.len());
                    file.splice(to..to, piece);
                }
                _ => file[at] = *self.random.pick(b"\0\x01\x02\xff\x7f\n"),
            }
        }
    }
}

/// Every item spelled in turn.
fn spelled<T>(items: impl Iterator<Item = T>, one: impl Fn(T) -> String) -> String {
    items.map(one).collect()
}
