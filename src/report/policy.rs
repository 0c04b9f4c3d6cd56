//! What a policy says, for people and for programs: the lines that hold, and the answers about one name.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    finding::LineRef,
    policy::{EffectiveLine, Explained, Ruling, show},
};

/// Writes an effective policy as YAML. `of` says whose it is, in a phrase.
///
/// # Errors
/// Whatever `out` answers.
pub fn effective(of: &str, lines: &[EffectiveLine], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {of}")?;
    out.write_all(show(lines).as_bytes())
}

/// Writes an effective policy for programs: a list of its lines.
///
/// # Errors
/// Whatever `out` answers.
pub fn effective_json(of: &str, lines: &[EffectiveLine], out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<Value> = lines
        .iter()
        .filter(|line| !line.places.is_empty())
        .map(|line| {
            json!({
                "key": line.key,
                "yaml": line.text,
                "from": places(&line.places),
                "replaces": places(&line.replaces),
                "no-effect": line.void,
            })
        })
        .collect();
    pretty(&json!({"version": 1, "policy": of, "lines": lines}), out)
}

/// Writes what a policy says of one name.
///
/// # Errors
/// Whatever `out` answers.
pub fn explained(name: &str, answer: &Explained, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name}")?;
    rulings(&answer.rulings, out)?;
    for elsewhere in &answer.elsewhere {
        let paths = elsewhere.paths.join(", ");
        writeln!(out, "\nin {paths} ({})", place(&elsewhere.line))?;
        rulings(&elsewhere.rulings, out)?;
    }
    if !answer.covered.is_empty() {
        writeln!(out, "\nwhat sets findings aside there")?;
        rulings(&answer.covered, out)?;
    }
    if !answer.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &answer.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn rulings(rulings: &[Ruling], out: &mut dyn Write) -> io::Result<()> {
    let width = rulings
        .iter()
        .map(|ruling| ruling.of.len())
        .max()
        .unwrap_or(0);
    for ruling in rulings {
        let of = match width {
            0 => String::new(),
            width => format!("{:width$}  ", ruling.of),
        };
        write!(out, "  {of}{:7}  {}", ruling.says, ruling.why)?;
        match &ruling.line {
            Some(line) => writeln!(out, " ({})", place(line))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// The same for programs: what a policy says of all that a name may be.
///
/// # Errors
/// Whatever `out` answers.
pub fn explained_json(
    name: &str,
    path: Option<&str>,
    answers: &[(&str, Explained)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let answers: Vec<Value> = answers
        .iter()
        .map(|(kind, answer)| {
            let elsewhere = answer.elsewhere.iter().map(|there| {
                json!({
                    "paths": there.paths,
                    "from": spot(&there.line),
                    "rulings": values(&there.rulings),
                })
            });
            json!({
                "kind": kind,
                "rulings": values(&answer.rulings),
                "elsewhere": elsewhere.collect::<Vec<_>>(),
                "covered": covered(&answer.covered),
                "notes": answer.notes,
            })
        })
        .collect();
    let value = json!({"version": 1, "name": name, "path": path, "answers": answers});
    pretty(&value, out)
}

fn covered(rulings: &[Ruling]) -> Vec<Value> {
    let value = |ruling: &Ruling| {
        json!({
            "rule": ruling.of,
            "says": ruling.says,
            "why": ruling.why,
            "from": ruling.line.as_ref().map(spot),
        })
    };
    rulings.iter().map(value).collect()
}

fn values(rulings: &[Ruling]) -> Vec<Value> {
    let value = |ruling: &Ruling| {
        json!({
            "use": (!ruling.of.is_empty()).then_some(&ruling.of),
            "says": ruling.says,
            "why": ruling.why,
            "from": ruling.line.as_ref().map(spot),
        })
    };
    rulings.iter().map(value).collect()
}

fn places(lines: &[LineRef]) -> Vec<Value> {
    lines.iter().map(spot).collect()
}

fn spot(line: &LineRef) -> Value {
    json!({"file": line.file, "line": line.line})
}

fn place(line: &LineRef) -> String {
    format!("{}:{}", line.file, line.line)
}

fn pretty(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
