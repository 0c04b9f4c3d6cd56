//! Our own Markdown (a rule's or a format's documentation) on a terminal: headings stand out, paragraphs are filled,
//! code is indented. Lightly: what is not known here is shown as it is written.

use std::io::{self, Write};

use super::{
    Style,
    terminal::{Ink, harmless, wrap},
};

/// Writes Markdown for a terminal.
///
/// # Errors
/// Whatever `out` answers.
pub fn prose(markdown: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut paragraph = String::new();
    let mut code = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fill(&mut paragraph, style, out)?;
            code = !code;
            continue;
        }
        if code {
            let line = format!("    {}", harmless(line, style));
            writeln!(out, "{}", style.ink(Ink::Note, line.trim_end()))?;
            continue;
        }
        let level = line.len() - line.trim_start_matches('#').len();
        if level > 0 && line.get(level..).is_some_and(|rest| rest.starts_with(' ')) {
            fill(&mut paragraph, style, out)?;
            let title = harmless(line.get(level..).unwrap_or_default().trim(), style);
            let ink = if level == 1 { Ink::Help } else { Ink::Strong };
            writeln!(out, "{}", style.ink(ink, title))?;
        } else if line.trim().is_empty() {
            fill(&mut paragraph, style, out)?;
            writeln!(out)?;
        } else if line.starts_with('|') {
            fill(&mut paragraph, style, out)?;
            writeln!(out, "{}", harmless(line, style))?;
        } else {
            if item(line).is_some() {
                fill(&mut paragraph, style, out)?;
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    fill(&mut paragraph, style, out)?;
    out.flush()
}

/// The text of an item of a list.
fn item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("* ").or_else(|| line.strip_prefix("- "))
}

/// Writes a paragraph or an item, and forgets it.
fn fill(paragraph: &mut String, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let text = std::mem::take(paragraph);
    if text.is_empty() {
        return Ok(());
    }
    let (text, head, indent) = match item(&text) {
        Some(item) => (item, format!("  {} ", style.glyphs().bullet), 4),
        None => (text.as_str(), String::new(), 0),
    };
    let room = style.columns() - indent;
    for (i, line) in wrap(&harmless(text, style), room, room).iter().enumerate() {
        if i == 0 {
            writeln!(out, "{head}{line}")?;
        } else {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    Ok(())
}
