//! Anomalies, except those of zip archives.

use std::fmt;

use super::title::{Article, Title};
use crate::fact::{Anomaly, EntryForm, Payload, PickleAnomaly, Promised, SafetensorsAnomaly};

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MisleadingSuffix { promised, content } => {
                write!(
                    f,
                    "its name says {promised}, its content is {}",
                    Article(content)
                )
            }
            Self::Pickle(anomaly) => anomaly.fmt(f),
            Self::Zip(anomaly) => anomaly.fmt(f),
            Self::Safetensors(anomaly) => anomaly.fmt(f),
            Self::TrailingData { bytes, after } => {
                let after = match after {
                    Payload::Tensors => "last tensor",
                    Payload::Array => "array",
                    Payload::Trees => "model",
                    Payload::Object => "object",
                };
                write!(f, "{bytes} bytes after the {after}")
            }
            Self::OversizedHeader { bytes, accepted } => {
                write!(f, "the header has {bytes} bytes, NumPy takes {accepted}")
            }
            Self::BytesAfterStorages { bytes } => write!(f, "{bytes} bytes after the storages"),
            Self::CodeWithoutPlaces { member } => write!(
                f,
                "`{member}` has no `.debug_pkl` beside it, which torch writes for each file of code: the archive was made or changed by something else"
            ),
        }
    }
}

impl fmt::Display for Promised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(id) => Title(id).fmt(f),
            Self::Suffix(suffix) => write!(f, "`.{suffix}`"),
        }
    }
}

impl fmt::Display for PickleAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadNumber { op, crlf: true } => write!(
                f,
                "{op} with a number that ends in a carriage return: line endings were converted (CRLF)"
            ),
            Self::BadNumber { op, crlf: false } => {
                write!(f, "{op} with a number in a spelling that no pickler writes")
            }
            Self::BytesAfterStop { bytes, zeros: true } => {
                write!(f, "{bytes} zero bytes after a pickle")
            }
            Self::BytesAfterStop {
                bytes,
                zeros: false,
            } => write!(f, "the {bytes} bytes after its last pickle are no pickle"),
            Self::DeepNesting => f.write_str("containers nested deeper than any pickler writes"),
            Self::ExponentialReferences => {
                f.write_str("containers that come to more values than any memory holds")
            }
            Self::FilledByAnotherName { op } => write!(
                f,
                "{op} adds to a container through the memo or a copy of it, not where it was made"
            ),
            Self::FramePastEnd { announced, left } => {
                write!(f, "a frame needs {announced} bytes, {left} are left")
            }
            Self::OperandAcrossFrame { at, frame_end } => write!(
                f,
                "an operand at {at:#x} crosses the end of its frame at {frame_end:#x}"
            ),
            Self::StopInsideFrame { at, frame_end } => write!(
                f,
                "the pickle stops at {at:#x}, inside a frame that ends at {frame_end:#x}"
            ),
            Self::HugeMemoIndex { index } => write!(
                f,
                "memo index {index}: CPython would allocate an array that long"
            ),
            Self::MemoOfEarlierPickle { index } => write!(
                f,
                "memo entry {index} is only set by an earlier pickle of this file"
            ),
            Self::OddName { crlf: true } => f.write_str(
                "a global whose name ends in a carriage return: line endings were converted (CRLF)",
            ),
            Self::OddName { crlf: false } => {
                f.write_str("a global whose name holds control characters")
            }
            Self::UnknownProtocol { protocol } => {
                write!(f, "protocol {protocol}: CPython knows 0 to 5")
            }
            Self::ValuesLeft { values } => {
                write!(f, "values left on the stack besides the result: {values}")
            }
        }
    }
}

impl fmt::Display for SafetensorsAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateTensor { name } => write!(f, "two entries named `{name}`"),
            Self::DuplicateKey {
                key,
                entry: Some(entry),
            } => write!(f, "`{key}` twice in entry `{entry}`"),
            Self::DuplicateKey { key, entry: None } => {
                write!(f, "`{key}` twice in `__metadata__`")
            }
            Self::UnknownKey { key, entry } => write!(f, "`{key}` in entry `{entry}`"),
            Self::UnusualEntry { entry, form } => match form {
                EntryForm::DtypeObject => write!(f, "the dtype of entry `{entry}` is an object"),
                EntryForm::Array => write!(f, "entry `{entry}` is an array"),
            },
            Self::UnusualPadding => {
                f.write_str("white space around the header other than trailing spaces")
            }
        }
    }
}
