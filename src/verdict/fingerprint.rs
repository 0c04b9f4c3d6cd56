//! What makes a finding the same finding in the next run: for dashboards that follow it, wherever the file moves inside.
//!
//! Offsets and lines are left out, because saving a checkpoint again or adding an import moves them; so is the wording.
//! What is the same in all that remains (two calls of one loader in one script) is told apart by its order.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{fact::Hop, finding::Finding};

/// The version of what goes into a fingerprint: another one makes every finding look new.
const SCHEME: &str = "weighbridge/v1";

/// The fingerprint of each finding of a report, in its order: 64 lower-case hex digits, no two alike.
pub fn fingerprints<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
    let mut seen: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    findings
        .into_iter()
        .map(|finding| {
            let key: [u8; 32] = Sha256::digest(key(finding)).into();
            let nth = seen.entry(key).or_default();
            let mut digest = Sha256::new_with_prefix(key);
            digest.update(nth.to_be_bytes());
            *nth = nth.saturating_add(1);
            HEXLOWER.encode(&digest.finalize())
        })
        .collect()
}

/// All that identifies a finding, each part with its length before it, so that no two sets of parts read alike.
fn key(finding: &Finding) -> Vec<u8> {
    let mut key = Vec::new();
    let mut part = |bytes: &[u8]| {
        key.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        key.extend_from_slice(bytes);
    };
    part(SCHEME.as_bytes());
    part(finding.rule.id.as_bytes());
    part(finding.primary.path.as_bytes());
    for hop in &finding.primary.site.hops {
        match hop {
            Hop::Member { name, copy } => {
                part(b"member");
                part(name.as_bytes());
                part(&copy.to_be_bytes());
            }
            Hop::Stream(n) => {
                part(b"stream");
                part(&n.to_be_bytes());
            }
            Hop::Cell(n) => {
                part(b"cell");
                part(&n.to_be_bytes());
            }
            Hop::Constant(_) => part(b"constant"),
            Hop::From(_) => part(b"from"),
        }
    }
    part(format!("{:?}", finding.subject).as_bytes());
    key
}
