//! Stores that somebody else has written to: nothing in them is believed.

use std::fs;

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableHandle as _,
};
use sha2::{Digest as _, Sha256};
use weighbridge::{
    fact::ContentFacts,
    store::{Store, StoreKey, StoredFacts, facts_key},
};

use super::{Clones, files};
use crate::support::{
    cli::{finish, program, run},
    pickle::payload,
};

type Table<'a> = TableDefinition<'a, &'static [u8], &'static [u8]>;

/// The content that an attacker wants to pass: it is in the history and in no commit of today.
fn evil() -> Vec<u8> {
    [payload(), b"only here".to_vec()].concat()
}

/// What an attacker would have a store say of it.
fn harmless() -> StoredFacts {
    StoredFacts {
        facts: ContentFacts {
            bytes: 1,
            source: false,
            observations: Vec::new(),
        },
        ..StoredFacts::default()
    }
}

/// All of a table.
fn rows(database: &Database, table: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let read = database.begin_read().unwrap();
    let table = read.open_table(Table::new(table)).unwrap();
    let rows = table.iter().unwrap().map(Result::unwrap);
    rows.map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
        .collect()
}

/// The tables of a store: of object ids, and of facts.
fn tables(database: &Database) -> [String; 2] {
    let read = database.begin_read().unwrap();
    let mut names: Vec<String> = read
        .list_tables()
        .unwrap()
        .map(|it| it.name().to_owned())
        .collect();
    names.sort_unstable();
    names.try_into().unwrap()
}

/// What a row gets instead of its value, of all rows.
type Forging<'f> = dyn Fn(&[(Vec<u8>, Vec<u8>)]) -> Vec<u8> + 'f;

#[test]
fn an_entry_that_somebody_else_made_is_not_believed() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("out", &["--history", "--store", "store"]);
    let results = files(&outside.join("out/results"));
    let read = run(&clones.repo.root, &["check", "--history"]);
    let store = outside.join("store/facts.redb");
    let whole = fs::read(&store).unwrap();

    let sha256: [u8; 32] = Sha256::digest(evil()).into();
    let key = facts_key(&sha256, b"evil.pkl");
    let blob = clones.repo.git(&["rev-parse", "HEAD~1:evil.pkl"]);
    let blob: Vec<u8> = gix_hex(blob.trim());
    // What an attacker's own key signs of the same content.
    let theirs = outside.join("theirs");
    let opened = Store::open(&theirs, &StoreKey::new(b"an attacker's")).unwrap();
    opened.keep(&blob, &sha256, b"evil.pkl", &harmless());
    assert_eq!(opened.close().added, 1);
    let forged = Database::open(theirs.join("facts.redb")).unwrap();
    let [_, facts] = tables(&forged);
    let [(forged_key, forged_value)] = rows(&forged, &facts).try_into().unwrap();
    assert_eq!(forged_key, key);
    drop(forged);

    let forge = |value: &Forging<'_>| {
        fs::write(&store, &whole).unwrap();
        let database = Database::open(&store).unwrap();
        let [_, facts] = tables(&database);
        let value = value(&rows(&database, &facts));
        let write = database.begin_write().unwrap();
        {
            let mut table = write.open_table(Table::new(&facts)).unwrap();
            let before = table.insert(key.as_slice(), value.as_slice()).unwrap();
            assert!(before.is_some(), "the store had the content");
        }
        write.commit().unwrap();
    };
    // Copied from a harmless content, signed with another key, signed with none.
    let unkeyed = {
        let rest = &forged_value[8..];
        let signed = Sha256::new().chain_update(rest).finalize();
        [&signed[..8], rest].concat()
    };
    let shortest = |rows: &[(Vec<u8>, Vec<u8>)]| {
        let values = rows.iter().map(|(_, value)| value.clone());
        values.min_by_key(Vec::len).unwrap()
    };
    let ways: [&Forging<'_>; 3] = [&shortest, &|_| forged_value.clone(), &|_| unkeyed.clone()];
    for way in ways {
        forge(way);
        let known = run(
            &clones.repo.root,
            &[
                "check",
                "--history",
                "--store",
                &outside.join("store").display().to_string(),
            ],
        );
        assert_eq!((known.stdout, known.code), (read.stdout.clone(), read.code));
        fs::remove_dir_all(outside.join("out")).unwrap();
        clones.audit("out", &["--history", "--store", "store"]);
        assert!(files(&outside.join("out/results")) == results);
    }

    // A whole store of somebody else's.
    fs::copy(theirs.join("facts.redb"), &store).unwrap();
    let known = run(
        &clones.repo.root,
        &[
            "check",
            "--history",
            "--store",
            &outside.join("store").display().to_string(),
        ],
    );
    assert!(
        known.stderr.contains("it was written with another key"),
        "{}",
        known.stderr
    );
    assert_eq!((known.stdout, known.code), (read.stdout.clone(), read.code));
    fs::remove_dir_all(outside.join("out")).unwrap();
    let again = clones.audit("out", &["--history", "--store", "store"]);
    assert!(
        again
            .stderr
            .contains("the store was written with another key"),
        "{}",
        again.stderr
    );
    assert!(files(&outside.join("out/results")) == results);
}

/// The bytes of an object id.
fn gix_hex(hex: &str) -> Vec<u8> {
    let bytes = hex.as_bytes().chunks(2);
    bytes
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

#[cfg(unix)]
#[test]
fn a_key_is_made_once_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let audit = || {
        let mut command = program(&outside);
        command.env_remove("WEIGHBRIDGE_STORE_KEY");
        command.args(["audit", "clones", "--out", "out"]);
        finish(&mut command)
    };
    let place = outside.join(".local/state/weighbridge/store.key");
    audit();
    let key = fs::read(&place).unwrap();
    assert_eq!(key.len(), 32);
    let mode = |mode| fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(
        fs::metadata(&place).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = || {
        fs::remove_dir_all(outside.join("out/lines")).unwrap();
        audit()
    };
    assert!(!again().stderr.contains("another key"));
    assert_eq!(fs::read(&place).unwrap(), key);

    // One that others can read is no secret.
    mode(0o644);
    let said = again();
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("chmod 600"), "{}", said.stderr);
    mode(0o600);
    fs::write(&place, b"short").unwrap();
    assert_eq!(audit().code, 2);
    // A new one begins a new store.
    fs::remove_file(&place).unwrap();
    assert!(audit().stderr.contains("written with another key"));
}
