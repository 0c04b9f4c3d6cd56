//! What a check does not look into.

use super::Case;
use crate::{
    fact::{Circumstance, Fact, FactKind, NotFollowed},
    finding::{Finding, Help, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports content that the check did not read: a submodule that a change moves to another commit, a git-lfs pointer
    /// without its file and without the name of a model, a link to a folder or a file elsewhere, a member of an archive that is
    /// encrypted or packed in an unknown way, where nothing says that a model is in the archive. If a name is that of a model,
    /// `lfs-not-fetched` and `incomplete-read` refuse the last three.
    ///
    /// ## Why it matters
    ///
    /// A submodule can add a thousand files with one changed line, and loaders do not depend on the name of a file. The
    /// reviewer of a change has to know that these files were not checked.
    ///
    /// ## Example
    ///
    /// ```text
    /// vendor/sub: the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
    /// ```
    ///
    /// ## Use instead
    ///
    /// Check it as well: `--recurse-submodules` enters submodules, `git lfs pull` fetches the files of pointers. To refuse it always:
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// rules: {not-followed: deny}
    /// ```
    "not-followed", "a submodule, a pointer, an output of DVC or a link that is not followed",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["coverage"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for noted in &case.circumstances.noted {
        let Circumstance::NotFollowed(what) = noted else {
            continue;
        };
        let (message, help) = match what {
            NotFollowed::Submodule { command, .. } => {
                let help = match command {
                    Some(command) => Help::run("look at it too", command.clone()),
                    None => Help::from("look at it too: `--recurse-submodules`"),
                };
                (
                    format!("{what}, and what that brings is not looked at"),
                    help,
                )
            }
            NotFollowed::Pointer { command }
            | NotFollowed::AnnexPointer { command }
            | NotFollowed::DvcOutput { command, .. } => (
                format!("what it stands for is not looked at: {what}"),
                Help::run("fetch it and check again", command.clone()),
            ),
            NotFollowed::UnreadOutputs(_) => (
                format!("what DVC keeps for it is not looked at: {what}"),
                Help::from("run `dvc status`, which says what it cannot read"),
            ),
            NotFollowed::OutputOutside(_) => (
                format!("what it lists is not looked at: {what}"),
                Help::from("check the file where it is, or keep it in the repository's folder"),
            ),
            NotFollowed::Link(_) => (
                format!("what it stands for is not looked at: {what}"),
                Help::from("check what it leads to where it is, or put the files themselves here"),
            ),
        };
        let mut finding = case.finding_of_entry(&META, message);
        finding.subject = Subject::Anomaly(String::from("not-followed"));
        finding.help.push(help);
        findings.push(finding);
    }
    for observation in case.of_kind(FactKind::Unopened) {
        if let Fact::Unopened(form) = &observation.fact {
            let message = format!("this member is not looked into: {form}");
            let mut finding = case.finding(&META, observation, message);
            finding.subject = Subject::Anomaly(String::from("not-followed"));
            finding.help.push(String::from(
                "if a model or code may be in it, unpack the archive and check the files themselves",
            ));
            findings.push(finding);
        }
    }
}
