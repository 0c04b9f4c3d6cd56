//! Code by value: the code objects and classes that dill, cloudpickle and the copies of them in other libraries store.
//!
//! Both store a function of `__main__`, a lambda or a nested function as the arguments of `types.CodeType`, and a class as its name,
//! its bases and its attributes. What is described is what these arguments prove; nothing is decompiled. Other libraries that
//! make code are refused by the names that they call, like these.

use std::ops::RangeInclusive;

use crate::{
    fact::{Code, CodeByValue, Fact, GlobalName, Short},
    format::pickle::{
        machine::{Call, Items, Made, Observer, Scene},
        value::{Value, ValueKind},
    },
};

/// How many arguments `types.CodeType` has: 14 in Python 2, 18 since 3.11, and dill puts a table of lines in front.
const ARGUMENTS: RangeInclusive<usize> = 14..=22;
/// What a call made is `types.CodeType` itself.
const CODE_TYPE: u32 = 1;

/// What the functions of these libraries do with their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// Nothing that is described.
    Other,
    /// Calls `types.CodeType` with them.
    Code,
    /// Looks up a built-in type by its name.
    Type,
    /// Makes a class: a metaclass, a name, bases, attributes.
    Class,
}

/// Where the arguments of `types.CodeType` are that say what the code is.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Parts {
    constants: Value,
    names: Value,
    file: Value,
    name: Value,
    line: Option<Value>,
}

/// Describes code by value.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct CodesByValue {
    /// What the globals of the rows do.
    makers: Vec<Maker>,
    /// The last tuple that could be the arguments of `types.CodeType`.
    pending: Option<(Value, Parts)>,
}

impl Observer for CodesByValue {
    type Note = ();
    type Saved = Option<(Value, Parts)>;

    fn save(&self) -> Self::Saved {
        self.pending
    }

    fn restore(&mut self, pending: Self::Saved) {
        self.pending = pending;
    }

    #[inline]
    fn on_container(&mut self, made: Value, items: Items<'_, ()>, _: &mut Scene<'_>) {
        if made.kind() == ValueKind::Tuple && ARGUMENTS.contains(&items.values.len()) {
            self.pending = Parts::of(items.values).map(|parts| (made, parts));
        }
    }

    fn on_call(&mut self, call: Call<()>, scene: &mut Scene<'_>) -> Made<()> {
        let mut made = Made::default();
        let callee = call.callee.value;
        let Some(row) = callee.global() else {
            return made;
        };
        let arguments = call.arguments.value;
        match (self.maker(row, scene), callee.kind()) {
            (Maker::Code, ValueKind::Global) => self.code(row, arguments, scene),
            (Maker::Type, ValueKind::Result) if callee.detail() == CODE_TYPE => {
                self.code(row, arguments, scene);
            }
            (Maker::Type, ValueKind::Global) if is_code_type(arguments, scene) => {
                made.detail = CODE_TYPE;
            }
            (Maker::Class, ValueKind::Global) => class(row, arguments, scene),
            _ => {}
        }
        made
    }
}

impl CodesByValue {
    fn maker(&mut self, row: usize, scene: &Scene<'_>) -> Maker {
        while self.makers.len() <= row {
            let name = scene.log.name(self.makers.len());
            self.makers.push(name.map_or(Maker::Other, Maker::of));
        }
        self.makers.get(row).copied().unwrap_or(Maker::Other)
    }

    /// Records the code that a call makes, if its arguments are those of `types.CodeType`.
    fn code(&self, row: usize, arguments: Value, scene: &mut Scene<'_>) {
        let parts = self.pending.filter(|(tuple, _)| *tuple == arguments);
        let code = parts.and_then(|(_, parts)| parts.describe(scene));
        if let Some(code) = code {
            record(row, code, scene);
        }
    }
}

