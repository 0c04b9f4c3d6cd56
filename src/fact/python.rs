//! What Python source says about a call, and what a pickle says about an argument.

use serde::{Deserialize, Serialize};

use super::{Global, Short, Span, Text};

/// A call, a reference or an assignment in Python source, with names resolved through imports and simple
/// assignments. Only names that some rule watches are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyCall {
    /// The fully qualified public name: `torch.load`, `numpy.lib.format.read_array`.
    pub callee: Text,
    /// The callee as the source writes it: `load`, `torch.load`.
    pub written: Text,
    /// What is done with it.
    pub act: PyAct,
    /// Positional arguments up to the first `*args`, and keywords, in source order; what `functools.partial` bound comes first.
    pub arguments: Vec<PyArgument>,
    /// There is a `*args`: positions after it are unknown.
    pub star_args: bool,
    /// There is a `**kwargs` whose keys are not all constants: any keyword may be given.
    pub star_kwargs: bool,
    /// What it loads was written by the function around it: the bytes of `pickle.dumps`, or a buffer or a temporary file that
    /// nothing else was given.
    pub round_trip: bool,
    /// The file that it loads, where the argument is no constant path: what was opened, or a path that constants make up.
    pub file: Option<Text>,
    /// Something around it that is given `weights_only`, as the source writes it: a bracket stands too far in.
    pub misplaced: Option<Text>,
    /// The functions and classes around it, as far as they are read: `Trainer.load`; `None` for what the module itself does.
    pub around: Option<Text>,
    /// Where one more keyword can be written, if it is a call that is written out here.
    pub slot: Option<ArgumentSlot>,
    /// The function around it, if that hands on what its own caller names.
    pub helper: Option<Box<PyHelper>>,
}

/// A function that hands what it is given to a loader, or to another function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyHelper {
    /// Its name in the module: `load`, `Store.load`.
    pub name: Text,
    /// It is a method of an instance, which its parameters do not count.
    pub is_method: bool,
    /// The arguments of the call, by their number, that are parameters, or were opened by one.
    pub handed: Vec<(u32, PyParameter)>,
    /// What it is given by position is handed on by position, from this number on: `*args`.
    pub rest: Option<u32>,
    /// What it is given by keyword is handed on by keyword, except these: `**kwargs`.
    pub named: Option<Vec<Text>>,
}

/// What a module binds to names that others may import from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyNames {
    /// Each name, and the qualified name that it stands for.
    pub names: Vec<(Text, Text)>,
    /// The modules of which it imports everything.
    pub stars: Vec<Text>,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyParameter {
    /// Its name.
    pub name: Text,
    /// Its position (from 0), if it can be given by that.
    pub position: Option<u32>,
}

/// Which releases of a library a repository asks for, as far as artifacts say by which release they were written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requirement {
    /// The library's name where it is published: `scikit-learn`.
    pub library: String,
    /// The releases, as pip takes them: `==1.4.2`, `>=1.3,<2`.
    pub specifier: Text,
    /// Whether that is one release.
    pub is_exact: bool,
}

/// A comment in source that asks for findings not to count: `# weighbridge: allow[pickle-load] why until=2027-01-31`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Suppression {
    /// The word that asks: `allow`, or one that was meant for it.
    pub verb: Text,
    /// The rules, as they are written.
    pub rules: Vec<Text>,
    /// Why; empty if it does not say.
    pub reason: Text,
    /// The last day on which it holds, as it is written.
    pub until: Option<Text>,
    /// The line of code that it is about, from 1.
    pub line: u32,
}

/// Where another argument can be written in a call: after all that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArgumentSlot {
    /// Line and column, from 1, in characters.
    pub at: (u32, u32),
    /// What stands before it there.
    pub after: SlotPrefix,
}

/// What stands before the place of a further argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotPrefix {
    /// The opening parenthesis.
    Nothing,
    /// An argument.
    Argument,
    /// A comma.
    Comma,
}

/// An argument of a call in source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyArgument {
    /// The keyword; `None` where it is given by position.
    pub name: Option<Text>,
    /// Its value.
    pub value: Constant,
    /// The value as the source writes it in this very call, on one line and cut to some 80 characters; `None` where it was bound
    /// or put into a dict elsewhere.
    pub written: Option<Text>,
    /// The argument in the source, its keyword included, if it is written out in this very call.
    pub span: Option<Span>,
    /// It was bound elsewhere, by a `functools.partial` that is an observation of its own.
    pub inherited: bool,
}

impl PyCall {
    /// The argument given as keyword `name` or, where the signature allows it, as the `position`th (from 0).
    pub fn argument(&self, name: &str, position: Option<usize>) -> Option<&PyArgument> {
        let keyword = |argument: &&PyArgument| argument.name.as_ref().is_some_and(|n| *n == name);
        // A later keyword overrides what a partial bound.
        self.arguments.iter().rfind(keyword).or_else(|| {
            let mut positional = self.arguments.iter().filter(|a| a.name.is_none());
            positional.nth(position?)
        })
    }
}

/// What source does with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PyAct {
    /// It is called.
    Call,
    /// Some of its arguments are bound (`functools.partial`) for calls that are observations of their own.
    Partial,
    /// It is passed on or stored without being called here.
    Reference,
    /// It is replaced: `torch.load = ...`.
    Assign,
}

/// The value of an argument, as far as the source proves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constant {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// A string.
    Str(Text),
    /// A name that resolves to this qualified name.
    Name(Text),
    /// A list or tuple of these.
    List(Vec<Constant>),
    /// A parameter of the function around it, with its default if that is a constant: the caller decides.
    Parameter(Option<Box<Constant>>),
    /// Anything else.
    Unknown,
}

impl Constant {
    /// Whether Python takes it for true; `None` where that is not known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            Self::Str(value) => Some(!value.is_empty()),
            Self::List(values) => Some(!values.is_empty()),
            Self::Name(_) | Self::Parameter(_) | Self::Unknown => None,
        }
    }

    /// Whether it is one of these names, texts, `True` or `False`, or a list with one of them.
    pub fn is_one_of(&self, known: &[&str]) -> bool {
        match self {
            Self::Name(name) | Self::Str(name) => {
                name.as_str().is_some_and(|name| known.contains(&name))
            }
            Self::Bool(value) => known.contains(&if *value { "True" } else { "False" }),
            Self::List(values) => values.iter().any(|value| value.is_one_of(known)),
            _ => false,
        }
    }
}

/// Why source was judged only in part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFault {
    /// It breaks the grammar: the parser's message.
    Syntax(Short),
    /// It is not UTF-8, as it says or is assumed.
    NotUtf8,
    /// It declares an encoding that is not decoded here.
    Encoding(Text),
}

/// An argument of a call in a pickle, as far as the stream proves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Argument {
    /// A global itself.
    Global(Global),
    /// A constant string.
    Str(Text),
    /// A constant of another kind, or a container.
    Other,
    /// Nothing is known.
    Unknown,
}
