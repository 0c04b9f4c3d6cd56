//! Functions of a repository that hand what they are given to a loader, and calls that hand the path of a model to such a function.
//!
//! One source says which of its functions do that, or hand it to another function, and which functions it calls with a path; `link`
//! joins them by the names of modules. Functions of modules and of classes are followed, lambdas with a name, and what
//! `functools.partial` makes of one.

use super::{
    arguments::Arguments,
    called::{called, may_be_here, qualified},
    imports::imports_from,
    opened::passes_on,
    parse::{Expr, Ranged, ast, range},
    resolve::Resolver,
    scope::{Meaning, ScopeId, ScopeKind},
    words::has_word,
    written::source,
};
use crate::{
    fact::{PyArgument, PyHelper, PyNames, PyParameter, Text},
    loader::Loader,
};

/// How the paths of models end that are looked for in literals.
const SUFFIXES: &[&[u8]] = &[
    b".bin", b".ckpt", b".dill", b".joblib", b".npy", b".npz", b".pickle", b".pkl", b".pt",
    b".pth", b".sav", b".th",
];

/// Arguments that decide whether a loader lets a file run code, as functions hand them on.
const DECIDING: &[&str] = &["allow_pickle", "safe_mode", "weights_only"];

/// What the names of functions that load have in them.
const LOADS: &[&str] = &["load", "Load", "restore", "unpickle", "from_file", "read_"];

/// Names of a module that are kept.
const NAMES: usize = 500;

/// Meanings of one name that are kept.
const MEANINGS: usize = 4;

/// Calls and assignments between a parameter and the argument of a loader.
const HOPS: usize = 4;

/// Whether functions of the repository are followed in a source: it has a literal that ends like the path of a model, names an argument
/// that decides, or imports what may load from a module that may be of the repository.
pub(super) fn follows(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_path = || {
        memchr::memchr2_iter(b'"', b'\'', bytes)
            .any(|quote| ends_like_a_path(bytes.get(..quote).unwrap_or_default()))
    };
    DECIDING.iter().any(|name| has_word(bytes, name))
        || imports_from(text).any(|(module, names)| may_be_here(module) && loads_by_name(names))
        || has_path()
}

/// Whether a source does nothing but import, from its own package among others: what it imports may be imported from it.
pub(super) fn exports(text: &str) -> bool {
    imports_from(text).any(|(module, _)| module.starts_with('.'))
        && !["def ", "class "]
            .iter()
            .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// What a module binds to names that others may import from it: all that is imported if it `exports`, else what may load.
pub(super) fn names(resolver: &Resolver<'_, '_>, exports: bool) -> Option<PyNames> {
    let module = resolver.names.module;
    let all = module.scopes.first()?.names.iter();
    let all = all.filter(|(name, _)| exports || loads_by_name(name));
    let mut names = Vec::new();
    for (name, meanings) in all {
        for meaning in meanings.iter().take(MEANINGS) {
            match meaning {
                Meaning::Path(path) if may_be_here(path) => {
                    names.push((Text::from(*name), Text::from(path.as_str())));
                }
                Meaning::Value(value @ (Expr::Name(_) | Expr::Attribute(_)), at) => {
                    let found = called(resolver, value, *at).into_iter();
                    let found = found.filter(|called| called.bound.is_empty());
                    names.extend(found.map(|it| (Text::from(*name), Text::from(it.path))));
                }
                _ => {}
            }
        }
    }
    names.sort();
    names.truncate(NAMES);
    let stars = module.stars.iter().filter(|star| may_be_here(star));
    let stars: Vec<Text> = stars
        .take(NAMES)
        .map(|star| Text::from(star.as_str()))
        .collect();
    (!names.is_empty() || !stars.is_empty()).then_some(PyNames { names, stars })
}

/// Whether a name, or one of several, may be that of a function which loads.
pub(super) fn loads_by_name(name: impl AsRef<[u8]>) -> bool {
    let has = |part: &&str| memchr::memmem::find(name.as_ref(), part.as_bytes()).is_some();
    LOADS.iter().any(has)
}

fn ends_like_a_path(text: &[u8]) -> bool {
    SUFFIXES.iter().any(|suffix| text.ends_with(suffix))
}

/// What a call hands to a function, as far as it is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hands {
    /// Nothing.
    Nothing,
    /// Something that is named elsewhere: `args.path`, `sys.argv[1]`.
    Something,
    /// An argument that decides, or the path of a model.
    Path,
}

