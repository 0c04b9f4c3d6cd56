//! The index of a distributed checkpoint that names other bytes than its shards' archives.

use super::Run;
use crate::{
    fact::{Hop, Place, Site, Text},
    finding::{Finding, Location, Subject},
    link::{IndexMismatch, MismatchKind},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports the index of a distributed checkpoint (`.metadata`) if it names anything but whole archives of the shards
    /// (`.distcp`) in its folder, also in an archive: a file elsewhere, a file that is not checked, other bytes of a shard, or something that is not
    /// constant.
    ///
    /// ## Why it matters
    ///
    /// `torch.distributed.checkpoint.load` gives the bytes that the index names to `torch.load`, and for everything that is no
    /// tensor with `weights_only=False`. Shards are checked as the archives that they consist of. Bytes inside a tensor, or of
    /// another file, could be an archive that nobody checked.
    ///
    /// ## Example
    ///
    /// ```text
    /// checkpoint/.metadata       names 512 bytes at 4096 of __0_0.distcp
    /// checkpoint/__0_0.distcp    has archives at 0, 1386 and 9284
    /// ```
    ///
    /// ## Use instead
    ///
    /// Both as `torch.distributed.checkpoint.save` wrote them together; or the whole state dict as safetensors.
    "distributed-index", "an index of a distributed checkpoint that names other bytes than archives beside it",
    level: Deny, severity: Critical, precision: VeryHigh, cwe: [502], tags: ["artifact", "torch"],
    over the run: check
}

const SAVE_AGAIN: &str =
    "load the checkpoint where it was made and save it again, index and shards together";

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for mismatch in run.index.index_mismatches() {
        let primary = Location {
            path: mismatch.index.clone(),
            site: whole(&mismatch.hops),
            ..Location::default()
        };
        let mut related = Vec::new();
        let (message, subject, help) = match &mismatch.kind {
            MismatchKind::Unclear => (
                String::from(
                    "the index names parts of files in a way that torch does not write: which bytes are loaded is unknown",
                ),
                Subject::Anomaly("unclear-part".into()),
                SAVE_AGAIN,
            ),
            MismatchKind::Elsewhere { name } => (
                format!("the index makes torch load from `{name}`, which is not a file beside it"),
                Subject::Member(name.clone()),
                SAVE_AGAIN,
            ),
            MismatchKind::NoShard { name } => (
                format!(
                    "the index names `{name}`, which is not among the shards that are checked here"
                ),
                Subject::Member(name.clone()),
                "check the index and its shards together",
            ),
            MismatchKind::OtherBytes {
                shard,
                first,
                count,
            } => {
                let (path, hops) = beside(mismatch, shard);
                related.push(Location {
                    path,
                    site: Site {
                        hops,
                        at: Place::Bytes {
                            start: first.offset,
                            end: first.offset.saturating_add(first.length),
                        },
                    },
                    label: "what the index names first".into(),
                    ..Location::default()
                });
                let more = match count.saturating_sub(1) {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                (
                    format!(
                        "the index makes torch load {} bytes at {} of {shard}{more}, which are no archive there",
                        first.length, first.offset
                    ),
                    Subject::Member(shard.clone()),
                    SAVE_AGAIN,
                )
            }
        };
        let mut finding = Finding::new(&META, subject, primary, message);
        finding.related = related;
        finding.help.push(help);
        findings.push(finding);
    }
}

/// The whole of what the hops lead to.
fn whole(hops: &[Hop]) -> Site {
    Site {
        hops: hops.to_vec(),
        at: Place::Whole,
    }
}

/// The path of the entry that a shard is, or is in, and the way to it in there.
fn beside(mismatch: &IndexMismatch<'_>, shard: &Text) -> (Text, Vec<Hop>) {
    let Some((_, archive)) = mismatch.hops.split_last() else {
        return (shard.clone(), Vec::new());
    };
    let hop = Hop::Member {
        name: shard.clone(),
        copy: 0,
    };
    (mismatch.index.clone(), [archive, &[hop]].concat())
}
