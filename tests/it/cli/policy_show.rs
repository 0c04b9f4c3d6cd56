//! `policy show` and `policy explain` as a user runs them.

use crate::support::{cli::run, repo::repo};

const POLICY: &str = "\
version: 1
extends: recommended
formats: {refuse: {joblib: use skops}}
globals:
  allow:
    - myapp.models.Net
    - {global: lib.data.load, paths: [models/old/]}
  refuse: [myapp.legacy.*]
rules: {pickle-load: deny}
overrides:
  - paths: [tests/]
    rules: {pickle-load: allow}
exclude: [third_party/]
";

#[test]
fn explain_says_what_is_allowed_and_by_which_line() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    let said = |arguments: &[&str]| {
        let all = [&["policy", "explain"], arguments].concat();
        run(&repo.root, &all).shown(&repo.root)
    };
    insta::assert_snapshot!(said(&["myapp.models.Net"]), @"
    the global myapp.models.Net, by weighbridge.yaml
      any use  allowed  an entry lists it (weighbridge.yaml:6)
    exit 0
    ");
    insta::assert_snapshot!(said(&["myapp.legacy.Old"]), @"
    the global myapp.legacy.Old, by weighbridge.yaml
      any use  refused  an entry refuses it (weighbridge.yaml:8)
    exit 0
    ");
    insta::assert_snapshot!(said(&["lib.data.load"]), @"
    the global lib.data.load, by weighbridge.yaml
      any use  refused  nothing lists it (weighbridge.yaml:5)

    in models/old/ (weighbridge.yaml:7)
      import     allowed  an entry lists it (weighbridge.yaml:7)
      call       allowed  an entry lists it (weighbridge.yaml:7)
      construct  refused  it is listed, but not for this use (weighbridge.yaml:7)
      build      refused  it is listed, but not for this use (weighbridge.yaml:7)
      configure  allowed  an entry lists it (weighbridge.yaml:7)
    exit 0
    ");
    insta::assert_snapshot!(said(&["posix.system", "--path", "third_party/a.pt"]), @"
    the global posix.system, in third_party/a.pt, by weighbridge.yaml
      any use  refused  nothing lists it (weighbridge.yaml:5)

    note: files at this path are not checked: weighbridge.yaml:13 excludes them
    note: to a policy it is the same as `os.system`
    note: it is dangerous: it runs a program or changes the system
    exit 0
    ");
    insta::assert_snapshot!(said(&["torch.nn.modules.linear.Linear"]), @"
    the global torch.nn.modules.linear.Linear, by weighbridge.yaml
      any use  refused  nothing lists it (weighbridge.yaml:5)

    note: the pack `torch-nn` would allow it
    exit 0
    ");
    insta::assert_snapshot!(said(&["pickle-load"]), @"
    the rule pickle-load, by weighbridge.yaml
      deny     a policy sets it (weighbridge.yaml:9)

    in tests/ (weighbridge.yaml:11)
      allow    a policy sets it (weighbridge.yaml:12)
    exit 0
    ");
    insta::assert_snapshot!(said(&["joblib"]), @"
    the format joblib, by weighbridge.yaml
      refused  use skops (weighbridge.yaml:3)
    exit 0
    ");
    insta::assert_snapshot!(said(&["torch-weights"]), @"
    the pack torch-weights, by weighbridge.yaml
      allowed  it is named (recommended.yaml (built in):11)
    exit 0
    ");
    insta::assert_snapshot!(said(&["pickle-lod"]), @"
    error: there is no rule, format or pack `pickle-lod`, and a global has a module
       │ help: did you mean `pickle-load`?
       ╰──
    exit 2
    ");
    insta::assert_snapshot!(said(&["myapp.*"]), @"
    error: `myapp.*` is a pattern
       │ help: name one global: `package.module.Name`
       ╰──
    exit 2
    ");
    insta::assert_snapshot!(said(&["pickle-load", "--path", "tests/a.py", "--format", "json"]), @r#"
    {
      "answers": [
        {
          "covered": [],
          "elsewhere": [],
          "kind": "rule",
          "notes": [],
          "rulings": [
            {
              "from": {
                "file": "weighbridge.yaml",
                "line": 12
              },
              "says": "allow",
              "use": null,
              "why": "a policy sets it"
            }
          ]
        }
      ],
      "name": "pickle-load",
      "path": "tests/a.py",
      "version": 1
    }
    exit 0
    "#);
    insta::assert_snapshot!(said(&["pickle-load", "--path", "../a.py"]), @"
    error: `../a.py` is outside of [DIR]
       │ help: name a file of this repository or folder
       ╰──
    exit 2
    ");
}

#[test]
fn show_names_the_policies_and_is_one_itself() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    let whole = run(&repo.root, &["policy", "show"]);
    assert_eq!(whole.code, 0, "{whole:?}");
    assert!(
        whole.stdout.starts_with(
            "# weighbridge.yaml, which extends recommended.yaml (built in)\nversion: 1"
        ),
        "{whole:?}"
    );
    repo.write("again.yaml", &whole.stdout);
    let again = run(&repo.root, &["policy", "show", "--policy", "again.yaml"]);
    assert_eq!(again.code, 0, "{again:?}");
    let bare = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        let lines: Vec<&str> = lines
            .map(|line| line.split("  # ").next().unwrap().trim_end())
            .collect();
        lines.join("\n")
    };
    assert_eq!(bare(&whole.stdout), bare(&again.stdout));
    let json = run(
        &repo.root,
        &["policy", "show", "tests/a.py", "--format", "json"],
    );
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let lines = value["lines"].as_array().unwrap();
    let of = |key: &str| lines.iter().find(|line| line["key"] == key).unwrap();
    assert_eq!(
        of("rules.pickle-load")["no-effect"],
        "weighbridge.yaml:12 decides"
    );
    assert_eq!(of("overrides[0].rules.pickle-load")["from"][0]["line"], 12);
    assert!(
        lines.iter().all(|line| line["key"] != "exclude[]"),
        "{value}"
    );
}
