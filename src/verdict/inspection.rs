//! What loading one artifact would do, with what the rules make of it: the same findings as those of `check`.

use std::collections::BTreeMap;

use super::{WeightsOnly, weights_only};
use crate::{
    fact::{
        Circumstances, ContentFacts, Fact, Global, GlobalName, ListingLine, Observation, Tensors,
        Text, TorchLoad, Usage,
    },
    finding::{Disposition, Finding, Level, LineRef, Subject},
    policy::{EntryRef, GlobalVerdict, ListCall, Refusal, Scope},
};

/// One artifact, explained.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The path as it was given.
    pub path: Text,
    /// Its size in bytes; `None` if it could not be opened.
    pub size: Option<u64>,
    /// The policy that judged: a path, or `recommended (built in)`.
    pub policy: String,
    /// Whether the policy, or an attribute that it honours, excludes it from `check`.
    pub is_excluded: bool,
    /// What the lock file says of it; `None` if there is none.
    pub pin: Option<PinState>,
    /// What its content says.
    pub facts: ContentFacts,
    /// What the view knows of it.
    pub circumstances: Circumstances,
    /// What the rules say, by place: the findings of `check`, active and overridden; none if it is excluded.
    pub findings: Vec<Finding>,
    /// Every global that loading would resolve, once, with what the policy and the rules make of it.
    pub globals: Vec<JudgedGlobal>,
    /// How `torch.load(weights_only=True)` would take it; empty if it is nothing of torch's.
    pub torch_loads: Vec<TorchVerdict>,
    /// The annotated opcodes, a line each, if they were asked for.
    pub disassembly: Option<Vec<ListingLine>>,
    /// The tensors that it describes, where its format lists them.
    pub tensors: Vec<Tensors>,
}

/// What the lock file says of a file.
#[derive(Debug, Clone)]
pub enum PinState {
    /// It pins these bytes, in this line.
    Pinned(LineRef),
    /// It pins other bytes, in this line.
    Changed(LineRef),
    /// It does not pin the file; what reports call it.
    NotPinned(String),
}

/// A global with its uses, and what the policy and the rules make of them.
#[derive(Debug, Clone)]
pub struct JudgedGlobal {
    /// The global, exactly as stored.
    pub global: Global,
    /// How loading uses it, in the order of [`Usage`].
    pub usages: Vec<Usage>,
    /// How often its most frequent use is made (at least 1).
    pub count: u64,
    /// Whether `check` refuses the file because of it.
    pub is_refused: bool,
    /// What stands in the policy against the first use that it does not allow.
    pub refusal: Option<GlobalRefusal>,
    /// What the worst finding about it says.
    pub finding: Option<String>,
    /// The entries that allow its uses, and the lines of overrides that let findings about it pass.
    pub allowed_by: Vec<LineRef>,
}

/// Why a policy does not allow a use of a global.
#[derive(Debug, Clone)]
pub struct GlobalRefusal {
    /// Why.
    pub why: Refusal,
    /// The policy line that decided, or the list that does not name it.
    pub decided_by: Option<LineRef>,
    /// What makes the name dangerous, if it is known to be.
    pub danger: Option<&'static str>,
}

/// How `torch.load(weights_only=True)` would take one artifact, or one inside it.
#[derive(Debug, Clone, Default)]
pub struct TorchVerdict {
    /// The way to it from the file, readable; empty for the file itself.
    pub place: String,
    /// Whether it would load.
    pub loads: bool,
    /// Why not, or under which condition; sentences in lower case without a full stop.
    pub reasons: Vec<String>,
    /// The globals, as torch looks them up, that would have to be listed with `torch.serialization.safe_globals`.
    /// Empty if nothing needs listing, or if no list could mend it.
    pub safe_globals: Vec<GlobalName>,
    /// The call that lists them, in the oldest release of torch that the policy targets.
    pub list_call: ListCall,
}

/// What loading an artifact would do, with what the rules make of it. The policy's name and a disassembly are the caller's to add.
pub fn inspect(
    path: Text,
    facts: ContentFacts,
    circumstances: Circumstances,
    mut findings: Vec<Finding>,
    scope: &Scope,
) -> Inspection {
    findings.sort_by(super::in_order);
    let is_known = facts.bytes > 0
        || circumstances.pointer().is_some()
        || circumstances.unavailable().next().is_none();
    let size = is_known.then(|| circumstances.size(&facts));
    let observations = &facts.observations;
    Inspection {
        path,
        size,
        globals: globals(observations, &findings, scope),
        findings,
        torch_loads: observations
            .iter()
            .filter_map(|observation| match &observation.fact {
                Fact::TorchLoad(load) => Some(torch_verdict(observation, load, scope)),
                _ => None,
            })
            .collect(),
        facts,
        circumstances,
        ..Inspection::default()
    }
}

