//! The other forms in which git may write a file: where `core.autocrlf` or `core.ignoreCase` is true.
//!
//! An honest checkpoint that is written with other line ends is broken, and one in text form (pickle protocol 0) has a CR at the
//! end of each of its names and strings; nothing is held against either. What counts is what loading those bytes would do
//! and loading the file itself would not.

use rustc_hash::FxHashSet;

use crate::{
    bytes::Window,
    fact::{
        Argument, CallArguments, Circumstance, Circumstances, Expression, Fact, Global, GlobalName,
        Literal, Observation, Text, Unavailable, Unread,
    },
    format,
    record::Recorder,
};

/// Reads what git may write for a file of this name, and notes what it would do beside what the file itself does (`here`).
/// `here` takes the excerpts of that.
pub(super) fn read(
    form: Result<Window, Unavailable>,
    name: &[u8],
    here: &mut Recorder,
    circumstances: &mut Circumstances,
) {
    let window = match form {
        Ok(window) => window,
        Err(why) => return circumstances.noted.push(Circumstance::Unavailable(why)),
    };
    let mut other = Recorder::default();
    format::read(&window, name, &mut other);
    circumstances
        .interrupted
        .append(&mut other.take_interrupted());
    let excerpts = other.take_excerpts();
    let acts = other.finish().into_iter().filter_map(|mut observation| {
        observation.fact = act(&observation.fact)?;
        Some(observation)
    });
    let known: FxHashSet<Fact> = here
        .so_far()
        .iter()
        .chain(&circumstances.elsewhere)
        .filter_map(|observation| act(&observation.fact))
        .map(|fact| key(&fact))
        .collect();
    let globals: FxHashSet<&Global> = known
        .iter()
        .filter_map(|fact| match fact {
            Fact::Global { global, .. } => Some(global),
            _ => None,
        })
        .collect();
    let mut news: Vec<Observation> = acts
        .filter(|observation| !known.contains(&key(&observation.fact)))
        .filter(|observation| match &observation.fact {
            // Another use of the same is judged with its call.
            Fact::Global { global, .. } => !globals.contains(global),
            _ => true,
        })
        .collect();
    // Whether the arguments of a call that it has anyway are allowed, the policy knows.
    let more = |observation: &Observation| {
        !matches!(observation.fact, Fact::Call { .. } | Fact::HandedOn { .. })
    };
    if news.iter().any(more) {
        circumstances.noted.push(Circumstance::OtherOnCheckout);
    }
    for observation in &mut news {
        let excerpt = observation.excerpt.and_then(|id| excerpts.get(id));
        observation.excerpt = excerpt.and_then(|excerpt| here.keep_excerpt(excerpt.clone()));
    }
    circumstances.elsewhere.extend(news);
}

/// Something that loading does, or that keeps it from being known, without the carriage returns of names and strings.
fn act(fact: &Fact) -> Option<Fact> {
    Some(match fact {
        Fact::Global { global, usage } => Fact::Global {
            global: without_cr(global),
            usage: *usage,
        },
        Fact::Call {
            callee,
            usage,
            given,
            arguments,
        } => Fact::Call {
            callee: without_cr(callee),
            usage: *usage,
            given: Box::new(CallArguments {
                positional: of_value(&given.positional),
                keywords: given.keywords.as_ref().map(of_value),
            }),
            arguments: arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Global(global) => Argument::Global(without_cr(global)),
                    Argument::Str(text) => Argument::Str(stripped(text)),
                    other => other.clone(),
                })
                .collect(),
        },
        Fact::HandedOn { global } => Fact::HandedOn {
            global: without_cr(global),
        },
        Fact::ItemsOnInstance { class, op } => Fact::ItemsOnInstance {
            class: without_cr(class),
            op: *op,
        },
        Fact::StateOnNonInstance { target } => Fact::StateOnNonInstance {
            target: of_value(target),
        },
        Fact::ItemsOnNonContainer { target, op } => Fact::ItemsOnNonContainer {
            target: of_value(target),
            op: *op,
        },
        Fact::Extension { .. } | Fact::Unread(Unread::Limit(_) | Unread::Crashed { .. }) => {
            fact.clone()
        }
        _ => return None,
    })
}

/// What two acts are compared by: what is shown of a call is for people.
fn key(fact: &Fact) -> Fact {
    match fact {
        Fact::Call {
            callee,
            usage,
            arguments,
            ..
        } => Fact::Call {
            callee: callee.clone(),
            usage: *usage,
            given: Box::new(CallArguments::unknown()),
            arguments: arguments.clone(),
        },
        other => other.clone(),
    }
}

/// A value without the carriage returns of names and strings.
fn of_value(value: &Expression) -> Expression {
    let literal = |literal: &Literal| {
        let start = stripped(&literal.start);
        let taken = literal
            .start
            .as_bytes()
            .len()
            .abs_diff(start.as_bytes().len());
        let taken = u64::try_from(taken).unwrap_or(0);
        Literal {
            start,
            length: literal.length.saturating_sub(taken),
        }
    };
    match value {
        Expression::Spelled(number) => Expression::Spelled(literal(number)),
        Expression::Str(text) => Expression::Str(literal(text)),
        Expression::Global(global) => Expression::Global(without_cr(global)),
        Expression::Made(global) => Expression::Made(without_cr(global)),
        Expression::Container {
            kind,
            items,
            length,
        } => Expression::Container {
            kind: *kind,
            items: items.iter().map(of_value).collect(),
            length: *length,
        },
        other => other.clone(),
    }
}

fn without_cr(global: &Global) -> Global {
    match global {
        Global::Named(name) => Global::Named(GlobalName {
            module: stripped(&name.module),
            name: stripped(&name.name),
        }),
        Global::Unresolved(why) => Global::Unresolved(*why),
    }
}

fn stripped(text: &Text) -> Text {
    let bytes = text.as_bytes();
    bytes
        .strip_suffix(b"\r")
        .map_or_else(|| text.clone(), Text::new)
}
