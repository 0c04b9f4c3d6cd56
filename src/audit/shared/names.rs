//! The names of shared objects: each has the digest of its content.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// The name of the numbers of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineName {
    /// Which repository.
    pub(super) id: String,
    /// From 1: a later result of the same repository has a higher one.
    pub(super) generation: u32,
    /// The digest of the content.
    pub(super) digest: String,
}

impl LineName {
    /// From the name of an object; `None` if it is another.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let file = name.strip_prefix("lines/")?.split_once('/')?.1;
        let mut parts = file.strip_suffix(".json")?.split('.');
        let (id, generation, digest) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        let name = Self {
            id: id.to_owned(),
            generation: generation.parse().ok()?,
            digest: digest.to_owned(),
        };
        let is_whole = parts.next().is_none() && is_hex(id) && is_hex(digest);
        (is_whole && !id.is_empty()).then_some(name)
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            generation,
            digest,
        } = self;
        write!(f, "lines/{}/{id}.{generation}.{digest}.json", front(id))
    }
}

/// That of a result.
pub(super) fn result(id: &str, digest: &str) -> String {
    format!("results/{}/{id}.{digest}.json", front(id))
}

/// That of a record.
pub(super) fn record(id: &str, digest: &str) -> String {
    format!("records/{}/{id}.{digest}.record", front(id))
}

/// The digest of a content.
pub(super) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The digest in a name.
pub(super) fn digest_in(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let stem = file.rsplit_once('.')?.0;
    Some(stem.rsplit('.').next().unwrap_or(stem))
}

fn front(id: &str) -> &str {
    id.get(..2).unwrap_or("00")
}

#[cfg(test)]
mod tests {
    use super::{LineName, digest_in};

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name = LineName {
            id: "ab12".into(),
            generation: 3,
            digest: "00ff".into(),
        };
        assert_eq!(name.to_string(), "lines/ab/ab12.3.00ff.json");
        assert_eq!(LineName::parse(&name.to_string()), Some(name));
        for other in [
            "lines/ab/ab12.00ff.json",
            "lines/ab/../x.1.00.json",
            "lines/ab/.1.00.json",
            "results/ab/ab12.1.00ff.json",
            "lines/ab/ab12.1.00ff.json.tmp",
        ] {
            assert_eq!(LineName::parse(other), None, "{other}");
        }
        assert_eq!(digest_in("shards/3-of-16.00ff.json"), Some("00ff"));
        assert_eq!(digest_in("runs/00ff.json"), Some("00ff"));
    }
}
