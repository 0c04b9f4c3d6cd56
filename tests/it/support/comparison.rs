//! Comparisons with other programs: each that is made is counted, and each that cannot be made is reported with the reason.
//!
//! `tests/run` names a file in `WEIGHBRIDGE_COMPARISONS`, to which every test adds a line, and ends with the totals. Without it
//! the reason is printed where no test harness can hide it.

use std::{
    fmt::Display,
    fs::OpenOptions,
    io::{self, Write as _},
    panic::Location,
};

/// What a comparison needs besides this program.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Needs<'n> {
    /// A Python that has these modules, as `import` takes them.
    Python(&'n str),
    /// A Python that has this release of torch.
    Torch(&'n str),
    /// A program on the PATH.
    Program(&'n str),
    /// A property of the machine or of the user that runs the tests.
    Machine,
}

impl Needs<'_> {
    /// The word that `tests/run` counts by and checks the machine for.
    fn word(self) -> String {
        match self {
            Self::Python(modules) => {
                let first = modules.split([',', '.']).next().unwrap_or(modules);
                match first {
                    "_compat_pickle" | "argparse" | "ast" | "bz2" | "importlib" | "lzma"
                    | "pickle" | "sysconfig" | "tarfile" | "zipfile" => "CPython".into(),
                    "numpy" => "NumPy".into(),
                    "torch" => "PyTorch".into(),
                    // What `tests/run` installs.
                    "dill" | "joblib" => first.into(),
                    library => format!("{library} (Python)"),
                }
            }
            Self::Torch(release) => format!("PyTorch {release}"),
            Self::Program(name) => name.into(),
            Self::Machine => "machine".into(),
        }
    }
}

/// Counts a comparison of the running test.
#[track_caller]
pub(crate) fn made(needs: Needs<'_>) {
    record(&format!("made\t{}\t{}", needs.word(), test()));
}

/// Reports a comparison of the running test that cannot be made.
#[track_caller]
pub(crate) fn not_made(needs: Needs<'_>, why: impl Display) {
    let test = test();
    // Unlike `eprintln!`, this is not held back by the test harness.
    let _ = writeln!(io::stderr(), "not compared: {test}: {why}");
    record(&format!("not made\t{}\t{test}\t{why}", needs.word()));
}

/// Ends a test without a result because a comparison cannot be made here: `skip!(Needs::Program("git"), "why")`.
macro_rules! skip {
    ($needs:expr, $($why:tt)+) => {{
        $crate::support::comparison::not_made($needs, format_args!($($why)+));
        return;
    }};
}
pub(crate) use skip;

/// The running test; where it has no name, the line that asks.
#[track_caller]
fn test() -> String {
    match std::thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => Location::caller().to_string(),
    }
}

fn record(line: &str) {
    let Some(path) = std::env::var_os("WEIGHBRIDGE_COMPARISONS") else {
        return;
    };
    // One write for each line: many tests and processes append at once.
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
