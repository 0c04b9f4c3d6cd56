//! Calls of functions that may be of the repository, with what may be the path of a model: which of them are kept.
//!
//! A call that hands over a path, or an argument that decides, is kept whatever it calls. Others are kept where what they call may
//! load: by its name, if it is imported, or because it reaches a loader in this very source.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    arguments::Arguments,
    called::{Called, called, is_partial},
    excerpt::brief,
    helper::{Hands, around_call, loads_by_name},
    names::identity,
    notes::Notes,
    opened::Opened,
    parse::{Expr, Ranged, ast, range},
    resolve::Resolver,
    scope::{MODULE, ScopeId},
};
use crate::fact::{Constant, Fact, PyAct, PyCall, PyHelper, Text};

/// The calls of a module, until all were seen.
#[derive(Debug, Default)]
pub(super) struct Handing {
    /// Functions of the module that hand on to a loader, or to what may be one.
    reaching: FxHashSet<String>,
    /// Calls of functions of the module.
    pending: Vec<Pending>,
}

/// A call that is kept if what it calls reaches a loader.
#[derive(Debug)]
struct Pending {
    /// The function of the module that it calls.
    target: String,
    /// The function around it, if that hands on what it is given.
    own: Option<String>,
    fact: Fact,
    unit: u32,
    at: Range<usize>,
}

/// A call of a source, where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) call: &'a ast::ExprCall,
    pub(super) scope: ScopeId,
    pub(super) unit: u32,
}

impl Handing {
    /// Notes that a function of the module hands on to a loader.
    pub(super) fn reaches(&mut self, helper: &PyHelper) {
        self.reaching
            .extend(helper.name.as_str().map(str::to_owned));
    }

    /// Looks at a call that is none of a loader.
    pub(super) fn call<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        notes: &mut Notes<'_, 'a>,
        seen: Seen<'a>,
    ) {
        let Seen { call, scope, unit } = seen;
        if is_partial(resolver, call, scope) {
            self.partial(resolver, notes, seen);
            return;
        }
        let hands = Hands::of(resolver, call, scope, notes.text(unit));
        if hands == Hands::Nothing && scope == MODULE {
            return;
        }
        let loads = loads_by_name(last_word(&call.func));
        for called in called(resolver, &call.func, scope) {
            let is_local = called.path.starts_with(':');
            let helper = (loads || is_local)
                .then(|| around_call(resolver, (call, scope)))
                .flatten();
            let is_sure = hands == Hands::Path || loads && !is_local;
            if hands != Hands::Nothing {
                self.keep(resolver, notes, seen, &called, None, is_sure);
            }
            if let Some(helper) = helper {
                let is_sure = loads && !is_local;
                self.keep(resolver, notes, seen, &called, Some(helper), is_sure);
            }
        }
    }

    /// `load_fast = functools.partial(load, weights_only=False)` is a function as well, for those who import it.
    fn partial<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        notes: &mut Notes<'_, 'a>,
        seen: Seen<'a>,
    ) {
        let assigned = &resolver.names.module.assigned;
        let name = assigned.get(&identity(seen.call));
        let (Some(name), Some(first), MODULE) =
            (name, seen.call.arguments.args.first(), seen.scope)
        else {
            return;
        };
        let helper = PyHelper {
            name: Text::from(*name),
            is_method: false,
            handed: Vec::new(),
            rest: Some(0),
            named: Some(Vec::new()),
        };
        for mut called in called(resolver, first, seen.scope) {
            called.bound.push((seen.call, seen.scope));
            let is_sure = !called.path.starts_with(':') && loads_by_name(last_word(first));
            self.keep(
                resolver,
                notes,
                seen,
                &called,
                Some(helper.clone()),
                is_sure,
            );
        }
    }

    fn keep<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        notes: &mut Notes<'_, 'a>,
        Seen { call, scope, unit }: Seen<'a>,
        called: &Called<'a>,
        mut helper: Option<PyHelper>,
        is_sure: bool,
    ) {
        let text = notes.text(unit);
        let at = range(call.range());
        let mut arguments = Arguments::default();
        for (bound, at) in &called.bound {
            arguments.add(resolver, &bound.arguments, 1, *at, None);
        }
        let of_bound = arguments.list.len();
        if !called
            .bound
            .iter()
            .any(|(bound, _)| std::ptr::eq(*bound, call))
        {
            arguments.add(resolver, &call.arguments, 0, scope, Some(text));
            let positional = call.arguments.args.iter();
            let keywords = call.arguments.keywords.iter().map(|it| &it.value);
            // A path that is made up of constants: `Path("models") / "a.pt"`.
            for (given, value) in arguments
                .list
                .iter_mut()
                .skip(of_bound)
                .zip(positional.chain(keywords))
            {
                if given.value == Constant::Unknown
                    && let Some(file) = Opened::new(resolver).file(value, scope)
                {
                    given.value = Constant::Str(file);
                }
            }
        }
        // What was bound comes first.
        let shift = u32::try_from(of_bound).unwrap_or(u32::MAX);
        for (number, _) in helper.iter_mut().flat_map(|helper| &mut helper.handed) {
            *number = number.saturating_add(shift);
        }
        let own = helper.as_ref().and_then(|helper| helper.name.as_str());
        let own = own.map(str::to_owned);
        let fact = Fact::PyHanded(Box::new(PyCall {
            callee: Text::from(called.path.as_str()),
            written: brief(text.get(range(call.func.range())).unwrap_or_default()),
            act: PyAct::Call,
            arguments: arguments.list,
            star_args: arguments.star_args,
            star_kwargs: arguments.star_kwargs,
            round_trip: false,
            file: None,
            misplaced: None,
            around: resolver.names.module.around(scope),
            slot: None,
            helper: helper.map(Box::new),
        }));
        if is_sure {
            self.reaching.extend(own);
            notes.other(fact, unit, at);
            return;
        }
        if let Some(target) = called.path.strip_prefix(':') {
            self.pending.push(Pending {
                target: target.replace("()", ""),
                own,
                fact,
                unit,
                at,
            });
        }
    }

    /// Notes the calls of functions of the module that reach a loader.
    pub(super) fn finish(self, notes: &mut Notes<'_, '_>) {
        let mut by_target: FxHashMap<&str, Vec<&Pending>> = FxHashMap::default();
        for pending in &self.pending {
            by_target.entry(&pending.target).or_default().push(pending);
        }
        let mut next: Vec<&str> = self.reaching.iter().map(String::as_str).collect();
        let mut known: FxHashSet<&str> = next.iter().copied().collect();
        while let Some(name) = next.pop() {
            for pending in by_target.remove(name).unwrap_or_default() {
                notes.other(pending.fact.clone(), pending.unit, pending.at.clone());
                if let Some(own) = pending.own.as_deref()
                    && known.insert(own)
                {
                    next.push(own);
                }
            }
        }
    }
}

/// The last word of what is called.
fn last_word(function: &Expr) -> &str {
    match function {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    }
}
