//! git-annex: links and files that stand in a repository instead of the bytes, and name them by a key.
//!
//! A locked file is a symbolic link to `.git/annex/objects/.../KEY/KEY`; an unlocked one whose content is not here is a file that
//! begins with the line `/annex/objects/KEY`. A key of the backends SHA256 and SHA256E has the sha256 of the content:
//! `SHA256E-s46123--9f86d0....pt`.

/// Bytes of a file that can be a pointer: one line with a key, which is a name in a folder.
pub const ANNEX_POINTER: usize = 512;

/// The sha256 (64 lower-case hex digits) that a link's target or a whole file says for git-annex; `None` if it is none of
/// git-annex, or of a backend with another digest. git-annex passes over what follows the line; here it must be all that there is,
/// because a loader may read what follows.
pub fn annexed(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    if line.contains('\n') {
        return None;
    }
    // A pointer is nothing but its key; a link leads there through folders.
    let key = if let Some(key) = line.strip_prefix("/annex/objects/") {
        key
    } else {
        let (_, path) = line.rsplit_once(".git/annex/objects/")?;
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        path.rsplit('/').next()?
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    if !key.bytes().all(plain) {
        return None;
    }
    let (head, name) = key.split_once("--")?;
    let mut fields = head.split('-');
    let backend = fields.next()?;
    let extension = match backend {
        "SHA256" => false,
        "SHA256E" => true,
        _ => return None,
    };
    let (digest, rest) = name.split_at_checked(64)?;
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let ends = rest.is_empty() || extension && rest.starts_with('.');
    (ends && digest.bytes().all(hex)).then(|| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::annexed;

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
