//! An unpickler object that is used again.

use std::sync::Arc;

use super::{Lexer, Machine};
use crate::{
    bytes::{Budget, Window},
    fact::GlobalName,
};

/// An unpickler object that is used for one pickle after another: it keeps its memo, and goes on counting its entries.
pub(in crate::format::pickle) struct Reused<'m>(Machine<'m, ()>);

impl std::fmt::Debug for Reused<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reused")
    }
}

impl Reused<'_> {
    /// Before its first pickle.
    pub(in crate::format::pickle) fn new(window: &Window, budget: &Arc<Budget>) -> Self {
        let mut machine = Machine::new((window, 0), None, (), budget);
        machine.constants.embeds.ignored = true;
        Self(machine)
    }

    /// Reads the pickle that begins at `start`; the globals that it resolves and no pickle before it did.
    pub(in crate::format::pickle) fn read(&mut self, start: u64) -> Vec<GlobalName> {
        let machine = &mut self.0;
        machine.lexer = Lexer::new(machine.interpreter.trace.window.clone(), start);
        machine.interpreter.state.stack.clear();
        let known = machine.interpreter.trace.log.rows();
        // Where it stops does not matter: what it resolved before counts.
        let _ = machine.run_on();
        machine.forks.clear();
        machine.interpreter.trace.log.names_from(known)
    }
}
