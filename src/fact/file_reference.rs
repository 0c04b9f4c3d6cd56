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
    use super::{FileReference, FileRole, Leaves, Text};

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
            let reference = FileReference {
                role: FileRole::Weights,
                path: Text::new(path),
            };
            assert_eq!(reference.leaves(), leaves, "{path:?}");
        }
    }
}
