//! What a run has shown: the globals it names, what it does with them, and whatever else is worth a fact.

use super::{current::Current, names::Names};
use crate::{
    bytes::{Window, wide},
    fact::{Argument, Expression, Fact, Literal, Text, Unresolved, Usage},
    format::pickle::{
        events::EventLog,
        global_events::Signature,
        marks::Marks,
        opcode as op,
        preview::Preview,
        shapes,
        value::{Nodes, Value, ValueKind},
    },
};

/// The module of the built-in names, in Python 3 and in Python 2.
const BUILTINS: &[&str] = &["builtins", "__builtin__"];

/// The record of one run.
#[derive(Debug)]
pub(super) struct Trace {
    pub names: Names,
    pub log: EventLog,
    pub window: Window,
}

impl Trace {
    pub(super) fn new(window: Window) -> Self {
        Self {
            names: Names::default(),
            log: EventLog::default(),
            window,
        }
    }

    pub(super) fn preview<'a>(&'a self, nodes: &'a Nodes) -> Preview<'a> {
        Preview {
            nodes,
            names: &self.names.texts,
            log: &self.log,
            window: &self.window,
        }
    }

    /// The row of the global that two lines name, which is imported.
    pub(super) fn import_lines(&mut self, module: &Text, name: &Text, current: &Current) -> usize {
        let row = self.names.of_lines(module, name, &mut self.log);
        self.log.used(row, Usage::Import, current.moment());
        row
    }

    /// The row of the global that two values name, which is imported.
    pub(super) fn import_values(&mut self, names: (Value, Value), current: &Current) -> usize {
        let row = self.names.of_values(names, &self.window, &mut self.log);
        self.log.used(row, Usage::Import, current.moment());
        row
    }

    /// Something that the extension registry holds is imported, whatever it is.
    pub(super) fn import_extension(&mut self, code: i64, current: &Current) {
        let moment = current.moment();
        self.log.other(Fact::Extension { code }, moment);
        if code > 0 {
            let row = self.log.unresolved(Unresolved::Extension);
            self.log.used(row, Usage::Import, moment);
        }
    }

    /// Globals among these values become part of something.
    #[inline]
    pub(super) fn handed_on(&mut self, values: &[Value], current: &Current) {
        let is_global = |value: &&Value| value.kind() == ValueKind::Global;
        if values.iter().any(|value| is_global(&value)) {
            let moment = current.moment();
            for value in values.iter().filter(is_global) {
                self.log.handed_on(value.index(), moment);
            }
        }
    }

    /// `getattr` of a global and a constant: how protocols 0 to 3 spell a name inside a class, which protocol 4 stores with a
    /// dot. It is the same global then.
    pub(super) fn attribute(
        &mut self,
        called: (Value, usize),
        arguments: Value,
        nodes: &Nodes,
        current: &Current,
    ) -> Option<Value> {
        if current.code != op::REDUCE {
            return None;
        }
        let given = self.given(called, (BUILTINS, "getattr"), arguments, nodes)?;
        let [class, attribute] = given else {
            return None;
        };
        let plain = attribute.kind() == ValueKind::Str && !attribute.marks().has(Marks::SPECIAL);
        if class.kind() != ValueKind::Global || !plain {
            return None;
        }
        let class = class.index();
        let (name, attribute) = (
            self.log.name(class)?.clone(),
            self.names.texts.text(attribute.index()),
        );
        if attribute.contains(&b'.') {
            return None;
        }
        let fact = Fact::Attribute {
            class: name.clone(),
            attribute: Text::new(attribute),
        };
        let whole = [name.name.as_bytes(), b".", attribute].concat();
        let found = self.log.named(name.module.as_bytes(), &whole);
        let moment = current.moment();
        self.log.other(fact, moment);
        self.log.used(found, Usage::Import, moment);
        self.log.spelled_by(called.1, class, arguments);
        Some(Value::new(ValueKind::Global, wide(found)))
    }

    /// `functools.partial` of a function that its library pickles so: it is that function then, which still waits for its keyword.
    pub(super) fn partial(
        &mut self,
        called: (Value, usize),
        arguments: Value,
        nodes: &Nodes,
        current: &Current,
    ) -> Option<Value> {
        if current.code != op::REDUCE {
            return None;
        }
        let given = self.given(called, (&["functools"], "partial"), arguments, nodes)?;
        let [function] = given else {
            return None;
        };
        let is_known = function.kind() == ValueKind::Global
            && self.log.name(function.index()).is_some_and(|name| {
                shapes::is_in_partial(name.module.as_bytes(), name.name.as_bytes())
            });
        if !is_known {
            return None;
        }
        let function = function.index();
        self.log.spelled_by(called.1, function, arguments);
        Some(Value::new(ValueKind::Global, wide(function)).fresh())
    }

    /// Whether a state is that of such a `partial`: its function, no arguments, how many dimensions there are, and nothing else.
    pub(super) fn completes(&self, partial: Value, state: Value, nodes: &Nodes) -> bool {
        let parts = (state.kind() == ValueKind::Tuple).then(|| nodes.all(state));
        let Some([function, arguments, keywords, attributes]) = parts.flatten() else {
            return false;
        };
        let is_empty = |tuple: &Value| {
            tuple.kind() == ValueKind::Tuple
                && nodes
                    .summary(*tuple)
                    .is_some_and(|summary| summary.len == 0)
        };
        let pair = (keywords.kind() == ValueKind::Dict).then(|| nodes.all(*keywords));
        let Some([key, dimensions]) = pair.flatten() else {
            return false;
        };
        let is_number = dimensions.kind() == ValueKind::Int && matches!(dimensions.as_int(), 1 | 2);
        partial.kind() == ValueKind::Global
            && partial.is_fresh()
            && function.kind() == ValueKind::Global
            && function.index() == partial.index()
            && is_empty(arguments)
            && key.kind() == ValueKind::Str
            && self.names.texts.text(key.index()) == shapes::PARTIAL_KEYWORD
            && is_number
            && attributes.kind() == ValueKind::None
    }

