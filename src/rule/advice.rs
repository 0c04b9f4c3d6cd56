//! What to write so that a file is let through: one answer for all the names it needs, in a policy and in Python.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Case;
use crate::{
    fact::{Argument, Fact, FactKind, Global, GlobalName, Part, TorchLoad, Usage},
    finding::{Additions, Answer, ELSEWHERE, Finding, Level, Need, Subject},
    policy::{self, ListCall, PythonObject, TorchTarget},
};

/// The answer to a file that is not read: a pattern for its path under `exclude`.
pub(super) fn leave_out(pattern: String) -> Arc<Answer> {
    Arc::new(Answer {
        condition: String::from(
            "if it is no model, or you answer for it, leave it out with a reason:",
        ),
        additions: Additions {
            exclude: BTreeSet::from([pattern]),
            ..Additions::default()
        },
        ..Answer::default()
    })
}

/// Names in one answer: a file that needs more is better saved as data.
const LISTED: usize = 100;

/// Names that are shown where findings are told together.
const SHOWN: usize = 20;

/// What would allow the names that a file needs.
#[derive(Debug)]
pub(super) struct Allowing {
    /// The names that the answer allows.
    covered: BTreeSet<GlobalName>,
    /// How many the file needs that entries could allow, if those are too many.
    too_many: Option<usize>,
    answer: Arc<Answer>,
    torch: bool,
}

impl Allowing {
    /// Of names, each with the uses that are made of it; a name may come several times.
    pub(super) fn new<'a>(
        case: &Case<'_>,
        needed: impl Iterator<Item = (&'a GlobalName, &'a [Usage])>,
    ) -> Self {
        let mut uses: FxHashMap<&GlobalName, Vec<Usage>> = FxHashMap::default();
        for (name, usages) in needed {
            uses.entry(name).or_default().extend(usages);
        }
        let torch = case.of_kind(FactKind::TorchLoad).next().is_some();
        let calls = calls(case);
        let calls = |name: &GlobalName| calls.get(name).map_or(&[][..], Vec::as_slice);
        let unusual = unusual(case, |name| policy::constrains_calls(name, calls(name)));
        uses.retain(|name, usages| {
            !unusual.contains(*name) && policy::may_be_entered(name, usages)
        });
        let mut allowing = Self {
            covered: BTreeSet::new(),
            too_many: Some(uses.len()).filter(|n| *n > LISTED),
            answer: Arc::default(),
            torch,
        };
        if allowing.too_many.is_some() || uses.is_empty() {
            return allowing;
        }
        let uses: BTreeMap<&GlobalName, Vec<Usage>> = uses.into_iter().collect();
        allowing.covered = uses.keys().map(|name| (*name).clone()).collect();
        let names = uses.iter().map(|(name, usages)| (*name, usages.as_slice()));
        let packs = policy::covering_packs(names);
        let in_pack = |name: &GlobalName, usages: &[Usage]| {
            let mut listing = policy::packs_listing(name, usages).into_iter();
            listing.find(|pack| packs.contains(pack))
        };
        let mut additions = Additions::default();
        let mut groups: BTreeMap<(Option<&str>, Vec<Usage>), Vec<String>> = BTreeMap::new();
        for (name, usages) in &uses {
            let pack = in_pack(name, usages);
            let mut made = usages.clone();
            made.sort_unstable();
            made.dedup();
            let group = groups.entry((pack, made)).or_default();
            group.push(name.to_string());
            if let Some(pack) = pack {
                additions.packs.insert(pack);
                continue;
            }
            let entered = case.scope.globals().entered(name);
            let calls = calls(name).iter();
            let need = Need {
                usages: usages.iter().copied().chain(entered).collect(),
                calls: calls.map(|call| call.to_vec()).collect(),
            };
            additions.globals.insert((*name).clone(), need);
        }
        allowing.answer = Arc::new(Answer {
            message: format!(
                "loading uses {} names that the policy does not allow",
                uses.len()
            ),
            names: lines(&groups).join("\n"),
            condition: condition(&additions, &uses),
            besides: listed_with_torch(case)
                .into_iter()
                .chain([data_alone(torch).to_owned()])
                .collect(),
            additions,
            edits: Vec::new(),
        });
        allowing
    }

    /// Whether `torch.load` would take the file for one of its own.
    pub(super) fn is_torch(&self) -> bool {
        self.torch
    }

    /// The answer to a finding about a name, if it allows the name.
    pub(super) fn of(&self, name: &GlobalName) -> Option<&Arc<Answer>> {
        self.covered.contains(name).then_some(&self.answer)
    }

    /// How many names the file needs, if those are too many for an answer.
    pub(super) fn too_many(&self) -> Option<usize> {
        self.too_many
    }
}

/// How to do without names.
pub(super) fn data_alone(torch: bool) -> &'static str {
    if torch {
        "or save only the state dict, which needs no class: `torch.save(model.state_dict(), path)`"
    } else {
        "or keep the data in a format that holds only data: safetensors, npy, JSON"
    }
}

