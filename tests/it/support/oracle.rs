//! The real loaders, run as programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
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

/// Runs a script of `tests/it/oracle` and returns the JSON of each line it prints.
pub(crate) fn run(python: &Path, script: &str, args: &[&str]) -> Vec<serde_json::Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/oracle")
        .join(script);
    let out = Command::new(python)
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
    String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