    /// `copyreg._reconstructor(class, object, None)`: how protocols 0 and 1 make an instance, which protocol 2 makes by `NEWOBJ`. It
    /// calls `object.__new__(class)` and nothing else. With `dict` and a dict in place of these it calls `dict.__new__` and
    /// `dict.__init__`, which copy the items and ask the class nothing: of a class of a pack that is pickled so. Returns the row of the
    /// class.
    ///
    /// With another base it also calls that, so it is a call like any other.
    pub(super) fn instantiated(
        &mut self,
        called: (Value, usize),
        arguments: Value,
        nodes: &Nodes,
        current: &Current,
    ) -> Option<usize> {
        if current.code != op::REDUCE {
            return None;
        }
        let given = self.given(
            called,
            (&["copyreg", "copy_reg"], "_reconstructor"),
            arguments,
            nodes,
        )?;
        let [class, base, state] = given else {
            return None;
        };
        let kinds = [class, base, state].map(|part| part.kind());
        let of = match kinds {
            [ValueKind::Global, ValueKind::Global, ValueKind::None] => "object",
            [ValueKind::Global, ValueKind::Global, ValueKind::Dict] => "dict",
            _ => return None,
        };
        let has_items = || {
            self.log.name(class.index()).is_some_and(|name| {
                shapes::is_filled_class(name.module.as_bytes(), name.name.as_bytes())
            })
        };
        if !self.is_named(base.index(), BUILTINS, of) || of == "dict" && !has_items() {
            return None;
        }
        let class = class.index();
        self.log.spelled_by(called.1, base.index(), arguments);
        self.log.instantiated(class, current.moment());
        Some(class)
    }

    /// The arguments of a global that is called, if it has this name in one of these modules.
    fn given<'n>(
        &self,
        (callee, row): (Value, usize),
        (modules, name): (&[&str], &str),
        arguments: Value,
        nodes: &'n Nodes,
    ) -> Option<&'n [Value]> {
        let kinds = [callee, arguments].map(Value::kind);
        if kinds != [ValueKind::Global, ValueKind::Tuple] || !self.is_named(row, modules, name) {
            return None;
        }
        nodes.all(arguments)
    }

    /// Whether the global of a row has this name in one of these modules.
    fn is_named(&self, row: usize, modules: &[&str], name: &str) -> bool {
        self.log.name(row).is_some_and(|global| {
            global.name == *name && modules.iter().any(|module| global.module == **module)
        })
    }

    /// A global is called.
    pub(super) fn called(
        &mut self,
        row: usize,
        arguments: Value,
        (usage, keywords): (Usage, Option<Value>),
        nodes: &Nodes,
        current: &Current,
    ) {
        let moment = current.moment();
        self.log.used(row, usage, moment);
        let signature = Signature::of(arguments, usage, keywords.is_some(), nodes);
        if !self.log.called_before(row, signature) {
            let given = self.preview(nodes).call(arguments, keywords);
            let mut arguments = self.preview(nodes).arguments(arguments);
            if keywords.is_some() {
                arguments.push(Argument::Unknown);
            }
            self.log
                .called(row, signature, usage, given, arguments, moment);
        }
    }

    /// State is set.
    pub(super) fn built(&mut self, target: Value, nodes: &Nodes, current: &Current) {
        let moment = current.moment();
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.used(row, Usage::Build, moment);
        } else {
            let target = self.preview(nodes).value(target);
            self.log.other(Fact::StateOnNonInstance { target }, moment);
        }
    }

    /// Items are put into what is no container of their kind.
    #[cold]
    pub(super) fn items_on(&mut self, target: Value, nodes: &Nodes, current: &Current) {
        let moment = current.moment();
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.items_on(row, moment);
        } else {
            let target = self.preview(nodes).value(target);
            let op = current.op();
            self.log
                .other(Fact::ItemsOnNonContainer { target, op }, moment);
        }
    }

    /// A persistent id that a line spells is loaded.
    pub(super) fn persistent_text(&mut self, id: &Text, current: &Current) {
        let length = wide(id.as_bytes().len());
        let fact = Fact::PersistentId {
            id: Expression::Str(Literal::text(id.as_bytes(), length)),
            torch_storage: false,
        };
        self.log.other(fact, current.moment());
    }

    /// A persistent id is loaded; what the loader makes of it.
    pub(super) fn persistent(&mut self, id: Value, nodes: &Nodes, current: &Current) -> Value {
        let torch_storage = self.preview(nodes).is_torch_storage(id);
        // A checkpoint has one for each tensor: they are one row, shown by the first.
        if !torch_storage || !self.log.storage_again() {
            let shown = self.preview(nodes).value(id);
            self.log.persistent(shown, torch_storage, current.moment());
        }
        let elements = self.preview(nodes).storage_facts(id);
        let elements = elements.filter(|_| torch_storage);
        let number = elements.map_or(0, |elements| elements.saturating_add(1));
        Value::new(ValueKind::Persistent, number)
    }
}
