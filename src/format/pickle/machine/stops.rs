//! What stops every unpickler before an opcode does anything: operands that no loader, however it resolves names, could go on
//! with. Whether a doubtful stream is believed depends on it, so nothing stops here that any unpickler takes.

use super::{Halt, malformed, observer::Note, stack::Stack};
use crate::{fact::PickleFault, format::pickle::value::ValueKind};

impl<N: Note> Stack<N> {
    /// The kind of the value that lies `depth` below the top.
    fn kind_below(&self, depth: usize) -> Option<ValueKind> {
        let at = self.len().checked_sub(depth)?.checked_sub(1)?;
        self.values.get(at).map(|value| value.kind())
    }

    /// `STACK_GLOBAL` takes two strings; every unpickler compares their types.
    pub(super) fn needs_names(&self) -> Result<(), Halt> {
        let no_name = |kind| is_plain(kind) && !matches!(kind, ValueKind::Str | ValueKind::StrAt);
        if (0..2)
            .filter_map(|depth| self.kind_below(depth))
            .any(no_name)
        {
            return Err(malformed(PickleFault::NotNames));
        }
        Ok(())
    }

    /// Nothing but what was imported, made or handed in can be called.
    pub(super) fn needs_callable(&self, depth: usize) -> Result<(), Halt> {
        is_callable(self.kind_below(depth))
    }

    /// The same for `OBJ`, whose class lies above the mark.
    pub(super) fn needs_callable_at_mark(&self) -> Result<(), Halt> {
        let class = self.last_mark();
        let class = class.and_then(|mark| self.at(mark));
        is_callable(class.map(|class| class.value.kind()))
    }
}

fn is_callable(kind: Option<ValueKind>) -> Result<(), Halt> {
    if kind.is_some_and(is_plain) {
        return Err(malformed(PickleFault::NotCallable));
    }
    Ok(())
}

/// Whether a value is certainly a constant or a plain container.
fn is_plain(kind: ValueKind) -> bool {
    match kind {
        ValueKind::None
        | ValueKind::Bool
        | ValueKind::Int
        | ValueKind::Long
        | ValueKind::Float
        | ValueKind::Str
        | ValueKind::StrAt
        | ValueKind::Bytes
        | ValueKind::Tuple
        | ValueKind::List
        | ValueKind::Dict
        | ValueKind::Set
        | ValueKind::FrozenSet => true,
        ValueKind::Unknown
        | ValueKind::Global
        | ValueKind::Result
        | ValueKind::Instance
        | ValueKind::Persistent
        | ValueKind::Extension
        | ValueKind::Buffer
        | ValueKind::Stale => false,
    }
}
