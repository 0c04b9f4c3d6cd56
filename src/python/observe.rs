//! From what a module's walk listed to observations: calls, references and replacements of watched names, and
//! environment switches.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{
    Unit,
    arguments::{self, Arguments},
    excerpt::brief,
    handing::{Handing, Seen},
    helper::{around_loader, exports, follows, names},
    names::{Target, What, identity},
    notes::{Note, Notes},
    opened::Opened,
    parse::{Expr, Ranged, ast, range},
    resolve::Resolver,
    scope::{Module, Occurrence, ScopeId},
    surely::stands_only_for,
    written::{Written, source},
};
use crate::{
    fact::{Constant, Fact, PyAct, PyCall, Text, Unread},
    limits,
    loader::{self, Loader},
    record::Recorder,
};

/// Methods and functions that set the variable named by their first argument to their second.
const SETTERS: &[&str] = &["__setitem__", "putenv", "setdefault", "setenv"];

struct Observer<'m, 'a> {
    resolver: Resolver<'m, 'a>,
    written: Written<'m, 'a>,
    /// By the identity of a call: what is around it and is given `weights_only`.
    misplaced: FxHashMap<usize, Text>,
    notes: Notes<'m, 'a>,
    /// Where functions of the repository are followed: their calls.
    handing: Option<Handing>,
}

/// Records what a module says.
pub(super) fn observe<'a>(module: &Module<'a>, units: &[Unit<'a>], recorder: &mut Recorder) {
    let mut observer = Observer {
        resolver: Resolver::new(module),
        written: Written::new(module),
        misplaced: FxHashMap::default(),
        notes: Notes::of(units),
        handing: None,
    };
    let exports = units.iter().any(|unit| exports(unit.text));
    if exports || units.iter().any(|unit| follows(unit.text)) {
        observer.handing = Some(Handing::default());
        if let Some(names) = names(&observer.resolver, exports) {
            observer
                .notes
                .other(Fact::PyNames(Box::new(names)), 0, 0..0);
        }
    }
    for (seen, scope, unit) in &module.seen {
        match seen {
            Occurrence::Call(call) => observer.call(call, *scope, *unit),
            Occurrence::Assigned(target, value) => observer.assigned(target, value, *scope, *unit),
            Occurrence::Dict(dict) => observer.dict(dict, *scope, *unit),
            Occurrence::Magic(text, at) => {
                for (name, value) in settings(text) {
                    observer
                        .notes
                        .variable(name, Some(value.into()), *unit, range(*at));
                }
            }
            Occurrence::Chain(_) => {}
        }
    }
    // References come last: those through which another name was resolved are told there.
    let mut referenced = Vec::new();
    for (seen, scope, unit) in &module.seen {
        if let Occurrence::Chain(chain) = seen
            && !module.is_builtin(chain, *scope)
        {
            for target in observer.resolver.resolve(chain, *scope) {
                if matches!(&target.what, What::Path(path) if loader::by_name(path).is_some()) {
                    referenced.push((*chain, target, *unit));
                }
            }
        }
    }
    for (chain, target, unit) in referenced {
        if let What::Path(path) = &target.what
            && !observer.resolver.names.is_followed(chain)
        {
            let at = range(chain.range());
            let path = path.clone();
            observer
                .notes
                .reference(path, PyAct::Reference, unit, at.clone(), at);
            // What a partial bound is passed on with it.
            let mut arguments = Arguments::default();
            for (bound, at) in &target.bound {
                arguments.add(&observer.resolver, &bound.arguments, 1, *at, None);
            }
            if let Some(Fact::PyCall(call)) = observer.notes.last() {
                call.arguments = arguments.list;
                (call.star_args, call.star_kwargs) = (arguments.star_args, arguments.star_kwargs);
            }
        }
    }
    if let Some(handing) = observer.handing.take() {
        handing.finish(&mut observer.notes);
    }
    if observer.resolver.names.is_exhausted() {
        recorder.record(Fact::Unread(Unread::Limit(limits::Id::NAMES_STEPS)));
    }
    let Observer {
        notes, resolver, ..
    } = observer;
    notes.record(&resolver, recorder);
}

