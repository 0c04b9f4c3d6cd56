//! Which lines decide, for whoever shows a policy.

use super::{GlobalPolicy, Scope};
use crate::{
    fact::{GlobalName, Usage},
    finding::LineRef,
    policy::{FormatVerdict, GlobalVerdict, Refusal},
};

impl Scope {
    /// The line that sets the level of a rule here.
    pub(in crate::policy) fn level_line(&self, rule: &str) -> Option<LineRef> {
        let mut layers = self.lookup.newest();
        let (_, origin) = layers.find_map(|layer| layer.rules.get(rule))?;
        Some(origin.line_ref(""))
    }

    /// The newest line that names a pack here.
    pub(in crate::policy) fn pack_line(&self, name: &str) -> Option<LineRef> {
        let mut layers = self.lookup.newest();
        let origin = layers.find_map(|layer| {
            let named = layer.packs.iter().find(|(known, _)| *known == name);
            named.map(|(_, origin)| origin)
        })?;
        Some(origin.line_ref(""))
    }

    /// The line that decides of a format, if what it says is this.
    pub(in crate::policy) fn format_line(&self, format: &str, allows: bool) -> Option<LineRef> {
        match self.format(format) {
            FormatVerdict::Allowed(entry) if allows => Some(entry.line_ref("")),
            FormatVerdict::Refused { decided_by, .. } if !allows => decided_by,
            _ => None,
        }
    }
}

impl GlobalPolicy<'_> {
    /// The line under `refuse` by which a global is refused that an entry lists.
    pub(in crate::policy) fn refused_by(self, name: &GlobalName) -> Option<LineRef> {
        match self.verdict(name, Usage::Import) {
            GlobalVerdict::Refused {
                why: Refusal::Refused,
                decided_by,
                ..
            } => decided_by,
            _ => None,
        }
    }
}
