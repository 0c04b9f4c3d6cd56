//! ExecuTorch: a compiled program as a flatbuffer, with segments of data behind it, and files of such data.
//!
//! Follows `program.fbs` and `flat_tensor.fbs` of ExecuTorch (1.5): fields are asked for by their numbers there.

use rustc_hash::FxHashSet;

use crate::{
    bytes::{Cursor, ReadError, Window},
    fact::{Hop, Native, Piece, Place, Text, Unread, Unsupported},
    format::{
        Certainty, Expect, Format, Head, Read, Reading, Recognise, Runs, Suffix,
        flatbuffer::{Flatbuffer, Table, identifier},
        operators::Names,
    },
    limits,
};

/// Flatbuffers with the identifier `ET` and a version of two digits.
pub(in crate::format) static FORMAT: Format = Format {
    id: "executorch",
    title: "ExecuTorch program",
    doc: DOC,
    suffixes: &[Suffix::own("pte"), Suffix::own("bpte")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A program that `executorch` compiles from an exported PyTorch module: a flatbuffer, and segments of data behind it. A file for tests
(`.bpte`) has inputs and results beside the program.

## What loading it does

The runtime maps it and runs its instructions: operators, and delegates, which get payloads in forms of their own. Some delegates
run machine code that the file carries.

## How it is recognised

By `ET` and two digits as its fifth to eighth byte; a file for tests by `BP` and two digits.

## What is checked

Operators and delegates are named: `custom-operator` reports operators that neither torch nor ExecuTorch brings, and
delegates, whose payloads are not read; `unsafe-operator` refuses operators that reach files or other processes, and delegates that run
machine code of the file. Payloads and data with names are looked at for machine code and for artifacts. Segments and offsets
that lead outside of the file break it. Tensors are not read.

## What to prefer

The weights as safetensors, and the program exported where it is deployed.
";

/// Files of data for programs, flatbuffers with the identifier `FT` and a version of two digits.
pub(in crate::format) static DATA: Format = Format {
    id: "executorch-data",
    title: "ExecuTorch data",
    doc: DATA_DOC,
    suffixes: &[Suffix::own("ptd")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe_data),
    read: Read::Bytes(read_data),
};

const DATA_DOC: &str = "\
## What it is

Weights, and data of delegates, that an ExecuTorch program keeps in a file of its own.

## What loading it does

The runtime maps it, and gives each tensor and each delegate the data of its name. Some delegates run machine code from there.

## How it is recognised

By `FT` and two digits as its fifth to eighth byte.

## What is checked

Data with names is looked at for machine code and for artifacts. Segments and offsets that lead outside of the file break it.

## What to prefer

safetensors for weights.
";

/// Numbers of the fields of `Program`.
mod program {
    pub(super) const PLANS: u16 = 1;
    pub(super) const INLINE: u16 = 3;
    pub(super) const SEGMENTS: u16 = 4;
    pub(super) const NAMED: u16 = 7;
}

/// Numbers of the fields of `ExecutionPlan`.
mod plan {
    pub(super) const OPERATORS: u16 = 6;
    pub(super) const DELEGATES: u16 = 7;
}

/// Of the places of a payload, a segment.
const IN_SEGMENT: u8 = 1;

/// Numbers of the fields of `FlatTensor`.
mod data {
    pub(super) const SEGMENTS: u16 = 1;
    pub(super) const NAMED: u16 = 2;
}

/// Of the fields of `BundledProgram`, the program.
const BUNDLED: u16 = 2;

/// Whether the identifier is this one, and a version.
fn is(head: &Head<'_>, wanted: [u8; 2]) -> bool {
    matches!(identifier(head), Some([first, second, version @ ..])
        if [first, second] == wanted && version.iter().all(u8::is_ascii_digit))
}

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(is(head, *b"ET") || is(head, *b"BP"))
}

fn probe_data(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(is(head, *b"FT"))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if window.bytes_at(4, 2)? == b"BP" {
        return read_bundled(window, reading);
    }
    let mut names = Names::default();
    let mut payloads = Payloads::default();
    let result = read_program(window, &mut names, &mut payloads, reading);
    names.record(reading);
    payloads.read(window, reading);
    result
}

fn read_bundled(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(window);
    let program = buffer.root()?.vector(BUNDLED, 1)?;
    let program = window.up_to(program.start, program.count);
    let hop = Hop::Member {
        name: Text::new(b"program".as_slice()),
        copy: 0,
    };
    reading.descend(hop, b"program", &program, Expect::Format(&FORMAT));
    Ok(())
}

fn read_program(
    window: &Window,
    names: &mut Names,
    payloads: &mut Payloads,
    reading: &Reading<'_>,
) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(window);
    let program = buffer.root()?;
    let segments = Segments::of(
        window,
        program,
        program::SEGMENTS,
        base(window, *b"eh00", 16)?,
    )?;
    let site = || (reading.recorder.site(Place::Whole), None);
    for plan in program.tables(program::PLANS)? {
        let plan = plan?;
        for operator in plan.tables(plan::OPERATORS)? {
            names.add(Native::Operator(operator?.text(0)?), site);
        }
        for delegate in plan.tables(plan::DELEGATES)? {
            let delegate = delegate?;
            let id = delegate.text(0)?;
            names.add(Native::Delegate(id.clone()), site);
            let Some(payload) = delegate.table(1)? else {
                continue;
            };
            let number = u64::from(payload.u32(1)?);
            if payload.u8(0)? == IN_SEGMENT {
                payloads.add(id, segments.get(number)?)?;
            } else {
                let inline = program.vector(program::INLINE, 4)?;
                let bytes = buffer.element(inline, number)?.vector(0, 1)?;
                payloads.add(id, (bytes.start, bytes.count))?;
            }
        }
    }
    payloads.add_named(program, program::NAMED, &segments)
}