impl Hands {
    /// What a call hands over.
    pub(super) fn of<'a>(
        resolver: &Resolver<'_, 'a>,
        call: &'a ast::ExprCall,
        scope: ScopeId,
        text: &str,
    ) -> Self {
        let is_deciding = |keyword: &ast::Keyword| {
            let name = keyword.arg.as_ref().map(ast::Identifier::as_str);
            name.is_some_and(|name| DECIDING.contains(&name))
        };
        if call.arguments.keywords.iter().any(is_deciding) {
            return Self::Path;
        }
        let values = call.arguments.args.iter();
        let values = values.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let all = values.take(ARGUMENTS);
        let all = all.filter(|&value| {
            value.is_string_literal_expr() || !is_temporary(resolver, value, (scope, text))
        });
        all.map(|value| Self::value(resolver, value, (scope, text), 0))
            .max()
            .unwrap_or(Self::Nothing)
    }

    fn value<'a>(
        resolver: &Resolver<'_, 'a>,
        value: &'a Expr,
        (scope, text): (ScopeId, &str),
        hops: usize,
    ) -> Self {
        if hops > HOPS {
            return Self::Nothing;
        }
        let deeper = |value| Self::value(resolver, value, (scope, text), hops.saturating_add(1));
        match value {
            Expr::StringLiteral(_) | Expr::FString(_) => {
                let written = text.get(range(value.range())).unwrap_or_default();
                let written = written.trim_end_matches(['"', '\'']);
                if ends_like_a_path(written.as_bytes()) {
                    Self::Path
                } else {
                    Self::Nothing
                }
            }
            Expr::BinOp(operation) => deeper(&operation.right),
            Expr::Starred(starred) => match &*starred.value {
                Expr::List(list) => list.elts.first().map_or(Self::Nothing, deeper),
                Expr::Tuple(tuple) => tuple.elts.first().map_or(Self::Nothing, deeper),
                _ => Self::Nothing,
            },
            // `Path("a.pt")`, `os.path.join(folder, "a.pt")`, `open(path)`.
            Expr::Call(call) => {
                let last = call.arguments.args.last().map_or(Self::Nothing, deeper);
                if last == Self::Path {
                    last
                } else {
                    Self::Nothing
                }
            }
            Expr::Attribute(_) | Expr::Subscript(_) => Self::Something,
            Expr::Name(name) => {
                let found = resolver.names.module.lookup(name.id.as_str(), scope);
                match found.map(|(_, meanings)| &**meanings) {
                    Some([Meaning::Value(value, at) | Meaning::Entered(value, at)]) => {
                        Self::value(resolver, value, (*at, text), hops.saturating_add(1))
                    }
                    _ => Self::Nothing,
                }
            }
            _ => Self::Nothing,
        }
    }
}

/// Whether a path is made of a place for temporary files, as far as words say: what is loaded from there was most often written just
/// before.
fn is_temporary<'a>(
    resolver: &Resolver<'_, 'a>,
    value: &'a Expr,
    (scope, text): (ScopeId, &str),
) -> bool {
    let says = |expr: &Expr| {
        let written = text.get(range(expr.range())).unwrap_or_default();
        let lower = written.to_ascii_lowercase();
        written.len() <= WORDS && (lower.contains("tmp") || lower.contains("temp"))
    };
    let mut base = value;
    for _ in 0..HOPS {
        base = match base {
            Expr::Attribute(attribute) => &attribute.value,
            Expr::BinOp(operation) => &operation.left,
            Expr::Call(call) => match call.arguments.args.first() {
                Some(first) => first,
                None => break,
            },
            _ => break,
        };
    }
    let behind = || {
        let Expr::Name(name) = base else { return false };
        let found = resolver.names.module.lookup(name.id.as_str(), scope);
        match found.map(|(_, meanings)| &**meanings) {
            Some([Meaning::Value(value, _) | Meaning::Entered(value, _)]) => says(value),
            _ => false,
        }
    };
    says(value) || behind()
}

