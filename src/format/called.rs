//! Classes and functions that a text has its loader call: configurations, schemas, descriptions of models.

use super::Reading;
use crate::fact::{Argument, CallArguments, Excerpt, Fact, Global, PayloadOf, Place, Usage};

/// Records a global that a configuration has called with whatever it says besides.
pub(super) fn record(
    global: Global,
    count: u64,
    (place, excerpt): (Place, Option<Excerpt>),
    sha256: [u8; 32],
    reading: &mut Reading<'_>,
) {
    let usage = Usage::Configure;
    let facts = [
        Fact::Global {
            global: global.clone(),
            usage,
        },
        Fact::Call {
            callee: global.clone(),
            usage,
            given: Box::new(CallArguments::unknown()),
            arguments: vec![Argument::Unknown],
        },
        Fact::Payload {
            of: PayloadOf::Calls(global),
            sha256,
        },
    ];
    let mut excerpt = excerpt;
    for fact in facts {
        reading
            .recorder
            .record_times(fact, place.clone(), excerpt.take(), count);
    }
}
