//! What the arguments of a call must be, where a policy allows a callable only with arguments that are harmless.
//!
//! `args: [{allowed-global: class}, {identifier: true}]`: one constraint for each positional argument, all of them
//! proven by the pickle. What is not proven does not pass.

use super::{
    alias,
    decode::{Decoder, list},
    error::near,
    node::Node,
    pattern,
};
use crate::fact::{Argument, Global, GlobalName};

/// A constraint on one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Constraint {
    /// A global that the policy allows to be resolved, of this kind.
    Allowed(Want),
    /// A constant text that is an identifier and does not begin with an underscore.
    Identifier,
    /// One of these constant texts.
    OneOf(Vec<String>),
    /// A number or another constant or container that is neither a text nor a global.
    Data,
}

/// What kind of global.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Class,
    Function,
    Any,
}

/// Makes the constraint of a value; `None` if the value is not valid.
type Decode = fn(&Node) -> Option<Constraint>;

/// The constraints by key.
const KINDS: &[(&str, Decode)] = &[
    ("allowed-global", |value| match value {
        Node::Str(kind) => WANTS
            .iter()
            .find(|(name, _)| **name == **kind)
            .map(|(_, want)| Constraint::Allowed(*want)),
        _ => None,
    }),
    ("identifier", |value| {
        matches!(value, Node::Bool(true)).then_some(Constraint::Identifier)
    }),
    ("one-of", one_of),
    ("data", |value| {
        matches!(value, Node::Bool(true)).then_some(Constraint::Data)
    }),
];

const WANTS: &[(&str, Want)] = &[
    ("class", Want::Class),
    ("function", Want::Function),
    ("any", Want::Any),
];

const HELP: &str = "write `allowed-global: class`, `allowed-global: function`, `allowed-global: any`, `identifier: true`, `one-of: [a, b]` or `data: true`";

impl Constraint {
    pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<Self> {
        let pair = match node {
            Node::Map(pairs) => match pairs.as_slice() {
                [(key, value)] => Some((key.as_ref(), value)),
                _ => None,
            },
            _ => None,
        };
        let Some((key, value)) = pair else {
            decoder.error(
                "a constraint on an argument must be a mapping with one key",
                HELP,
            );
            return None;
        };
        if let Some((_, decode)) = KINDS.iter().find(|(name, _)| *name == key) {
            let constraint = decode(value);
            if constraint.is_none() {
                decoder.error(format!("this is not a valid value of `{key}`"), HELP);
            }
            return constraint;
        }
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let help = near(key, names.iter().copied())
            .map_or_else(|| HELP.to_owned(), |near| format!("did you mean `{near}`?"));
        let message = format!(
            "`{key}` is not a constraint on an argument; the constraints are {}",
            list(&names)
        );
        decoder.error(message, help);
        None
    }

    /// Why an argument does not pass; `None` if it does. `allowed` says whether a global may be resolved.
    pub(super) fn refuses(
        &self,
        argument: &Argument,
        allowed: impl Fn(&GlobalName) -> bool,
    ) -> Option<String> {
        match (self, argument) {
            (Self::Data, Argument::Other) => None,
            (Self::Identifier, Argument::Str(text)) => match text.as_str() {
                Some(name) if pattern::is_identifier(name) && !name.starts_with(['_', '<']) => None,
                _ => Some(format!("`{text}` is not a plain public identifier")),
            },
            (Self::OneOf(texts), Argument::Str(text)) => {
                let found = texts.iter().any(|one| *text == one.as_str());
                (!found).then(|| format!("`{text}` is not one of the texts that the entry lists"))
            }
            (Self::Allowed(want), Argument::Global(Global::Named(name))) => {
                let class = is_class(name);
                if !allowed(name) {
                    Some(format!("the policy does not allow `{name}`"))
                } else if (*want == Want::Class && !class) || (*want == Want::Function && class) {
                    Some(format!(
                        "`{name}` does not look like a {}",
                        if class { "function" } else { "class" }
                    ))
                } else {
                    None
                }
            }
            (_, Argument::Global(global)) => {
                Some(format!("`{global}` is a global, and must be {self}"))
            }
            (_, Argument::Str(text)) => Some(format!("the text `{text}` must be {self}")),
            (_, Argument::Other) => Some(format!("it must be {self}")),
            (_, Argument::Unknown) => Some(format!("its value is unknown, and it must be {self}")),
        }
    }
}

/// Texts, at least one.
fn one_of(value: &Node) -> Option<Constraint> {
    let Node::Seq(items) = value else {
        return None;
    };
    let texts = items.iter().map(|item| match item {
        Node::Str(text) => Some(text.to_string()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect::<Option<_>>()?;
    (!texts.is_empty()).then_some(Constraint::OneOf(texts))
}

/// Whether a name is a class's, as far as it tells.
fn is_class(name: &GlobalName) -> bool {
    let (Some(module), Some(name)) = (name.module.as_str(), name.name.as_str()) else {
        return false;
    };
    let (module, name) = alias::canonical(module, name);
    pattern::is_class(&module, &name)
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allowed(Want::Class) => f.write_str("an allowed class"),
            Self::Allowed(Want::Function) => f.write_str("an allowed function"),
            Self::Allowed(Want::Any) => f.write_str("an allowed global"),
            Self::Identifier => f.write_str("a plain public identifier"),
            Self::OneOf(texts) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                write!(f, "one of {}", list(&texts))
            }
            Self::Data => f.write_str("plain data"),
        }
    }
}