/// Bytes of an expression that are looked at for such words.
const WORDS: usize = 200;

/// Arguments of a call that are looked at.
const ARGUMENTS: usize = 16;

/// The function around the call of a loader, if it hands on the file that its own caller names.
pub(super) fn around_loader<'a>(
    resolver: &Resolver<'_, 'a>,
    loader: &Loader,
    (call, scope): (&'a ast::ExprCall, ScopeId),
    arguments: &[PyArgument],
) -> Option<PyHelper> {
    let inside = Inside { resolver };
    let home = match source(loader, call) {
        Some(file) => inside.behind(file, scope, 0)?.0,
        None => inside.starred(call, scope)?,
    };
    inside.helper(home, (call, scope), arguments)
}

/// The function around a call of another function, if it hands on something that its own caller gives.
pub(super) fn around_call<'a>(
    resolver: &Resolver<'_, 'a>,
    (call, scope): (&'a ast::ExprCall, ScopeId),
) -> Option<PyHelper> {
    let inside = Inside { resolver };
    let values = call.arguments.args.iter();
    let values = values.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
    let mut given = values.take(ARGUMENTS);
    let home = given.find_map(|value| Some(inside.behind(value, scope, 0)?.0));
    let home = home.or_else(|| inside.starred(call, scope))?;
    let mut arguments = Arguments::default();
    arguments.add(resolver, &call.arguments, 0, scope, None);
    inside.helper(home, (call, scope), &arguments.list)
}

/// The inside of functions.
struct Inside<'r, 'm, 'a> {
    resolver: &'r Resolver<'m, 'a>,
}

/// A function: its parameters, and how it is called.
struct Home<'a> {
    parameters: &'a ast::Parameters,
    /// The first parameter is not the caller's.
    has_receiver: bool,
    /// It is the instance.
    is_method: bool,
}