impl Maker {
    fn of(name: &GlobalName) -> Self {
        let (Some(module), Some(name)) = (name.module.as_str(), name.name.as_str()) else {
            return Self::Other;
        };
        let last = module.rsplit('.').next().unwrap_or(module);
        match (last, name) {
            ("dill" | "_dill", "_create_code") | ("types", "CodeType") => Self::Code,
            ("dill" | "_dill", "_load_type")
            | ("cloudpickle" | "cloudpickle_fast", "_builtin_type") => Self::Type,
            ("dill" | "_dill", "_create_type")
            | ("cloudpickle" | "cloudpickle_fast", "_make_skeleton_class") => Self::Class,
            _ => Self::Other,
        }
    }
}

impl Parts {
    /// Behind the numbers stand, in every release: the bytecode, constants, names, names of variables, the file and the name.
    fn of(arguments: &[Value]) -> Option<Self> {
        let is_number = |value: &&Value| matches!(value.kind(), ValueKind::Int | ValueKind::Long);
        let table = usize::from(arguments.first().is_some_and(|first| !is_number(&first)));
        let arguments = arguments.get(table..)?;
        let numbers = arguments.iter().take_while(is_number).count();
        if numbers < 4 {
            return None;
        }
        let [_, constants, names, _, file, name, rest @ ..] = arguments.get(numbers..)? else {
            return None;
        };
        let tuples = [constants, names].map(|value| value.kind());
        if tuples != [ValueKind::Tuple; 2] || ![file, name].iter().all(|value| is_text(**value)) {
            return None;
        }
        let name = rest
            .first()
            .filter(|value| is_text(**value))
            .unwrap_or(name);
        Some(Self {
            constants: *constants,
            names: *names,
            file: *file,
            name: *name,
            line: rest.iter().find(is_number).copied(),
        })
    }

    fn describe(self, scene: &Scene<'_>) -> Option<Code> {
        let preview = scene.preview();
        let (length, kept) = scene.nodes.get(self.names)?;
        let names = scene.nodes.whole(self.names).unwrap_or(kept);
        let names = names.iter().take(Code::NAMES);
        Some(Code::Object {
            name: text(self.name, scene)?,
            file: text(self.file, scene)?,
            line: self.line.and_then(|line| preview.integer(line)),
            names: names.filter_map(|name| text(*name, scene)).collect(),
            names_length: length,
            constants: preview.value(self.constants),
        })
    }
}

fn is_text(value: Value) -> bool {
    matches!(value.kind(), ValueKind::Str | ValueKind::StrAt)
}

fn text(value: Value, scene: &Scene<'_>) -> Option<Short> {
    let text = scene.preview().string(value)?;
    Some(Short::new(text.as_bytes()))
}

/// Whether the one argument names `types.CodeType`, which Python 2 calls `code`.
fn is_code_type(arguments: Value, scene: &Scene<'_>) -> bool {
    let Some([name]) = scene.nodes.all(arguments) else {
        return false;
    };
    let name = scene.preview().short_string(*name);
    name.is_some_and(|name| name == "CodeType" || name == "code")
}

/// Records the class that a call makes.
fn class(row: usize, arguments: Value, scene: &mut Scene<'_>) {
    let Some((_, [_, name, _, attributes, ..])) = scene.nodes.get(arguments) else {
        return;
    };
    let Some(name) = text(*name, scene) else {
        return;
    };
    let pairs = scene.nodes.get(*attributes).map(|(_, kept)| kept);
    let module = pairs.unwrap_or_default().chunks_exact(2).find_map(|pair| {
        let [key, module] = pair else {
            return None;
        };
        let key = scene.preview().short_string(*key)?;
        (key == "__module__")
            .then(|| text(*module, scene))
            .flatten()
    });
    record(row, Code::Class { name, module }, scene);
}

fn record(row: usize, code: Code, scene: &mut Scene<'_>) {
    if let Some(made_by) = scene.log.name(row).cloned() {
        let fact = Fact::CodeByValue(Box::new(CodeByValue { made_by, code }));
        let moment = scene.moment();
        scene.log.other(fact, moment);
    }
}
