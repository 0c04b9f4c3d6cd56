//! Families of policies at random, and what one judges of everything that they speak of.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value, json};
use weighbridge::{
    fact::{Global, GlobalName, Text, Usage},
    finding::{Finding, Location, Subject},
    policy::{Policy, Scope, WaiverVerdict},
    rule::{RULES, by_id},
};

use super::Memory;

/// The paths that patterns are about.
pub(super) const PATHS: &[&str] = &["a.pt", "models/a.pt", "models/old/b.pkl", "tests/c.joblib"];

const PATTERNS: &[&str] = &["models/", "models/old/**", "*.pkl", "tests/", "**"];
const FORMATS: &[&str] = &["npy", "pickle", "joblib", "torch-package"];
const PACKS: &[&str] = &["torch-nn", "numpy-arrays"];
const NAMES: &[&str] = &[
    "app.models.Net",
    "app.models.*",
    "app.**",
    "app.models:Net.Block",
    "lib.f",
    "lib.*",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "torch.nn.modules.linear.Linear",
];
const GLOBALS: &[(&str, &str)] = &[
    ("app.models", "Net"),
    ("app.models", "Net.Block"),
    ("app", "X"),
    ("app.models", "__init__"),
    ("lib", "f"),
    ("lib", "g"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "scalar"),
    ("torch.nn.modules.linear", "Linear"),
];
const LEVELS: &[&str] = &["allow", "warn", "deny"];
const RULE_IDS: &[&str] = &["pickle-load", "global-not-allowed", "torch-load-implicit"];

/// What waivers are about, and findings in files.
const SUBJECTS: &[&str] = &[
    "app.models.Net",
    "app.models:Net.Block",
    "numpy.core.multiarray.scalar",
    "lib.f",
];
/// Digests of contents.
pub(super) const DIGESTS: &[&str] = &[
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
];
/// Days, in order.
pub(super) const DAYS: &[&str] = &["2027-01-01", "2027-03-31", "2027-04-01", "2028-02-29"];

/// Numbers from a seed (`SplitMix64`), so that a failure can be had again.
pub(super) struct Random(u64);