/// How to store a library's object without a pickle, if the library has a way.
pub(super) fn without_pickle(name: &GlobalName) -> Option<&'static str> {
    const LIBRARIES: &[(&[u8], &str)] = &[
        (
            b"catboost",
            "save it in CatBoost's own format instead: `model.save_model(\"model.json\", format=\"json\")`. Restored as an object, it hands bytes to a native parser",
        ),
        (
            b"e3nn",
            "save the state dict instead: `torch.save(model.state_dict(), path)`. A module of e3nn brings programs in TorchScript, which loading compiles",
        ),
        (
            b"lightgbm",
            "save it in LightGBM's own format instead: `model.booster_.save_model(\"model.txt\")`. Restored as an object, it hands text to a native parser",
        ),
        (
            b"omegaconf",
            "save plain containers instead: `OmegaConf.to_container(config, resolve=True)`. A configuration calls functions that the program has registered when it is read, as its texts say",
        ),
        (
            b"xgboost",
            "save it in XGBoost's own format instead: `model.save_model(\"model.json\")`. Restored as an object, it hands bytes to a native parser, and frees a pointer that the file may set",
        ),
    ];
    let module = name.module.as_bytes();
    let top = module.split(|b| *b == b'.').next()?;
    let known = LIBRARIES.iter().find(|(library, _)| *library == top);
    known.map(|(_, instead)| *instead)
}

/// Names that are used as no entry allows: in another shape, or handed on where an entry says with what a name may be called.
fn unusual<'a>(
    case: &Case<'a>,
    constrains_calls: impl Fn(&GlobalName) -> bool,
) -> FxHashSet<&'a GlobalName> {
    let uses = case.of_kind(FactKind::UnusualUse);
    let handed_on = case.of_kind(FactKind::HandedOn);
    let mut names: FxHashSet<&GlobalName> = FxHashSet::default();
    for observation in uses.chain(handed_on) {
        let (global, fits_constrained) = match &observation.fact {
            Fact::UnusualUse(unusual) => {
                let of_arguments = unusual.part == Part::Arguments && !unusual.known;
                (&unusual.global, Some(true).filter(|_| of_arguments))
            }
            Fact::HandedOn { global } => (global, Some(false)),
            _ => continue,
        };
        if let Global::Named(name) = global
            && !names.contains(name)
            && fits_constrained != Some(constrains_calls(name))
        {
            names.insert(name);
        }
    }
    names
}

/// Names by what is made of them and by the pack that lists them, each group under what it has in common.
fn lines(groups: &BTreeMap<(Option<&str>, Vec<Usage>), Vec<String>>) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut left, mut more): (usize, usize) = (SHOWN, 0);
    for ((pack, usages), names) in groups {
        let shown = names.len().min(left);
        more = more.saturating_add(names.len().saturating_sub(shown));
        left = left.saturating_sub(shown);
        if shown == 0 {
            continue;
        }
        let mut heading = made(usages);
        if let Some(pack) = pack {
            let _ = write!(heading, ", listed by the pack `{pack}`");
        }
        lines.push(format!("{heading}:"));
        lines.extend(names.iter().take(shown).map(|name| format!("  {name}")));
    }
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What is made of a name: `called, given state`.
fn made(usages: &[Usage]) -> String {
    let words: Vec<&str> = usages
        .iter()
        .filter_map(|usage| match usage {
            // What is called is imported first.
            Usage::Import if usages.len() > 1 => None,
            Usage::Import => Some("imported"),
            Usage::Call => Some("called"),
            Usage::Construct => Some("instantiated"),
            Usage::Build => Some("given state"),
            Usage::Configure => Some("called by a configuration"),
        })
        .collect();
    words.join(", ")
}

/// Under which condition the additions are good advice.
fn condition(additions: &Additions, uses: &BTreeMap<&GlobalName, Vec<Usage>>) -> String {
    let trusted = match additions.globals.keys().next() {
        Some(name) if additions.globals.len() == 1 => format!("`{name}`"),
        _ if additions.packs.is_empty() => String::from("these names"),
        _ => String::from("the other names"),
    };
    let trust = format!("if you trust {trusted} with the contents of any file,");
    let packs: Vec<String> = additions.packs.iter().map(|it| format!("`{it}`")).collect();
    let Some(first) = additions.packs.first() else {
        return trust;
    };
    let (list, each, its) = match packs.len() {
        1 => ("the pack", "lists", "its library writes"),
        _ => ("the packs", "list", "their libraries write"),
    };
    let packs = packs.join(" and ");
    let of = uses.len().saturating_sub(additions.globals.len());
    let known = if additions.globals.is_empty() {
        String::from("every name that this file needs")
    } else {
        format!("{of} of these names")
    };
    let listed = format!(
        "{list} {packs} {each} {known}, in the shapes that {its} (`weighbridge explain {first}`)"
    );
    if additions.globals.is_empty() {
        format!("{listed}:")
    } else {
        format!("{listed}; {trust}")
    }
}

/// The arguments of the calls of each global in a file.
pub(super) fn calls<'a>(case: &Case<'a>) -> BTreeMap<&'a GlobalName, Vec<&'a [Argument]>> {
    let mut calls: BTreeMap<&GlobalName, Vec<&[Argument]>> = BTreeMap::new();
    for call in case.calls() {
        if let Global::Named(name) = call.callee {
            calls.entry(name).or_default().push(call.arguments);
        }
    }
    calls
}