fn read_data(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut payloads = Payloads::default();
    let result = read_tensors(window, &mut payloads);
    payloads.read(window, reading);
    result
}

fn read_tensors(window: &Window, payloads: &mut Payloads) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(window);
    let data = buffer.root()?;
    let segments = Segments::of(window, data, data::SEGMENTS, base(window, *b"FH01", 24)?)?;
    payloads.add_named(data, data::NAMED, &segments)
}

/// Where the segments begin: a header behind the identifier says it at this offset of its own.
fn base(window: &Window, magic: [u8; 4], offset: usize) -> Result<u64, ReadError> {
    let header = window.bytes_at(8, 32)?;
    if !header.starts_with(&magic) {
        return Ok(0);
    }
    let mut cursor = Cursor::new(&header, Piece::Flatbuffer);
    cursor.take(offset)?;
    cursor.u64()
}

/// The segments behind a flatbuffer: where each begins and how long it is.
struct Segments(Vec<(u64, u64)>);

impl Segments {
    fn of(window: &Window, table: Table<'_>, field: u16, base: u64) -> Result<Self, ReadError> {
        let mut segments = Vec::new();
        for segment in table.tables(field)? {
            let segment = segment?;
            let (start, size) = (base.saturating_add(segment.u64(0)?), segment.u64(1)?);
            if !window.reaches(start.saturating_add(size))? {
                let left = window.len().saturating_sub(start);
                return Err(ReadError::truncated(Piece::Segment, size, left));
            }
            segments.push((start, size));
        }
        Ok(Self(segments))
    }

    fn get(&self, number: u64) -> Result<(u64, u64), ReadError> {
        let segment = usize::try_from(number)
            .ok()
            .and_then(|number| self.0.get(number));
        let count = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        let needed = number.saturating_add(1);
        segment
            .copied()
            .ok_or_else(|| ReadError::truncated(Piece::Segments, needed, count))
    }
}

/// What delegates are given, each once.
#[derive(Default)]
struct Payloads {
    places: FxHashSet<(u64, u64)>,
    named: Vec<(Text, (u64, u64))>,
}

impl Payloads {
    fn add(&mut self, name: Text, place: (u64, u64)) -> Result<(), ReadError> {
        if self.places.insert(place) {
            if self.named.len() >= limits::DELEGATE_PAYLOADS {
                return Err(ReadError::Limit(limits::Id::DELEGATE_PAYLOADS));
            }
            self.named.push((name, place));
        }
        Ok(())
    }

    /// Adds the data that has names, but tensors, whose layout is known.
    fn add_named(
        &mut self,
        table: Table<'_>,
        field: u16,
        segments: &Segments,
    ) -> Result<(), ReadError> {
        for named in table.tables(field)? {
            let named = named?;
            let place = segments.get(u64::from(named.u32(1)?))?;
            if named.table(2)?.is_none() {
                self.add(named.text(0)?, place)?;
            }
        }
        Ok(())
    }

    fn read(self, window: &Window, reading: &mut Reading<'_>) {
        for (name, (start, size)) in self.named {
            let payload = window.up_to(start, size);
            let hop = Hop::Member {
                name: name.clone(),
                copy: 0,
            };
            if is_machine_code(&payload) {
                reading.recorder.enter(hop);
                reading.unread(Unread::Unsupported(Unsupported::CompiledCode), Place::Whole);
                reading.recorder.leave();
            } else {
                reading.descend(hop, name.as_bytes(), &payload, Expect::Aside);
            }
        }
    }
}

/// Whether bytes begin like a shared library or a program.
fn is_machine_code(payload: &Window) -> bool {
    let front = payload.bytes_at(0, 4).unwrap_or_default();
    matches!(
        front.as_slice(),
        b"\x7fELF"
            | b"\xcf\xfa\xed\xfe"
            | b"\xce\xfa\xed\xfe"
            | b"\xca\xfe\xba\xbe"
            | [b'M', b'Z', ..]
    )
}
