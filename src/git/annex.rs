//! git-annex: links and files that stand in a repository instead of the bytes, and name them by a key.
//!
//! A locked file is a symbolic link to `.git/annex/objects/.../KEY/KEY`; an unlocked one whose content is not here is a file that
//! begins with the line `/annex/objects/KEY`. A key of the backends SHA256 and SHA256E has the sha256 of the content:
//! `SHA256E-s46123--9f86d0....pt`.

use std::path::PathBuf;

use md5::{Digest as _, Md5};

/// Bytes of a file that can be a pointer: one line with a key, which is a name in a folder.
pub const ANNEX_POINTER: usize = 512;

/// The sha256 (64 lower-case hex digits) that a link's target or a whole file says for git-annex; `None` if it is none of
/// git-annex, or of a backend with another digest.
pub fn annexed(bytes: &[u8]) -> Option<String> {
    let key = Key::of_pointer(bytes).or_else(|| Key::of_link(bytes))?;
    key.sha256().map(str::to_owned)
}

/// The name under which git-annex keeps a content, of whatever backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'a>(&'a str);

impl<'a> Key<'a> {
    /// That of a pointer file. git-annex passes over what follows the line; here it must be all that there is, because a loader may
    /// read what follows.
    pub(super) fn of_pointer(bytes: &'a [u8]) -> Option<Self> {
        Self::parse(line(bytes)?.strip_prefix("/annex/objects/")?)
    }

    /// That of the target of a link.
    pub(super) fn of_link(target: &'a [u8]) -> Option<Self> {
        let (_, path) = line(target)?.rsplit_once(".git/annex/objects/")?;
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        Self::parse(path.rsplit('/').next()?)
    }

    fn parse(key: &'a str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        (key.bytes().all(plain) && key.contains("--")).then_some(Self(key))
    }

    /// The sha256 of the content, if the backend names it by that.
    pub(super) fn sha256(self) -> Option<&'a str> {
        let (head, name) = self.0.split_once("--")?;
        let extension = match head.split('-').next()? {
            "SHA256" => false,
            "SHA256E" => true,
            _ => return None,
        };
        let (digest, rest) = name.split_at_checked(64)?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let ends = rest.is_empty() || extension && rest.starts_with('.');
        (ends && digest.bytes().all(hex)).then_some(digest)
    }

    /// Bytes of the content, if the key says it.
    pub(super) fn size(self) -> Option<u64> {
        let (head, _) = self.0.split_once("--")?;
        let mut fields = head.split('-').skip(1);
        fields.find_map(|field| field.strip_prefix('s')?.parse().ok())
    }

    /// Where the content may be below `annex/objects`: the folders are made of the key's md5, in either of two ways.
    pub(super) fn places(self) -> [PathBuf; 2] {
        let md5 = Md5::digest(self.0.as_bytes());
        let mut word: u32 = 0;
        for byte in md5.iter().take(4).rev() {
            word = (word << 8) | u32::from(*byte);
        }
        let letter = |shift: u32| {
            let at = usize::try_from((word >> shift) & 31).unwrap_or_default();
            char::from(LETTERS.get(at).copied().unwrap_or_default())
        };
        let mixed: PathBuf = [[6, 0], [18, 12]]
            .iter()
            .map(|pair| pair.map(letter).iter().collect::<String>())
            .collect();
        let hex = data_encoding::HEXLOWER.encode(&md5);
        let lower: PathBuf = [hex.get(..3), hex.get(3..6)]
            .into_iter()
            .flatten()
            .collect();
        [mixed, lower].map(|folder| folder.join(self.0).join(self.0))
    }
}

/// The digits of git-annex's names of folders.
const LETTERS: &[u8; 32] = b"0123456789zqjxkmvwgpfZQJXKMVWGPF";

/// The one line that bytes are.
fn line(bytes: &[u8]) -> Option<&str> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    (!line.contains('\n')).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::{Key, annexed};

    #[test]
    fn a_key_says_where_its_content_is() {
        // As git-annex 10 has them.
        for (key, folders) in [
            (
                "SHA256E-s12--3069009bc6f4b34151ec2f803e714ccd16da7df62142ea6a4eadb03d02fd3f24.pt",
                "Zq/q8",
            ),
            (
                "SHA256E-s68--d021d0ffef28d9d7df3d4320a0f3b63d087135c0117234ac07b72a66305a1ee0.pkl",
                "vP/QW",
            ),
        ] {
            let text = format!("/annex/objects/{key}\n");
            let found = Key::of_pointer(text.as_bytes()).unwrap();
            let [mixed, _] = found.places();
            assert_eq!(mixed.to_str(), Some(&*format!("{folders}/{key}/{key}")));
            assert_eq!(
                found.size(),
                key.get(9..11).and_then(|size| size.parse().ok())
            );
        }
    }

    #[test]
    fn a_key_says_the_sha256() {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let found = |text: String| annexed(text.as_bytes());
        for text in [
            format!("/annex/objects/SHA256E-s4--{digest}.pt\n"),
            format!("/annex/objects/SHA256E-s4--{digest}.tar.gz"),
            format!("/annex/objects/SHA256--{digest}"),
            format!(
                "../.git/annex/objects/Xk/q9/SHA256E-s4-m1--{digest}.pt/SHA256E-s4-m1--{digest}.pt"
            ),
        ] {
            assert_eq!(found(text.clone()).as_deref(), Some(digest), "{text}");
        }
        for text in [
            format!("/annex/objects/MD5E-s4--{digest}.pt"),
            format!("/annex/objects/SHA256-s4--{digest}.pt"),
            format!("/annex/objects/SHA256E-s4--{}", digest.to_uppercase()),
            format!("/annex/objects/SHA256E-s4--{}", digest.split_at(1).1),
            format!("x/annex/objects/SHA256E-s4--{digest}"),
            format!("/annex/objects/SHA256E-s4--{digest}.p\0t"),
            format!("/annex/objects/x/SHA256E-s4--{digest}"),
            format!("/annex/objects/SHA256E-s4--{digest}\nmore"),
            format!("/annex/objects/SHA256E-s4--{digest}\n\n"),
            format!(".git/annex/objects/../../../x/SHA256E-s4--{digest}"),
            format!("SHA256E-s4--{digest}"),
            String::new(),
        ] {
            assert_eq!(found(text.clone()), None, "{text}");
        }
    }
}
