//! Texts that may name something, and the globals that they name.

use rustc_hash::FxHashMap;

use crate::{
    bytes::Window,
    fact::{Text, Unresolved},
    format::pickle::{
        constant,
        events::EventLog,
        texts::Interner,
        value::{Value, ValueKind},
    },
    limits,
};

/// Names of one stream.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub texts: Interner,
    /// Globals already resolved from these two operands.
    by_values: FxHashMap<(Value, Value), usize>,
    /// Globals already resolved from these two lines.
    by_lines: FxHashMap<Box<[u8]>, usize>,
}

impl Names {
    /// The row of the global that two lines name.
    pub(super) fn of_lines(&mut self, module: &Text, name: &Text, log: &mut EventLog) -> usize {
        let key: Vec<u8> = [module.as_bytes(), b"\n", name.as_bytes()].concat();
        if let Some(row) = self.by_lines.get(&*key) {
            return *row;
        }
        let row = log.named(module.as_bytes(), name.as_bytes());
        if self.by_lines.len() < limits::GLOBALS {
            self.by_lines.insert(key.into(), row);
        }
        row
    }

    /// The row of the global that two values name.
    pub(super) fn of_values(
        &mut self,
        (module, name): (Value, Value),
        window: &Window,
        log: &mut EventLog,
    ) -> usize {
        if let Some(row) = self.by_values.get(&(module, name)) {
            return *row;
        }
        if log.overflow.is_some() {
            // Past the limit every further one is refused: reading its name again would only cost time.
            return log.unresolved(Unresolved::Oversized);
        }
        let row = self.resolve(module, name, window, log);
        if self.by_values.len() < limits::GLOBALS {
            self.by_values.insert((module, name), row);
        }
        row
    }

    fn resolve(&self, module: Value, name: Value, window: &Window, log: &mut EventLog) -> usize {
        let earlier = module.kind() == ValueKind::Stale || name.kind() == ValueKind::Stale;
        match (self.string(module, window), self.string(name, window)) {
            (Some(Ok(module)), Some(Ok(name))) => log.named(module.as_bytes(), name.as_bytes()),
            (Some(Err(why)), Some(_)) | (Some(_), Some(Err(why))) => log.unresolved(why),
            _ if earlier => log.unresolved(Unresolved::Memo),
            _ => log.unresolved(Unresolved::Computed),
        }
    }

    /// The bytes of a string constant: `None` if the value is none, or cannot be read again.
    fn string(&self, value: Value, window: &Window) -> Option<Result<Text, Unresolved>> {
        match value.kind() {
            ValueKind::Str => Some(Ok(Text::new(self.texts.text(value.index())))),
            ValueKind::StrAt => {
                Some(constant::string(window, value.number()).ok_or(Unresolved::Oversized))
            }
            _ => None,
        }
    }
}
