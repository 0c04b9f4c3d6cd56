//! XGBoost: gradient-boosted trees as JSON, UBJSON or in the binary form of old releases.
//!
//! Loaders follow the numbers of nodes and features without looking, so that what they refer to is checked here. Weights and statistics
//! are counted, and in UBJSON stepped over.

mod binary;
pub(in crate::format) mod json;
mod model;
pub(in crate::format) mod source;
mod ubjson;

use super::{Certainty, Expect, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Window},
    fact::{Anomaly, Hop, Payload, Place},
};
use source::Source as _;

/// Files that begin as XGBoost's writers begin.
pub static FORMAT: Format = Format {
    id: "xgboost",
    title: "XGBoost model",
    doc: DOC,
    suffixes: &[
        Suffix::own("ubj"),
        Suffix::shared(
            "model",
            "SentencePiece vocabularies and models of other tools",
        ),
        Suffix::plain("json"),
    ],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Gradient-boosted trees or a linear model, as `save_model` writes them: JSON, UBJSON, or the binary form of releases before 3.1 (`binf`).

## What loading it does

`load_model` reads it in native code. It names no Python code: an objective that the library does not know is an error, and a function
that somebody else registered is not in the file.

## How it is recognised

By an object with `learner` as its first key, in JSON or UBJSON, or by `binf` and the parameters of a learner.

## What is checked

Everything that the loader follows: each tree is a tree, its lists are as long as it has nodes, the features that it compares are features of
the model, categories lie in their lists, and there are as many trees, groups and weights as the model says. Keys that are not known are
stepped over; a key that is there twice is refused. The sizes of the binary form are compared with the file, which old releases did not
do. Weights and statistics are data.

## What to prefer

This. JSON can be reviewed, and UBJSON loads faster.
";

/// What the learner has as its first key, by release.
const FIRST_KEYS: [&[u8]; 4] = [
    b"attributes",
    b"feature_names",
    b"gradient_booster",
    b"learner_model_param",
];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    Certainty::sure_if(is_ubjson(front) || is_json(front) || binary::begins(front))
}

/// An object whose first key is `learner`, an object.
fn is_ubjson(front: &[u8]) -> bool {
    let ([b'{', b'L', 0, 0, 0, 0, 0, 0, 0, 7, rest @ ..]
    | [b'{', b'l', 0, 0, 0, 7, rest @ ..]
    | [b'{', b'I', 0, 7, rest @ ..]
    | [b'{', b'i' | b'U', 7, rest @ ..]) = front
    else {
        return false;
    };
    rest.starts_with(b"learner{")
}

/// The same in JSON, where other files may begin so: one of the learner's own keys follows.
fn is_json(front: &[u8]) -> bool {
    let Some(rest) = key(front, b"learner") else {
        return false;
    };
    FIRST_KEYS.iter().any(|first| key(rest, first).is_some())
}

/// What follows the first key of an object and its colon, if it is this one.
fn key<'a>(json: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = json.trim_ascii_start().strip_prefix(b"{")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let rest = rest.strip_prefix(key)?.strip_prefix(b"\"")?;
    rest.trim_ascii_start().strip_prefix(b":")
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, 64)?;
    let end = if front.starts_with(b"binf") {
        binary::read(window)?
    } else if is_ubjson(&front) {
        let mut document = ubjson::Ubjson::new(window);
        model::read(&mut document)?;
        document.offset()
    } else {
        let mut document = json::Json::new(window);
        model::read(&mut document)?;
        match document.end()? {
            Some(end) => end,
            None => return Ok(()),
        }
    };
    if window.reaches(end.saturating_add(1))? {
        let rest = window.from(end);
        let bytes = rest.len();
        let after = Payload::Trees;
        let anomaly = Anomaly::TrailingData { bytes, after };
        reading.recorder.anomaly(anomaly, Place::Whole);
        let name = reading.name.clone();
        reading.descend(Hop::From(end), name.as_bytes(), &rest, Expect::Payload);
    }
    Ok(())
}
