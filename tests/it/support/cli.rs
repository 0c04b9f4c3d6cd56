//! The program as a user runs it, with nothing of the surroundings reaching it.

use std::{
    ffi::OsStr,
    io::{Seek as _, Write as _},
    path::Path,
    process::Command,
};

use super::repo::scrub;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// The program, to be run in a folder.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weighbridge"));
    scrub(&mut command, folder);
    for name in [
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "CLICOLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "WEIGHBRIDGE_FORMAT",
        "GITHUB_ACTIONS",
        "GITHUB_WORKSPACE",
        "GITLAB_CI",
        "CI_PROJECT_DIR",
        "WEIGHBRIDGE_SARIF_CATEGORY",
        "WEIGHBRIDGE_BASE",
        "WEIGHBRIDGE_ORGANISATION_POLICY",
        "CI",
        "TF_BUILD",
        "JENKINS_URL",
        "TEAMCITY_VERSION",
        "BUILDKITE",
        "CODEBUILD_BUILD_ID",
        "GITHUB_BASE_REF",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_REF",
        "GITHUB_SHA",
        "CI_DEFAULT_BRANCH",
        "CI_COMMIT_BRANCH",
    ] {
        command.env_remove(name);
    }
    command
        .env("LC_ALL", "C.UTF-8")
        .env("WEIGHBRIDGE_STORE_KEY", "the key of the tests")
        .current_dir(folder);
    command
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Run {
    finish(program(folder).args(arguments))
}

/// Runs the program in a folder with something on its standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &str) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    finish(program(folder).args(arguments).stdin(file))
}

/// Runs a prepared program.
pub(crate) fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Both outputs and the code, with a folder's path as `[DIR]`.
    pub(crate) fn shown(&self, folder: &Path) -> String {
        let text = format!("{}{}exit {}", self.stdout, self.stderr, self.code);
        let folder = folder.as_os_str();
        text.replace(&*OsStr::to_string_lossy(folder), "[DIR]")
    }
}
