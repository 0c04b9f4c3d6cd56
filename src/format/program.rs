//! What loading a text does, as the pickle that does the same: names are resolved, called and given their state by opcodes, and arrays
//! stand in it as numpy pickles them, their bytes in the members that hold them.
//!
//! A schema of skops and a document of jsonpickle say with other words what a pickle says. Said so, each name is compared with the same lists, and each state and array with the
//! same shapes, as in a pickle.

use std::{collections::BTreeMap, io, ops::Range};

use super::{
    Reading,
    json::Places,
    npy::{Described, Literal},
    pickle,
};
use crate::{
    bytes::{ByteSource, Window, narrow, wide},
    fact::{Excerpt, Hop, Observation, Op, Place},
    record::Recorder,
};

/// A pickle that is written.
#[derive(Debug, Default)]
pub(super) struct Program {
    parts: Vec<(u64, Part)>,
    /// What follows the last part.
    bytes: Vec<u8>,
    /// Where `bytes` begins.
    base: u64,
    /// From which offset on opcodes stand for which part of the text.
    origins: Vec<(u64, Range<usize>)>,
}

#[derive(Debug)]
enum Part {
    Bytes(Vec<u8>),
    Member(Window),
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => wide(bytes.len()),
            Self::Member(window) => window.len(),
        }
    }
}

impl Program {
    /// Begins a pickle of the newest protocol without frames.
    pub(super) fn new() -> Self {
        let mut program = Self::default();
        program.ops(&[Op::PROTO]);
        program.put(&[4]);
        program
    }

    fn here(&self) -> u64 {
        self.base.saturating_add(wide(self.bytes.len()))
    }

    /// What follows stands for this part of the text.
    pub(super) fn at(&mut self, range: &Range<usize>) {
        self.origins.push((self.here(), range.clone()));
    }

    /// The part of the text for which the opcode at an offset stands.
    pub(super) fn origin(&self, offset: u64) -> Range<usize> {
        let next = self.origins.partition_point(|(from, _)| *from <= offset);
        let found = next.checked_sub(1).and_then(|at| self.origins.get(at));
        found.map_or(0..0, |(_, range)| range.clone())
    }

