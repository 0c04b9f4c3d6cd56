//! Which file a loader is given where the argument is not its path: a file that was opened, or a path that constants make up.
//!
//! Only where one file can be meant. A path from `__file__` is one from the folder of the source, as relative paths are read.

use std::cell::Cell;

use super::{
    parse::{Expr, Ranged, ast},
    resolve::Resolver,
    scope::{Meaning, ScopeId},
};
use crate::fact::{Constant, Text};

/// Names, calls and operators that are followed one after another.
const DEPTH: usize = 12;
/// All that are followed for one call.
const STEPS: usize = 200;

/// What opens the file that its first argument names, and the keyword of that.
const OPENERS: &[(&str, &str)] = &[
    ("builtins.open", "file"),
    ("io.open", "file"),
    ("codecs.open", "filename"),
    ("gzip.open", "filename"),
    ("gzip.GzipFile", "filename"),
    ("bz2.open", "filename"),
    ("bz2.BZ2File", "filename"),
    ("lzma.open", "filename"),
    ("lzma.LZMAFile", "filename"),
];

/// What makes one path of its arguments.
const JOINERS: &[&str] = &[
    "os.path.join",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
];

/// What gives the path that it is given.
const SAME: &[&str] = &[
    "builtins.str",
    "os.fspath",
    "os.path.abspath",
    "os.path.normpath",
    "os.path.realpath",
];

/// Methods of a path that give the same one.
const SAME_METHODS: &[&str] = &["absolute", "as_posix", "resolve"];

/// Whether a function gives the file that its first argument names, or another path to it.
pub(super) fn passes_on(path: &str) -> bool {
    let opens = |(opener, _): &(&str, &str)| *opener == path;
    OPENERS.iter().any(opens) || SAME.contains(&path) || path.starts_with("pathlib.")
}

/// Finds files in a module.
pub(super) struct Opened<'r, 'm, 'a> {
    resolver: &'r Resolver<'m, 'a>,
    steps: Cell<usize>,
}

/// A path, and whether it is that of the source itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    path: String,
    is_source: bool,
}

impl Found {
    fn of(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            is_source: false,
        }
    }

    /// The folder that it is in.
    fn parent(self) -> Self {
        if self.is_source {
            return Self::of("");
        }
        let path = self.path.trim_end_matches('/');
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name {
            "" | "." | ".." => Self::of(format!("{path}/..").trim_start_matches('/')),
            _ => Self::of(folder),
        }
    }

    /// A path from here, as `os.path.join` and `/` have it.
    fn join(self, part: &Self) -> Option<Self> {
        if part.is_source || self.is_source {
            return None;
        }
        Some(match (self.path.as_str(), part.path.as_str()) {
            (_, path) if path.starts_with('/') => Self::of(path),
            ("", path) => Self::of(path),
            (folder, "") => Self::of(folder),
            (folder, path) => Self::of(format!("{}/{path}", folder.trim_end_matches('/'))),
        })
    }
}

impl<'r, 'm, 'a> Opened<'r, 'm, 'a> {
    pub(super) fn new(resolver: &'r Resolver<'m, 'a>) -> Self {
        Self {
            resolver,
            steps: Cell::new(0),
        }
    }

    /// The file that an argument stands for, if that is no constant text.
    pub(super) fn file(&self, argument: &'a Expr, scope: ScopeId) -> Option<Text> {
        if argument.is_string_literal_expr() {
            return None;
        }
        let found = self.follow(argument, scope, 0)?;
        (!found.is_source && !found.path.is_empty()).then(|| Text::from(found.path))
    }

    fn follow(&self, expr: &'a Expr, scope: ScopeId, depth: usize) -> Option<Found> {
        self.steps.set(self.steps.get().saturating_add(1));
        if depth > DEPTH || self.steps.get() > STEPS {
            return None;
        }
        let deeper = |expr| self.follow(expr, scope, depth.saturating_add(1));
        match expr {
            Expr::StringLiteral(literal) => Some(Found::of(literal.value.to_str())),
            Expr::Call(call) => self.call(call, scope, depth),
            Expr::BinOp(operation) if operation.op == ast::Operator::Div => {
                deeper(&operation.left)?.join(&deeper(&operation.right)?)
            }
            Expr::BinOp(_) => match self.resolver.constant(expr, scope) {
                Constant::Str(text) => Some(Found::of(text.as_str()?)),
                _ => None,
            },
            Expr::Attribute(attribute) if attribute.attr.as_str() == "parent" => {
                Some(deeper(&attribute.value)?.parent())
            }
            Expr::Name(name) => self.name(name, scope, depth),
            _ => None,
        }
    }

    fn name(&self, used: &'a ast::ExprName, scope: ScopeId, depth: usize) -> Option<Found> {
        let module = self.resolver.names.module;
        let name = used.id.as_str();
        let Some((owner, meanings)) = module.lookup(name, scope) else {
            return (name == "__file__").then(|| Found {
                path: String::new(),
                is_source: true,
            });
        };
        let (expr, at) = match &**meanings {
            [Meaning::Value(expr, at) | Meaning::Entered(expr, at)] => (*expr, *at),
            // The last that is bound above, in a script that binds one name over and over. Cells have places of their own.
            several if owner == scope && module.bodies.len() == 1 => {
                let above = several.iter().map(|meaning| match meaning {
                    Meaning::Value(expr, at) | Meaning::Entered(expr, at) => Some((*expr, *at)),
                    _ => None,
                });
                let all: Vec<_> = above.take(STEPS).collect::<Option<_>>()?;
                let mut above = all.into_iter().filter(|(expr, at)| {
                    *at == scope && expr.range().start() < used.range().start()
                });
                let last = above.next_back()?;
                above
                    .all(|(expr, _)| expr.range().start() < last.0.range().start())
                    .then_some(last)?
            }
            _ => return None,
        };
        self.follow(expr, at, depth.saturating_add(1))
    }

    fn call(&self, call: &'a ast::ExprCall, scope: ScopeId, depth: usize) -> Option<Found> {
        let arguments = &call.arguments;
        let deeper = |expr| self.follow(expr, scope, depth.saturating_add(1));
        let joined = |first: Found, parts: &'a [Expr]| {
            parts
                .iter()
                .try_fold(first, |path, part| path.join(&deeper(part)?))
        };
        if let [path] = self.resolver.paths(&call.func, scope).as_slice() {
            let is = |known: &[&str]| known.contains(&path.as_str());
            let first = arguments.args.first();
            if let Some((_, keyword)) = OPENERS.iter().find(|(opener, _)| path == opener) {
                let named = || Some(&arguments.find_keyword(keyword)?.value);
                return deeper(first.or_else(named)?);
            }
            let rest = arguments.args.get(1..).unwrap_or_default();
            if is(JOINERS) {
                return joined(deeper(first?)?, rest);
            }
            return match (is(SAME), path == "os.path.dirname") {
                (true, _) => deeper(first?),
                (_, true) => Some(deeper(first?)?.parent()),
                _ => None,
            };
        }
        let Expr::Attribute(method) = &*call.func else {
            return None;
        };
        let path = || deeper(&method.value);
        match method.attr.as_str() {
            // Of an archive or a file system it is another file: those are no paths that are known.
            "open" => path(),
            "joinpath" => joined(path()?, &arguments.args),
            name if SAME_METHODS.contains(&name) && arguments.args.is_empty() => path(),
            _ => None,
        }
    }
}
