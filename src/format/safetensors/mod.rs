//! safetensors: eight bytes of length, a JSON header, raw tensors.
//!
//! Reads the header only and holds it to the rules of the reference parser (the `safetensors` crate, 0.8): what that
//! refuses is malformed here, with the rule that was broken. Beyond that it records where parsers of the format
//! could differ on a file that the reference parser accepts. The data section is not searched; bytes after the last
//! tensor are read by content.

mod header;

use header::{Header, Tensor};

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Window, wide},
    fact::{
        Fact, Piece, Place, SafetensorsAnomaly, SafetensorsFault, ShardTensors, Short, SyntaxFault,
        TensorFault,
    },
    limits,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "safetensors",
    title: "safetensors",
    doc: DOC,
    suffixes: &[Suffix::own("safetensors")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A length (8 bytes, little-endian), a JSON header that names each tensor with its dtype, shape and byte range, and the
tensors' bytes.

## What loading it does

Reads the header and copies or maps bytes. Nothing in it can run.

## How it is recognised

By a length of at most 100,000,000 followed by a `{`. A pickle or an archive that is only named `.safetensors` is
reported as what it is.

## What is checked

All that the reference parser checks: the header is UTF-8 and JSON of the right shape, byte ranges follow one another
without hole or overlap, each is as long as dtype and shape say, and the last ends where the file does. A file that
breaks a rule is malformed. Reported as anomalies, because other parsers may read them otherwise:

- `duplicate-tensor`: two entries of one name
- `duplicate-key`: a key twice in `__metadata__` or in an entry
- `unknown-key`: a key in an entry that the format does not have
- `unusual-entry`: an entry or a dtype written in a form that only some parsers take
- `unusual-padding`: white space around the header other than trailing spaces
- `trailing-data`: bytes after the last tensor (malformed as well)

## What to prefer

This format is what to prefer for weights.
";

/// What the name of a shard holds: `model-00001-of-00002.safetensors`.
const SHARD: &[u8] = b"-of-";
/// The length field.
const LENGTH: u64 = 8;

fn probe(head: &Head<'_>) -> Certainty {
    let Some((length, rest)) = head.front.split_first_chunk::<8>() else {
        return Certainty::No;
    };
    let mut tokens = rest.iter().filter(|b| !b.is_ascii_whitespace());
    if tokens.next() != Some(&b'{') {
        return Certainty::No;
    }
    let plausible = u64::from_le_bytes(*length) <= limits::SAFETENSORS_HEADER
        && matches!(tokens.next(), Some(b'"' | b'}'));
    if plausible || FORMAT.suffix_of(head.name).is_some() {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let length = window.exact(0..LENGTH, Piece::SafetensorsLength)?;
    let length = length.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    if length > limits::SAFETENSORS_HEADER {
        return Err(ReadError::malformed(SafetensorsFault::HeaderTooLong {
            bytes: length,
        }));
    }
    let data = LENGTH.saturating_add(length);
    let bytes = window.exact(LENGTH..data, Piece::SafetensorsHeader)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let at = wide(error.valid_up_to());
        ReadError::malformed(SafetensorsFault::NotUtf8 { at })
    })?;
    padding(text, reading);
    if text.trim_start().starts_with("{},\"__metadata__\"") {
        return Err(ReadError::malformed(SafetensorsFault::NoTensors));
    }
    let parsed: Result<Header, serde_json::Error> = header::parse(text);
    let header = parsed
        .map_err(|error| ReadError::malformed(SafetensorsFault::Json(SyntaxFault::from(&error))))?;
    let place = Place::Bytes {
        start: LENGTH,
        end: data,
    };
    for anomaly in header.anomalies {
        reading.recorder.anomaly(anomaly, place.clone());
    }
    let library = match header.framework.as_deref() {
        Some("pt") => Some("torch"),
        Some("tf") => Some("tensorflow"),
        Some("np") => Some("numpy"),
        Some("flax") => Some("flax"),
        Some("mlx") => Some("mlx"),
        _ => None,
    };
    if let Some(name) = library {
        let name = name.to_owned();
        reading.record(Fact::Library {
            name,
            version: None,
        });
    }
    reading.recorder.list_tensors(|| header::list(text));
    let is_shard = memchr::memmem::find(reading.name.as_bytes(), SHARD).is_some();
    let names = header.tensors.iter();
    let names = names.map(|(name, _)| ShardTensors::digest(name));
    let of_shard = (is_shard && names.len() <= limits::SHARD_TENSORS).then(|| ShardTensors {
        names: names.collect(),
        ..ShardTensors::default()
    });
    let used = validate(header.tensors)?;
    if let Some(tensors) = of_shard {
        reading.record(Fact::ShardTensors(Box::new(tensors)));
    }
    let end = data
        .checked_add(used)
        .ok_or_else(|| ReadError::malformed(SafetensorsFault::TooLarge))?;
    let left = window.len().saturating_sub(end);
    if end > window.len() {
        return Err(ReadError::truncated(
            Piece::SafetensorsData,
            used,
            window.len().saturating_sub(data),
        ));
    }
    reading.after_tensors(window, end);
    if left > 0 {
        return Err(ReadError::malformed(SafetensorsFault::DataLeft {
            end,
            bytes: left,
        }));
    }
    Ok(())
}

/// White space that the reference writer does not make: it pads with spaces at the end.
fn padding(text: &str, reading: &mut Reading<'_>) {
    let leading = text.len().saturating_sub(text.trim_start().len());
    let trailing = text.trim_end();
    let spaces = text
        .get(trailing.len()..)
        .is_none_or(|end| end.bytes().all(|b| b == b' '));
    if leading > 0 || !spaces {
        let place = Place::Bytes {
            start: LENGTH,
            end: LENGTH.saturating_add(wide(text.len())),
        };
        let anomaly = SafetensorsAnomaly::UnusualPadding;
        reading.recorder.anomaly(anomaly, place);
    }
}

/// The rules about byte ranges, in the reference parser's order; returns how many bytes all tensors take.
fn validate(mut tensors: Vec<(String, Tensor)>) -> Result<u64, ReadError> {
    tensors.sort_by_key(|(_, tensor)| tensor.range);
    let mut reached: u64 = 0;
    for (name, tensor) in tensors {
        let (start, end) = tensor.range;
        let broken = |fault: TensorFault| {
            let name = Short::from(name.as_str());
            Err(ReadError::malformed(SafetensorsFault::Tensor {
                name,
                fault,
            }))
        };
        if end < start {
            return broken(TensorFault::Backwards { start, end });
        }
        if start > reached {
            return broken(TensorFault::Hole {
                start: reached,
                end: start,
            });
        }
        if start < reached {
            return broken(TensorFault::Overlap {
                start,
                before: reached,
            });
        }
        let Some(bits) = tensor
            .elements
            .and_then(|elements| elements.checked_mul(tensor.bits))
        else {
            return broken(TensorFault::ShapeOverflow);
        };
        if bits % 8 != 0 {
            return broken(TensorFault::OddBits { bits });
        }
        let needs = bits / 8;
        let has = end.saturating_sub(start);
        if needs != has {
            return broken(TensorFault::Size {
                needed: needs,
                range: has,
            });
        }
        reached = end;
    }
    Ok(reached)
}