pub(super) fn random(seed: u64) -> Random {
    Random(seed)
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    /// Whether one of so many cases is here.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Some of a list, each once, in its order.
    fn some<T: Copy>(&mut self, list: &[T], one_in: usize) -> Vec<T> {
        let kept = list.iter().copied();
        kept.filter(|_| self.one_in(one_in)).collect()
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

fn entry(random: &mut Random, name: &str, allow: bool) -> Value {
    let mut entry = Map::new();
    entry.insert("global".into(), json!(name));
    if allow && random.one_in(3) {
        entry.insert(
            "as".into(),
            json!(random.some(&["import", "call", "build"], 2)),
        );
    }
    if allow && random.one_in(4) {
        entry.insert("paths".into(), json!([random.of(PATTERNS)]));
    }
    if random.one_in(4) {
        entry.insert("reason".into(), json!("needed: \"yes\", it # is"));
    }
    if entry.len() == 1 {
        json!(name)
    } else {
        Value::Object(entry)
    }
}

/// `formats`, `globals` and `rules`.
fn body(random: &mut Random) -> Map<String, Value> {
    let mut body = Map::new();
    if random.one_in(2) {
        let allowed = random.some(FORMATS, 2);
        let refused: Vec<&str> = random.some(FORMATS, 4);
        let refused: Vec<&str> = refused
            .into_iter()
            .filter(|id| !allowed.contains(id))
            .collect();
        let refused = if random.one_in(2) {
            json!(refused)
        } else {
            let advice = |id: &&str| ((*id).to_owned(), json!(format!("not {id}")));
            Value::Object(refused.iter().map(advice).collect())
        };
        body.insert(
            "formats".into(),
            json!({"allow": allowed, "refuse": refused}),
        );
    }
    if random.one_in(2) {
        let allowed = random.some(NAMES, 3);
        let refused = random.some(NAMES, 6);
        let refused: Vec<&str> = refused
            .into_iter()
            .filter(|name| !allowed.contains(name))
            .collect();
        let allow: Vec<Value> = allowed
            .iter()
            .map(|name| entry(random, name, true))
            .collect();
        let refuse: Vec<Value> = refused
            .iter()
            .map(|name| entry(random, name, false))
            .collect();
        let packs = random.some(PACKS, 4);
        body.insert(
            "globals".into(),
            json!({"packs": packs, "allow": allow, "refuse": refuse}),
        );
    }
    if random.one_in(2) {
        let rules = random.some(RULE_IDS, 2);
        let rules: Map<String, Value> = rules
            .iter()
            .map(|id| ((*id).to_owned(), json!(random.of(LEVELS))))
            .collect();
        body.insert("rules".into(), Value::Object(rules));
    }
    body
}

/// A waiver of some findings.
pub(super) fn waiver(random: &mut Random) -> Value {
    let mut waiver = Map::new();
    waiver.insert("rule".into(), json!(random.of(RULE_IDS)));
    waiver.insert("paths".into(), json!([random.of(PATTERNS)]));
    let mut maybe = |key: &str, value: &str, random: &mut Random| {
        if random.one_in(2) {
            waiver.insert(key.into(), json!(value));
        }
    };
    let (subject, digest, day) = (random.of(SUBJECTS), random.of(DIGESTS), random.of(DAYS));
    maybe("subject", subject, random);
    maybe("sha256", digest, random);
    maybe("expires", day, random);
    maybe("reason", "later", random);
    maybe("owner", "us", random);
    Value::Object(waiver)
}

/// Terms for waivers.
pub(super) fn terms(random: &mut Random) -> Value {
    let keys = ["subject", "sha256", "reason", "owner", "expires"];
    let mut terms = Map::new();
    if random.one_in(2) {
        terms.insert("max-days".into(), json!(random.of(&[30, 89, 400])));
    }
    if random.one_in(2) || terms.is_empty() {
        terms.insert("require".into(), json!(random.some(&keys, 4)));
    }
    Value::Object(terms)
}

/// A policy that extends others.
pub(super) fn document(random: &mut Random, extends: &[&str]) -> Map<String, Value> {
    let mut policy = body(random);
    policy.insert("version".into(), json!(1));
    if !extends.is_empty() {
        policy.insert("extends".into(), json!(extends));
    }
    let overrides: Vec<Value> = (0..random.below(3))
        .map(|_| {
            let mut over = body(random);
            over.insert("paths".into(), json!([random.of(PATTERNS)]));
            Value::Object(over)
        })
        .collect();
    policy.insert("overrides".into(), json!(overrides));
    if random.one_in(3) {
        policy.insert(
            "exclude".into(),
            json!([random.of(PATTERNS), {"paths": ["none/"], "reason": "gone"}]),
        );
    }
    if random.one_in(3) {
        let waivers: Vec<Value> = (0..=random.below(3)).map(|_| waiver(random)).collect();
        policy.insert("waivers".into(), json!(waivers));
    }
    if random.one_in(4) {
        policy.insert("waiver-terms".into(), terms(random));
    }
    if random.one_in(4) {
        let mode = random.of(&["allow", "honour-new", "refuse"]);
        policy.insert("inline".into(), json!(mode));
    }
    if random.one_in(4) {
        let required = random.of(&["never", "executable", "all"]);
        policy.insert("pins".into(), json!({"require": required}));
    }
    if random.one_in(3) {
        policy.insert("attributes".into(), json!(random.of(&["ignore", "honour"])));
    }
    if random.one_in(3) {
        policy.insert(
            "target".into(),
            json!({"torch": random.of(&["auto", ">=2.6", "2.4"])}),
        );
    }
    policy
}

/// A document as YAML, a value on each line.
pub(super) fn yaml(document: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

/// An organisation's policy, a division's, a team's, and one that extends some of them.
pub(super) fn family(random: &mut Random) -> Memory {
    let mut files = Memory::new(&[]);
    let names = ["org.yaml", "division.yaml", "team.yaml", "weighbridge.yaml"];
    for (at, name) in names.iter().enumerate() {
        let mut extends = random.some(&names[..at], 2);
        if random.one_in(4) {
            extends.insert(0, "recommended");
        }
        files.0.insert(name, yaml(&document(random, &extends)));
    }
    files
}

/// What holds at a path: of every format, every use of every global, and every rule.
pub(super) fn judged_at(policy: &Policy, path: &Text) -> Vec<String> {
    let scope = policy.scope(path);
    let mut judged = judged_by(&scope);
    judged.push(format!("excluded: {}", policy.excludes(path)));
    judged.push(format!("attributes: {}", policy.honours_attributes()));
    judged.push(format!("torch: {}", policy.target_torch()));
    judged.push(format!("inline: {:?}", policy.accepts().inline()));
    judged.push(format!("pins: {:?}", scope.pins()));
    judged.extend(waived(policy, path));
    judged
}

/// What is waived at a path, of each rule, about each subject, in each content, on each day.
fn waived(policy: &Policy, path: &Text) -> Vec<String> {
    let waivers = policy.accepts().waivers();
    if waivers.all().is_empty() {
        return Vec::new();
    }
    let mut judged = Vec::new();
    for rule in RULE_IDS {
        for subject in SUBJECTS {
            let finding = finding(rule, subject, path);
            for (digest, day) in DIGESTS
                .iter()
                .flat_map(|digest| DAYS.iter().map(move |day| (digest, day)))
            {
                if is_waived(policy, &finding, digest, day) {
                    judged.push(format!("waived {subject} {digest} {day} {rule}: true"));
                }
            }
        }
    }
    judged
}

/// A finding about a global.
pub(super) fn finding(rule: &str, subject: &str, path: &Text) -> Finding {
    let divided = subject.split_once(':').or_else(|| subject.rsplit_once('.'));
    let (module, name) = divided.unwrap();
    let subject = Subject::Global(Global::Named(GlobalName::new(module, name)));
    let place = Location {
        path: path.clone(),
        ..Location::default()
    };
    Finding::new(by_id(rule).unwrap().meta, subject, place, "")
}

/// Whether a finding is waived in a content on a day.
pub(super) fn is_waived(policy: &Policy, finding: &Finding, digest: &str, day: &str) -> bool {
    let day: Date = day.parse().unwrap();
    let path = &finding.primary.path;
    let at = policy.accepts().waivers().at(path);
    let verdict = at.judge(finding, day, &|| Some(digest.to_owned()));
    matches!(verdict, WaiverVerdict::Covered(_))
}

pub(super) fn judged(policy: &Policy) -> Vec<Vec<String>> {
    let at = |path: &&str| judged_at(policy, &Text::from(*path));
    PATHS.iter().map(at).collect()
}

/// Whether an answer is about a format.
pub(super) fn is_format(of: &str) -> bool {
    FORMATS.iter().any(|id| of.ends_with(&format!(": {id}")))
}

/// Whether an answer is about a use of a global.
pub(super) fn is_global(of: &str) -> bool {
    GLOBALS
        .iter()
        .any(|(module, name)| of.contains(&format!(": {module}:{name} ")))
}

fn judged_by(scope: &Scope) -> Vec<String> {
    let formats = FORMATS
        .iter()
        .map(|id| format!("{id}: {}", scope.format(id).is_allowed()));
    let uses = [Usage::Import, Usage::Call, Usage::Construct, Usage::Build];
    let globals = GLOBALS.iter().flat_map(|(module, name)| {
        uses.map(|usage| {
            let allowed = scope
                .globals()
                .allows(&GlobalName::new(*module, *name), usage);
            format!("{module}:{name} {usage}: {allowed}")
        })
    });
    let rules = RULES
        .iter()
        .map(|rule| format!("{}: {}", rule.meta.id, scope.level(rule.meta)));
    formats.chain(globals).chain(rules).collect()
}

/// What is judged at every path, each with whether it is let pass.
fn answers(policy: &Policy) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, judged) in PATHS.iter().zip(judged(policy)) {
        for answer in judged {
            let (of, says) = answer.rsplit_once(": ").unwrap();
            all.push((format!("{path}: {of}"), says.to_owned()));
        }
    }
    all
}

/// What a policy lets pass and another does not, of the questions that some words are about.
pub(super) fn looser(than: &Policy, policy: &Policy, about: impl Fn(&str) -> bool) -> Vec<String> {
    let rank = |says: &str| match says {
        "true" | "allow" | "honour" | "HonourNew" | "Never" => 2,
        "warn" | "Allow" | "Executable" => 1,
        _ => 0,
    };
    // Of what is not waived nothing is said.
    let before: BTreeMap<String, String> = answers(than).into_iter().collect();
    let before = |of: &str| before.get(of).map_or("false", String::as_str).to_owned();
    let looser = answers(policy)
        .into_iter()
        .filter(|(of, after)| about(of) && rank(after) > rank(&before(of)));
    looser.map(|(of, _)| of).collect()
}

/// Whether an answer is about what a key says.
pub(super) type About = fn(&str) -> bool;

/// Keys that can be locked, each with the answers that it decides.
pub(super) const LOCKED: &[(&str, About)] = &[
    ("formats", is_format),
    ("globals", is_global),
    ("rules", is_rule),
    ("rules.pickle-load", |of| of.ends_with("pickle-load")),
    ("exclude", |of| of.ends_with("excluded")),
    ("attributes", |of| of.ends_with("attributes")),
    ("waivers", |of| of.contains("waived ")),
    ("inline", |of| of.ends_with("inline")),
    ("pins", |of| of.ends_with("pins")),
];

/// The keys that are locked together with one: what lets waivers hold that are beyond the terms is another key.
pub(super) fn locks(key: &str) -> Vec<&str> {
    let is_of_waivers = key.starts_with("rules") || key == "waivers";
    let terms = is_of_waivers.then_some("waiver-terms");
    std::iter::once(key).chain(terms).collect()
}

fn is_rule(of: &str) -> bool {
    RULE_IDS.iter().any(|id| of.ends_with(id))
}
