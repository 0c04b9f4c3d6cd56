//! The layering of `src/`: which room may import which, which modules import each other in a circle, where each confined crate may be used, how long a file and the `impl` of a type may be.

mod circles;
mod impls;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Rooms and the rooms they may import. `fact`, `limits`, `loader` and `error` are open to all.
const ALLOWED_IMPORTS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "scan", "audit", "hook", "report", "docs", "policy", "pins", "files",
        ],
    ),
    ("hook", &["git", "bytes", "files"]),
    (
        "audit",
        &[
            "scan",
            "store",
            "git",
            "verdict",
            "inventory",
            "report",
            "policy",
            "finding",
            "files",
            "bytes",
        ],
    ),
    // Pure data in a file of its own.
    ("store", &["bytes"]),
    (
        "scan",
        &[
            "git",
            "format",
            "python",
            "config",
            "link",
            "rule",
            "inventory",
            "verdict",
            "policy",
            "pins",
            "record",
            "bytes",
            "finding",
            "files",
        ],
    ),
    (
        "report",
        &["verdict", "inventory", "link", "policy", "finding", "words"],
    ),
    ("docs", &["rule", "format", "policy", "finding", "words"]),
    ("rule", &["link", "policy", "pins", "finding", "words"]),
    ("verdict", &["inventory", "policy", "finding", "words"]),
    // A format is called by its title.
    ("words", &["format"]),
    ("inventory", &["link", "policy", "bytes"]),
    ("link", &[]),
    // The clippy configuration sends whoever opens a file through `bytes`.
    ("policy", &["pins", "finding", "bytes"]),
    ("finding", &[]),
    ("pins", &[]),
    ("format", &["record", "bytes"]),
    ("python", &["record", "bytes"]),
    ("config", &["record", "bytes"]),
    ("git", &["bytes"]),
    ("record", &["bytes"]),
    ("bytes", &[]),
    ("files", &["bytes"]),
    ("fact", &[]),
    ("limits", &[]),
    ("loader", &[]),
    ("error", &["policy"]),
    ("lib", &["error"]),
];

const OPEN: &[&str] = &["fact", "limits", "loader", "error"];