/// `NAME=value` and `NAME value` of the watched variables in a magic or a shell command.
pub(super) fn settings(text: &str) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    for name in loader::VARIABLES.iter().map(|variable| variable.name) {
        for at in memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()) {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at..).and_then(|rest| rest.strip_prefix(name));
            let after = after.unwrap_or_default();
            let whole = !before
                .ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '{');
            let Some(value) = after.strip_prefix(['=', ' ']).filter(|_| whole) else {
                continue;
            };
            let value = value.trim_start_matches([' ', '=', '"', '\'']);
            let end = value.find(|c: char| c.is_whitespace() || "\"';&|".contains(c));
            let value = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
            if !value.is_empty() {
                found.push((name, value));
            }
        }
    }
    found
}

impl<'a> Observer<'_, 'a> {
    fn call(&mut self, call: &'a ast::ExprCall, scope: ScopeId, unit: u32) {
        self.brackets(call, unit);
        let before = self.notes.count();
        for target in self.resolver.resolve(&call.func, scope) {
            let What::Path(path) = &target.what else {
                continue;
            };
            let partial = target.bound.is_empty() && path.starts_with("functools.partial");
            if let Some(loader) = loader::by_name(path) {
                self.note(loader, &target, call, 0, (scope, unit));
            } else if let Some(first) = call.arguments.args.first().filter(|_| partial) {
                for inner in self.resolver.resolve(first, scope) {
                    if let What::Path(path) = &inner.what
                        && let Some(loader) = loader::by_name(path)
                    {
                        self.note(loader, &inner, call, 1, (scope, unit));
                    }
                }
                // What is bound here is told here, not once more as a reference.
                self.resolver.names.note_followed(first);
            } else if path == "builtins.setattr"
                && let [object, name, value] = &*call.arguments.args
                && let Constant::Str(name) = self.resolver.constant(name, scope)
            {
                for object in self.resolver.paths(object, scope) {
                    let path = loader::canonical(&format!("{object}.{name}"));
                    if loader::by_name(&path).is_some() && !self.is_itself(value, scope, &path) {
                        let at = range(call.range());
                        self.notes
                            .reference(path, PyAct::Assign, unit, at.clone(), at);
                    }
                }
            }
        }
        if self.notes.count() == before
            && let Expr::Attribute(method) = &*call.func
            && let Some(loader) = loader::inherited(&method.attr)
        {
            let target = Target {
                what: What::Path(loader.name.to_owned()),
                bound: Vec::new(),
            };
            self.note(loader, &target, call, 0, (scope, unit));
        }
        if let Some(handing) = &mut self.handing
            && self.notes.count() == before
        {
            handing.call(&self.resolver, &mut self.notes, Seen { call, scope, unit });
        }
        self.environment(call, scope, unit);
    }

    /// `model.load_state_dict(torch.load(path), weights_only=True)`: the calls inside, if they are not given it themselves.
    fn brackets(&mut self, call: &'a ast::ExprCall, unit: u32) {
        const KEYWORD: &str = "weights_only";
        if call.arguments.find_keyword(KEYWORD).is_none() {
            return;
        }
        let text = self.notes.text(unit).get(range(call.func.range()));
        let written = brief(text.unwrap_or_default());
        let mut inside = vec![&*call.func];
        inside.extend(&call.arguments.args);
        // More than people write.
        for _ in 0..64 {
            match inside.pop() {
                None => break,
                Some(Expr::Attribute(attribute)) => inside.push(&attribute.value),
                Some(Expr::Subscript(subscript)) => inside.push(&subscript.value),
                Some(Expr::Starred(starred)) => inside.push(&starred.value),
                Some(Expr::Call(inner)) if inner.arguments.find_keyword(KEYWORD).is_none() => {
                    self.misplaced.insert(identity(inner), written.clone());
                    inside.push(&inner.func);
                    inside.extend(&inner.arguments.args);
                }
                Some(_) => {}
            }
        }
    }

    /// Whether an expression is surely the loader of this name itself, as it was before it was replaced.
    fn is_itself(&self, value: &'a Expr, scope: ScopeId, path: &str) -> bool {
        if stands_only_for(&self.resolver, value, scope, path) {
            self.resolver.names.note_followed(value);
            return true;
        }
        false
    }

    fn note(
        &mut self,
        loader: &Loader,
        target: &Target<'a>,
        call: &'a ast::ExprCall,
        skip: usize,
        (scope, unit): (ScopeId, u32),
    ) {
        let mut arguments = Arguments::default();
        for (bound, at) in &target.bound {
            arguments.add(&self.resolver, &bound.arguments, 1, *at, None);
        }
        let text = self.notes.text(unit);
        arguments.add(&self.resolver, &call.arguments, skip, scope, Some(text));
        let is_direct = skip == 0 && target.bound.is_empty();
        let file = source(loader, call)
            .filter(|_| is_direct)
            .and_then(|given| Opened::new(&self.resolver).file(given, scope));
        let callee = match call.arguments.args.first() {
            Some(first) if skip > 0 => first.range(),
            _ => call.func.range(),
        };
        let written = brief(text.get(range(callee)).unwrap_or_default());
        let helper = if is_direct {
            around_loader(&self.resolver, loader, (call, scope), &arguments.list)
        } else {
            None
        };
        if let (Some(handing), Some(helper)) = (&mut self.handing, &helper) {
            handing.reaches(helper);
        }
        let fact = Fact::PyCall(Box::new(PyCall {
            callee: Text::from(loader.name),
            written,
            // Of a partial, whether it is called elsewhere is known once all calls are.
            act: PyAct::Call,
            arguments: arguments.list,
            star_args: arguments.star_args,
            star_kwargs: arguments.star_kwargs,
            round_trip: is_direct && self.written.by_the_function(loader, call, scope),
            file,
            misplaced: self.misplaced.get(&identity(call)).cloned(),
            around: self.resolver.names.module.around(scope),
            slot: None,
            helper: helper.map(Box::new),
        }));
        self.notes.add(Note {
            unit,
            at: range(call.range()),
            fact,
            arguments: arguments.ranges,
            own: arguments.own,
            slot: arguments::slot(text, &call.arguments),
            partial: (skip > 0).then_some(call),
        });
    }

    /// `torch.load = ...`, `np.load.__defaults__ = ...`, `environ["X"] = ...`.
    fn assigned(&mut self, target: &'a Expr, value: &'a Expr, scope: ScopeId, unit: u32) {
        let at = range(target.range());
        match target {
            Expr::Attribute(_) => {
                for path in self.resolver.paths(target, scope) {
                    let path = ["__defaults__", "__kwdefaults__", "__code__"]
                        .iter()
                        .find_map(|last| path.strip_suffix(last)?.strip_suffix('.'))
                        .unwrap_or(&path);
                    if loader::by_name(path).is_some() && !self.is_itself(value, scope, path) {
                        let path = path.to_owned();
                        self.notes
                            .reference(path, PyAct::Assign, unit, at.clone(), at.clone());
                    }
                }
            }
            Expr::Subscript(subscript) => {
                let whole = at.start..range(value.range()).end;
                self.setting(&subscript.slice, value, scope, unit, whole);
            }
            _ => {}
        }
    }

    fn dict(&mut self, dict: &'a ast::ExprDict, scope: ScopeId, unit: u32) {
        for item in &dict.items {
            if let Some(key) = &item.key {
                let at = range(key.range()).start..range(item.value.range()).end;
                self.setting(key, &item.value, scope, unit, at);
            }
        }
    }

    /// A variable set by a call: `setenv("X", "1")`, `environ.update(X="1")`, `dict(os.environ, X="1")`.
    fn environment(&mut self, call: &'a ast::ExprCall, scope: ScopeId, unit: u32) {
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg
                && loader::variable(name.as_str()).is_some()
            {
                let value = self.resolver.constant(&keyword.value, scope);
                self.notes
                    .variable(name.as_str(), written(&value), unit, range(keyword.range()));
            }
        }
        let function = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return,
        };
        if let [name, value, ..] = &*call.arguments.args
            && SETTERS.contains(&function)
        {
            self.setting(name, value, scope, unit, range(call.range()));
        }
    }

    fn setting(
        &mut self,
        name: &'a Expr,
        value: &'a Expr,
        scope: ScopeId,
        unit: u32,
        at: Range<usize>,
    ) {
        if !matches!(
            name,
            Expr::StringLiteral(_) | Expr::Name(_) | Expr::BinOp(_) | Expr::BytesLiteral(_)
        ) {
            return;
        }
        if let Constant::Str(name) = self.resolver.constant(name, scope)
            && let Some(name) = name
                .as_str()
                .filter(|name| loader::variable(name).is_some())
        {
            let value = self.resolver.constant(value, scope);
            self.notes.variable(name, written(&value), unit, at);
        }
    }
}

/// A constant as the environment would hold it.
fn written(value: &Constant) -> Option<Text> {
    match value {
        Constant::Str(text) => Some(text.clone()),
        Constant::Int(n) => Some(Text::from(n.to_string())),
        _ => None,
    }
}
