//! What the terminal can do and what its user asked for.
//!
//! The variables that are read: `NO_COLOR`, `CLICOLOR_FORCE` and `TERM` here; `LANG` and its like by `supports-unicode`.

use std::io::{self, IsTerminal as _, Write as _};

use crate::report::Style;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// If it is shown in a terminal that can, and NO_COLOR is not set
    Auto,
    /// Even into a file or a pipe
    Always,
    /// Not at all
    Never,
}

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
    let _ = writeln!(io::stderr().lock(), "weighbridge: {text}");
}

fn colored(color: Color, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => terminal && !dumb(),
    }
}

fn dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn width() -> usize {
    terminal_size::terminal_size().map_or(PAGE, |(width, _)| usize::from(width.0))
}
