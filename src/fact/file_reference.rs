//! Files that a file names, and that its loader opens.

use serde::{Deserialize, Serialize};

use super::Text;

/// A path that a file holds for its loader to open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileReference {
    /// What the file is to its loader.
    pub role: FileRole,
    /// The path, as stored: from the folder of the file that names it, if it is relative.
    pub path: Text,
    /// What stands before the path.
    pub base: PathBase,
    /// Where the last byte ends that is read of the file, as far as that is said; 0 says nothing.
    pub end: u64,
}

/// What a loader puts before a path that a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathBase {
    /// The folder of the file.
    #[default]
    Folder,
    /// The path of the file without its suffix.
    Stem,
    /// The whole path of the file.
    Name,
}

/// What a file is to the loader of the one that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    /// Weights outside of a graph: ONNX's external data, shards of an index.
    Weights,
    /// A file of HDF5 that a link leads to.
    ExternalLink,
    /// A raw file with the data of a data set.
    RawData,
    /// A file of HDF5 that a virtual data set takes its data from.
    VirtualSource,
    /// Words, or whatever else a layer or a tokenizer reads from text.
    Vocabulary,
    /// Another model.
    Model,
    /// A checkpoint of TensorFlow, by the path under which it was saved.
    Checkpoint,
    /// An entity of XML.
    Entity,
    /// Anything else that belongs to a model.
    Asset,
}

/// How a path leaves the folder in which it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leaves {
    /// From the root of the file system.
    Absolute,
    /// Through a `..`, wherever it stands.
    Parent,
    /// With the letter of a drive.
    Drive,
    /// It is a URL.
    Url,
    /// From somebody's home.
    Home,
    /// It holds a NUL, where one reader ends and another goes on.
    Nul,
}

impl FileReference {
    /// A path from the folder of the file that names it.
    pub fn new(role: FileRole, path: Text) -> Self {
        Self {
            role,
            path,
            base: PathBase::Folder,
            end: 0,
        }
    }

    /// The path from the root of a view, for a file at `own` in it; `None` if it leads out of the folder, or if it is no path of a file.
    pub fn path_beside(&self, own: &[u8]) -> Option<Vec<u8>> {
        let path = self.path.as_bytes();
        // A backslash separates on one system, and is part of a name on the others.
        if path.is_empty() || path.contains(&b'\\') || self.leaves().is_some() {
            return None;
        }
        let name_at = own.iter().rposition(|byte| *byte == b'/');
        let name_at = name_at.map_or(0, |slash| slash.saturating_add(1));
        let (folder, name) = own.split_at_checked(name_at)?;
        let before = match self.base {
            PathBase::Folder => folder.to_vec(),
            PathBase::Name => own.to_vec(),
            PathBase::Stem => {
                let dot = name.iter().rposition(|byte| *byte == b'.')?;
                [folder, name.get(..dot)?].concat()
            }
        };
        let whole = [&before, path].concat();
        let names = whole.split(|byte| *byte == b'/');
        let names: Vec<&[u8]> = names.filter(|it| !matches!(*it, b"" | b".")).collect();
        (!names.is_empty()).then(|| names.join(&b'/'))
    }

    /// Whether it is where a file of the same computer was saved, as writers note it for themselves: a path from the root or from a drive,
    /// and of no other computer.
    pub fn is_where_saved(&self) -> bool {
        let path = self.path.as_bytes();
        let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
        let (drive, rest) = match path {
            [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => (true, rest),
            path => (false, path),
        };
        let mut separators = rest.iter().map(is_separator);
        let from_root = separators.next() == Some(true);
        let of_share = !drive && separators.next() == Some(true);
        let mut parts = rest.split(is_separator);
        self.role == FileRole::Checkpoint
            && from_root
            && !of_share
            && !path.contains(&0)
            && !parts.any(|part| part == b"..")
    }

    /// Whether the path leads out of the folder, on any system: backslashes separate as well.
    pub fn leaves(&self) -> Option<Leaves> {
        let path = self.path.as_bytes();
        let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
        let scheme = path.split(|byte| *byte == b':').next().unwrap_or_default();
        let after = path.strip_prefix(scheme).unwrap_or_default();
        let is_letters = !scheme.is_empty()
            && scheme
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
        if path.contains(&0) {
            Some(Leaves::Nul)
        } else if path.first().is_some_and(&is_separator) {
            Some(Leaves::Absolute)
        } else if is_letters
            && (after.starts_with(b"://")
                || scheme.eq_ignore_ascii_case(b"file") && !after.is_empty())
        {
            Some(Leaves::Url)
        } else if is_letters && scheme.len() == 1 && !after.is_empty() {
            Some(Leaves::Drive)
        } else if path.starts_with(b"~") {
            Some(Leaves::Home)
        } else {
            let mut parts = path.split(is_separator);
            parts.any(|part| part == b"..").then_some(Leaves::Parent)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FileReference, FileRole, Leaves, PathBase, Text};

    #[test]
    fn a_path_leaves_its_folder_on_any_system() {
        for (path, leaves) in [
            ("model.onnx.data", None),
            ("sub/weights.bin", None),
            ("./weights.bin", None),
            ("onnx::MatMul_12", None),
            ("a..b", None),
            ("...", None),
            ("", None),
            ("/etc/passwd", Some(Leaves::Absolute)),
            ("\\\\server\\share", Some(Leaves::Absolute)),
            ("..", Some(Leaves::Parent)),
            ("a/../b", Some(Leaves::Parent)),
            ("a\\..\\b", Some(Leaves::Parent)),
            ("C:weights", Some(Leaves::Drive)),
            ("c:\\weights", Some(Leaves::Drive)),
            ("https://example.org/w", Some(Leaves::Url)),
            ("s3://bucket/w", Some(Leaves::Url)),
            ("file:w", Some(Leaves::Url)),
            ("~/w", Some(Leaves::Home)),
            ("w\0.bin", Some(Leaves::Nul)),
        ] {
            let reference = FileReference::new(FileRole::Weights, Text::new(path));
            assert_eq!(reference.leaves(), leaves, "{path:?}");
        }
    }

    #[test]
    fn a_path_is_found_from_the_file_that_names_it() {
        for (base, path, own, expected) in [
            (PathBase::Folder, "w.bin", "m/a.onnx", Some("m/w.bin")),
            (PathBase::Folder, "./w//b.bin", "a.onnx", Some("w/b.bin")),
            (PathBase::Folder, "b\\w.bin", "m/a.onnx", None),
            (PathBase::Folder, "../w.bin", "m/a.onnx", None),
            (PathBase::Folder, "", "m/a.onnx", None),
            (PathBase::Folder, ".", "a.onnx", None),
            (PathBase::Stem, ".bin", "m.x/a.b.xml", Some("m.x/a.b.bin")),
            (PathBase::Stem, ".bin", "m.x/a", None),
            (PathBase::Name, ".v.npy", "m/a.kv", Some("m/a.kv.v.npy")),
        ] {
            let reference = FileReference {
                base,
                ..FileReference::new(FileRole::Weights, Text::from(path))
            };
            let found = reference.path_beside(own.as_bytes());
            assert_eq!(
                found.as_deref(),
                expected.map(str::as_bytes),
                "{path} of {own}"
            );
        }
    }
}
