//! The scripts: what is written into them, and how one is known again.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::Stage;
use crate::fact::shell_word;

/// What a script hands to the program, and where it finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The policy that judges, as the program is to be told.
    pub policy: Option<PathBuf>,
    /// The organisation's policy above it.
    pub organisation: Option<PathBuf>,
    /// How long reading may take.
    pub deadline: Option<Duration>,
    /// Where the program is if the PATH does not lead to it.
    pub program: Option<PathBuf>,
}

/// What a file in the folder of hooks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptKind {
    /// A script of ours, of this or another release, as it was written.
    Ours,
    /// A script of ours that somebody changed.
    Changed,
    /// Something else.
    Other,
}

/// What every script of ours begins with, in all releases.
const MARK: &[u8] = b"#!/bin/sh\n# weighbridge hook: ";
/// What its last line begins with.
const SUM: &[u8] = b"# sha256 of the lines above: ";
/// The line that says where the program is.
const RECORDED: &[u8] = b"\nrecorded=";

fn template(stage: Stage) -> &'static str {
    match stage {
        Stage::PreCommit => include_str!("../../hooks/pre-commit"),
        Stage::PreMergeCommit => include_str!("../../hooks/pre-merge-commit"),
        Stage::PrePush => include_str!("../../hooks/pre-push"),
        Stage::PreReceive => include_str!("../../hooks/pre-receive"),
    }
}

/// The script for a stage.
pub fn script(stage: Stage, options: &Options) -> Vec<u8> {
    let call = call(stage);
    let mut line = call.clone().into_bytes();
    let policies = [
        ("--policy ", &options.policy),
        ("--organisation-policy ", &options.organisation),
    ];
    for (option, policy) in policies {
        if let Some(policy) = policy {
            line.extend_from_slice(option.as_bytes());
            line.extend_from_slice(&shell_word(policy.as_os_str().as_encoded_bytes()));
            line.push(b' ');
        }
    }
    if let Some(deadline) = options.deadline {
        line.extend_from_slice(format!("--deadline {} ", deadline.as_secs_f64()).as_bytes());
    }
    finished(stage, options, &line)
}

/// The script for a stage that hands on what an earlier script of ours hands on.
pub(super) fn renewed(stage: Stage, options: &Options, earlier: &[u8]) -> Vec<u8> {
    let call = call(stage);
    // Quoted words may hold newlines: the line ends where it always ends.
    let line = find(earlier, call.as_bytes()).and_then(|start| {
        let rest = earlier.get(start..)?;
        rest.get(..find(rest, b"-- \"$@\"\n")?)
    });
    finished(stage, options, line.unwrap_or(call.as_bytes()))
}

/// Where a script says that the program was at installation.
pub(super) fn recorded(script: &[u8]) -> Option<PathBuf> {
    let at = find(script, RECORDED)?;
    let value = script.get(at.checked_add(RECORDED.len())?..)?;
    let path = shlex::bytes::Shlex::new(value).next()?;
    let path = String::from_utf8(path).ok()?;
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// Whether it is a stage's script as `hooks/` has it, put there by hand.
pub(super) fn is_plain(stage: Stage, script: &[u8]) -> bool {
    template(stage).as_bytes() == script
}

fn finished(stage: Stage, options: &Options, line: &[u8]) -> Vec<u8> {
    let program = options.program.as_deref().unwrap_or(Path::new(""));
    let recorded = [
        RECORDED,
        &*shell_word(program.as_os_str().as_encoded_bytes()),
        b"\n",
    ]
    .concat();
    let text = template(stage).as_bytes();
    let text = replaced(text, &[RECORDED, b"''\n"].concat(), &recorded);
    let mut text = replaced(&text, call(stage).as_bytes(), line);
    let sum = sum(&text);
    text.extend_from_slice(SUM);
    text.extend_from_slice(sum.as_bytes());
    text.push(b'\n');
    text
}

/// The words with which a script calls the program, as far as they are the same everywhere.
fn call(stage: Stage) -> String {
    format!("set -- hook run {stage} ")
}

/// What a file is. A script as `hooks/` has it, put there by hand, is ours as well.
pub(super) fn kind(bytes: &[u8]) -> ScriptKind {
    if !bytes.starts_with(MARK) {
        return ScriptKind::Other;
    }
    let as_it_is = Stage::ALL
        .iter()
        .any(|stage| template(*stage).as_bytes() == bytes);
    let body = bytes
        .len()
        .checked_sub(SUM.len() + 65)
        .and_then(|at| bytes.split_at_checked(at));
    match body {
        _ if as_it_is => ScriptKind::Ours,
        Some((body, end)) if end == [SUM, sum(body).as_bytes(), b"\n"].concat() => ScriptKind::Ours,
        _ => ScriptKind::Changed,
    }
}

fn sum(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

/// The text with the first `part` in it replaced.
fn replaced(text: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    match find(text, part).and_then(|at| text.split_at_checked(at)) {
        Some((before, rest)) => [before, by, rest.get(part.len()..).unwrap_or_default()].concat(),
        None => text.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_again_and_a_changed_one_too() {
        for stage in Stage::ALL {
            assert_eq!(kind(template(stage).as_bytes()), ScriptKind::Ours);
            let options = Options {
                policy: Some("/etc/it's\n-- \"$@\" here.yaml".into()),
                organisation: Some("/etc/org.yaml".into()),
                deadline: Some(Duration::from_millis(2500)),
                program: Some("/opt/$(x)/weighbridge".into()),
            };
            let text = script(stage, &options);
            assert_eq!(kind(&text), ScriptKind::Ours);
            for at in [MARK.len(), text.len() / 2, text.len() - 2] {
                let mut changed = text.clone();
                changed[at] ^= 1;
                assert_eq!(kind(&changed), ScriptKind::Changed, "{stage} {at}");
            }
            assert_eq!(kind(&text[..text.len() - 1]), ScriptKind::Changed);
            assert_eq!(
                kind(&[&text[..], b"# more\n"].concat()),
                ScriptKind::Changed
            );
            let text = String::from_utf8(text).unwrap();
            assert!(
                text.contains("\nrecorded='/opt/$(x)/weighbridge'\n"),
                "{text}"
            );
            assert!(text.contains(" --deadline 2.5 -- \"$@\"\n"), "{text}");
        }
        assert_eq!(kind(b"#!/bin/sh\nexit 0\n"), ScriptKind::Other);
    }

    #[test]
    fn what_was_chosen_before_is_kept() {
        let chosen = Options {
            policy: Some("/etc/it's.yaml".into()),
            organisation: Some("recommended".into()),
            deadline: Some(Duration::from_secs(9)),
            program: Some("/old".into()),
        };
        let moved = Options {
            program: Some("/new".into()),
            ..Options::default()
        };
        let text = renewed(
            Stage::PreReceive,
            &moved,
            &script(Stage::PreReceive, &chosen),
        );
        let expected = Options {
            program: moved.program,
            ..chosen
        };
        assert_eq!(text, script(Stage::PreReceive, &expected));
    }
}
