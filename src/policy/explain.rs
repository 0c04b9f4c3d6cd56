//! What a policy says of one name: a global, a format, a rule or a pack; by which line, and where it says something else.

use super::{
    EntryRef, FormatVerdict, GlobalVerdict, Policy, Refusal, Scope, Uses, alias, danger, pack,
    pattern::Pattern,
};
use crate::{
    fact::{GlobalName, Text, Usage},
    finding::{LineRef, RuleMeta},
};

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// A global, as files store it.
    Global(&'a GlobalName),
    /// A format, by its id.
    Format(&'a str),
    /// A rule.
    Rule(&'static RuleMeta),
    /// A pack, by its name.
    Pack(&'a str),
}

/// What a policy says of one name.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What it says for the path, or where no override holds.
    pub rulings: Vec<Ruling>,
    /// Where it says something else, if no path is given.
    pub elsewhere: Vec<Elsewhere>,
    /// What lets findings about it pass at the path, each with its rule, if [`covering`](super::covering) was asked.
    pub covered: Vec<Ruling>,
    /// What else is to be known, a sentence each.
    pub notes: Vec<String>,
}

/// What a policy says for some paths.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// The patterns.
    pub paths: Vec<String>,
    /// The line of the first.
    pub line: LineRef,
    /// What it says there.
    pub rulings: Vec<Ruling>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The use of a global, or `any use`; empty for anything else.
    pub of: String,
    /// `allowed`, `refused`, or the level of a rule.
    pub says: String,
    /// The line that decides; none where nothing in a policy does.
    pub line: Option<LineRef>,
    /// Why, in a phrase.
    pub why: String,
}

impl Policy {
    /// What it says of a name, for a path or everywhere.
    pub fn explain(&self, asked: Asked<'_>, path: Option<&Text>) -> Explained {
        let scope = match path {
            Some(path) => self.scope(path),
            None => self.everywhere(),
        };
        let rulings = rulings(&scope, asked);
        let groups = self.groups.iter().enumerate();
        let elsewhere = groups.filter(|_| path.is_none()).filter_map(|(at, group)| {
            let there = self::rulings(&self.scope_of(vec![at]), asked);
            let (_, origin) = group.first()?;
            (there != rulings).then(|| Elsewhere {
                paths: group.iter().map(|(text, _)| text.clone()).collect(),
                line: origin.line_ref(""),
                rulings: there,
            })
        });
        let elsewhere = elsewhere.collect();
        let mut notes = Vec::new();
        if let Some(line) = path.and_then(|path| self.excluded_by(path)) {
            notes.push(format!(
                "files at this path are not checked: {}:{} excludes them",
                line.file, line.line
            ));
        }
        if let Asked::Global(name) = asked {
            notes_on_global(name, &scope, &mut notes);
        }
        Explained {
            rulings,
            elsewhere,
            covered: Vec::new(),
            notes,
        }
    }
}

fn rulings(scope: &Scope, asked: Asked<'_>) -> Vec<Ruling> {
    match asked {
        Asked::Global(name) => {
            let of = |usage: &Usage| of_global(scope, name, *usage);
            let mut uses: Vec<Ruling> = Uses::EACH.iter().map(of).collect();
            let answer = |ruling: &Ruling| {
                let ruling = ruling.clone();
                (ruling.says, ruling.why, ruling.line)
            };
            // One answer for every use is said once.
            if let Some((first, others)) = uses.split_first()
                && others.iter().all(|other| answer(other) == answer(first))
            {
                uses.truncate(1);
                for ruling in &mut uses {
                    "any use".clone_into(&mut ruling.of);
                }
            }
            uses
        }
        Asked::Format(id) => vec![of_format(scope, id)],
        Asked::Rule(rule) => vec![of_rule(scope, rule)],
        Asked::Pack(name) => vec![of_pack(scope, name)],
    }
}

fn of_global(scope: &Scope, name: &GlobalName, usage: Usage) -> Ruling {
    let globals = scope.globals();
    let (says, line, why) = match globals.verdict(name, usage) {
        GlobalVerdict::Allowed(entry) => {
            let (line, mut why) = by_entry(scope, &entry);
            if usage == Usage::Call && globals.constrains(name) {
                why.push_str(" with certain arguments");
            }
            ("allowed", line, why)
        }
        GlobalVerdict::Refused {
            why, decided_by, ..
        } => {
            let why = match why {
                Refusal::Unlisted { .. } => "nothing lists it".to_owned(),
                Refusal::Use { .. } => "it is listed, but not for this use".to_owned(),
                Refusal::Refused => "an entry refuses it".to_owned(),
            };
            ("refused", decided_by, why)
        }
    };
    Ruling {
        of: usage.to_string(),
        says: says.to_owned(),
        line,
        why,
    }
}

/// The line of an entry, and what it is: one of a policy, or of a pack that a policy names.
fn by_entry(scope: &Scope, entry: &EntryRef) -> (Option<LineRef>, String) {
    let Some(pack) = entry.pack() else {
        return (Some(entry.line_ref("")), "an entry lists it".to_owned());
    };
    let named = scope.pack_line(pack);
    (named, format!("the pack `{pack}` lists it"))
}

fn of_format(scope: &Scope, id: &str) -> Ruling {
    let (says, line, why) = match scope.format(id) {
        FormatVerdict::Allowed(entry) => (
            "allowed",
            Some(entry.line_ref("")),
            "it is listed".to_owned(),
        ),
        FormatVerdict::Refused { decided_by, advice } => {
            let why = match (advice, scope.format_line(id, false)) {
                (Some(advice), _) => advice,
                (None, Some(line)) if line.label == "refused here" => "it is refused".to_owned(),
                _ => "nothing lists it".to_owned(),
            };
            ("refused", decided_by, why)
        }
    };
    Ruling {
        of: String::new(),
        says: says.to_owned(),
        line,
        why,
    }
}

fn of_rule(scope: &Scope, rule: &RuleMeta) -> Ruling {
    let line = scope.level_decided_by(rule);
    let why = match &line {
        Some(_) => "a policy sets it",
        None => "the rule's own level",
    };
    Ruling {
        of: String::new(),
        says: scope.level(rule).to_string(),
        line,
        why: why.to_owned(),
    }
}

fn of_pack(scope: &Scope, name: &str) -> Ruling {
    let line = scope.pack_line(name);
    let (says, why) = match line {
        Some(_) => ("allowed", "it is named"),
        None => ("refused", "no policy names it"),
    };
    Ruling {
        of: String::new(),
        says: says.to_owned(),
        line,
        why: why.to_owned(),
    }
}

/// What makes a global dangerous, what may have been meant, and which packs list it.
fn notes_on_global(name: &GlobalName, scope: &Scope, notes: &mut Vec<String>) {
    let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
        return;
    };
    let (canonical, renamed) = alias::canonical(module, qualname);
    if (canonical.as_ref(), renamed.as_ref()) != (module, qualname) {
        let is_dotted = renamed.contains('.');
        let colon = if is_dotted { ':' } else { '.' };
        notes.push(format!(
            "to a policy it is the same as `{canonical}{colon}{renamed}`"
        ));
    }
    if let Some(why) = danger::of(&canonical, &renamed) {
        notes.push(format!("it is dangerous: it {why}"));
    }
    let packs = pack::listing(name, &[Usage::Import]);
    let others: Vec<&str> = packs
        .into_iter()
        .filter(|pack| scope.pack_line(pack).is_none())
        .collect();
    if !others.is_empty() {
        let noun = if others.len() == 1 { "pack" } else { "packs" };
        notes.push(format!(
            "the {noun} {} would allow it",
            super::decode::list(&others)
        ));
    }
    if let GlobalVerdict::Refused {
        why: Refusal::Unlisted { near: Some(near) },
        ..
    } = scope.globals().global(name, Usage::Import)
    {
        notes.push(format!("`{near}` is listed, which is another name"));
    }
}

/// The global that an entry of this text would match.
///
/// # Errors
/// What is no full name, or a pattern: what is wrong, and what to write.
pub fn global_of(text: &str) -> Result<GlobalName, (String, String)> {
    match Pattern::parse(text)? {
        Pattern::Exact { .. } => {
            let divided = text.split_once(':').or_else(|| text.rsplit_once('.'));
            let (module, name) = divided.unwrap_or(("", text));
            Ok(GlobalName::new(module, name))
        }
        Pattern::Direct { .. } | Pattern::Deep { .. } => Err((
            format!("`{text}` is a pattern"),
            "name one global: `package.module.Name`".to_owned(),
        )),
    }
}
