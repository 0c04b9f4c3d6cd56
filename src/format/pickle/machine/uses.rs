//! Uses of globals, compared with the shapes in which they are written.

use super::{Machine, State};
use crate::{
    bytes::wide,
    fact::{Fact, Part, Text, UnusualUse, Usage},
    format::pickle::{
        marks::Marks,
        opcode as op,
        preview::Preview,
        shapes::{self, KnownUse, Makes, Shape, Values},
        tensors,
        value::{Value, ValueKind},
    },
};

/// An ordered dict to which something was given.
const FILLED: u32 = 1;

impl Machine<'_> {
    /// How a row's global is written.
    fn known(&mut self, row: usize) -> KnownUse {
        while self.known.len() <= row {
            let name = self.log.name(self.known.len());
            let known = name.map_or(KnownUse::Plain, |name| {
                shapes::known(name.module.as_bytes(), name.name.as_bytes())
            });
            self.known.push(known);
        }
        self.known.get(row).copied().unwrap_or(KnownUse::Plain)
    }

    fn values(&self) -> Values<'_> {
        Values {
            preview: self.preview(),
            dtypes: &self.state.dtypes,
            tensors: &self.state.tensors,
        }
    }

    /// Compares a call, and returns what else is known of what it makes.
    pub(super) fn use_in_call(
        &mut self,
        row: usize,
        arguments: Value,
        usage: Usage,
        keywords: bool,
    ) -> u32 {
        let known = self.known(row);
        let values = self.values();
        let (part, fits) = match known {
            // Every one of them is written by REDUCE: INST and OBJ are of Python 2's oldest classes.
            KnownUse::Shape(_) if self.code != op::REDUCE => {
                (Part::Opcode, Err("only by REDUCE".to_owned()))
            }
            KnownUse::Shape(shape) => (Part::Arguments, shape.call(arguments, &values)),
            KnownUse::Plain if keywords => (Part::Opcode, Err("without keywords".to_owned())),
            KnownUse::Plain => (Part::Arguments, values.plain_call(arguments)),
        };
        if let Err(expected) = fits {
            let seen = self.preview().call(row, arguments);
            self.unusual(row, usage, part, expected, seen);
        }
        match known {
            KnownUse::Shape(shape) => self.made(shape, arguments),
            KnownUse::Plain => 0,
        }
    }

    /// `getattr` of a global and a constant: how protocols 0 to 3 spell a name inside a class, which protocol 4 stores with a dot.
    /// It is the same global then.
    pub(super) fn attribute(
        &mut self,
        callee: Value,
        row: usize,
        arguments: Value,
    ) -> Option<Value> {
        if callee.kind() != ValueKind::Global || self.code != op::REDUCE {
            return None;
        }
        let name = self.log.name(row)?;
        if name.name != "getattr" || !(name.module == "builtins" || name.module == "__builtin__") {
            return None;
        }
        let parts = (arguments.kind() == ValueKind::Tuple).then(|| self.state.nodes.all(arguments));
        let Some([class, attribute]) = parts.flatten() else {
            return None;
        };
        let (class, attribute) = (*class, *attribute);
        let plain = attribute.kind() == ValueKind::Str && !attribute.marks().has(Marks::SPECIAL);
        if class.kind() != ValueKind::Global || !plain {
            return None;
        }
        let class = class.index();
        let (name, attribute) = (
            self.log.name(class)?.clone(),
            self.names.text(attribute.index()),
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
        let moment = self.moment();
        self.log.other(fact, moment);
        self.log.used(found, Usage::Import, moment);
        self.log.looked_into(row, class);
        Some(Value::new(ValueKind::Global, wide(found)))
    }

    /// What is known of a value besides what made it.
    fn made(&mut self, shape: &Shape, arguments: Value) -> u32 {
        let known = self.state.nodes.get(arguments).map(|(_, kept)| kept);
        let known = known.unwrap_or_default();
        match (shape.makes(), known.first().copied()) {
            (Makes::Tensor, _) if shape.is_strided() => match known {
                [storage, _, sizes, strides, ..] => {
                    let indexes = Preview::indexes(*storage);
                    let (sizes, strides) =
                        (self.values().sizes(*sizes), self.values().sizes(*strides));
                    let (sizes, strides) = (sizes.unwrap_or_default(), strides.unwrap_or_default());
                    let contiguous = tensors::are_contiguous(&sizes, &strides);
                    self.state.tensors.keep(tensors::TensorSummary {
                        sizes,
                        contiguous,
                        indexes,
                        dtype: None,
                    })
                }
                _ => 0,
            },
            (Makes::Size, Some(sizes)) => {
                let sizes = self.values().sizes(sizes).unwrap_or_default();
                self.state.tensors.keep(tensors::TensorSummary {
                    sizes,
                    ..Default::default()
                })
            }
            (Makes::Layout, Some(name)) => {
                let name = self.preview().string(name);
                tensors::layout_of(
                    name.as_ref()
                        .and_then(|name| name.as_str())
                        .unwrap_or_default(),
                )
            }
            (Makes::Array, _) if shape.has_state() => self.state.tensors.unfinished(),
            (Makes::OrderedDict, Some(list)) => {
                let empty =
                    matches!(self.state.nodes.summary(list), Some(summary) if summary.len == 0);
                if empty { 0 } else { FILLED }
            }
            (Makes::Dtype, Some(first)) => match first.kind() {
                ValueKind::Global => match self.log.name(first.index()) {
                    Some(name) => self.state.dtypes.of_type(name).detail(),
                    None => 0,
                },
                ValueKind::Str => {
                    let code = std::str::from_utf8(self.names.text(first.index()));
                    self.state.dtypes.spelled(code.unwrap_or_default()).detail()
                }
                // Once more names are met than are kept, the code stands in the file alone.
                ValueKind::StrAt => {
                    let code = self.preview().string(first);
                    let code = code
                        .as_ref()
                        .and_then(|code| code.as_str())
                        .unwrap_or_default();
                    self.state.dtypes.spelled(code).detail()
                }
                ValueKind::Bool | ValueKind::Int => self.state.dtypes.of_texts().detail(),
                _ => 0,
            },
            _ => 0,
        }
    }

    /// Compares the state that is set on what a call made, which lies on top.
    pub(super) fn use_of_state(&mut self, row: usize, target: Value, state: Value) {
        let known = self.known(row);
        let values = self.values();
        let fits = match known {
            _ if !target.is_fresh() => Err("state once, on what was just made".to_owned()),
            KnownUse::Shape(shape) => shape.state(state, &values),
            KnownUse::Plain => values.plain_state(state),
        };
        let is_dtype = matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::Dtype);
        let fits = fits.and_then(|()| {
            if !is_dtype {
                return Ok(());
            }
            let State { nodes, dtypes, .. } = &mut self.state;
            let preview = Preview {
                nodes,
                names: &self.names,
                log: &self.log,
                window: &self.window,
            };
            dtypes
                .build(target, state, &preview)
                .map_err(|why| format!("a state that numpy writes ({why})"))
        });
        if let Err(expected) = fits {
            let seen = self.preview().value(state);
            self.unusual(row, Usage::Build, Part::State, expected, seen);
        }
        if matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::Array) {
            let parts = self.state.nodes.all(state).unwrap_or_default();
            let (sizes, dtype) = match parts {
                [_, sizes, dtype, ..] => (self.values().sizes(*sizes), Some(*dtype)),
                _ => (None, None),
            };
            // Of one whose sizes are not known, no dtype is known.
            let dtype = dtype.filter(|_| sizes.is_some());
            let known = tensors::TensorSummary {
                sizes: sizes.unwrap_or_default(),
                dtype,
                ..Default::default()
            };
            self.state.tensors.finished(target, known);
        }
        // What has its state is finished.
        if let Some(top) = self.state.stack.last_mut() {
            *top = top.by_name();
        }
    }

    /// Compares the items that are set on what a call made; `place` is where it lies.
    pub(super) fn use_of_items(&mut self, row: usize, target: Value, place: usize) {
        let known = self.known(row);
        let fits = match known {
            _ if !target.is_fresh() => Err("items on what was just made"),
            KnownUse::Shape(shape) if !shape.fills() => Err("no items"),
            KnownUse::Shape(_) if !matches!(self.code, op::SETITEM | op::SETITEMS) => {
                Err("keys and values")
            }
            _ => Ok(()),
        };
        if let Err(expected) = fits {
            let seen = format!(
                "{} on {}",
                op::name(self.code),
                self.preview().value(target)
            );
            self.unusual(row, Usage::Import, Part::Items, expected.to_owned(), seen);
        }
        if matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::OrderedDict)
            && let Some(dict) = self.state.stack.get_mut(place)
        {
            let filled = Value::made(target.kind(), row, FILLED);
            *dict = if target.is_fresh() {
                filled.fresh()
            } else {
                filled
            };
        }
    }

    /// An array is given to something before it has its state: it could come to hold itself.
    #[cold]
    pub(super) fn unfinished_handed_on(&mut self, from: usize) {
        let handed = self.state.stack.get(from..).unwrap_or_default();
        let unfinished = |value: &&Value| {
            value.kind() == ValueKind::Result
                && !value.is_fresh()
                && self.state.tensors.is_unfinished(**value)
        };
        let arrays: Vec<Value> = handed.iter().filter(unfinished).copied().collect();
        for array in arrays {
            let is_array = |known: KnownUse| matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::Array);
            if let Some(row) = array.global().filter(|row| is_array(self.known(*row))) {
                let seen = format!("{} by the memo", self.preview().value(array));
                let expected = "an array only once its state is set".to_owned();
                self.unusual(row, Usage::Import, Part::Items, expected, seen);
            }
        }
    }

    #[cold]
    fn unusual(&mut self, row: usize, usage: Usage, part: Part, expected: String, seen: String) {
        let known = matches!(self.known(row), KnownUse::Shape(_));
        let Some(global) = self.log.global(row).cloned() else {
            return;
        };
        let fact = Fact::UnusualUse(Box::new(UnusualUse {
            global,
            usage,
            part,
            known,
            expected,
            seen,
        }));
        self.log.misused(row, fact, self.moment());
    }
}
