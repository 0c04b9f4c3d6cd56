//! Calls in source that load an artifact of the same view.

use crate::{
    fact::{Constant, ContentFacts, Entry, Fact, Hop, PyAct, PyCall, Site, Text},
    limits,
    loader::{self, DecidingArgument, Loader, Risk},
};

/// A call in source whose constant argument names a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// The source file's path in the view.
    pub source: Text,
    /// Where in it.
    pub site: Site,
    /// The functions and classes around it: `Trainer.load`; `None` for what the module itself does.
    pub around: Option<Text>,
    /// What is called, by its qualified name: `torch.load`.
    pub callee: Text,
    /// The path as the call says it.
    pub written: Text,
    /// How that was found to be the artifact.
    pub matched: Match,
    /// Whether it lets the file run code.
    pub executes: Executes,
}

/// Whether a call lets the file that it loads run code, as far as the call itself shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Executes {
    /// It does not, or what it is given is not known.
    No,
    /// The release of the library decides.
    ByRelease,
    /// It does.
    Yes,
}

impl Executes {
    pub(super) fn of(loader: &Loader, call: &PyCall) -> Self {
        match loader.risk {
            _ if call.round_trip => Self::No,
            Risk::Code => Self::Yes,
            Risk::Conditional => {
                let mut given = loader.arguments.iter().filter_map(|row| given(row, call));
                match given.next() {
                    Some(executes) => executes,
                    None if call.star_kwargs => Self::No,
                    None => Self::ByRelease,
                }
            }
            // What these do is another matter than what a pickle names.
            Risk::Native | Risk::Remote => Self::No,
        }
    }
}

/// What a call gives for a deciding argument comes to, if it gives anything: `None` is as good as nothing.
fn given(row: &DecidingArgument, call: &PyCall) -> Option<Executes> {
    let value = &call.argument(row.name, row.position)?.value;
    if *value == Constant::None {
        return None;
    }
    let is_safe = match (row.safe, value) {
        _ if !row.lets_run.is_empty() => Some(!value.is_one_of(row.lets_run)),
        ("None", Constant::Unknown | Constant::Parameter(_)) => None,
        // What a list that stands there lets through can be reviewed.
        ("None", Constant::List(_)) => Some(true),
        ("None", _) => Some(false),
        (safe, value) => value.truth().map(|truth| truth == (safe == "True")),
    };
    Some(match is_safe {
        Some(false) => Executes::Yes,
        Some(true) | None => Executes::No,
    })
}

/// How the path in a call was found to be an artifact's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// It is the artifact's path from the folder of the source.
    FromSource,
    /// It is the artifact's path from the root of the view.
    FromRoot,
    /// The artifact's path, and no other artifact's, ends with it.
    End,
}

impl Match {
    /// In words, to stand after "by".
    pub fn words(self) -> &'static str {
        match self {
            Self::FromSource => "its path from the source's folder",
            Self::FromRoot => "its path from the root",
            Self::End => "the end of its path, which no other artifact has",
        }
    }
}

/// Paths that a call may mean.
pub(super) struct Paths<'a> {
    sorted: Vec<&'a Text>,
    /// Sorted by their ends, to look for an end.
    by_ends: Vec<&'a Text>,
}

impl<'a> Paths<'a> {
    /// Of sorted paths, each once.
    pub(super) fn new(sorted: &[&'a Text]) -> Self {
        let mut by_ends = sorted.to_vec();
        by_ends.sort_unstable_by(|a, b| backwards(a.as_bytes()).cmp(backwards(b.as_bytes())));
        Self {
            sorted: sorted.to_vec(),
            by_ends,
        }
    }
}

fn backwards(path: &[u8]) -> impl Iterator<Item = &u8> {
    path.iter().rev()
}

impl Load {
    /// The calls of a source file whose first argument, or a keyword that names a file, is a constant path, or a file that was opened by
    /// one.
    pub fn of(entry: &Entry, facts: &ContentFacts) -> Vec<Self> {
        facts
            .observations
            .iter()
            .filter_map(|observation| {
                let Fact::PyCall(call) = &observation.fact else {
                    return None;
                };
                // The paths in an archive's source are none of the view.
                let in_archive = |hop: &Hop| matches!(hop, Hop::Member { .. });
                if call.act != PyAct::Call || observation.site.hops.iter().any(in_archive) {
                    return None;
                }
                let loader = loader::by_name(call.callee.as_str()?)?;
                let path = match &call.argument(loader.file, Some(0))?.value {
                    Constant::Str(path) if !path.is_empty() => path,
                    _ => call.file.as_ref()?,
                };
                Some(Self {
                    source: entry.path.clone(),
                    site: observation.site.clone(),
                    around: call.around.clone(),
                    callee: call.callee.clone(),
                    written: path.clone(),
                    matched: Match::End,
                    executes: Executes::of(loader, call),
                })
            })
            .take(limits::LOADS)
            .collect()
    }

