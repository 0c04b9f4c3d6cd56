//! What `torch.save` wrote before 1.6: five pickles (magic number, protocol, system information, the object, the storage
//! keys), then each storage as its length and raw bytes.
//!
//! All five are unpickled by every load, and each can run code. Where the storages end follows from their persistent ids,
//! so what stands behind them is seen.

use super::{Verdict, legacy_load, storage_bytes};
use crate::{
    bytes::{ReadError, Window},
    fact::{Anomaly, Hop, LegacyPart, Malformed, Place, TorchForm, Unread, Unsupported},
    format::{
        Certainty, Format, Head, Read, Reading, Recognise, Runs,
        pickle::{self, Outcome},
        saved::Saved,
    },
};

/// The stream of pickles and raw storages.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-legacy",
    title: "PyTorch checkpoint (before 1.6)",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

What `torch.save` wrote before torch 1.6, and writes with `_use_new_zipfile_serialization=False`: five pickles one after
another (magic number, protocol version, system information, the object, the keys of its storages), then the storages.

## What loading it does

Each of the five pickles is unpickled, before anything is compared: by torch's weights-only unpickler if
`weights_only=True`, else by Python's.

## How it is recognised

A first pickle that is torch's magic number, in whichever opcode it is written.

## What is checked

Everything that is checked of a `pickle`, in each of the five; that the storages are as long as the object says. What was
saved behind them is read in the same way, because the next `torch.load` of an open file would; anything else there is
reported (`bytes-after-storages`).

## What to prefer

safetensors; or saving again with a current torch.
";

/// How many pickles a save begins with.
const PICKLES: u32 = 5;

/// What the five pickles are, in order.
const PARTS: [LegacyPart; 5] = [
    LegacyPart::MagicNumber,
    LegacyPart::ProtocolVersion,
    LegacyPart::SystemInfo,
    LegacyPart::Object,
    LegacyPart::StorageKeys,
];

fn probe(head: &Head<'_>) -> Certainty {
    if pickle::begins_with_torch_magic(&head.front) {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let saved = Saved {
        begins,
        read: |window, reading| Ok(read_saved(window, reading)),
        hop: |number, _| Hop::Stream(number),
        anomaly: |bytes| Anomaly::BytesAfterStorages { bytes },
        second: PICKLES,
    };
    saved.read_all(window, reading)
}

/// Whether a save begins there.
fn begins(window: &Window) -> Result<bool, ReadError> {
    /// Enough for the longest spelling of the magic number.
    const FRONT: usize = 64;
    Ok(pickle::begins_with_torch_magic(&window.bytes_at(0, FRONT)?))
}

/// Reads what one `torch.save` wrote. Returns where it ends, if that is known.
fn read_saved(window: &Window, reading: &mut Reading<'_>) -> Option<u64> {
    let mut verdict = Verdict::new(TorchForm::Legacy);
    let mut outcomes = Vec::new();
    let end = read_pickles(window, &mut outcomes, reading);
    legacy_load::judge(window, reading, outcomes, &mut verdict);
    reading.record(verdict.finish());
    let (at, storages) = end?;
    end_of_storages(window, at, storages, reading)
}

/// Reads the five pickles, and keeps what torch makes of each. Returns where they end and how long the storages are that
/// follow, if that is known; `None` if one of them breaks.
fn read_pickles(
    window: &Window,
    outcomes: &mut Vec<Vec<Outcome>>,
    reading: &mut Reading<'_>,
) -> Option<(u64, Option<u64>)> {
    let mut at: u64 = 0;
    let mut storages = Some(0_u64);
    for (number, part) in (0..).zip(PARTS) {
        let hop = Hop::Stream(number);
        if !window.reaches(at.saturating_add(1)).unwrap_or(true) {
            reading.unread(Malformed::LegacyEnd(part), Place::Whole);
            break;
        }
        reading.recorder.enter(hop);
        let origin = legacy_load::origin_of(number);
        let (stream, named, outcome) = pickle::read_legacy_stream(window, at, origin, reading);
        outcomes.push(outcome);
        reading.recorder.leave();
        let bytes = named
            .iter()
            .map(|storage| storage_bytes(storage)?.checked_add(8));
        storages = bytes.fold(storages, |sum, bytes| sum?.checked_add(bytes?));
        if !stream.complete {
            return None;
        }
        at = stream.end;
    }
    Some((at, storages))
}

/// Where the storages end that begin at `at`, if all of them are there.
fn end_of_storages(
    window: &Window,
    at: u64,
    storages: Option<u64>,
    reading: &mut Reading<'_>,
) -> Option<u64> {
    let place = Place::Bytes {
        start: at,
        end: window.len(),
    };
    let Some(end) = storages.and_then(|bytes| at.checked_add(bytes)) else {
        reading.unread(Unread::Unsupported(Unsupported::StorageSize), place);
        return None;
    };
    if let Some(missing @ 1..) = end.checked_sub(window.len()) {
        reading.unread(Malformed::LegacyStorages { missing }, place);
        return None;
    }
    Some(end)
}
