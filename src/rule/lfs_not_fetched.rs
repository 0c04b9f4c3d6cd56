//! Bytes that are elsewhere.

use super::Case;
use crate::{
    fact::{Absent, Unavailable},
    finding::{Finding, Help},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses model files of which only the pointer of git-lfs or git-annex is present, those that DVC tracks and that are neither in the
    /// work tree nor in its cache, files and folders that a partial clone lacks, and, with `--recurse-submodules`, submodules whose commit
    /// is missing.
    ///
    /// ## Why it matters
    ///
    /// A pointer contains the size and the hash of a file. It does not show what loading the file would do.
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
    "lfs-not-fetched", "a file whose content is missing: in git-lfs, git-annex, DVC, a partial clone or a submodule",
    level: Deny, severity: High, precision: VeryHigh, cwe: [502], tags: ["artifact", "coverage"],
    check
}

/// What is here of an output of DVC.
fn of_dvc(case: &Case<'_>) -> String {
    match case.circumstances.output_of_dvc() {
        Some((listed_in, Some(md5))) => {
            format!("only its md5 is here, {md5} in {listed_in}, not its bytes")
        }
        Some((listed_in, None)) => format!("only its name is here, in {listed_in}, not its bytes"),
        None => String::from("its bytes are not here"),
    }
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for why in case.circumstances.unavailable() {
        if let Unavailable::NotFetched { what, command } = why {
            let message = match (case.circumstances.pointer(), what) {
                (Some((_, size)), Absent::AnnexContent) => {
                    format!("only its key of git-annex is here, not its {size} bytes")
                }
                (Some((_, size)), _) => {
                    format!("only its git-lfs pointer is here, not its {size} bytes")
                }
                (None, Absent::DvcContent) => of_dvc(case),
                (None, _) => format!("its bytes are not here but elsewhere: {what}"),
            };
            let mut finding = case.finding_of_entry(&META, message);
            finding
                .help
                .push(Help::run("fetch it and check again", command.clone()));
            findings.push(finding);
        }
    }
}
