//! `policy explain --path` says what lets findings pass besides the policy's entries and levels.

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

const POLICY: &str = "\
version: 1
extends: recommended
baseline: known.json
waivers:
  - {rule: torch-load-unsafe, paths: [a.py], subject: torch.load, reason: rewritten in May, owner: us, expires: 2999-01-31}
  - {rule: torch-load-unsafe, paths: [a.py], reason: gone, expires: 2020-01-31}
  - {rule: global-not-allowed, paths: [\"*.pkl\"], subject: app.Net, reason: later}
";
const UNSAFE: &str = "import torch\ntorch.load(p, weights_only=False)\n";
const COMMENT: &str = "import torch\ntorch.load(p, weights_only=False)  # weighbridge: allow[torch-load-unsafe] our own file until=2999-02-01\n";

fn explain(repo: &Repo, name: &str, path: &str) -> String {
    let run = run(&repo.root, &["policy", "explain", name, "--path", path]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout
}

#[test]
fn each_way_is_told_with_its_line() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY)
        .write("known.json", "{\"version\": 1, \"findings\": []}\n")
        .write("a.py", UNSAFE)
        .write("b.py", COMMENT)
        .write("c.py", UNSAFE)
        .commit();
    insta::assert_snapshot!(explain(&repo, "torch-load-unsafe", "a.py"), @"
    the rule torch-load-unsafe, in a.py, by weighbridge.yaml
      deny     the rule's own level

    what sets findings aside there
      torch-load-unsafe  waived   rewritten in May, until 2999-01-31, by us (weighbridge.yaml:5)
      torch-load-unsafe  ended    its last day was 2020-01-31 (weighbridge.yaml:6)
    ");
    insta::assert_snapshot!(explain(&repo, "torch-load-unsafe", "b.py"), @"
    the rule torch-load-unsafe, in b.py, by weighbridge.yaml
      deny     the rule's own level

    what sets findings aside there
      torch-load-unsafe  waived   a comment: our own file, until 2999-02-01 (b.py:2)
    ");
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    insta::assert_snapshot!(explain(&repo, "torch-load-unsafe", "c.py"), @"
    the rule torch-load-unsafe, in c.py, by weighbridge.yaml
      deny     the rule's own level

    what sets findings aside there
      torch-load-unsafe  known    the baseline known.json has it (known.json:4)
    ");
    // What is not there yet would be waived.
    insta::assert_snapshot!(explain(&repo, "app.Net", "new.pkl"), @"
    the global app.Net, in new.pkl, by weighbridge.yaml
      any use  refused  nothing lists it (recommended.yaml (built in):9)

    what sets findings aside there
      global-not-allowed  waived   later (weighbridge.yaml:7)
    ");
    let json = run(
        &repo.root,
        &[
            "policy",
            "explain",
            "torch-load-unsafe",
            "--path=b.py",
            "--format=json",
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let covered = &json["answers"][0]["covered"][0];
    assert_eq!(
        (&covered["says"], &covered["rule"]),
        (&"waived".into(), &"torch-load-unsafe".into())
    );
}

#[test]
fn a_broken_baseline_is_told_at_its_place() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nbaseline: known.json\n",
    )
    .write("a.py", "");
    let entry = format!(
        "{{\"path\":\"a.py\",\"rule\":\"x\",\"subject\":\"\",\"key\":\"{}\",\"count\":1}}",
        "0".repeat(64)
    );
    let whole = format!("{{\n  \"version\": 1,\n  \"findings\": [\n    {entry}\n  ]\n}}\n");
    let told = |text: &str| {
        repo.write("known.json", text);
        let run = run(&repo.root, &["check"]);
        assert!(run.code == 2 || text == whole, "{run:?}");
        let place = run
            .stderr
            .lines()
            .find(|line| line.contains("╭─"))
            .unwrap_or_default()
            .trim();
        let message = run.stderr.lines().take_while(|line| !line.contains("╭─"));
        let message: Vec<&str> = message.flat_map(str::split_whitespace).collect();
        format!(
            "{} | {}",
            message.join(" "),
            place.trim_start_matches("╭─ ")
        )
    };
    let cases = [
        whole.clone(),
        whole.replace("\"count\":1", "\"count\":-1"),
        whole.replace("\"count\":1", "\"count\":\"1\""),
        whole.replace(",\"count\":1", ""),
        whole.replace("\"rule\"", "\"rul\""),
        whole.replace("\"rule\":\"x\"", "\"rule\":7"),
        whole.replace("000", "00g"),
        whole.replace("  ]\n", ""),
        whole.replace("\"version\": 1", "\"version\": 2"),
        whole.replace("\"version\": 1,", ""),
        whole.replace("[\n", "{\n"),
        format!("<<<<<<< ours\n{whole}"),
        "[]".to_owned(),
        String::new(),
    ];
    let told: Vec<String> = cases.iter().map(|text| told(text)).collect();
    insta::assert_snapshot!(told.join("\n"), @"
     | 
    error: a whole number, 0 or more, is expected here | known.json:4:126
    error: a whole number, 0 or more, is expected here | known.json:4:127
    error: this finding has no `count` | known.json:4:116
    error: a baseline has no key `rul` | known.json:4:24
    error: a text in quotes is expected here | known.json:4:27
    error: the `key` of this finding is not 64 hexadecimal digits | known.json:4:50
    error: the baseline is not valid JSON | known.json:5:1
    error: version 2 of baselines is not known | known.json:2:3
    error: the baseline has no `version` | known.json:6:1
    error: a list `[...]` is expected here | known.json:3:14
    error: the baseline has a merge conflict | known.json:1:1
    error: a mapping `{...}` is expected here | known.json:1:2
    error: the baseline is not valid JSON │ help: close what is open, and end each finding but the last with a comma; │ `weighbridge baseline create` writes it again ╰── |
    ");
}
