//! How facts are stored: as bytes that are bound to the key they are stored under.
//!
//! A value is a checksum (the first eight bytes of an HMAC-SHA-256 over the table, the key and what follows), a byte that says whether
//! the rest is compressed, and the facts in postcard's encoding. A value that was damaged, copied from another key, or made by somebody who
//! does not have the [key of the store](StoreKey) does not match its checksum and counts as not stored.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{CHECKSUM, StoreKey};
use crate::{
    fact::{ContentFacts, Excerpt, ExcerptId, Observation},
    limits,
};

/// A SHA-256.
pub type Digest = [u8; 32];

/// Encoded facts are compressed from so many bytes: shorter ones rarely become shorter.
const COMPRESSED_FROM: usize = 256;

/// What is stored of a content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFacts {
    /// What the content says.
    pub facts: ContentFacts,
    /// What it says beside that where git checks it out with other line ends.
    pub elsewhere: Vec<Observation>,
    /// Whether that is more than arguments of calls.
    pub other_on_checkout: bool,
    /// A few of the lines that show it.
    pub excerpts: Vec<(ExcerptId, Excerpt)>,
}

/// The key of the facts of a content under the last part of a name, which hints at what the content is.
pub fn facts_key(sha256: &Digest, name: &[u8]) -> Digest {
    let mut digest = Sha256::new();
    digest.update(b"weighbridge/facts/v1");
    digest.update(sha256);
    digest.update(name);
    digest.finalize().into()
}

/// A value as it is stored; `None` if it is larger than the store keeps.
pub(super) fn seal(
    owner: &StoreKey,
    table: &str,
    key: &[u8],
    stored: &StoredFacts,
) -> Option<Vec<u8>> {
    let encoded = postcard::to_allocvec(stored).ok()?;
    if encoded.len() > limits::STORED_FACTS {
        return None;
    }
    let mut value = vec![0; CHECKSUM];
    let packed = (encoded.len() >= COMPRESSED_FROM)
        .then(|| lz4_flex::block::compress_prepend_size(&encoded))
        .filter(|packed| packed.len() < encoded.len());
    value.push(u8::from(packed.is_some()));
    value.extend_from_slice(packed.as_deref().unwrap_or(&encoded));
    sign(owner, table, key, &mut value);
    Some(value)
}

/// What a stored value says; `None` if it is damaged.
pub(super) fn unseal(
    owner: &StoreKey,
    table: &str,
    key: &[u8],
    value: &[u8],
) -> Option<StoredFacts> {
    let (packed, rest) = verified(owner, table, key, value)?.split_first()?;
    if *packed == 0 {
        return postcard::from_bytes(rest).ok();
    }
    let (length, _) = lz4_flex::block::uncompressed_size(rest).ok()?;
    if length > limits::STORED_FACTS {
        return None;
    }
    let encoded = lz4_flex::block::decompress_size_prepended(rest).ok()?;
    postcard::from_bytes(&encoded).ok()
}

/// A digest as it is stored under an object id.
pub(super) fn seal_digest(owner: &StoreKey, table: &str, key: &[u8], sha256: &Digest) -> Vec<u8> {
    let mut value = vec![0; CHECKSUM];
    value.extend_from_slice(sha256);
    sign(owner, table, key, &mut value);
    value
}

/// The digest that is stored under an object id; `None` if the value is damaged.
pub(super) fn unseal_digest(
    owner: &StoreKey,
    table: &str,
    key: &[u8],
    value: &[u8],
) -> Option<Digest> {
    verified(owner, table, key, value)?.try_into().ok()
}

fn sign(owner: &StoreKey, table: &str, key: &[u8], value: &mut [u8]) {
    if let Some((checksum, rest)) = value.split_at_mut_checked(CHECKSUM) {
        checksum.copy_from_slice(&owner.checksum(table, key, rest));
    }
}

fn verified<'v>(owner: &StoreKey, table: &str, key: &[u8], value: &'v [u8]) -> Option<&'v [u8]> {
    let (stored, rest) = value.split_at_checked(CHECKSUM)?;
    (stored == owner.checksum(table, key, rest)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{StoreKey, StoredFacts, facts_key, seal, seal_digest, unseal, unseal_digest};
    use crate::fact::{ContentFacts, Fact, Observation, Op, Place, Site, Text};

    fn stored(names: usize) -> StoredFacts {
        let observation = |n: usize| Observation {
            fact: Fact::Member {
                name: Text::new([b"a/".as_slice(), n.to_string().as_bytes(), b"\xff"].concat()),
                size: 7,
            },
            site: Site {
                hops: Vec::new(),
                at: Place::Opcode {
                    offset: 9,
                    op: Some(Op::REDUCE),
                },
            },
            count: 1,
            excerpt: None,
        };
        StoredFacts {
            facts: ContentFacts {
                bytes: 70_000,
                source: false,
                observations: (0..names).map(observation).collect(),
            },
            ..StoredFacts::default()
        }
    }

    #[test]
    fn what_is_sealed_comes_back_and_nothing_else_does() {
        let (owner, other_owner) = (StoreKey::new(b"one"), StoreKey::new(b"other"));
        let key = facts_key(&[1; 32], b"model.pt");
        for names in [0, 1, 500] {
            let facts = stored(names);
            let value = seal(&owner, "facts", &key, &facts).unwrap();
            assert_eq!(unseal(&owner, "facts", &key, &value), Some(facts));
            assert_eq!(unseal(&other_owner, "facts", &key, &value), None);
            // Under another key, or in another table, it is no value.
            let other = facts_key(&[1; 32], b"model.py");
            assert_eq!(unseal(&owner, "facts", &other, &value), None);
            assert_eq!(unseal(&owner, "blobs", &key, &value), None);
            for at in 0..value.len() {
                let mut damaged = value.clone();
                damaged[at] ^= 1;
                assert_eq!(unseal(&owner, "facts", &key, &damaged), None, "{at}");
                assert_eq!(unseal(&owner, "facts", &key, &value[..at]), None, "{at}");
            }
        }
    }

    #[test]
    fn many_equal_facts_take_little_room() {
        let owner = StoreKey::new(b"one");
        let key = facts_key(&[1; 32], b"model.pt");
        let length = seal(&owner, "facts", &key, &stored(500)).unwrap().len();
        assert!(length < 500 * 12, "{length}");
        assert!(seal(&owner, "facts", &key, &stored(0)).unwrap().len() < 20);
    }

    #[test]
    fn a_digest_is_bound_to_its_object() {
        let owner = StoreKey::new(b"one");
        let value = seal_digest(&owner, "blobs", b"object", &[7; 32]);
        assert_eq!(
            unseal_digest(&owner, "blobs", b"object", &value),
            Some([7; 32])
        );
        assert_eq!(unseal_digest(&owner, "blobs", b"other", &value), None);
        assert_eq!(
            unseal_digest(&owner, "blobs", b"object", &value[..39]),
            None
        );
    }
}
