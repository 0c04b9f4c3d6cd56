//! Calls in source that load an artifact of the same view.

use crate::{
    fact::{Constant, ContentFacts, Entry, Fact, PyAct, Site, Text},
    limits, loader,
};

/// A call in source whose constant argument names a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// The source file's path in the view.
    pub source: Text,
    /// Where in it.
    pub site: Site,
    /// What is called, by its qualified name: `torch.load`.
    pub callee: Text,
    /// The path as the call says it.
    pub written: Text,
    /// How that was found to be the artifact.
    pub matched: Match,
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

/// The same artifacts sorted by the ends of their paths, to look for an end.
pub(super) fn by_ends<'a>(artifacts: &[&'a Text]) -> Vec<&'a Text> {
    let mut sorted = artifacts.to_vec();
    sorted.sort_unstable_by(|a, b| backwards(a.as_bytes()).cmp(backwards(b.as_bytes())));
    sorted
}

fn backwards(path: &[u8]) -> impl Iterator<Item = &u8> {
    path.iter().rev()
}

impl Load {
    /// The calls of a source file whose first argument, or a keyword that names a file, is a constant.
    pub fn of(entry: &Entry, facts: &ContentFacts) -> Vec<Self> {
        facts
            .observations
            .iter()
            .filter_map(|observation| {
                let Fact::PyCall(call) = &observation.fact else {
                    return None;
                };
                if call.act != PyAct::Call {
                    return None;
                }
                let loader = loader::by_name(call.callee.as_str()?)?;
                match &call.argument(loader.file, Some(0))?.value {
                    Constant::Str(path) if !path.is_empty() => Some(Self {
                        source: entry.path.clone(),
                        site: observation.site.clone(),
                        callee: call.callee.clone(),
                        written: path.clone(),
                        matched: Match::End,
                    }),
                    _ => None,
                }
            })
            .take(limits::LOADS)
            .collect()
    }

    /// The artifact that is meant: the one whose path is what the call says from the source's folder, else from the root, else
    /// the end of the path of just one artifact. The artifacts are sorted, each path once, and
    /// once more [by their ends](by_ends).
    pub(super) fn find<'a>(
        &self,
        artifacts: &[&'a Text],
        by_ends: &[&'a Text],
    ) -> Option<(&'a Text, Match)> {
        let at = |path: Vec<u8>| {
            let found = artifacts.binary_search_by(|artifact| artifact.as_bytes().cmp(&path));
            found.ok().and_then(|at| artifacts.get(at).copied())
        };
        let written = self.written.as_bytes();
        if !written.starts_with(b"/") {
            let source = self.source.as_bytes();
            let slash = source.iter().rposition(|b| *b == b'/');
            let folder = slash.and_then(|slash| source.get(..slash));
            if let Some(found) = join(folder.unwrap_or_default(), written).and_then(at) {
                return Some((found, Match::FromSource));
            }
            if let Some(found) = join(b"", written).and_then(at) {
                return Some((found, Match::FromRoot));
            }
        }
        let end = join(b"", written.strip_prefix(b"/").unwrap_or(written))?;
        let tail = [b"/", end.as_slice()].concat();
        let first =
            by_ends.partition_point(|artifact| backwards(artifact.as_bytes()).lt(backwards(&tail)));
        let mut found = by_ends
            .get(first..)?
            .iter()
            .take_while(|artifact| artifact.as_bytes().ends_with(&tail));
        match (found.next(), found.next()) {
            (Some(only), None) => Some((*only, Match::End)),
            _ => None,
        }
    }
}

/// A relative path below a folder, `.` and `..` carried out; `None` if it leaves the view.
fn join(folder: &[u8], path: &[u8]) -> Option<Vec<u8>> {
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
            callee: "torch.load".into(),
            written: written.into(),
            matched: Match::End,
        };
        let found = load.find(&sorted, &by_ends(&sorted));
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
