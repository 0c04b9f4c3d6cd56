//! How one policy differs from another.

use std::fmt;

use crate::fact::{Direction, PolicyChange, PolicyItem, Usage};

/// One respect in which a policy differs, as a sentence without its end: `myapp.Net` may be called, in `models/**`.
impl fmt::Display for PolicyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.direction == Direction::PerhapsLooser {
            f.write_str("perhaps: ")?;
        }
        item(&self.what, self.is_looser(), f)?;
        if self.wider {
            let more = if self.is_looser() { "more" } else { "fewer" };
            write!(f, " in {more} paths")?;
        }
        let paths: Vec<String> = self.paths.iter().map(|path| format!("`{path}`")).collect();
        match (paths.as_slice(), &self.example) {
            ([], None) => Ok(()),
            ([], Some(example)) => write!(f, ", for example at `{example}`"),
            (paths, Some(example)) if self.wider => {
                write!(f, ": {}, for example `{example}`", paths.join(", "))
            }
            (paths, _) => write!(f, " in {}", paths.join(", ")),
        }
    }
}

fn item(what: &PolicyItem, looser: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let may = if looser { "may" } else { "may no longer" };
    match what {
        PolicyItem::Global {
            entry,
            uses,
            danger,
        } => {
            write!(f, "`{entry}` {may} be {}", words(uses))?;
            match danger.filter(|_| looser) {
                Some(danger) => write!(f, " (dangerous: it {danger})"),
                None => Ok(()),
            }
        }
        PolicyItem::Arguments { entry } => {
            let more = if looser { "more" } else { "fewer" };
            write!(f, "`{entry}` may be called with {more} arguments")
        }
        PolicyItem::AnyShape { entry } => {
            write!(
                f,
                "`{entry}` {may} be used in any shape (`dangerous: true`)"
            )
        }
        PolicyItem::GivenToCalls { entry } => {
            write!(
                f,
                "`{entry}` {may} be given to a call with constrained arguments"
            )
        }
        PolicyItem::Pack { name, names } => {
            let names = match names {
                1 => String::from("1 name"),
                n => format!("{n} names"),
            };
            let allows = if looser { "allows" } else { "no longer allows" };
            write!(f, "the pack `{name}` {allows} {names}")
        }
        PolicyItem::Refusal { entry } => {
            let is = if looser { "is no longer" } else { "is" };
            write!(f, "`{entry}` {is} refused")
        }
        PolicyItem::Format { id } => {
            let is = if looser { "is" } else { "is no longer" };
            write!(f, "the format `{id}` {is} allowed")
        }
        PolicyItem::FormatRefusal { id } => {
            let is = if looser { "is no longer" } else { "is" };
            write!(f, "the format `{id}` {is} refused")
        }
        PolicyItem::Level { rule, from, to, .. } if from == to => {
            write!(f, "the rule `{rule}` has other levels")
        }
        PolicyItem::Level {
            rule,
            from,
            to,
            dangerous,
        } => {
            write!(f, "the rule `{rule}` goes from {from} to {to}")?;
            if *dangerous && looser {
                f.write_str(", for dangerous names too,")?;
            }
            Ok(())
        }
        PolicyItem::DangerLevel { rule, from, to } => write!(
            f,
            "findings of `{rule}` about dangerous names go from {from} to {to}"
        ),
        PolicyItem::Lock { key } => {
            let is = if looser { "is no longer" } else { "is" };
            write!(f, "`{key}` {is} locked")
        }
        PolicyItem::Waiver {
            rule,
            subject,
            until,
            was_there,
            dangerous,
        } => {
            write!(f, "findings of `{rule}`")?;
            if let Some(subject) = subject {
                write!(f, " about `{subject}`")?;
            }
            if *dangerous {
                f.write_str(", dangerous ones too,")?;
            }
            f.write_str(match (looser, was_there) {
                (true, false) => " are waived",
                (true, true) => " are waived further",
                (false, false) => " are no longer waived",
                (false, true) => " are no longer waived as far as they were",
            })?;
            match until.as_ref().filter(|_| looser) {
                Some(until) => write!(f, ", until {until}"),
                None if looser => f.write_str(", without an end"),
                None => Ok(()),
            }
        }
        PolicyItem::Exclusion { pattern } => {
            let is = if looser { "is no longer" } else { "is" };
            write!(f, "`{pattern}` {is} checked")
        }
        PolicyItem::Attributes => {
            let do_so = if looser {
                "exclude"
            } else {
                "no longer exclude"
            };
            write!(f, "lines `weighbridge=off` in .gitattributes {do_so} files")
        }
        PolicyItem::AttributeLine { text, excludes } => match (looser, excludes) {
            (true, true) => write!(f, "`{text}` excludes files"),
            (false, true) => write!(f, "`{text}` no longer excludes files"),
            (true, false) => write!(f, "`{text}` no longer keeps files from being excluded"),
            (false, false) => write!(f, "`{text}` keeps files from being excluded"),
        },
        PolicyItem::AttributeOrder => {
            f.write_str("lines about `weighbridge` in .gitattributes stand in another order")
        }
        PolicyItem::Known {
            rule,
            findings,
            dangerous,
        } => {
            let (some, verb) = match (findings, looser) {
                (1, true) => (String::from("1 finding"), "does not count"),
                (1, false) => (String::from("1 finding"), "counts"),
                (n, true) => (format!("{n} findings"), "do not count"),
                (n, false) => (format!("{n} findings"), "count"),
            };
            let about = if *dangerous {
                " about dangerous names"
            } else {
                ""
            };
            write!(f, "{some} of `{rule}`{about} {verb}: the baseline ")?;
            f.write_str(match (looser, findings) {
                (true, 1) => "knows it",
                (true, _) => "knows them",
                (false, 1) => "no longer knows it",
                (false, _) => "no longer knows them",
            })
        }
        PolicyItem::Target { from, to, releases } => {
            let are = if looser { "are no longer" } else { "are" };
            write!(
                f,
                "`target.torch` goes from `{from}` to `{to}`: files {are} judged for torch {}",
                releases.join(", ")
            )
        }
        PolicyItem::Key { key, from, to } => write!(f, "`{key}` goes from {from} to {to}"),
    }
}

/// `imported, called and given state`.
fn words(uses: &[Usage]) -> String {
    let words: Vec<&str> = uses
        .iter()
        // What may be called may be called by a configuration.
        .filter(|usage| **usage != Usage::Configure || !uses.contains(&Usage::Call))
        .map(|usage| match usage {
            Usage::Import => "imported",
            Usage::Call => "called",
            Usage::Construct => "constructed",
            Usage::Build => "given state",
            Usage::Configure => "configured",
        })
        .collect();
    match words.as_slice() {
        [] => String::from("used"),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
