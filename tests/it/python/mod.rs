//! Tests of `python`: what source says, hostile source, and names against the interpreter itself.

mod calls;
mod environment;
mod hostile;
mod names;
mod notebooks;
mod oracle;
mod prefilter;
mod refusal;
mod written;

use std::ops::Range;

use weighbridge::{
    fact::{Constant, Excerpt, Fact, Observation, PyAct},
    python,
    record::Recorder,
};

use crate::support::fixture::Observed;

/// What is observed in source.
pub(crate) fn observe(source: impl AsRef<[u8]>) -> Observed {
    let mut recorder = Recorder::default();
    python::read(source.as_ref(), false, &mut recorder);
    recorder.into()
}

/// What a mark of an excerpt covers.
pub(crate) fn underlined<'e>(excerpt: &'e Excerpt, mark: &Range<usize>) -> &'e str {
    excerpt.text.get(mark.clone()).unwrap()
}

/// Observations, one a line: `3:5 call torch.load(path, weights_only=False)`.
pub(crate) fn told(source: impl AsRef<[u8]>) -> String {
    let seen = observe(source);
    // What others may import from it is no use of it.
    let uses = seen
        .iter()
        .filter(|it| !matches!(it.fact, Fact::PyNames(_)));
    uses.map(tell).collect::<Vec<_>>().join("\n")
}

pub(crate) fn tell(observation: &Observation) -> String {
    let what = match &observation.fact {
        Fact::PyCall(call) => {
            let act = match call.act {
                PyAct::Call => "call",
                PyAct::Partial => "partial",
                PyAct::Reference => "reference",
                PyAct::Assign => "assign",
            };
            let mut arguments: Vec<String> = call
                .arguments
                .iter()
                .map(|argument| match &argument.name {
                    Some(name) => format!("{name}={}", value(&argument.value)),
                    None => value(&argument.value),
                })
                .collect();
            if call.star_args {
                arguments.push("*".into());
            }
            if call.star_kwargs {
                arguments.push("**".into());
            }
            let own = if call.round_trip { " of its own" } else { "" };
            format!("{act} {}({}){own}", call.callee, arguments.join(", "))
        }
        Fact::Env { name, value } => match value {
            Some(value) => format!("env {name}={value}"),
            None => format!("env {name}=?"),
        },
        Fact::Partial(fault) => format!("partial: {fault}"),
        Fact::Unread(unread) => format!("unread: {unread}"),
        other => format!("{other:?}"),
    };
    format!("{} {what}", observation.site)
        .trim_start()
        .to_owned()
}

fn value(constant: &Constant) -> String {
    match constant {
        Constant::None => "None".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Int(n) => n.to_string(),
        Constant::Str(text) => format!("'{text}'"),
        Constant::Name(name) => name.to_string(),
        Constant::List(values) => format!(
            "[{}]",
            values.iter().map(value).collect::<Vec<_>>().join(", ")
        ),
        Constant::Parameter(None) => "<parameter>".into(),
        Constant::Parameter(Some(default)) => format!("<parameter={}>", value(default)),
        Constant::Unknown => "?".into(),
    }
}
