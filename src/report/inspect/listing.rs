//! A listing of every opcode, with what each does beside it.

use std::io;

use super::{Ink, Page, clip, guarded, harmless, width, words::inwards, wrap};
use crate::fact::ListingLine;

/// The column of operands in a listing.
const OPERANDS: usize = 26;
/// The column of effects in a listing, where operands are short.
const EFFECTS: usize = 40;

/// Streams under the way to them; what an opcode does stands beside it, or below it if there is no room.
pub(super) fn disassembly(lines: &[ListingLine], page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Disassembly", Ink::Strong)?;
    let room = page.style.columns().saturating_sub(2);
    for (i, line) in lines.iter().enumerate() {
        match line {
            ListingLine::In(site) => {
                let way = inwards(site);
                if i > 0 {
                    writeln!(page.out)?;
                }
                if !way.is_empty() {
                    page.text(2, &format!("in {way}"), Some(Ink::Strong))?;
                }
            }
            ListingLine::Opcode { text, effect } => opcode(text, effect, room, page)?,
            ListingLine::Note(text) => page.text(2, text, Some(Ink::Note))?,
        }
    }
    Ok(())
}

fn opcode(text: &str, effect: &str, room: usize, page: &mut Page<'_>) -> io::Result<()> {
    let style = page.style;
    let (offset, rest) = offset(text).unwrap_or(("", text));
    let offset = harmless(offset, style);
    let rest = clip(
        &harmless(rest, style),
        room.saturating_sub(width(&offset)),
        style,
    );
    let rest = if offset.is_empty() {
        guarded(rest)
    } else {
        rest
    };
    let rest = rest.trim_end();
    let used = width(&offset) + width(rest);
    let offset = style.ink(Ink::Faint, offset);
    if effect.is_empty() {
        return writeln!(page.out, "  {offset}{rest}");
    }
    let effect = format!("; {}", harmless(effect, style));
    let column = [EFFECTS, OPERANDS]
        .map(|column| column.max(used + 2))
        .into_iter()
        .find(|column| column + width(&effect) <= room);
    if let Some(column) = column {
        let pad = column - used;
        let effect = style.ink(Ink::Note, effect);
        return writeln!(page.out, "  {offset}{rest}{:pad$}{effect}", "");
    }
    let beside = used + 2 <= OPERANDS;
    let line = format!("  {offset}{rest}");
    if beside {
        write!(page.out, "{line}{:pad$}", "", pad = OPERANDS - used)?;
    } else {
        writeln!(page.out, "{line}")?;
    }
    let wide = room.saturating_sub(OPERANDS);
    for (i, line) in wrap(&effect, wide, wide.saturating_sub(2))
        .iter()
        .enumerate()
    {
        let indent = match i {
            0 if beside => 0,
            0 => OPERANDS + 2,
            _ => OPERANDS + 4,
        };
        let line = style.ink(Ink::Note, line);
        writeln!(page.out, "{:indent$}{line}", "")?;
    }
    Ok(())
}

/// The offset at the front of a line of a disassembly, and the rest.
fn offset(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let end = line.find(' ').unwrap_or(line.len());
    line.split_at_checked(end)
        .filter(|(offset, _)| offset.starts_with("0x"))
}
