//! git-lfs: pointers that stand in a repository instead of the bytes, and the local store those bytes are in.
//!
//! Pointers are read as `git lfs smudge` reads them (the specification is `docs/spec.md` of git-lfs): what it would not
//! take for a pointer is ordinary content here too. The store is `lfs.storage` of the git configuration, by default
//! `lfs` in the folder that all work trees of a repository share, then the stores beside the alternates.

use std::path::PathBuf;

use gix::bstr::ByteSlice as _;

use crate::limits;

/// What a pointer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The sha256 of the bytes in the store, 64 lower-case hex digits.
    pub(super) oid: String,
    /// How many bytes there are.
    pub(super) size: u64,
    /// Extensions (`ext-0-name ...`) transform the stored bytes on checkout: what lands is not what is stored.
    pub(super) extended: bool,
}

/// The first line of a pointer: the present specification's, then those of its ancestors.
const VERSIONS: &[&str] = &[
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
    "http://git-media.io/v/2",
];

impl Pointer {
    /// Whether a file that begins so could be a pointer: cheap enough to ask of every small file.
    pub(super) fn may_begin(bytes: &[u8]) -> bool {
        const BEGINNING: &str = "version http";
        if bytes.len() > limits::LFS_POINTER || bytes.first().is_none_or(u8::is_ascii_graphic) {
            return bytes.len() <= limits::LFS_POINTER && bytes.starts_with(BEGINNING.as_bytes());
        }
        // git-lfs passes over any space before it.
        std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with(BEGINNING))
    }

    /// Whether git-lfs takes a longer file for a pointer all the same: it reads no further than this.
    pub(super) fn is_padded(bytes: &[u8]) -> bool {
        bytes.len() > limits::LFS_POINTER
            && bytes
                .get(..limits::LFS_POINTER)
                .is_some_and(|beginning| Self::parse(beginning).is_some())
    }

    /// Reads a pointer; `None` if git-lfs would take the bytes for ordinary content.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if !Self::may_begin(bytes) {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let mut extended = false;
        let mut expected = ["version", "oid", "size"].into_iter();
        let mut values = Vec::with_capacity(3);
        let mut next = expected.next();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(' ')?;
            if next == Some(key) {
                values.push(value);
                next = expected.next();
            } else if is_extension(key) && !values.is_empty() {
                extended = true;
            } else {
                return None;
            }
        }
        let [version, oid, size] = values.as_slice() else {
            return None;
        };
        if !VERSIONS.contains(version) {
            return None;
        }
        let oid = oid.strip_prefix("sha256:")?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if oid.len() != 64 || !oid.bytes().all(hex) {
            return None;
        }
        Some(Self {
            oid: oid.to_owned(),
            size: size.parse().ok()?,
            extended,
        })
    }
}

/// `ext-` a digit `-` a name.
fn is_extension(key: &str) -> bool {
    let mut parts = key.splitn(3, '-');
    parts.next() == Some("ext")
        && parts
            .next()
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|name| !name.is_empty())
}

/// The folders where the bytes behind pointers are kept on this machine.
#[derive(Debug, Default)]
pub(super) struct Store {
    objects: Vec<PathBuf>,
}

impl Store {
    /// The stores of a repository.
    pub(super) fn of(repository: &gix::Repository) -> Self {
        let common = repository.common_dir();
        let storage = repository
            .config_snapshot()
            .string("lfs.storage")
            .and_then(|value| Some(value.to_path().ok()?.to_owned()))
            .map_or_else(|| common.join("lfs"), |path| common.join(path));
        let mut objects = vec![storage.join("objects")];
        // A clone made with `--reference` borrows objects, and git-lfs borrows with it.
        for alternate in repository
            .objects
            .store_ref()
            .alternate_db_paths()
            .unwrap_or_default()
        {
            if let Some(git_dir) = alternate.parent() {
                objects.push(git_dir.join("lfs").join("objects"));
            }
        }
        Self { objects }
    }

    /// The folders themselves.
    pub(super) fn into_folders(self) -> Vec<PathBuf> {
        self.objects
    }

    /// Where the bytes behind a pointer may be, best first.
    pub(super) fn candidates(&self, pointer: &Pointer) -> impl Iterator<Item = PathBuf> {
        let (a, b) = (pointer.oid.get(..2), pointer.oid.get(2..4));
        self.objects
            .iter()
            .filter_map(move |dir| Some(dir.join(a?).join(b?).join(&pointer.oid)))
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn parse(text: &str) -> Option<Pointer> {
        Pointer::parse(text.as_bytes())
    }

    #[test]
    fn the_specification_s_own_example_is_a_pointer() {
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n");
        let expected = Pointer {
            oid: OID.into(),
            size: 12345,
            extended: false,
        };
        assert_eq!(parse(&text), Some(expected.clone()));
        assert_eq!(parse(&text.replace('\n', "\r\n")), Some(expected));
    }

    #[test]
    fn extensions_are_seen() {
        let text = format!(
            "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:{OID}\noid sha256:{OID}\nsize 1\n"
        );
        assert!(parse(&text).unwrap().extended);
    }

    #[test]
    fn what_git_lfs_checks_out_as_it_is_is_no_pointer() {
        let good =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n");
        for bad in [
            good.replace("spec/v1", "spec/v9"),
            good.replace("sha256:4d", "sha256:4D"),
            good.replace("size 12345", "size -1"),
            good.replace("size 12345", "size 99999999999999999999"),
            good.replace("size", "sise"),
            good.replace(&format!("oid sha256:{OID}\n"), ""),
            format!("{good}more data\n"),
            format!("{good}{}", " ".repeat(2000)),
            String::from("version https://git-lfs.github.com/spec/v1\n"),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
