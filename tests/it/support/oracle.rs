//! The real loaders, run as programs.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

use super::comparison::{Needs, made, not_made};

/// The interpreter of every comparison: the one that `WEIGHBRIDGE_PYTHON` names, else the one that `tests/run` has prepared, else
/// `python3`.
fn interpreter() -> PathBuf {
    let prepared = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    match std::env::var_os("WEIGHBRIDGE_PYTHON") {
        Some(named) => named.into(),
        None if prepared.is_file() => prepared,
        None => "python3".into(),
    }
}

/// The interpreter, if it has these modules (`numpy`, or `zipfile, lzma`); otherwise the comparison is reported as not made.
#[track_caller]
pub(crate) fn python(modules: &str) -> Option<PathBuf> {
    /// Importing torch takes seconds, so each answer is kept.
    static FOUND: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());
    let python = interpreter();
    let found = *FOUND
        .lock()
        .unwrap()
        .entry(modules.to_owned())
        .or_insert_with(|| {
            Command::new(&python)
                .args(["-c", &format!("import {modules}")])
                .output()
                .is_ok_and(|out| out.status.success())
        });
    let needs = Needs::Python(modules);
    if found {
        made(needs);
    } else {
        not_made(
            needs,
            format_args!("{} cannot import {modules}", python.display()),
        );
    }
    found.then_some(python)
}

/// The interpreter with this release of torch, which `WEIGHBRIDGE_PYTHON_TORCH_2_4` names for `2.4`; without that variable the
/// comparison is reported as not made.
#[track_caller]
pub(crate) fn python_of_torch(release: &str) -> Option<PathBuf> {
    let variable = format!("WEIGHBRIDGE_PYTHON_TORCH_{}", release.replace('.', "_"));
    let needs = Needs::Torch(release);
    let Some(named) = std::env::var_os(&variable) else {
        not_made(needs, format_args!("{variable} names no interpreter"));
        return None;
    };
    let version = "import torch; print(torch.__version__)";
    let out = Command::new(&named).args(["-c", version]).output().unwrap();
    let found = String::from_utf8_lossy(&out.stdout);
    assert!(
        found.starts_with(&format!("{release}.")),
        "{variable} names an interpreter with torch {found}"
    );
    made(needs);
    Some(named.into())
}

/// A number from the environment, for longer runs.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Runs a script of `tests/it/oracle` and returns the JSON of each line it prints.
pub(crate) fn run(python: &Path, script: &str, args: &[&str]) -> Vec<serde_json::Value> {
    write(python, &format!("tests/it/oracle/{script}"), args)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs a script of the repository and returns what it prints.
pub(crate) fn write(python: &Path, script: &str, args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let out = Command::new(python)
        .arg("-B")
        .arg(&script)
        .args(args)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}: {}",
        script.display(),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

/// Runs a script that needs these modules with some bytes on its standard input and returns its output; `None` without a Python
/// that has them.
#[track_caller]
pub(crate) fn piped(modules: &str, script: &str, input: &[u8]) -> Option<String> {
    piped_with(modules, script, &[], input)
}

/// The same with arguments for the script.
#[track_caller]
pub(crate) fn piped_with(
    modules: &str,
    script: &str,
    args: &[String],
    input: &[u8],
) -> Option<String> {
    let python = python(modules)?;
    let mut child = Command::new(python)
        .args(["-I", "-c", script])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().ok();
    assert!(output.status.success(), "the oracle's script failed");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Several byte strings as one input: each with its length (8 bytes, little-endian) before it.
pub(crate) fn framed(items: &[Vec<u8>]) -> Vec<u8> {
    items
        .iter()
        .flat_map(|item| {
            (item.len() as u64)
                .to_le_bytes()
                .into_iter()
                .chain(item.iter().copied())
        })
        .collect()
}
