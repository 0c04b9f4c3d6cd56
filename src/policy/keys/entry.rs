//! The entries of `globals.allow` and `globals.refuse`.

use super::super::{
    Uses,
    constraint::Constraint,
    decode::{Decoder, Key, list},
    error::near,
    locate::{Origin, Step},
    node::Node,
    pattern::{self, Pattern},
    raw::Entry,
};
use super::waiver::dangerous;
use crate::fact::Usage;

/// The uses of a global, as `as` writes them.
const USES: &[(&str, Usage)] = &[
    ("import", Usage::Import),
    ("call", Usage::Call),
    ("construct", Usage::Construct),
    ("build", Usage::Build),
    ("configure", Usage::Configure),
];

/// The keys of an entry of `globals.allow`.
pub(super) const ALLOW: &[Key<LongEntry>] = &[
    GLOBAL,
    Key {
        name: "as",
        value: "a list of `import`, `call`, `construct`, `build`, `configure`",
        summary: "the uses that it allows",
        decode: |this, node, entry| {
            let mut uses = uses(this, node);
            // What any caller may give something, a configuration may.
            if uses.contains(Usage::Call) {
                uses.add(Usage::Configure);
            }
            entry.uses = Some(uses);
        },
    },
    REASON,
    Key {
        name: "paths",
        value: "a list of paths",
        summary: "the files in which it holds; without it, all",
        decode: |this, node, entry| entry.paths = this.texts("`paths`", "\"models/**\"", node),
    },
    Key {
        name: "args",
        value: "a list of constraints",
        summary: "what each argument of a call must be",
        decode: |this, node, entry| {
            let help = "write one constraint for each argument: `[{allowed-global: class}, {identifier: true}]`";
            entry.args = Some(this.sequence("`args`", node, help, Constraint::decode));
        },
    },
    Key {
        name: "dangerous",
        value: "`true` or `false`",
        summary: "allows a name that is known to be dangerous; needs a `reason`",
        decode: |this, node, entry| entry.dangerous = dangerous(this, node),
    },
];

/// The keys of an entry of `globals.refuse`.
pub(super) const REFUSE: &[Key<LongEntry>] = &[GLOBAL, REASON];

const GLOBAL: Key<LongEntry> = Key {
    name: "global",
    value: "`package.module.Name`, or a pattern",
    summary: "the name, as files store it",
    decode: |this, node, entry| {
        entry.named = true;
        let origin = this.origin(false);
        entry.global = this
            .text("a global", node)
            .and_then(|text| pattern(this, &text).map(|pattern| (text, pattern, origin)));
    },
};
const REASON: Key<LongEntry> = Key {
    name: "reason",
    value: "a text",
    summary: "why the entry is there",
    decode: |this, node, entry| entry.reason = this.text("`reason`", node),
};

/// An entry that is written as a mapping.
#[derive(Debug, Default)]
pub(super) struct LongEntry {
    /// Whether the key `global` is there, even with a value that is none.
    named: bool,
    /// As it is written, what it matches, and where it stands.
    global: Option<(String, Pattern, Origin)>,
    uses: Option<Uses>,
    args: Option<Vec<Constraint>>,
    dangerous: bool,
    reason: Option<String>,
    paths: Vec<(String, Origin)>,
}

/// An entry: a name alone, or a mapping with these keys.
pub(super) fn entry(
    decoder: &mut Decoder<'_>,
    node: &Node,
    keys: &[Key<LongEntry>],
) -> Option<Entry> {
    if let Node::Map(_) = node {
        return long_entry(decoder, node, keys);
    }
    let origin = decoder.origin(false);
    let text = decoder.text("a global", node)?;
    let pattern = pattern(decoder, &text)?;
    let uses = default_uses(&pattern, false);
    Some(Entry {
        text,
        pattern,
        uses,
        args: None,
        dangerous: false,
        reason: None,
        paths: Vec::new(),
        origin,
    })
}

fn long_entry(decoder: &mut Decoder<'_>, node: &Node, keys: &[Key<LongEntry>]) -> Option<Entry> {
    let mut entry = LongEntry::default();
    decoder.keys("an entry of `globals`", node, keys, &mut entry);
    if !entry.named {
        decoder.error(
            "an entry has no `global`",
            "add `global: package.module.Name`",
        );
    }
    let (text, pattern, origin) = entry.global?;
    let constrained = entry.args.is_some();
    let uses = entry
        .uses
        .unwrap_or_else(|| default_uses(&pattern, constrained));
    Some(Entry {
        text,
        pattern,
        uses,
        args: entry.args,
        dangerous: entry.dangerous,
        reason: entry.reason,
        paths: entry.paths,
        origin,
    })
}

fn pattern(decoder: &mut Decoder<'_>, text: &str) -> Option<Pattern> {
    match Pattern::parse(text) {
        Ok(pattern) => Some(pattern),
        Err((message, help)) => {
            decoder.error(message, help);
            None
        }
    }
}

pub(in crate::policy) fn uses(decoder: &mut Decoder<'_>, node: &Node) -> Uses {
    let mut uses = Uses::default();
    let words = decoder.texts("`as`", "import, call", node);
    for (at, (word, _)) in words.iter().enumerate() {
        match USES.iter().find(|(name, _)| name == word) {
            Some((_, usage)) => uses.add(*usage),
            None => decoder.inside(Step::Index(at), |this| {
                let names: Vec<&str> = USES.iter().map(|(name, _)| *name).collect();
                let help = near(word, names.iter().copied()).map_or_else(
                    || format!("write some of {}", list(&names)),
                    |near| format!("did you mean `{near}`?"),
                );
                this.error(format!("`{word}` is not a use of a global"), help);
            }),
        }
    }
    // Nothing that pickles do can be done with a global that may not be resolved.
    if uses != Uses::CONFIGURED {
        uses.add(Usage::Import);
    }
    uses
}

/// What an entry allows that does not say `as`: everything of a class, calling a function. A class is told by its capital.
/// One whose arguments are constrained allows no state to be set, because state is not among the arguments.
fn default_uses(pattern: &Pattern, constrained: bool) -> Uses {
    match pattern {
        _ if constrained => Uses::FUNCTION,
        Pattern::Exact { name, .. } if pattern::looks_like_class(name) => Uses::ALL,
        Pattern::Exact { .. } => Uses::FUNCTION,
        // Decided for each name that it matches.
        Pattern::Direct { .. } | Pattern::Deep { .. } => Uses::default(),
    }
}
