//! What every rule prints to be copied works; a rule that prints nothing to copy is listed with the reason.

use weighbridge::{finding::Finding, python, record::Recorder, rule::RULES};

use super::{findings, judge};
use crate::support::{fixture::Observed, pickle, torch, zip};

/// Rules that print what to add to a policy, or lines of Python: `advice.rs` and `cli/snippets.rs` paste them.
const PASTED: &[&str] = &["global-not-allowed", "unknown-artifact"];

/// Rules that print the call to write instead.
const CALLS: &[&str] = &[
    "numpy-allow-pickle",
    "torch-load-computed",
    "torch-load-implicit",
    "torch-load-kwargs",
    "torch-load-pickle-module",
    "torch-load-unsafe",
];

/// Rules that print a command of the program: the tests of pins run it.
const COMMANDS: &[&str] = &["pin-mismatch", "pin-stale", "unpinned-artifact"];

/// The others, and why they print nothing to copy.
const NOTHING: &[(&str, &str)] = &[
    ("anomalous-container", "the file has to be written again"),
    ("code-by-value", "the object has to be saved again"),
    (
        "computed-target",
        "only a person can say what should stand there",
    ),
    (
        "custom-operator",
        "only a person can say which library registers it",
    ),
    (
        "dangerous-target",
        "only a person can say what should stand there",
    ),
    ("distributed-index", "the checkpoint has to be saved again"),
    ("embedded-pickle", "the data has to be stored as such"),
    (
        "excluded-artifact-loaded",
        "an exclusion has to be narrowed, and how, depends on why it is there",
    ),
    ("extension-registry", "the object has to be saved again"),
    ("file-outside", "the model has to be saved again"),
    (
        "format-not-allowed",
        "the policy's author advises, or `explain` does",
    ),
    ("incomplete-model", "the missing file has to be had"),
    (
        "incomplete-read",
        "the file has to be had, or written in an ordinary form",
    ),
    (
        "inline-suppression",
        "the comment has to be written by whoever knows why",
    ),
    (
        "items-on-non-container",
        "nothing but a hostile file has it",
    ),
    ("joblib-load", "another format has another way to load it"),
    ("lfs-not-fetched", "a command fetches it"),
    (
        "load-through-helper",
        "the function that loads has to be written otherwise",
    ),
    ("loader-replaced", "the code has to be arranged otherwise"),
    ("misleading-suffix", "the file has to be renamed"),
    ("model-load", "another library has another way to load it"),
    (
        "model-requirements",
        "only a person can say which release is meant",
    ),
    ("no-weights-only-env", "a variable has to be removed"),
    ("not-followed", "a command or another check looks there"),
    ("other-release", "the model has to be fitted again"),
    ("out-of-band-buffer", "the object has to be saved again"),
    (
        "pandas-read-pickle",
        "another format has another way to load it",
    ),
    ("partial-analysis", "the source has to be mended"),
    ("persistent-id", "the object has to be saved again"),
    ("pickle-anomaly", "the object has to be saved again"),
    ("pickle-load", "another format has another way to load it"),
    ("pins-changed", "somebody has to review it"),
    ("policy-broken", "the errors in it say what to write"),
    ("policy-changed", "somebody has to review it"),
    ("policy-loosened", "somebody has to review it"),
    ("remote-code", "the code has to be copied"),
    ("repository-code", "the code has to be reviewed"),
    (
        "shard-without-index",
        "the whole checkpoint has to be checked",
    ),
    ("state-on-non-instance", "nothing but a hostile file has it"),
    ("template-cost", "the template has to be written otherwise"),
    ("template-reach", "the template has to be written otherwise"),
    (
        "template-unknown",
        "only a person can say what renders the template",
    ),
    ("torch-weights-only", "the state dict has to be saved again"),
    ("torchscript-code", "the model has to be saved otherwise"),
    (
        "unresolved-global",
        "no entry can allow a name that nobody knows",
    ),
    ("unsafe-artifact-loaded", "the artifact has to be replaced"),
    (
        "unsafe-loading-option",
        "without the option, a model that needs it does not load",
    ),
    ("unsafe-operator", "the model has to be exported again"),
    ("unusual-use", "a shape is wrong, or the file is"),
    ("waiver-expired", "somebody has to decide again"),
    ("waiver-terms", "somebody has to decide"),
    ("waiver-unused", "the waiver has to be removed"),
];