/// How the help of a finding begins that would have an answer, if nothing else stood against the file.
pub const NOT_WHILE: &str = "no entry is proposed while";

/// Finishes the answers to the findings of a file, when all rules have judged it: the first finding of each prints it. If anything
/// that no answer mends refuses the file, nothing is proposed: it would not let the file pass, and what stands in the way may be
/// dangerous.
pub(super) fn finish(case: &Case<'_>, findings: &mut [Finding]) {
    let mut answers: Vec<Arc<Answer>> = Vec::new();
    for answer in findings
        .iter()
        .filter_map(|finding| finding.answer.as_ref())
    {
        if !answers.iter().any(|known| Arc::ptr_eq(known, answer)) {
            answers.push(Arc::clone(answer));
        }
    }
    if answers.is_empty() {
        return;
    }
    let in_the_way = in_the_way(case, findings);
    for answer in answers {
        let mut own: Vec<&mut Finding> = findings
            .iter_mut()
            .filter(|it| {
                it.answer
                    .as_ref()
                    .is_some_and(|it| Arc::ptr_eq(it, &answer))
            })
            .collect();
        own.sort_by(|a, b| a.primary.site.cmp(&b.primary.site));
        if let Some(reason) = &in_the_way {
            for (n, finding) in own.into_iter().enumerate() {
                finding.answer = None;
                finding.help.push(format!("{NOT_WHILE} {reason}"));
                if n == 0 {
                    finding.help.extend(answer.besides.last().cloned());
                }
            }
            continue;
        }
        let finished = Arc::new(Answer {
            edits: case.scope.adding(&answer.additions),
            ..Answer::clone(&answer)
        });
        for (n, finding) in own.into_iter().enumerate() {
            if n == 0 {
                finding.help.extend(finished.help());
            } else {
                finding.help.push(ELSEWHERE);
            }
            finding.answer = Some(Arc::clone(&finished));
        }
    }
}

/// What refuses the file and is mended by no answer, what could run code first.
fn in_the_way(case: &Case<'_>, findings: &[Finding]) -> Option<String> {
    let refuses = |finding: &&Finding| {
        finding.answer.is_none() && case.scope.level(finding.rule) == Level::Deny
    };
    let first = findings.iter().filter(refuses).max_by_key(|finding| {
        let runs = finding.rule.could_run_code();
        (finding.dangerous, runs, finding.rule.severity)
    })?;
    Some(match &first.subject {
        Subject::Global(global) => format!("the file uses `{global}`"),
        _ => format!("`{}` refuses the file", first.rule.id),
    })
}

/// What stands in the way of `weights_only=True` otherwise is another finding, and listing a name does not mend it.
fn listed_with_torch(case: &Case<'_>) -> Option<String> {
    let loads = || {
        let seen = case.of_kind(FactKind::TorchLoad);
        seen.filter_map(|o| match &o.fact {
            Fact::TorchLoad(load) => Some(load.as_ref()),
            _ => None,
        })
    };
    if loads().any(TorchLoad::never_loads) {
        return None;
    }
    let mut names: BTreeSet<GlobalName> = BTreeSet::new();
    for name in loads().flat_map(|load| load.globals.iter().chain(&load.built)) {
        if case.scope.torch().lists(name) {
            continue;
        }
        // A list with something dangerous in it is not offered, nor one that torch would not take.
        if case.scope.globals().danger(name).is_some() || case.scope.torch().blocks(name).is_some()
        {
            return None;
        }
        names.insert(case.scope.torch().spells(name));
        if names.len() > LISTED {
            return None;
        }
    }
    if names.is_empty() {
        return None;
    }
    python(&names, case.scope.torch())
}

/// The lines that make a release of torch take these names.
fn python(names: &BTreeSet<GlobalName>, torch: &TorchTarget) -> Option<String> {
    let release = &torch.behaviour().next()?.release;
    let call = torch.list_call();
    if call == ListCall::Missing {
        return Some(format!(
            "torch {release} has no list of names to add to: load the file with torch {} or newer",
            ListCall::SINCE
        ));
    }
    let mut modules: BTreeSet<String> = BTreeSet::from(["torch".to_owned()]);
    let mut objects = Vec::new();
    for name in names {
        let object = PythonObject::of(name).ok()?;
        objects.push(object.listed(call));
        modules.insert(object.module);
    }
    let imports: Vec<String> = modules.iter().map(|it| format!("import {it}\n")).collect();
    let (imports, objects) = (imports.concat(), objects.join(", "));
    Some(if call == ListCall::Add {
        format!(
            "and name them where the file is loaded (torch {release}):\n{imports}torch.serialization.add_safe_globals([{objects}])\nstate = torch.load(path, weights_only=True)"
        )
    } else {
        format!(
            "and name them where the file is loaded:\n{imports}with torch.serialization.safe_globals([{objects}]):\n    state = torch.load(path, weights_only=True)"
        )
    })
}
