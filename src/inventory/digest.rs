//! The digest of a content.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::bytes::{Window, wide};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// The sha256 of a content, 64 lower-case hex digits; `None` if it cannot be read.
pub fn sha256(content: &Window) -> Option<String> {
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK.min(usize::try_from(content.len()).unwrap_or(CHUNK))];
    let mut at = 0;
    while at < content.len() {
        let n = content.fill_at(at, &mut chunk).ok().filter(|n| *n > 0)?;
        digest.update(chunk.get(..n)?);
        at = at.saturating_add(wide(n));
    }
    Some(HEXLOWER.encode(&digest.finalize()))
}
