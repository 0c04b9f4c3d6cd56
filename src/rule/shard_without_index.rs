//! A shard of a distributed checkpoint without the index that says what is loaded of it.

use super::Run;
use crate::finding::{Finding, Location, Subject};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a shard of a distributed checkpoint (`.distcp`) if no index (`.metadata`) in its folder is checked with it.
    ///
    /// ## Why it matters
    ///
    /// The index decides which bytes of the shard are loaded. An index that is elsewhere, or that the change leaves as it was,
    /// was not compared with this shard.
    ///
    /// ## Example
    ///
    /// ```text
    /// checkpoint/__0_0.distcp
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// checkpoint/.metadata
    /// checkpoint/__0_0.distcp
    /// ```
    "shard-without-index", "a shard of a distributed checkpoint whose index is not checked with it",
    level: Warn, severity: Medium, precision: High, cwe: [345], tags: ["artifact", "torch"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for path in run.index.lone_shards() {
        let primary = Location {
            path: (*path).clone(),
            ..Location::default()
        };
        let message = "no index beside this shard is checked with it: which of its bytes are loaded is unknown";
        let mut finding = Finding::new(&META, Subject::Artifact, primary, message);
        let help = "check the whole folder: `.metadata` and the shards belong together";
        finding.help.push(help);
        findings.push(finding);
    }
}
