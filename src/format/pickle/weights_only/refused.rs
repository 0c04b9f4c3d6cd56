//! Why torch refuses a stream, and how a step of it ends.

use super::heap::Full;
use crate::fact::{Condition, PickleReason, TorchBehaviour, TorchReason};

/// Why a stream is refused.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Box<TorchReason>);

/// How a step ends.
pub(super) type Step<T> = Result<T, Refused>;

impl<T: Into<TorchReason>> From<T> for Refused {
    fn from(why: T) -> Self {
        Self(Box::new(why.into()))
    }
}

impl From<Full> for TorchReason {
    fn from(_: Full) -> Self {
        PickleReason::TooManyValues.into()
    }
}

/// Releases that behave so.
pub(super) fn holds(behaviour: TorchBehaviour) -> Condition {
    Condition {
        behaviour,
        holds: true,
    }
}

/// Releases that do not.
pub(super) fn fails(behaviour: TorchBehaviour) -> Condition {
    Condition {
        behaviour,
        holds: false,
    }
}
