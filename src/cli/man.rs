//! `weighbridge man`: the manual pages, made from the definition of the command line.
//!
//! One page for the program and one for each command, in roff's `man` macros. What `--help` shows below the options
//! (examples, exit codes) becomes sections that keep their lines.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use clap_mangen::Man as Page;

use super::output;
use crate::{error::Error, scan::Outcome};

/// Write the manual pages
///
/// Without a folder, the main page is written to standard output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weighbridge man | man -l -
  weighbridge man --dir ~/.local/share/man/man1")]
pub(super) struct Man {
    /// Write all pages into this folder, which is created if necessary
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let mut command = super::command();
        command.build();
        let Some(folder) = self.dir else {
            output::deliver(None, &[], |out| write(&command, out))?;
            return Ok(Outcome::Clean);
        };
        output::make_folder(&folder)?;
        let mut commands = vec![&command];
        while let Some(command) = commands.pop() {
            let page = folder.join(Page::new(command.clone()).get_filename());
            output::deliver(Some(&page), &[], |out| write(command, out))?;
            commands.extend(command.get_subcommands().filter(|sub| !sub.is_hide_set()));
        }
        Ok(Outcome::Clean)
    }
}

fn write(command: &clap::Command, out: &mut dyn Write) -> io::Result<()> {
    let page = Page::new(command.clone());
    // Not the library's title: it leaves out an empty date, and what follows would take its place. A date of its own
    // would make the same program write different pages.
    let (name, version) = (command.get_display_name(), env!("CARGO_PKG_VERSION"));
    let name = escape(name.unwrap_or_else(|| command.get_name()));
    writeln!(
        out,
        ".TH {name} 1 \"\" \"weighbridge {version}\" \"User Commands\""
    )?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    if command.has_subcommands() {
        page.render_subcommands_section(out)?;
    }
    match command.get_after_help() {
        Some(text) => sections(&text.to_string(), out),
        None => Ok(()),
    }
}

/// `Heading:` and the lines below it, as they are laid out.
fn sections(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for block in text.split("\n\n") {
        let (heading, lines) = match block.split_once(":\n") {
            Some((heading, lines)) if !heading.contains('\n') => (heading, lines),
            _ => ("Notes", block),
        };
        writeln!(out, ".SH {}\n.nf", escape(&heading.to_uppercase()))?;
        for line in lines.lines() {
            writeln!(out, "{}", escape(line.strip_prefix("  ").unwrap_or(line)))?;
        }
        writeln!(out, ".fi")?;
    }
    Ok(())
}

/// A line that roff prints as it is.
fn escape(line: &str) -> String {
    let escaped = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('~', "\\(ti")
        .replace('^', "\\(ha");
    // What looks like a request at the start of a line is none.
    if escaped.starts_with('.') {
        format!("\\&{escaped}")
    } else {
        escaped
    }
}
