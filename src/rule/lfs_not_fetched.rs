//! Pointers instead of bytes.

use super::Case;
use crate::{
    fact::{Fact, Unread},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses model files of which only the git-lfs pointer is here.
    ///
    /// ## Why it matters
    ///
    /// A pointer says how long the file is and what its hash is, and nothing about what loading it would do.
    ///
    /// ## Example
    ///
    /// ```text
    /// version https://git-lfs.github.com/spec/v1
    /// oid sha256:aaaaaaaa...
    /// size 123456
    /// ```
    ///
    /// ## Use instead
    ///
    /// Fetch the bytes before checking.
    ///
    /// ```sh
    /// git lfs pull --include=models/resnet.pt
    /// ```
    "lfs-not-fetched", "a git-lfs pointer whose bytes are not here", Deny, check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.observations {
        if let Fact::Unread(Unread::NotFetched { detail }) = &observation.fact {
            let message = format!("only its git-lfs pointer is here: {detail}");
            let mut finding = case.finding(&META, observation, message);
            finding.help.push(format!(
                "run `git lfs pull --include=\"{}\"`, then check again",
                case.entry.path
            ));
            findings.push(finding);
        }
    }
}
