//! Functions of a repository that hand what they are given to a loader, and calls that hand the path of a model to such a function.
//!
//! One source says which of its functions do that, another which functions it calls with a path; `link` joins the two by the names of
//! modules. Only functions of a module itself are followed, and one at a time: no methods, no functions inside others, none that
//! calls another helper.

use super::{
    opened::passes_on,
    parse::{Expr, Ranged, ast, range},
    resolve::Resolver,
    scope::{MODULE, Meaning, Module, ScopeId, ScopeKind},
    written::source,
};
use crate::{
    fact::{PyArgument, PyHelper, PyParameter, Text},
    loader::Loader,
};

/// How the paths of models end that are looked for in literals.
const SUFFIXES: &[&[u8]] = &[
    b".bin", b".ckpt", b".dill", b".joblib", b".npy", b".npz", b".pickle", b".pkl", b".pt",
    b".pth", b".sav", b".th",
];

/// Names of modules that no repository gives its own.
const ELSEWHERE: &[&str] = &[
    "builtins",
    "io",
    "joblib",
    "json",
    "keras",
    "logging",
    "numpy",
    "os",
    "pandas",
    "pathlib",
    "pickle",
    "shutil",
    "subprocess",
    "sys",
    "tempfile",
    "tensorflow",
    "torch",
    "transformers",
    "unittest",
];

/// Calls and assignments between a parameter and the argument of a loader.
const HOPS: usize = 4;

/// Whether a source has a literal that ends like the path of a model.
pub(super) fn has_path(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'"', b'\'', bytes)
        .any(|quote| ends_like_a_path(bytes.get(..quote).unwrap_or_default()))
}

fn ends_like_a_path(text: &[u8]) -> bool {
    SUFFIXES.iter().any(|suffix| text.ends_with(suffix))
}

/// Whether a literal among the arguments of a call is the path of a model, as it is written.
pub(super) fn hands_a_path(arguments: &ast::Arguments, text: &str) -> bool {
    let is_path = |value: &Expr| {
        let Expr::StringLiteral(literal) = value else {
            return false;
        };
        let written = text.get(range(literal.range())).unwrap_or_default();
        ends_like_a_path(written.trim_end_matches(['"', '\'']).as_bytes())
    };
    arguments.args.iter().any(is_path)
        || arguments
            .keywords
            .iter()
            .any(|keyword| is_path(&keyword.value))
}

/// The qualified name of what is called, if it may be a function of the repository: with a dot if it is imported, without one if it
/// is of this module.
pub(super) fn function_of_repository<'a>(
    resolver: &Resolver<'_, 'a>,
    function: &'a Expr,
    scope: ScopeId,
) -> Option<String> {
    if let Expr::Name(name) = function {
        let name = name.id.as_str();
        let (owner, meanings) = resolver.names.module.lookup(name, scope)?;
        if let [Meaning::Opaque] = &**meanings {
            return (owner == MODULE).then(|| name.to_owned());
        }
    }
    let paths = resolver.paths(function, scope);
    let [path] = paths.as_slice() else {
        return None;
    };
    let (first, _) = path.split_once('.')?;
    (!ELSEWHERE.contains(&first)).then(|| path.clone())
}

/// The function of the module around the call of a loader, if it hands on the file that its own caller names.
pub(super) fn helper_around<'a>(
    resolver: &Resolver<'_, 'a>,
    loader: &Loader,
    (call, scope): (&'a ast::ExprCall, ScopeId),
    arguments: &[PyArgument],
) -> Option<PyHelper> {
    let (home, function) = home(resolver.names.module, scope)?;
    let inside = Inside {
        resolver,
        home,
        function,
    };
    let file = inside.behind(source(loader, call)?, scope, 0)?;
    let mut handed = Vec::new();
    let mut hand = |at: Option<usize>, value| {
        let at = at.and_then(|at| u32::try_from(at).ok());
        handed.extend(at.zip(inside.parameter(value, scope)));
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
    Some(PyHelper {
        name: Text::from(function.name.as_str()),
        file,
        handed,
    })
}

/// The function of the module that a scope is in.
fn home<'a>(module: &Module<'a>, scope: ScopeId) -> Option<(ScopeId, &'a ast::StmtFunctionDef)> {
    let mut at = scope;
    loop {
        let current = module.scopes.get(at)?;
        match current.kind {
            ScopeKind::Comprehension => at = current.parent,
            ScopeKind::Function if current.parent == MODULE => {
                return Some((at, current.function?));
            }
            _ => return None,
        }
    }
}

/// The inside of a function.
struct Inside<'r, 'm, 'a> {
    resolver: &'r Resolver<'m, 'a>,
    home: ScopeId,
    function: &'a ast::StmtFunctionDef,
}

impl<'a> Inside<'_, '_, 'a> {
    /// The parameter that an expression is, if nothing else is ever assigned to it.
    fn parameter(&self, expr: &'a Expr, scope: ScopeId) -> Option<PyParameter> {
        let Expr::Name(name) = expr else {
            return None;
        };
        let name = name.id.as_str();
        let (owner, meanings) = self.resolver.names.module.lookup(name, scope)?;
        let is_given =
            |meaning: &Meaning<'_>| matches!(meaning, Meaning::Parameter | Meaning::Default(..));
        if owner != self.home || !meanings.iter().all(is_given) {
            return None;
        }
        let parameters = &self.function.parameters;
        let mut all = parameters.iter_non_variadic_params();
        let at = all.position(|parameter| parameter.parameter.name.as_str() == name)?;
        let by_position = parameters
            .posonlyargs
            .len()
            .saturating_add(parameters.args.len());
        Some(PyParameter {
            name: Text::from(name),
            position: u32::try_from(at).ok().filter(|_| at < by_position),
        })
    }

    /// The parameter that names the file which an expression stands for: itself, or what was opened by it.
    fn behind(&self, expr: &'a Expr, scope: ScopeId, hops: usize) -> Option<PyParameter> {
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
                let (owner, meanings) = module.lookup(name.id.as_str(), scope)?;
                match &**meanings {
                    [Meaning::Value(next, at) | Meaning::Entered(next, at)]
                        if owner == self.home =>
                    {
                        (*next, *at)
                    }
                    _ => return None,
                }
            }
            Expr::Call(call) => {
                let paths = self.resolver.paths(&call.func, scope);
                if paths.is_empty() || !paths.iter().all(|path| passes_on(path)) {
                    return None;
                }
                (call.arguments.args.first()?, scope)
            }
            _ => return None,
        };
        self.behind(next, at, hops.saturating_add(1))
    }
}
