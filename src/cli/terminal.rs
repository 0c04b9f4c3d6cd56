//! What the terminal can do, where the program runs, and what its user asked for.
//!
//! All variables that are read, here unless it says otherwise:
//!
//! * `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM`: whether to colour. `LANG` and its like: what characters arrive (`supports-unicode`).
//! * `WEIGHBRIDGE_FORMAT`: how standard output looks where `--format` does not say.
//! * `SOURCE_DATE_EPOCH`: the day on which waivers are judged (`today`).
//! * `GITHUB_ACTIONS`, `GITLAB_CI`: who reads the log. `GITHUB_WORKSPACE`, `CI_PROJECT_DIR`: the checkout that they show.

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use crate::report::{self, Style};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal that supports it, unless NO_COLOR is set
    Auto,
    /// Also in files and pipes
    Always,
    /// Never
    Never,
}

/// A service that runs the program and reads what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// GitHub Actions, or a runner that does as it does.
    Actions,
    /// GitLab CI.
    Gitlab,
}

/// The version, with the commit that it was built from where that is known.
pub(super) const VERSION: &str = match option_env!("WEIGHBRIDGE_BUILT_FROM") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Columns of what is no terminal.
const PAGE: usize = 80;

/// How standard output, or a file, is to look.
pub(super) fn style(color: Color, file: bool) -> Style {
    let terminal = !file && io::stdout().is_terminal();
    Style {
        color: colored(color, terminal),
        unicode: file || !terminal || supports_unicode::on(supports_unicode::Stream::Stdout),
        width: if terminal { width() } else { PAGE },
        links: terminal && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
    }
}

/// How standard error is to look.
pub(super) fn style_of_errors(color: Color) -> Style {
    let terminal = io::stderr().is_terminal();
    Style {
        color: colored(color, terminal),
        unicode: !terminal || supports_unicode::on(supports_unicode::Stream::Stderr),
        width: if terminal { width() } else { PAGE },
        links: false,
    }
}

/// Whether a progress bar would be seen, and would move.
pub(super) fn shows_progress() -> bool {
    io::stderr().is_terminal() && !dumb()
}

/// A remark on standard error. If nobody reads it, nothing is lost.
pub(super) fn note(text: &str) {
    let text = report::harmless(text, Style::default());
    let _ = writeln!(io::stderr().lock(), "weighbridge: {text}");
}

/// Who runs the program, if it is a service.
pub(super) fn host() -> Option<Host> {
    let says = |name: &str| set(name).is_some_and(|value| value == "true");
    if says("GITHUB_ACTIONS") {
        Some(Host::Actions)
    } else if says("GITLAB_CI") {
        Some(Host::Gitlab)
    } else {
        None
    }
}

/// The root of the checkout that the service shows.
pub(super) fn checkout() -> Option<PathBuf> {
    let name = match host()? {
        Host::Actions => "GITHUB_WORKSPACE",
        Host::Gitlab => "CI_PROJECT_DIR",
    };
    set(name).and_then(|path| std::fs::canonicalize(path).ok())
}

/// How standard output is to look, as the surroundings say.
pub(super) fn format() -> Option<String> {
    set("WEIGHBRIDGE_FORMAT").map(|name| name.to_string_lossy().into_owned())
}

/// A variable that is set, and to something.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn colored(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        // From the most decided wish to the mildest: what says no to colour counts before what says yes.
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto => match forced() {
            Some(forced) => forced,
            None => terminal && !dumb() && set("CLICOLOR").is_none_or(|value| value != "0"),
        },
    }
}

/// What `FORCE_COLOR` says, and where it says nothing `CLICOLOR_FORCE`, which cannot forbid colour.
fn forced() -> Option<bool> {
    let off = |value: &OsString| value == "0" || value == "false";
    match set("FORCE_COLOR") {
        Some(value) => Some(!off(&value)),
        None => set("CLICOLOR_FORCE")
            .filter(|value| !off(value))
            .map(|_| true),
    }
}

fn dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn width() -> usize {
    terminal_size::terminal_size().map_or(PAGE, |(width, _)| usize::from(width.0))
}
