//! The key of whoever writes a store: only what was written with the same key is believed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Bytes of a checksum. Nobody without the key can tell whether one fits.
pub(super) const CHECKSUM: usize = 8;

/// A key. It never stands in a store; its name does.
#[derive(Clone)]
pub struct StoreKey {
    mac: Hmac<Sha256>,
    name: String,
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StoreKey").field(&self.name).finish()
    }
}

impl StoreKey {
    /// The key that a secret makes.
    pub fn new(secret: &[u8]) -> Self {
        // As long as a block of the hash, as the algorithm fills up shorter keys.
        let mut key = [0; 64];
        let (digest, _) = key.split_at_mut(32);
        digest.copy_from_slice(&Sha256::digest(secret));
        let mac = Hmac::new(&key.into());
        let named = signed(&mac, "weighbridge/store-key/v1", &[], &[]);
        let name = format!("{:016x}", u64::from_be_bytes(named));
        Self { mac, name }
    }

    /// What tells it from other keys, without telling it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The checksum of what stands under a key of a table.
    pub(super) fn checksum(&self, table: &str, key: &[u8], rest: &[u8]) -> [u8; CHECKSUM] {
        signed(&self.mac, table, key, rest)
    }
}

fn signed(mac: &Hmac<Sha256>, table: &str, key: &[u8], rest: &[u8]) -> [u8; CHECKSUM] {
    let mut mac = mac.clone();
    mac.update(table.as_bytes());
    mac.update(&[0]);
    mac.update(key);
    mac.update(rest);
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(whole.split_at(CHECKSUM).0);
    checksum
}
