//! What the rules about source share: the calls of a case, findings that underline an argument, and the user's own
//! call rewritten.

use super::{Case, payload};
use crate::{
    fact::{Fact, FactKind, Mark, Observation, PyAct, PyArgument, PyCall, SlotPrefix},
    finding::{Applicability, Edit, Finding, Fix, RuleMeta, Subject},
    link::{Executes, Load},
    loader::{self, DecidingArgument, Loader},
    policy::{Policy, Scope},
    words,
};

/// The longest call that is written out in a help line.
const WRITTEN: usize = 100;

/// The observations of source in a case: calls, references and replacements of watched names. A call that loads what the
/// function around it wrote loads nothing from outside, and is none of any rule's.
pub(super) fn calls<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a Observation, &'a PyCall)> {
    case.of_kind(FactKind::PyCall)
        .filter_map(|o| match &o.fact {
            Fact::PyCall(call) if !call.round_trip => Some((o, &**call)),
            _ => None,
        })
}

/// The observations in which a loader is called, bound or passed on (not replaced) that this rule judges, by the loader's row in
/// the catalogue.
pub(super) fn uses<'a>(
    case: &Case<'a>,
    rule: &'static RuleMeta,
) -> impl Iterator<Item = (&'a Observation, &'a PyCall, &'static Loader)> {
    calls(case).filter_map(|(observation, call)| {
        let loader = loader::by_name(call.callee.as_str()?)?;
        let judged = loader.rules.contains(&rule.id) && call.act != PyAct::Assign;
        judged.then_some((observation, call, loader))
    })
}

/// What a call gives for an argument of its loader's row.
pub(super) fn deciding<'a>(
    call: &'a PyCall,
    loader: &Loader,
    name: &str,
) -> Option<&'a PyArgument> {
    let position = loader.argument(name).and_then(|row| row.position);
    call.argument(name, position)
}

/// A finding about a call, which underlines `argument` if that is shown, and the call otherwise.
pub(super) fn finding(
    case: &Case<'_>,
    rule: &'static RuleMeta,
    (observation, call): (&Observation, &PyCall),
    argument: Option<&PyArgument>,
    message: impl Into<String>,
) -> Finding {
    let mut finding = case.finding(rule, observation, message);
    finding.subject = Subject::Call(call.callee.clone());
    finding.payload = Some(payload::of_source(call));
    let position = argument.and_then(|argument| {
        call.arguments
            .iter()
            .position(|it| std::ptr::eq(it, argument))
    });
    if let (Some(position), Some(excerpt)) = (position, &mut finding.primary.excerpt)
        && let Some(Some(range)) = excerpt.arguments.get(position).cloned()
    {
        excerpt.marks = vec![Mark {
            range,
            label: String::new(),
        }];
    }
    finding
}

/// The user's own call with a keyword set and others (by name, and by position if they have one) taken out:
/// `torch.load(path, weights_only=True)`. Of a reference, the expression that binds the keyword.
pub(super) fn rewritten(
    call: &PyCall,
    set: Option<(&str, &str)>,
    without: Option<&DecidingArgument>,
) -> String {
    let mut parts = Vec::new();
    if call.act != PyAct::Call {
        parts.push(call.written.to_string());
    }
    // Positional arguments come first.
    let own = call.arguments.iter().filter(|argument| !argument.inherited);
    for (position, argument) in own.enumerate() {
        let Some(name) = &argument.name else {
            // What follows a positional argument that is taken out needs its keyword, which is not known here.
            if without.is_none_or(|row| row.position != Some(position)) {
                parts.push(words::written_value(argument).to_string());
            }
            continue;
        };
        let gone = set.is_some_and(|(key, _)| *name == key)
            || without.is_some_and(|row| *name == row.name);
        if !gone {
            parts.push(format!("{name}={}", words::written_value(argument)));
        }
    }
    if call.star_args {
        parts.push("*args".into());
    }
    if let Some((key, value)) = set {
        parts.push(format!("{key}={value}"));
    }
    let callee = match call.act {
        PyAct::Call => call.written.to_string(),
        _ => "functools.partial".into(),
    };
    let written = format!("{callee}({})", parts.join(", "));
    if written.chars().count() <= WRITTEN {
        return written;
    }
    let setting = set.map_or_else(String::new, |(key, value)| format!(", {key}={value}"));
    format!("{callee}(...{setting})")
}

/// The fix that writes `text` in place of an argument. None where the argument is not written out in the call (a wrapper's
/// default, an unpacked dict), where it is not the literal that is given, and in a notebook, whose cells are not a text.
pub(super) fn replaced(
    about: &Observation,
    argument: &PyArgument,
    literal: Option<&str>,
    text: &str,
) -> Option<Fix> {
    let as_written = literal.is_none_or(|literal| *words::written_value(argument) == *literal);
    let span = argument
        .span
        .filter(|_| as_written && about.site.hops.is_empty());
    let span = span?;
    Some(written(Edit {
        start: span.start,
        end: span.end,
        text: text.to_owned(),
    }))
}

/// The fix that gives a call one more keyword, `text` (`weights_only=True`); none in a notebook.
pub(super) fn added(about: &Observation, call: &PyCall, text: &str) -> Option<Fix> {
    let slot = call
        .slot
        .filter(|_| call.act == PyAct::Call && about.site.hops.is_empty());
    let slot = slot?;
    Some(written(Edit {
        start: slot.at,
        end: slot.at,
        text: match slot.after {
            SlotPrefix::Nothing => text.to_owned(),
            SlotPrefix::Argument => format!(", {text}"),
            SlotPrefix::Comma => format!(" {text}"),
        },
    }))
}

/// The fix that is one edit. It takes from the program what it could do until now, unless the rule knows better.
fn written(edit: Edit) -> Fix {
    let text = edit.text.trim_start_matches([',', ' ']);
    Fix {
        title: format!("write `{text}`"),
        applicability: Applicability::Unsafe,
        base: None,
        edits: vec![edit],
    }
}

/// Whether a call lets the file that it loads run code, with any release of torch that the policy is for.
pub(super) fn lets_run(load: &Load, policy: &Policy) -> bool {
    match load.executes {
        Executes::Yes => true,
        Executes::ByRelease => {
            let loader = load.callee.as_str().and_then(loader::by_name);
            !loader.is_some_and(|loader| is_safe_by_default(&policy.scope(&load.source), loader))
        }
        Executes::No => false,
    }
}

/// Whether a loader runs no code where its first deciding argument is not given: in every release of torch that the policy is
/// for, and in the newest of another library.
pub(super) fn is_safe_by_default(scope: &Scope, loader: &Loader) -> bool {
    let Some(argument) = loader.arguments.first() else {
        return false;
    };
    if loader.library != "torch" {
        return argument.is_safe_by_default(&[u16::MAX]);
    }
    let mut releases = scope.torch().targets().peekable();
    let is_safe = |(major, minor)| argument.is_safe_by_default(&[major, minor]);
    releases.peek().is_some() && releases.all(is_safe)
}

/// What to do about a call that loads what it should not.
pub(super) const CONVERT: &str =
    "load only data: `weights_only=True`, `allow_pickle=False`, or a file of safetensors";

/// What to do about an artifact that `weights_only=True` does not load.
pub(super) const IF_REFUSED: &str = "if torch then refuses a class the file needs: check the file with `weighbridge inspect`, and list \
     exactly that class with `with torch.serialization.safe_globals([...]):` around the call";

/// The way that needs no pickle at all.
pub(super) const SAFETENSORS: &str = "better: save the tensors with `safetensors.torch.save_file` and load them with `safetensors.torch.load_file`";
