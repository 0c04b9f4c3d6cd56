//! Where the user stands, so that paths can be shown as they would be typed there.

use std::path::{Component, Path};

use crate::fact::Text;

/// The way from the folder the user stands in to a view's root. The default is that of a reader who may stand anywhere: paths are
/// spelled from the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathSpelling {
    /// Whether it is known where the user stands.
    is_known: bool,
    /// The folders from the root down to the user, if they stand below it.
    below: Vec<Vec<u8>>,
    /// What leads to the root otherwise, with a `/` at its end.
    lead: Vec<u8>,
}

impl PathSpelling {
    /// Both paths absolute and without links. Where they have nothing in common, paths are shown absolute.
    pub fn between(cwd: &Path, root: &Path) -> Self {
        if let Ok(below) = cwd.strip_prefix(root) {
            return Self {
                is_known: true,
                below: names(below).collect(),
                lead: Vec::new(),
            };
        }
        let (from, to) = (names(cwd), names(root));
        let shared = from.zip(to).take_while(|(a, b)| a == b).count();
        let mut lead = Vec::new();
        if shared == 0 {
            lead.extend_from_slice(root.as_os_str().as_encoded_bytes());
            if !lead.ends_with(b"/") {
                lead.push(b'/');
            }
        } else {
            for _ in names(cwd).skip(shared) {
                lead.extend_from_slice(b"../");
            }
            for name in names(root).skip(shared) {
                lead.extend_from_slice(&name);
                lead.push(b'/');
            }
        }
        Self {
            is_known: true,
            below: Vec::new(),
            lead,
        }
    }

    /// Whether it is known where the one stands who reads what is spelled.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether the user stands in the root or below it.
    pub fn is_inside(&self) -> bool {
        self.lead.is_empty()
    }

    /// The path below the root that is meant by one typed where the user stands; `None` if it leaves the root.
    pub fn below_root(&self, typed: &str) -> Option<Text> {
        if !self.is_inside() || typed.starts_with('/') {
            return None;
        }
        let mut names = self.below.clone();
        for name in typed.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop()?;
                }
                name => names.push(name.as_bytes().to_vec()),
            }
        }
        Some(Text::new(names.join(&b'/')))
    }

    /// A path below the root as it would be typed where the user stands.
    pub fn spell(&self, path: &Text) -> Text {
        if self.below.is_empty() {
            return Text::new([self.lead.as_slice(), path.as_bytes()].concat());
        }
        let shared = path
            .as_bytes()
            .split(|b| *b == b'/')
            .zip(&self.below)
            .take_while(|(a, b)| a == b)
            .count();
        let mut spelled = b"../".repeat(self.below.len() - shared);
        let rest: Vec<&[u8]> = path.as_bytes().split(|b| *b == b'/').skip(shared).collect();
        spelled.extend_from_slice(&rest.join(&b'/'));
        Text::new(spelled)
    }
}

/// The names of a path's folders, its root and prefix left out.
fn names(path: &Path) -> impl Iterator<Item = Vec<u8>> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.as_encoded_bytes().to_vec()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::PathSpelling;
    use std::path::Path;

    #[test]
    fn a_path_is_spelled_as_it_would_be_typed() {
        for (cwd, root, path, expected) in [
            ("/a/repo", "/a/repo", "m/x.pt", "m/x.pt"),
            ("/a/repo/src", "/a/repo", "src/x.py", "x.py"),
            ("/a/repo/src", "/a/repo", "m/x.pt", "../m/x.pt"),
            ("/a/repo/src/deep", "/a/repo", "src/x.py", "../x.py"),
            ("/a/repo/src/deep", "/a/repo", "x.py", "../../x.py"),
            ("/a", "/a/repo", "m/x.pt", "repo/m/x.pt"),
            ("/a/other", "/a/repo", "x.pt", "../repo/x.pt"),
            ("/home/me", "/srv/models", "x.pt", "/srv/models/x.pt"),
            ("/", "/srv/models", "x.pt", "/srv/models/x.pt"),
            ("/srv", "/", "etc/x.pt", "../etc/x.pt"),
        ] {
            let spelling = PathSpelling::between(Path::new(cwd), Path::new(root));
            let spelled = spelling.spell(&path.into()).to_string();
            assert_eq!(spelled, expected, "{cwd} {root}");
        }
    }
}