/// Every global once, in the order in which loading first meets it.
fn globals(observations: &[Observation], findings: &[Finding], scope: &Scope) -> Vec<JudgedGlobal> {
    let mut places: BTreeMap<&Global, usize> = BTreeMap::new();
    let mut judged: Vec<JudgedGlobal> = Vec::new();
    let mut counts: BTreeMap<(usize, Usage), u64> = BTreeMap::new();
    for observation in observations {
        let Fact::Global { global, usage } = &observation.fact else {
            continue;
        };
        let at = *places.entry(global).or_insert_with(|| {
            judged.push(JudgedGlobal::new(global.clone()));
            judged.len() - 1
        });
        let Some(entry) = judged.get_mut(at) else {
            continue;
        };
        let times = counts.entry((at, *usage)).or_default();
        *times = times.saturating_add(observation.count.max(1));
        entry.count = entry.count.max(*times);
        if !entry.usages.contains(usage) {
            entry.usages.push(*usage);
        }
    }
    // Of a file with more findings of a rule than are told, what is refused without a finding of its own is refused all the same.
    let is_of_globals = |rule: &str| {
        let mut others = findings.iter().filter(|other| other.rule.id == rule);
        others.any(|other| matches!(other.subject, Subject::Global(_)))
    };
    let capped = findings.iter().any(|finding| {
        finding.level == Level::Deny && finding.is_more() && is_of_globals(finding.rule.id)
    });
    let mut about: BTreeMap<&Global, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        if let Subject::Global(global) = &finding.subject {
            about.entry(global).or_default().push(finding);
        }
    }
    let mut lines = Lines::default();
    for entry in &mut judged {
        entry.usages.sort_unstable();
        entry.ask(scope, &mut lines);
        let about = about.get(&entry.global).map_or(&[][..], Vec::as_slice);
        let worst = about.iter().find(|finding| finding.level == Level::Deny);
        entry.is_refused = worst.is_some() || capped && !entry.is_allowed();
        entry.finding = worst.or(about.first()).map(|it| it.message.clone());
        // An override that lets a finding pass is what allows it.
        for finding in about {
            if let Disposition::Overridden { by, .. } = &finding.disposition
                && !entry.allowed_by.contains(by)
            {
                entry.allowed_by.push(by.clone());
            }
        }
    }
    judged
}

/// The lines of entries: one entry may allow thousands of globals, and its line is looked up once.
#[derive(Debug, Default)]
struct Lines(Vec<(EntryRef, LineRef)>);

impl Lines {
    fn of(&mut self, entry: EntryRef) -> LineRef {
        if let Some((_, line)) = self.0.iter().find(|(known, _)| *known == entry) {
            return line.clone();
        }
        let line = entry.line_ref("");
        self.0.push((entry, line.clone()));
        line
    }
}

impl JudgedGlobal {
    fn new(global: Global) -> Self {
        Self {
            global,
            usages: Vec::new(),
            count: 1,
            is_refused: false,
            refusal: None,
            finding: None,
            allowed_by: Vec::new(),
        }
    }

    /// Whether the policy allows all of its uses.
    fn is_allowed(&self) -> bool {
        matches!(self.global, Global::Named(_)) && self.refusal.is_none()
    }

    /// Asks the policy what allows each use, and what stands against the first that it does not allow.
    fn ask(&mut self, scope: &Scope, known: &mut Lines) {
        let Global::Named(name) = &self.global else {
            return;
        };
        let mut by: Vec<(EntryRef, Vec<Usage>)> = Vec::new();
        for usage in &self.usages {
            match scope.globals().verdict(name, *usage) {
                GlobalVerdict::Allowed(entry) => {
                    match by.iter_mut().find(|(known, _)| *known == entry) {
                        Some((_, usages)) => usages.push(*usage),
                        None => by.push((entry, vec![*usage])),
                    }
                }
                GlobalVerdict::Refused {
                    why,
                    decided_by,
                    danger,
                } => {
                    self.refusal.get_or_insert(GlobalRefusal {
                        why,
                        decided_by,
                        danger,
                    });
                }
            }
        }
        let lines = by.into_iter().map(|(entry, usages)| {
            let usages: Vec<String> = usages.iter().map(ToString::to_string).collect();
            LineRef {
                label: format!("allows {}", usages.join(", ")),
                ..known.of(entry)
            }
        });
        self.allowed_by = lines.collect();
    }
}

fn torch_verdict(observation: &Observation, load: &TorchLoad, scope: &Scope) -> TorchVerdict {
    let (mut reasons, mut safe_globals) = match weights_only(load, scope) {
        WeightsOnly::Loads => (Vec::new(), Vec::new()),
        WeightsOnly::Listed(globals) => {
            let reason = "it names globals that torch does not list by default";
            (vec![reason.to_owned()], globals)
        }
        WeightsOnly::Refused { reason } => (vec![reason], Vec::new()),
    };
    // A list that would let a known danger through is not offered to be copied.
    for name in &load.globals {
        if let Some(danger) = scope.globals().danger(name)
            && !scope.globals().allows(name, Usage::Call)
            && !scope.torch().lists(name)
        {
            reasons.push(format!(
                "listing {name} would not make it safe: it {danger}"
            ));
            safe_globals.clear();
        }
    }
    TorchVerdict {
        place: observation.site.to_string(),
        loads: reasons.is_empty(),
        reasons,
        safe_globals,
        list_call: scope.torch().list_call(),
    }
}
