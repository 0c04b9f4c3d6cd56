//! Globals that cannot be named.

use rustc_hash::FxHashMap;

use super::{Case, GlobalUse, payload::Payloads};
use crate::{
    fact::{Global, Observation, Site, Unresolved, Usage},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses names that are computed while unpickling, and calls of the result of another call.
    ///
    /// ## Why it matters
    ///
    /// A policy allows names. Only running the pickle would show which name this is, so no entry can allow it.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0031  STACK_GLOBAL      <computed name>
    /// 0x0044  REDUCE            <result of a call>('true')
    /// ```
    ///
    /// ## Use instead
    ///
    /// Pickles as picklers write them, whose names are constants.
    "unresolved-global", "a pickle that resolves or calls something whose name cannot be proven",
    level: Deny, severity: Critical, precision: High, cwe: [502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut calls: FxHashMap<(&Site, &Global), &Observation> = FxHashMap::default();
    for call in case.calls() {
        if let Global::Unresolved(_) = call.callee {
            calls
                .entry((&call.observation.site, call.callee))
                .or_insert(call.observation);
        }
    }
    let payloads = Payloads::new(case);
    for GlobalUse {
        observation,
        global,
        usage,
    } in case.globals()
    {
        let Global::Unresolved(why) = global else {
            continue;
        };
        let what = match why {
            Unresolved::Computed => "a name that is only computed while it loads",
            // Said by `extension-registry`.
            Unresolved::Extension => continue,
            Unresolved::Result => "what another call returned",
            Unresolved::Persistent => "what its caller makes of a persistent id",
            Unresolved::Memo => "a memo entry of an earlier pickle",
            Unresolved::Configured => "what a configuration computes",
            Unresolved::Oversized => "a name too long, or one too many, to be read",
        };
        let verb = match usage {
            Usage::Import => "resolves",
            Usage::Call | Usage::Configure => "calls",
            Usage::Construct => "instantiates",
            Usage::Build => "sets state on",
        };
        let mut finding = case.finding(
            &META,
            observation,
            format!("loading {verb} {what}: no policy can allow that"),
        );
        finding.subject = Subject::Global(global.clone());
        let call = calls.get(&(&observation.site, global));
        finding.payload = payloads.of_global(&observation.site.hops, global, true, call.copied());
        if let Some(excerpt) = call.and_then(|o| case.excerpt(o)) {
            finding.primary.excerpt = Some(excerpt.clone());
        }
        let help = match why {
            Unresolved::Result => {
                "cloudpickle and dill write this for functions and classes, and `pickle` before protocol 4 for objects that are made \
                 with keywords: if the file is yours, save data instead; if not, do not load it, and find out where it comes from"
            }
            _ => "no library writes this: do not load the file, and find out where it comes from",
        };
        finding.help.push(help);
        findings.push(finding);
    }
}
