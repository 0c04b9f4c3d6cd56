//! What a policy says, as a digest: whether another run was judged by the same.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::Policy;

/// A digest of a policy's text and of all that it extends, 64 lower-case hexadecimal digits. What is bundled with another version of the
/// program may say something else under the same text: packs are no part of it.
pub fn digest(policy: &Policy) -> String {
    let mut digest = Sha256::new();
    digest.update(b"weighbridge/policy/v1");
    for document in &policy.documents {
        let text = document.file.text.as_bytes();
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text);
    }
    HEXLOWER.encode(&digest.finalize())
}
