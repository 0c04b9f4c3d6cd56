//! Nobody changes what readers say and forgets to raise [`READER_EPOCH`].
//!
//! `digests.txt` holds the epoch and a digest of the facts about every fixture. `UPDATE_FACTS=1 cargo test facts` writes it, unless
//! a digest changed and the epoch did not.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use sha2::{Digest as _, Sha256};
use weighbridge::fact::READER_EPOCH;

use super::{contents, facts, stored};

/// The first half of a digest, in hexadecimal: enough to see a change.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn a_reader_that_says_something_else_raises_the_epoch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/facts/digests.txt");
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = recorded.lines();
    let epoch = lines.next().and_then(|line| line.strip_prefix("epoch "));
    let same_epoch = epoch == Some(&*READER_EPOCH.to_string());
    let known: BTreeMap<&str, &str> = lines
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, key)| (key, digest))
        .collect();
    let mut now = format!("epoch {READER_EPOCH}\n");
    let mut changed = Vec::new();
    for content in contents() {
        let digest = digest(&stored(&facts(&content)));
        if known.get(&*content.key).is_some_and(|old| *old != digest) {
            changed.push(content.key.clone());
        }
        writeln!(now, "{digest}  {}", content.key).unwrap();
    }
    assert!(
        changed.is_empty() || !same_epoch,
        "a reader says something else now: raise READER_EPOCH, then `UPDATE_FACTS=1 cargo test facts` puts the new digests into {}. It is about:\n{}",
        path.display(),
        changed.join("\n")
    );
    if std::env::var_os("UPDATE_FACTS").is_some() {
        fs::write(&path, &now).unwrap();
        return;
    }
    let recorded: Vec<&str> = recorded.lines().collect();
    assert!(
        recorded == now.lines().collect::<Vec<_>>(),
        "fixtures were added, renamed or taken away, or the epoch was raised: `UPDATE_FACTS=1 cargo test facts` writes {}",
        path.display()
    );
}