    /// The same for where something was seen.
    pub(super) fn origin_of(&self, observation: &Observation) -> Range<usize> {
        match (observation.site.hops.first(), &observation.site.at) {
            // What stands in a constant.
            (Some(Hop::Constant(offset)), _) | (None, Place::Opcode { offset, .. }) => {
                self.origin(*offset)
            }
            _ => 0..0,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(super) fn ops(&mut self, ops: &[Op]) {
        self.bytes.extend(ops.iter().map(|op| op.byte()));
    }

    pub(super) fn none(&mut self) {
        self.ops(&[Op::NONE]);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.ops(&[if value { Op::NEWTRUE } else { Op::NEWFALSE }]);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.ops(&[Op::BINUNICODE8]);
        self.put(&wide(text.len()).to_le_bytes());
        self.put(text.as_bytes());
    }

    pub(super) fn byte_string(&mut self, bytes: &[u8]) {
        self.ops(&[Op::BINBYTES8]);
        self.put(&wide(bytes.len()).to_le_bytes());
        self.put(bytes);
    }

    pub(super) fn int(&mut self, number: i64) {
        if let Ok(small) = i32::try_from(number) {
            self.ops(&[Op::BININT]);
            self.put(&small.to_le_bytes());
        } else {
            self.ops(&[Op::LONG1]);
            self.put(&[8]);
            self.put(&number.to_le_bytes());
        }
    }

    pub(super) fn float(&mut self, number: f64) {
        self.ops(&[Op::BINFLOAT]);
        self.put(&number.to_be_bytes());
    }

    pub(super) fn mark(&mut self) {
        self.ops(&[Op::MARK]);
    }

    pub(super) fn global(&mut self, module: &str, name: &str) {
        self.text(module);
        self.text(name);
        self.ops(&[Op::STACK_GLOBAL]);
    }

    /// Closes the program: nothing is added to it any more.
    pub(super) fn close(&mut self) {
        self.ops(&[Op::STOP]);
        self.flush();
    }

    fn flush(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let start = self.base;
        self.base = start.saturating_add(wide(bytes.len()));
        self.parts.push((start, Part::Bytes(bytes)));
    }

    /// All of a window as a constant.
    fn member(&mut self, window: Window) {
        self.ops(&[Op::BINBYTES8]);
        self.put(&window.len().to_le_bytes());
        self.flush();
        let start = self.base;
        self.base = start.saturating_add(window.len());
        self.parts.push((start, Part::Member(window)));
    }

    /// An array as numpy pickles it; a scalar if that is what the text calls it.
    pub(super) fn array(&mut self, array: &Described, data: &Window, scalar: bool) {
        if scalar && array.shape.is_empty() {
            self.global("numpy._core.multiarray", "scalar");
            self.dtype(&array.descr);
            self.member(data.clone());
            self.ops(&[Op::TUPLE2, Op::REDUCE]);
            return;
        }
        self.empty_array();
        self.mark();
        self.int(1);
        self.shape(&array.shape);
        self.dtype(&array.descr);
        self.bool(array.fortran);
        self.member(data.clone());
        self.ops(&[Op::TUPLE, Op::BUILD]);
    }

    /// What numpy makes before it gives an array its state.
    pub(super) fn empty_array(&mut self) {
        self.global("numpy._core.multiarray", "_reconstruct");
        self.global("numpy", "ndarray");
        self.int(0);
        self.ops(&[Op::TUPLE1]);
        self.byte_string(b"b");
        self.ops(&[Op::TUPLE3, Op::REDUCE]);
    }

    pub(super) fn shape(&mut self, shape: &[u64]) {
        self.mark();
        for size in shape {
            self.int(i64::try_from(*size).unwrap_or(i64::MAX));
        }
        self.ops(&[Op::TUPLE]);
    }

    /// A dtype as numpy pickles it.
    pub(super) fn dtype(&mut self, descr: &Literal) {
        let size = size_of(descr);
        let (code, order) = match descr {
            Literal::Str(text) => {
                let order = text.chars().next().filter(|c| matches!(c, '<' | '>' | '|'));
                let code = text.trim_start_matches(['<', '>', '|', '=']);
                // Numpy calls an item by its type alone where that has one size.
                (code.to_owned(), order.unwrap_or('|'))
            }
            _ => (format!("V{size}"), '|'),
        };
        self.global("numpy", "dtype");
        self.text(&code);
        self.bool(false);
        self.bool(true);
        self.ops(&[Op::TUPLE3, Op::REDUCE]);
        self.mark();
        self.int(3);
        self.text(&order.to_string());
        self.none();
        let own = i64::try_from(size).unwrap_or(i64::MAX);
        if let Literal::List(fields) = descr {
            self.fields(fields);
            self.int(own);
            self.int(1);
            self.int(flags(descr));
        } else {
            self.none();
            self.none();
            let (size, alignment) = match code.chars().next() {
                Some('S' | 'V') => (own, 1),
                Some('U') => (own, 4),
                _ => (-1, -1),
            };
            self.int(size);
            self.int(alignment);
            self.int(flags(descr));
        }
        self.ops(&[Op::TUPLE, Op::BUILD]);
    }

    /// The names of fields, and a dict of their dtypes and offsets.
    fn fields(&mut self, fields: &[Literal]) {
        let mut offset: u64 = 0;
        let mut named = Vec::new();
        for field in fields {
            let Literal::Tuple(parts) = field else {
                continue;
            };
            if let [Literal::Str(name), descr] = parts.as_slice() {
                // A gap has no name.
                if !name.is_empty() {
                    named.push((name, descr, offset));
                }
                offset = offset.saturating_add(size_of(descr));
            }
        }
        self.mark();
        for (name, ..) in &named {
            self.text(name);
        }
        self.ops(&[Op::TUPLE, Op::EMPTY_DICT, Op::MARK]);
        for (name, descr, offset) in named {
            self.text(name);
            self.dtype(descr);
            self.int(i64::try_from(offset).unwrap_or(i64::MAX));
            self.ops(&[Op::TUPLE2]);
        }
        self.ops(&[Op::SETITEMS]);
    }
}

/// The flags that numpy gives to a dtype: a text needs to be set to zeros, objects need everything, and fields have those of each.
fn flags(descr: &Literal) -> i64 {
    match descr {
        Literal::Str(text) => {
            let code = text.trim_start_matches(['<', '>', '|', '=']);
            match code.chars().next() {
                Some('U') => 8,
                Some('O') => 63,
                _ => 0,
            }
        }
        Literal::List(fields) => {
            let of_field = |field: &Literal| match field {
                Literal::Tuple(parts) => parts.get(1).map_or(0, flags),
                _ => 0,
            };
            fields.iter().map(of_field).fold(16, |all, one| all | one)
        }
        _ => 0,
    }
}

/// Bytes of an item; 0 for what is nothing that numpy describes.
fn size_of(descr: &Literal) -> u64 {
    match descr {
        Literal::Str(text) => {
            let code = text.trim_start_matches(['<', '>', '|', '=']);
            let digits = code.get(1..).unwrap_or_default();
            let size: u64 = digits.parse().unwrap_or(0);
            if code.starts_with('U') {
                size.saturating_mul(4)
            } else {
                size
            }
        }
        Literal::List(fields) => fields
            .iter()
            .map(|field| match field {
                Literal::Tuple(parts) => parts.get(1).map_or(0, size_of),
                _ => 0,
            })
            .fold(0, u64::saturating_add),
        _ => 0,
    }
}

/// Whether a dtype can be written as numpy pickles it: the others have units, shapes or titles.
pub(super) fn is_plain(descr: &Literal) -> bool {
    match descr {
        Literal::Str(text) => {
            let code = text.trim_start_matches(['<', '>', '|', '=']);
            !code.starts_with(['M', 'm']) && !code.contains('[')
        }
        Literal::List(fields) => fields.iter().all(|field| match field {
            Literal::Tuple(parts) => match parts.as_slice() {
                [Literal::Str(_), descr] => is_plain(descr),
                _ => false,
            },
            _ => false,
        }),
        _ => false,
    }
}

impl ByteSource for Program {
    fn len(&self) -> u64 {
        let last = self.parts.last();
        last.map_or(0, |(start, part)| start.saturating_add(part.length()))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let next = self.parts.partition_point(|(start, _)| *start <= offset);
        let mut parts = self
            .parts
            .get(next.saturating_sub(1)..)
            .unwrap_or_default()
            .iter();
        // Empty parts give nothing, and the end is behind the last.
        parts.try_fold(0, |read, (start, part)| {
            if read > 0 {
                return Ok(read);
            }
            let from = offset.saturating_sub(*start);
            match part {
                Part::Bytes(bytes) => {
                    let rest = bytes.get(narrow(from)..).unwrap_or_default();
                    let n = rest.len().min(buf.len());
                    if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
                        to.copy_from_slice(from);
                    }
                    Ok(n)
                }
                Part::Member(window) => window.read_at(from, buf),
            }
        })
    }
}

/// What a pickle does.
pub(super) fn run(program: &Window) -> Vec<Observation> {
    let mut recorder = Recorder::default();
    let mut reading = Reading::new(&mut recorder, b"", program.len());
    pickle::read_first(program, &mut reading);
    recorder.finish()
}

/// Places of parts of a document, which are cheap to find in order alone.
#[derive(Debug)]
pub(super) struct Shown(BTreeMap<(usize, usize), (Place, Excerpt)>);

impl Shown {
    pub(super) fn new(mut places: Places<'_>, ranges: impl Iterator<Item = Range<usize>>) -> Self {
        let mut ranges: Vec<_> = ranges.map(|range| (range.start, range.end)).collect();
        ranges.sort_unstable();
        ranges.dedup();
        let shown = ranges.into_iter().map(|(start, end)| {
            let place = places.at(&(start..end));
            ((start, end), place)
        });
        Self(shown.collect())
    }

    pub(super) fn at(&self, range: &Range<usize>) -> (Place, Option<Excerpt>) {
        match self.0.get(&(range.start, range.end)) {
            Some((place, excerpt)) if !range.is_empty() => (place.clone(), Some(excerpt.clone())),
            _ => (Place::Whole, None),
        }
    }
}