    /// The one of these paths that is meant: what the call says from the source's folder, else from the root, else the end of
    /// just one of them.
    pub(super) fn find<'a>(&self, paths: &Paths<'a>) -> Option<(&'a Text, Match)> {
        let at = |path: Vec<u8>| {
            let sorted = &paths.sorted;
            let found = sorted.binary_search_by(|known| known.as_bytes().cmp(&path));
            found.ok().and_then(|at| sorted.get(at).copied())
        };
        let written = self.written.as_bytes();
        if !written.starts_with(b"/") {
            let folder = folder(self.source.as_bytes());
            if let Some(found) = join(folder, written).and_then(at) {
                return Some((found, Match::FromSource));
            }
            if let Some(found) = join(b"", written).and_then(at) {
                return Some((found, Match::FromRoot));
            }
        }
        let end = join(b"", written.strip_prefix(b"/").unwrap_or(written))?;
        let tail = [b"/", end.as_slice()].concat();
        let by_ends = &paths.by_ends;
        let first = by_ends.partition_point(|path| backwards(path.as_bytes()).lt(backwards(&tail)));
        let mut found = by_ends
            .get(first..)?
            .iter()
            .take_while(|path| path.as_bytes().ends_with(&tail));
        match (found.next(), found.next()) {
            (Some(only), None) => Some((*only, Match::End)),
            _ => None,
        }
    }
}

/// The folder of a path; empty for the root.
pub(super) fn folder(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|b| *b == b'/');
    slash.and_then(|at| path.get(..at)).unwrap_or_default()
}

/// A relative path below a folder, `.` and `..` carried out; `None` if it leaves the view.
pub(super) fn join(folder: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in folder
        .split(|b| *b == b'/')
        .chain(path.split(|b| *b == b'/'))
    {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    (!names.is_empty()).then(|| names.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, written: &str, artifacts: &[&str]) -> Option<(String, Match)> {
        let mut artifacts: Vec<Text> = artifacts.iter().copied().map(Text::from).collect();
        artifacts.sort();
        let sorted: Vec<&Text> = artifacts.iter().collect();
        let load = Load {
            source: source.into(),
            site: Site::default(),
            around: None,
            callee: "torch.load".into(),
            written: written.into(),
            matched: Match::End,
            executes: Executes::No,
        };
        let found = load.find(&Paths::new(&sorted));
        found.map(|(path, matched)| (path.to_string(), matched))
    }

    #[test]
    fn a_path_in_source_is_found_as_a_loader_would_find_it() {
        let all = ["a.pt", "m/a.pt", "src/m/a.pt", "x/y/b.pt", "x/yb.pt"];
        for (source, written, expected) in [
            (
                "src/one.py",
                "m/a.pt",
                Some(("src/m/a.pt", Match::FromSource)),
            ),
            ("one.py", "./m//a.pt", Some(("m/a.pt", Match::FromSource))),
            ("lib/one.py", "m/a.pt", Some(("m/a.pt", Match::FromRoot))),
            ("lib/one.py", "../a.pt", Some(("a.pt", Match::FromSource))),
            ("lib/one.py", "b.pt", Some(("x/y/b.pt", Match::End))),
            ("lib/one.py", "/data/y/b.pt", None),
            ("lib/one.py", "/y/b.pt", Some(("x/y/b.pt", Match::End))),
            ("lib/one.py", "/m/a.pt", Some(("src/m/a.pt", Match::End))),
            ("lib/one.py", "/a.pt", None),
            ("lib/one.py", "../../a.pt", None),
            ("lib/one.py", "..", None),
        ] {
            let expected = expected.map(|(path, matched)| (path.to_owned(), matched));
            assert_eq!(found(source, written, &all), expected, "{source} {written}");
        }
        assert_eq!(found("one.py", "a.pt", &[]), None);
    }
}