/// Third-party crates that only these rooms or files may use.
const CONFINED_CRATES: &[(&str, &[&str])] = &[
    ("gix", &["git/"]),
    ("rustix", &["files/"]),
    ("Md5", &["git/annex.rs", "git/dvc/cache.rs"]),
    ("imara_diff", &["git/lines.rs", "cli/patch.rs"]),
    (
        "serde_yaml",
        &[
            "policy/load.rs",
            "format/configuration.rs",
            "format/interpolation.rs",
            "format/mlflow.rs",
            "git/dvc/files.rs",
        ],
    ),
    ("minijinja", &["format/template/"]),
    ("sevenz_rust2", &["format/seven_zip.rs"]),
    (
        "tree_sitter",
        &["policy/edit/", "format/model_files/tags.rs"],
    ),
    (
        "tree_sitter_yaml",
        &["policy/edit/tree.rs", "format/model_files/tags.rs"],
    ),
    ("ruff_python_parser", &["python/parse.rs"]),
    ("DeTable", &["python/requirements/project.rs"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/completions.rs"]),
    ("clap_mangen", &["cli/man.rs"]),
    ("indicatif", &["cli/"]),
    ("rayon", &["scan/", "audit/target.rs"]),
    ("redb", &["store/"]),
    ("object_store", &["audit/shared/cloud.rs"]),
    ("reqwest", &[]),
    ("rustls", &["audit/shared/cloud.rs"]),
    ("tokio", &["audit/shared/cloud.rs"]),
    ("futures_util", &["audit/shared/cloud.rs"]),
    ("postcard", &["store/encoding.rs", "audit/record.rs"]),
    (
        "pep440_rs",
        &["policy/target.rs", "policy/floors.rs", "link/release.rs"],
    ),
    ("regex_automata", &["policy/diff/witnesses.rs"]),
    ("shlex", &["hook/script.rs", "fact/shell_word.rs"]),
    (
        "data_encoding",
        &[
            "report/",
            "verdict/",
            "inventory/",
            "finding/",
            "format/arrow/parquet.rs",
            "format/jsonpickle.rs",
            "format/keras/configuration.rs",
            "format/protobuf_json.rs",
            "git/annex.rs",
            "git/dvc/cache.rs",
            "hook/script.rs",
            "policy/digest.rs",
            "audit/",
        ],
    ),
];

/// Lines of a file at most, tests in place included.
const LINES: usize = 700;

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let room = room_of(&path);
        let Some((_, allowed_rooms)) = ALLOWED_IMPORTS.iter().find(|(name, _)| *name == room)
        else {
            wrong.push(format!("{path}: `{room}` is not in ALLOWED_IMPORTS"));
            continue;
        };
        for other in imports(&code) {
            let allowed = other == room
                || OPEN.contains(&other.as_str())
                || allowed_rooms.contains(&other.as_str())
                || !ALLOWED_IMPORTS.iter().any(|(name, _)| *name == other);
            if !allowed {
                wrong.push(format!("{path}: imports `{other}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_the_rooms_that_may_use_them() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        for (name, rooms) in CONFINED_CRATES {
            if words(&code).any(|word| word == *name)
                && !rooms.iter().any(|room| path.starts_with(room))
            {
                wrong.push(format!(
                    "{path}: `{name}` may only be used in {}",
                    rooms.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_file_catches_panics() {
    let places: Vec<String> = sources()
        .into_iter()
        .filter(|(_, code)| words(code).any(|word| word == "catch_unwind"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(places, ["scan/guard.rs"]);
}

/// Rooms that parse hostile bytes: what could panic or overflow there is an error of clippy's.
const PARSERS: &[&str] = &["format", "python"];

#[test]
fn parsers_deny_what_can_panic_or_overflow() {
    let sources = sources();
    for room in PARSERS {
        let front = format!("{room}/mod.rs");
        let (_, code) = sources.iter().find(|(path, _)| *path == front).unwrap();
        let denied = code.split("#![deny(").nth(1).unwrap();
        let denied = denied.split(")]").next().unwrap();
        for lint in [
            "indexing_slicing",
            "arithmetic_side_effects",
            "as_conversions",
            "unwrap_used",
            "expect_used",
            "panic",
        ] {
            assert!(words(denied).any(|word| word == lint), "{front}: {lint}");
        }
    }
}

#[test]
fn files_have_at_most_700_lines() {
    let root = root();
    let mut wrong = Vec::new();
    for path in files(&root) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > LINES {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_and_comments_are_not() {
    let code = "use crate::{\n    a::B,\n    c::{d, e::F},\n    g,\n};\nfn x() { crate::h::i() }\npub(crate) use j;";
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(found, ["a", "c", "g", "h"]);
    let code = strip(
        "// crate::a\n/// crate::b\nlet x = 1; // crate::c\n#[cfg(test)]\nmod tests { crate::d }",
    );
    assert_eq!(code.trim(), "let x = 1;");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for child in fs::read_dir(folder).unwrap() {
            let path = child.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every source file by its path below `src/`, without comments and without its tests.
fn sources() -> Vec<(String, String)> {
    let root = root();
    files(&root)
        .into_iter()
        .map(|path| {
            let code = strip(&fs::read_to_string(&path).unwrap());
            let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
            (path.replace('\\', "/"), code)
        })
        .filter(|(path, _)| !path.starts_with("bin/") && !path.ends_with("/tests.rs"))
        .collect()
}

fn strip(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn room_of(path: &str) -> String {
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
        .to_owned()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The first words after every `crate::`, lists included.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            found.extend(words(rest).next().map(String::from));
            continue;
        };
        let mut depth = 1;
        let mut start = true;
        let mut word = String::new();
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                c if start && (c.is_alphanumeric() || c == '_') => {
                    word.push(c);
                    continue;
                }
                _ => {}
            }
            if !word.is_empty() {
                found.insert(std::mem::take(&mut word));
                start = false;
            }
            if c == ',' && depth == 1 {
                start = true;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}