#[test]
fn every_rule_prints_what_works_or_says_why_not() {
    let missing: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.meta.id)
        .filter(|id| {
            let of = [PASTED, CALLS, COMMANDS].concat();
            let listed = of.contains(id) || NOTHING.iter().any(|(rule, _)| rule == id);
            !listed
        })
        .collect();
    let is_rule = |id: &str| RULES.iter().any(|rule| rule.meta.id == id);
    let gone: Vec<&str> = NOTHING
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !is_rule(id))
        .collect();
    assert!(gone.is_empty(), "these are no rules: {gone:?}");
    assert!(
        missing.is_empty(),
        "say in this file what they print to copy: {missing:?}"
    );
}

fn of_source(source: &str) -> Vec<Finding> {
    let mut recorder = Recorder::default();
    python::read(source.as_bytes(), false, &mut recorder);
    judge("a.py", &Observed::from(recorder))
}

/// The Python under `Example` in the documentation of a rule.
fn example(doc: &str) -> Option<String> {
    let (_, doc) = doc.split_once("## Example")?;
    let doc = doc.split("\n ## ").next()?;
    let (_, code) = doc.split_once("```python\n")?;
    let lines = code.split("```").next()?.lines();
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    Some(lines.join("\n"))
}

#[test]
fn the_call_to_write_instead_is_no_finding_of_the_rule() {
    for rule in RULES.iter().filter(|rule| CALLS.contains(&rule.meta.id)) {
        let id = rule.meta.id;
        let source = example(rule.meta.doc).unwrap_or_else(|| panic!("{id} has no example"));
        let imports = source
            .lines()
            .filter(|line| line.starts_with("import ") || line.starts_with("from "));
        let imports: Vec<&str> = imports.collect();
        let mut tried = 0;
        for finding in of_source(&source).iter().filter(|it| it.rule.id == id) {
            let help: Vec<String> = finding.help.iter().map(ToString::to_string).collect();
            let calls = help.iter().filter_map(|help| {
                let (_, call) = help.split_once("write `")?;
                Some(call.split('`').next()?.replace("**...", "**options"))
            });
            for call in calls {
                tried += 1;
                let after = of_source(&format!("{}\n{call}\n", imports.join("\n")));
                let again: Vec<&Finding> = after
                    .iter()
                    .filter(|it| it.rule.id == id || it.rule.id == "partial-analysis")
                    .collect();
                assert!(again.is_empty(), "{id}: {call}: {again:#?}");
            }
        }
        assert!(tried > 0, "{id} prints no call: {source}");
    }
}

#[test]
fn a_rule_that_is_said_to_print_nothing_prints_nothing() {
    let fixtures = [pickle::fixtures(), torch::fixtures(), zip::fixtures()].concat();
    let names = ["x.pkl", "x.pt"];
    let found = fixtures
        .iter()
        .flat_map(|fixture| names.iter().flat_map(|name| findings(name, &fixture.1)));
    let examples = RULES.iter().filter_map(|rule| example(rule.meta.doc));
    let found = found.chain(examples.flat_map(|source| of_source(&source)));
    for finding in found {
        if NOTHING.iter().any(|(rule, _)| *rule == finding.rule.id) {
            let mut help = finding.help.iter().map(ToString::to_string);
            let block = help.find(|help| help.contains('\n'));
            assert_eq!(block, None, "{}", finding.rule.id);
        }
    }
}
