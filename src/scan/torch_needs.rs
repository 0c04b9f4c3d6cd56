//! What torch has to be told to load a file that the policy allows.

use std::path::Path;

use jiff::civil::Date;

use super::{Listing, View, inspect};
use crate::{
    error::Error,
    fact::Global,
    finding::Level,
    policy::{Policy, SafeGlobal, Scope},
    verdict::Inspection,
};

/// What torch has to be told to load the one file of a view, or why nothing makes it load.
///
/// # Errors
/// A file that has gone.
pub fn torch_needs(
    view: &View,
    path: &Path,
    policy: &Policy,
    today: Date,
) -> Result<Result<Vec<SafeGlobal>, String>, Error> {
    let inspection = inspect(view, path, policy, String::new(), Listing::None, today)?;
    let item = view.items.first();
    let scope = policy.scope(&item.map(|item| item.entry.path.clone()).unwrap_or_default());
    Ok(needed(&inspection, &scope))
}

fn needed(inspection: &Inspection, scope: &Scope) -> Result<Vec<SafeGlobal>, String> {
    let refused = inspection
        .findings
        .iter()
        .filter(|finding| finding.is_active() && finding.level == Level::Deny);
    let mut rules: Vec<&str> = refused.map(|finding| finding.rule.id).collect();
    rules.sort_unstable();
    rules.dedup();
    if !rules.is_empty() {
        return Err(format!(
            "the policy refuses it ({}), so nothing is listed for it",
            rules.join(", ")
        ));
    }
    if inspection.torch_loads.is_empty() {
        return Err(String::from("`torch.load` does not read it"));
    }
    let mut globals = Vec::new();
    for load in inspection.torch_loads.iter().filter(|load| !load.loads) {
        if load.safe_globals.is_empty() {
            return Err(format!(
                "`torch.load(weights_only=True)` refuses it: {}",
                load.reasons.join("; ")
            ));
        }
        for name in &load.safe_globals {
            let mut global = SafeGlobal::of(scope, name);
            let judged = inspection.globals.iter().find(
                |judged| matches!(&judged.global, Global::Named(it) if scope.torch().spells(it) == *name),
            );
            if global.object.is_ok() && judged.is_some_and(|it| it.refusal.is_some()) {
                global.object = Err(String::from("is used as the policy does not allow"));
            }
            globals.push(global);
        }
    }
    Ok(globals)
}