impl<'a> Inside<'_, '_, 'a> {
    fn home(&self, scope: ScopeId) -> Option<Home<'a>> {
        let module = self.resolver.names.module;
        let current = module.scopes.get(scope)?;
        let Some(function) = current.function else {
            return Some(Home {
                parameters: current.lambda?.parameters.as_deref()?,
                has_receiver: false,
                is_method: false,
            });
        };
        let around = module.scopes.get(current.parent)?;
        let is_called = |name: &str| {
            function.decorator_list.iter().any(
                |decorator| matches!(&decorator.expression, Expr::Name(it) if it.id.as_str() == name),
            )
        };
        let has_receiver = around.kind == ScopeKind::Class && !is_called("staticmethod");
        Some(Home {
            parameters: &function.parameters,
            has_receiver,
            is_method: has_receiver && !is_called("classmethod"),
        })
    }

    fn helper(
        &self,
        home: ScopeId,
        (call, scope): (&'a ast::ExprCall, ScopeId),
        arguments: &[PyArgument],
    ) -> Option<PyHelper> {
        let name = qualified(self.resolver.names.module, home)?;
        let mut handed = Vec::new();
        let mut hand = |at: Option<usize>, value| {
            let at = at.and_then(|at| u32::try_from(at).ok());
            let given = self.behind(value, scope, 0);
            let given = given.filter(|(owner, _)| *owner == home);
            handed.extend(at.zip(given.map(|(_, parameter)| parameter)));
        };
        let positional = call.arguments.args.iter();
        for (at, value) in positional
            .take_while(|value| !value.is_starred_expr())
            .enumerate()
        {
            hand(Some(at), value);
        }
        for keyword in &call.arguments.keywords {
            let is_it = |argument: &PyArgument| {
                let name = keyword.arg.as_ref().map(ast::Identifier::as_str);
                let of = argument.name.as_ref().and_then(Text::as_str);
                name.is_some() && name == of
            };
            hand(arguments.iter().rposition(is_it), &keyword.value);
        }
        let of = self.home(home)?;
        let vararg = of.parameters.vararg.as_ref();
        let rest = vararg.filter(|_| self.starred(call, scope) == Some(home));
        let rest = rest.and_then(|_| u32::try_from(of.by_position()).ok());
        let kwarg = of.parameters.kwarg.as_ref();
        let keywords = kwarg.filter(|kwarg| {
            let all = call.arguments.keywords.iter();
            let mut splats = all.filter(|keyword| keyword.arg.is_none());
            splats.any(|splat| self.is_variadic(&splat.value, scope, (home, kwarg.name.as_str())))
        });
        let named = keywords.map(|_| {
            let all = of.parameters.iter_non_variadic_params();
            all.map(|parameter| Text::from(parameter.parameter.name.as_str()))
                .collect()
        });
        Some(PyHelper {
            name: Text::from(name),
            is_method: of.is_method,
            handed,
            rest,
            named,
        })
    }

    /// The function whose `*args` a call unpacks.
    fn starred(&self, call: &'a ast::ExprCall, scope: ScopeId) -> Option<ScopeId> {
        let starred = call.arguments.args.iter().find_map(|value| match value {
            Expr::Starred(starred) => Some(&*starred.value),
            _ => None,
        })?;
        let Expr::Name(name) = starred else {
            return None;
        };
        let (owner, _) = self.resolver.names.module.lookup(name.id.as_str(), scope)?;
        let vararg = self.home(owner)?.parameters.vararg.as_ref()?;
        self.is_variadic(starred, scope, (owner, vararg.name.as_str()))
            .then_some(owner)
    }

    /// Whether an expression is the `*args` or `**kwargs` of a function, as they are given.
    fn is_variadic(
        &self,
        expr: &'a Expr,
        scope: ScopeId,
        (home, variadic): (ScopeId, &str),
    ) -> bool {
        let Expr::Name(name) = expr else {
            return false;
        };
        let found = self.resolver.names.module.lookup(name.id.as_str(), scope);
        let is_given = |(owner, meanings): (ScopeId, &[Meaning<'_>])| {
            owner == home && matches!(meanings, [Meaning::Parameter])
        };
        name.id.as_str() == variadic
            && found.is_some_and(|(owner, meanings)| is_given((owner, meanings)))
    }

    /// The parameter that an expression is, if nothing else is ever assigned to it, and the function whose it is.
    fn parameter(&self, expr: &'a Expr, scope: ScopeId) -> Option<(ScopeId, PyParameter)> {
        let Expr::Name(name) = expr else {
            return None;
        };
        let name = name.id.as_str();
        let (owner, meanings) = self.resolver.names.module.lookup(name, scope)?;
        let is_given =
            |meaning: &Meaning<'_>| matches!(meaning, Meaning::Parameter | Meaning::Default(..));
        if !meanings.iter().all(is_given) {
            return None;
        }
        let home = self.home(owner)?;
        let mut all = home.parameters.iter_non_variadic_params();
        let at = all.position(|parameter| parameter.parameter.name.as_str() == name)?;
        let at = at.checked_sub(usize::from(home.has_receiver))?;
        let parameter = PyParameter {
            name: Text::from(name),
            position: u32::try_from(at).ok().filter(|_| at < home.by_position()),
        };
        Some((owner, parameter))
    }

    /// The parameter that names the file which an expression stands for: itself, or what was opened by it.
    fn behind(
        &self,
        expr: &'a Expr,
        scope: ScopeId,
        hops: usize,
    ) -> Option<(ScopeId, PyParameter)> {
        if hops > HOPS {
            return None;
        }
        let parameter = self.parameter(expr, scope);
        if parameter.is_some() {
            return parameter;
        }
        let (next, at) = match expr {
            Expr::Name(name) => {
                let module = self.resolver.names.module;
                let (_, meanings) = module.lookup(name.id.as_str(), scope)?;
                match &**meanings {
                    [Meaning::Value(next, at) | Meaning::Entered(next, at)] => (*next, *at),
                    _ => return None,
                }
            }
            Expr::Call(call) => {
                let first = call.arguments.args.first()?;
                let paths = self.resolver.paths(&call.func, scope);
                if paths.is_empty() || !paths.iter().all(|path| passes_on(path)) {
                    return None;
                }
                (first, scope)
            }
            _ => return None,
        };
        self.behind(next, at, hops.saturating_add(1))
    }
}

impl Home<'_> {
    /// Parameters that can be given by position.
    fn by_position(&self) -> usize {
        let all = self.parameters.posonlyargs.len();
        all.saturating_add(self.parameters.args.len())
            .saturating_sub(usize::from(self.has_receiver))
    }
}
