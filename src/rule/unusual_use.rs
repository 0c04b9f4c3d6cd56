//! Listed names in shapes that no writer writes.

use super::{Case, payload::Payloads};
use crate::{
    fact::{Fact, FactKind, Global, Part, UnusualUse, Usage},
    finding::{Finding, Payload, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses uses of listed globals in shapes that their library does not write: other arguments, keywords, another opcode,
    /// a state or items that the library does not set, state on an object that was not just created, and attributes that
    /// Python calls or follows (`__setstate__`, `__dict__`, `append`).
    ///
    /// ## Why it matters
    ///
    /// A name decides which code runs, but not what it does. With names that every checkpoint needs, a file can create a
    /// storage from an address, make a dtype read bytes as objects, or give an instance a method that pickle calls next. What
    /// a library writes is a small part of what its functions accept, and it is the same in every file.
    ///
    /// The packs list the shapes of their names (`policies/globals/`, under `shapes`). Any other name has the plain shape: it
    /// is called with data and instances, and the result gets a dict of attributes, once.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0024  REDUCE            numpy.dtype(collections.OrderedDict, False, True)
    /// ```
    ///
    /// ## Use instead
    ///
    /// Save the object again with the library itself. If a genuine file shows this, the pack is wrong: report it.
    ///
    /// Where a name of your own is called with a class, an entry with `args` says with which:
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// globals:
    ///   allow:
    ///     - global: collections.defaultdict
    ///       args: [{allowed-global: class}]
    ///       reason: counters
    ///     - builtins.list
    /// ```
    "unusual-use", "a listed global in a shape that no writer writes",
    level: Deny, severity: Critical, precision: High, cwe: [502, 843], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let payloads = Payloads::new(case);
    for observation in case.of_kind(FactKind::UnusualUse) {
        let Fact::UnusualUse(unusual) = &observation.fact else {
            continue;
        };
        let Global::Named(name) = &unusual.global else {
            continue;
        };
        // What is not allowed at all is said by `global-not-allowed`.
        if !case.scope.globals().allows(name, unusual.usage) {
            continue;
        }
        let of_arguments = unusual.part == Part::Arguments && !unusual.known;
        if case.scope.globals().lists_as_dangerous(name)
            || of_arguments && case.scope.globals().constrains(name)
        {
            continue;
        }
        let mut finding = case.finding(&META, observation, message(unusual));
        finding.subject = Subject::Global(unusual.global.clone());
        let whole = payloads.of_global(&observation.site.hops, &unusual.global, true, []);
        finding.payload =
            Some(whole.unwrap_or_else(|| Payload::of([unusual.usage.to_string(), unusual.done()])));
        finding.help.push(
            "do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it",
        );
        finding.help.push(if unusual.known {
            format!("if `{name}` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)")
        } else if unusual.part == Part::Arguments {
            format!("if `{name}` has to be called so, say with what in its entry: `args: [...]`; or list it with `dangerous: true` and a `reason`")
        } else {
            format!("if `{name}` has to be used so, list it with `dangerous: true` and a `reason`")
        });
        findings.push(finding);
    }
}

/// What was seen and what was expected.
fn message(unusual: &UnusualUse) -> String {
    let UnusualUse {
        global,
        usage,
        part,
        known,
        ..
    } = unusual;
    let (seen, expected) = (unusual.done(), unusual.expected());
    let done = match (part, usage) {
        (Part::State, _) => format!("loading sets the state of what `{global}` made to `{seen}`"),
        (Part::Items, _) => format!("loading fills what `{global}` made: {seen}"),
        (_, Usage::Construct) => format!("loading creates `{seen}`"),
        _ => format!("loading runs `{seen}`"),
    };
    let writer = if *known {
        "its library writes"
    } else {
        "the policy allows"
    };
    format!("{done}; {writer} {expected}")
}
