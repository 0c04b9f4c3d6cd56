//! What is not parsed makes no fact: the filtered reading and the whole one say the same.
//!
//! Over all Python of the interpreter that the tests use, and of the folders that `WEIGHBRIDGE_SOURCES` names (with `:`
//! between them).

#![allow(clippy::print_stderr, reason = "a comparison says of how many it was")]

use std::path::{Path, PathBuf};

use super::{tell, told};
use crate::support::oracle;
use weighbridge::{
    fact::{Fact, Unread},
    python,
    record::Recorder,
};

/// What the whole of a source says.
pub(super) fn told_of_all(source: &[u8]) -> Vec<String> {
    let mut recorder = Recorder::default();
    python::read_all(source, false, &mut recorder);
    let facts = recorder.finish();
    facts.iter().map(tell).collect()
}

/// Whether both readings say the same, and what they say if not.
pub(super) fn compare(source: &[u8]) -> Result<usize, String> {
    let mut recorder = Recorder::default();
    python::read(source, false, &mut recorder);
    let some: Vec<String> = recorder.finish().iter().map(tell).collect();
    let mut recorder = Recorder::default();
    python::read_all(source, false, &mut recorder);
    let mut all = recorder.finish();
    if some == all.iter().map(tell).collect::<Vec<_>>() {
        return Ok(all.len());
    }
    // Where nothing is watched, nobody has to know that the grammar was broken, or that a limit was reached.
    let broken = |fact: &Fact| matches!(fact, Fact::Partial(_) | Fact::Unread(Unread::Limit(_)));
    if all.iter().any(|seen| broken(&seen.fact))
        && some.iter().all(|line| !line.contains("partial:"))
    {
        all.retain(|seen| !broken(&seen.fact));
    }
    let all: Vec<String> = all.iter().map(tell).collect();
    if some == all {
        Ok(all.len())
    } else {
        Err(format!("{some:#?}\nof all: {all:#?}"))
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(children) = std::fs::read_dir(folder) else {
        return;
    };
    for child in children.flatten() {
        let path = child.path();
        let kind = child.file_type();
        if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
            sources(&path, found);
        } else if path.extension().is_some_and(|suffix| suffix == "py") {
            found.push(path);
        }
    }
}

#[test]
fn what_is_left_out_is_silent() {
    let mut folders: Vec<PathBuf> = std::env::var_os("WEIGHBRIDGE_SOURCES")
        .map(|list| std::env::split_paths(&list).collect())
        .unwrap_or_default();
    if folders.is_empty() {
        let script = "import sysconfig; print(sysconfig.get_path('stdlib'), end='')";
        let Some(folder) = oracle::piped("sysconfig", script, b"") else {
            return;
        };
        folders.push(folder.into());
    }
    let mut files = Vec::new();
    for folder in &folders {
        sources(folder, &mut files);
    }
    files.sort();
    let (mut facts, mut wrong) = (0, Vec::new());
    let most = if std::env::var_os("WEIGHBRIDGE_SOURCES").is_some() {
        usize::MAX
    } else {
        1_500
    };
    for path in files.iter().take(most) {
        let Ok(source) = std::fs::read(path) else {
            continue;
        };
        // Of a large source more is left out.
        let comment = [b"\n#".as_slice(), &vec![b'-'; 1 << 16], b"\n"].concat();
        let large = [source.as_slice(), &comment].concat();
        for source in [source, large] {
            match compare(&source) {
                Ok(count) => facts += count,
                Err(difference) => wrong.push(format!("{}: {difference}", path.display())),
            }
        }
    }
    eprintln!("{} files, {facts} facts", files.len().min(most));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_body_that_reaches_out_is_kept() {
    for (body, kept) in [
        ("x = 1", false),
        ("global p\n    p = pickle", true),
        ("self.p = pickle", true),
        ("self.p, y = pickle, 1", true),
        ("(self.q,\n     self.p) = 1, pickle", true),
        ("for self.p in [pickle]: pass", true),
        ("self.p: M = pickle", true),
        ("A.p = pickle", true),
        ("other.p = pickle", false),
    ] {
        let source = format!(
            "import pickle\nclass A:\n  p = None\n  def set(self):\n    {body}\n  def run(self):\n    return self.p.loads(x) + p.loads(x)\n"
        );
        assert_eq!(
            compare(source.as_bytes()),
            Ok(usize::from(kept && !body.contains("other"))),
            "{source}\n{}",
            told(&source)
        );
        assert_eq!(
            told_of_all(source.as_bytes()).len(),
            usize::from(kept),
            "{source}"
        );
    }
}

/// What may replace a writer takes away the certainty of every round trip, also where it stands in a body that names nothing watched.
#[test]
fn a_body_that_may_replace_a_writer_is_kept() {
    for (body, own) in [
        ("x = 1", true),
        ("m.__dict__['dumps'] = f", false),
        ("m.__dict__[name] = f", false),
        ("vars(m)['dumps'] = f", false),
        ("locals()['dumps'] = f", false),
        ("globals()['dumps'] = f", false),
        ("mp.setitem(m, 'dumps', f)", false),
        ("mocker.object(m, 'dumps', f)", false),
        ("name.dumps = f", false),
        ("name.abspath = f", false),
        // A number is no name.
        ("m.__dict__[1] = f", true),
        ("m.other[name] = f", true),
    ] {
        let source = format!(
            "import pickle\ndef first(m, f, name, mp, mocker):\n    {body}\ndef test(x):\n    return pickle.loads(pickle.dumps(x))\n"
        );
        assert_eq!(compare(source.as_bytes()), Ok(1), "{source}");
        assert_eq!(told(&source).contains("of its own"), own, "{source}");
    }
}
