//! The real loaders, run as programs. Tests that need one are passed over where it is missing, and say so.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A Python that can run `probe` (`import numpy`, ...), or a note on stderr that the comparison is not made.
#[allow(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn python(probe: &str) -> Option<PathBuf> {
    let python =
        PathBuf::from(std::env::var_os("WEIGHBRIDGE_PYTHON").unwrap_or_else(|| "python3".into()));
    let works = Command::new(&python)
        .args(["-c", probe])
        .output()
        .is_ok_and(|out| out.status.success());
    if !works {
        eprintln!(
            "not compared: no {} that can run `{probe}`",
            python.display()
        );
    }
    works.then_some(python)
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

/// Runs a script that needs `module` with some bytes on its standard input and returns its output; `None` without a Python
/// that has it.
pub(crate) fn piped(module: &str, script: &str, input: &[u8]) -> Option<String> {
    let python = python(&format!("import {module}"))?;
    let mut child = Command::new(python)
        .args(["-c", script])
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
