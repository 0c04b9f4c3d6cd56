//! What a waiver, a comment, a baseline, an override or an entry lets pass is in every report, with the line that does.

use serde_json::Value;
use weighbridge::report::REPORTERS;

use crate::support::{
    cli::run,
    pickle::Pickle,
    repo::{Repo, repo},
};

const POLICY: &str = "version: 1
extends: recommended
pins: {require: never}
globals:
  allow:
    - {global: posix.system, dangerous: true, reason: the old loader}
overrides:
  - paths: [over.pkl]
    dangerous: true
    reason: it is a test
    rules: {global-not-allowed: allow}
waivers:
  - {rule: global-not-allowed, paths: [waived.pkl], dangerous: true, reason: soon gone}
  - {rule: global-not-allowed, paths: [plain.pkl], reason: ours}
";

/// A repository of which everything passes, by six lines.
fn passing(repo: &Repo) {
    let call = |module: &str, name: &str| {
        Pickle::proto(2)
            .global(module, name)
            .op(b')')
            .op(b'R')
            .stop()
    };
    repo.write("known.pkl", call("builtins", "exec"))
        .write("weighbridge.yaml", POLICY);
    let baseline = ["baseline", "create", "--include-dangerous"];
    assert_eq!(run(&repo.root, &baseline).code, 0);
    repo.write(
        "weighbridge.yaml",
        format!("{POLICY}baseline: weighbridge-baseline.json\n"),
    )
    .write("entry.pkl", call("posix", "system"))
    .write("over.pkl", call("os", "popen"))
    .write("waived.pkl", call("builtins", "eval"))
    .write("plain.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
    .write(
        "load.py",
        "import torch\n\n# weighbridge: allow[torch-load-unsafe] ours\ntorch.load('a', weights_only=False)\n",
    );
    assert_eq!(run(&repo.root, &["check"]).code, 0);
}

/// The file that each line lets pass.
const LINES: &[(&str, &str)] = &[
    ("entry.pkl", "weighbridge.yaml:6"),
    ("over.pkl", "weighbridge.yaml:11"),
    ("waived.pkl", "weighbridge.yaml:13"),
    ("plain.pkl", "weighbridge.yaml:14"),
    ("known.pkl", "weighbridge-baseline.json"),
    ("load.py", "load.py:3"),
];

#[test]
fn every_report_says_what_is_let_pass_and_by_which_line() {
    let repo = repo!();
    passing(&repo);
    let mut seen = 0;
    for reporter in REPORTERS {
        let format = reporter.name();
        // An inventory of what there is says of nothing whether it passes.
        if format == "cyclonedx" {
            continue;
        }
        seen += 1;
        let report = run(&repo.root, &["check", "--format", format]);
        assert_eq!(report.code, 0, "{report:?}");
        // As a reader of the format sees it.
        let text = match format {
            "human" => report
                .stdout
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            "json" | "json-lines" | "sarif" => {
                let values = serde_json::Deserializer::from_str(&report.stdout);
                let values: Vec<Value> = values.into_iter().map(Result::unwrap).collect();
                let mut lines = String::new();
                for value in &values {
                    places(value, &mut lines);
                }
                lines
            }
            _ => report.stdout,
        };
        for (file, line) in LINES {
            let plain = text.replace("&#58;", ":");
            assert!(plain.contains(line), "{format}: {line}\n{plain}");
            // Of what is not dangerous, text for people has the line and no more.
            let is_short = ["human", "plain", "concise", "github", "markdown"].contains(&format)
                && ["plain.pkl", "load.py"].contains(file);
            assert!(
                is_short || plain.contains(file),
                "{format}: {file}\n{plain}"
            );
        }
    }
    assert_eq!(seen, 11);
}

/// All texts of a value, and each line of a file that it names: a number beside a file, or a region beside a place.
fn places(value: &Value, out: &mut String) {
    match value {
        Value::Array(all) => all.iter().for_each(|value| places(value, out)),
        Value::Object(all) => {
            if let (Some(file), Some(line)) = (all.get("file"), all.get("line")) {
                let file = file.as_str().unwrap_or_default();
                out.extend([file, ":", &line.to_string(), "\n"]);
            }
            all.values().for_each(|value| places(value, out));
        }
        Value::String(text) => out.extend([text, "\n"]),
        _ => {}
    }
}

#[test]
fn where_only_refusals_are_told_what_is_let_pass_is_told_too() {
    let repo = repo!();
    passing(&repo);
    let quiet = run(&repo.root, &["check", "--quiet"]);
    insta::assert_snapshot!(quiet.stdout, @"
    waived: 3 findings, 1 of them by comments in the source (load.py:3,
            weighbridge.yaml:13, weighbridge.yaml:14)
    known:  1 finding in weighbridge-baseline.json
    note:   entry.pkl: loading uses `posix.system`, which runs a program or changes
            the system; weighbridge.yaml:6 allows it
    note:   over.pkl: loading runs `os.popen()`; the policy does not list `os.popen`
            (it runs a program or changes the system); weighbridge.yaml:11 allows it
            (it is a test)
    note:   waived.pkl: loading runs `builtins.eval()`; the policy does not list
            `builtins.eval` (it runs text as code); weighbridge.yaml:13 waives it
            (soon gone)
    note:   known.pkl: loading runs `builtins.exec()`; the policy does not list
            `builtins.exec` (it runs text as code); weighbridge-baseline.json has it
    ");
    for format in ["plain", "concise"] {
        let quiet = run(&repo.root, &["check", "--quiet", "--format", format]);
        for (_, line) in LINES {
            assert!(quiet.stdout.contains(line), "{line}\n{}", quiet.stdout);
        }
    }
    // Where nothing is let pass, nothing is said.
    let other = repo!();
    other.write("a.pkl", "N.");
    assert_eq!(run(&other.root, &["check", "--quiet"]).stdout, "");
}

#[test]
fn gitlab_shows_what_is_let_pass_as_a_note_of_its_own() {
    let repo = repo!();
    passing(&repo);
    let of = |repo: &Repo| {
        let report = run(&repo.root, &["check", "--format", "gitlab"]).stdout;
        let report: Value = serde_json::from_str(&report).unwrap();
        report.as_array().unwrap().clone()
    };
    let notes = of(&repo);
    let mut said: Vec<String> = notes
        .iter()
        .map(|it| {
            format!(
                "{} {}: {}",
                it["severity"].as_str().unwrap(),
                it["location"]["path"].as_str().unwrap(),
                it["description"].as_str().unwrap()
            )
        })
        .collect();
    said.sort();
    insta::assert_snapshot!(said.join("\n"), @"
    info entry.pkl: loading uses `posix.system`, which runs a program or changes the system; weighbridge.yaml:6 allows it
    info known.pkl: known in weighbridge-baseline.json; loading runs `builtins.exec()`; the policy does not list `builtins.exec` (it runs text as code) (at 0x12 REDUCE)
    info load.py: waived by load.py:3: ours; `weights_only=False` lets the loaded file run any code it names
    info over.pkl: allowed by weighbridge.yaml:11: it is a test; loading runs `os.popen()`; the policy does not list `os.popen` (it runs a program or changes the system) (at 0xd REDUCE)
    info plain.pkl: waived by weighbridge.yaml:14: ours; loading creates `app.models.Net()`; the policy does not list `app.models.Net` (at 0x13 NEWOBJ)
    info waived.pkl: waived by weighbridge.yaml:13: soon gone; loading runs `builtins.eval()`; the policy does not list `builtins.eval` (it runs text as code) (at 0x12 REDUCE)
    ");
    // What counts again one day is new to who compares fingerprints.
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\npins: {require: never}\n",
    )
    .write(
        "load.py",
        "import torch\n\n\ntorch.load('a', weights_only=False)\n",
    );
    let counting = of(&repo);
    assert_eq!(counting.len(), notes.len());
    for one in &counting {
        assert!(
            notes
                .iter()
                .all(|note| note["fingerprint"] != one["fingerprint"])
        );
    }
}
