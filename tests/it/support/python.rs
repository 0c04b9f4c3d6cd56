//! The real Python, as an oracle. Tests that need it are passed over where it is missing, and say so.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

/// Runs a script with some bytes on its standard input and returns its output; `None` (said on stderr) without a
/// `python3` that has `module`.
#[allow(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn run(module: &str, script: &str, input: &[u8]) -> Option<String> {
    let has = Command::new("python3")
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    if !has.is_ok_and(|status| status.success()) {
        eprintln!("passed over: no python3 with {module}");
        return None;
    }
    let mut child = Command::new("python3")
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
