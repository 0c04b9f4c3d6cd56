//! `weighbridge policy test`.

use std::path::Path;

use crate::support::{cli::run, repo::repo};

#[test]
fn the_bundled_policies_pass_their_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["recommended", "strict"] {
        let file = format!("policies/tests/{name}.yaml");
        let run = run(root, &["policy", "test", "--policy", name, &file]);
        assert!(
            run.code == 0 && run.stdout.contains(", 0 failed"),
            "{run:?}"
        );
    }
}

#[test]
fn a_case_that_fails_says_what_was_decided_and_where() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals:\n  allow: [{global: myapp.Net, paths: [models/]}]\n  refuse: [myapp.Old]\nformats: {refuse: [npy]}\n",
    )
    .write("bad.pkl", "cos\nsystem\n(S'true'\ntR.")
    .write(
        "tests/cases.yaml",
        "cases:\n  - {global: myapp.Net, path: models/a.pt, expect: allowed}\n  - {global: myapp.Net, path: a.pt, expect: allowed}\n  - {name: nothing old, global: myapp.Old, as: [import], expect: allowed}\n  - {format: npy, expect: allowed}\n  - {rule: pickle-load, expect: deny}\n  - {artifact: ../bad.pkl, expect: refused, by: global-not-allowed}\n  - {artifact: ../bad.pkl, expect: refused, by: unusual-use}\n",
    );
    let tested = run(&repo.root, &["policy", "test", "tests/cases.yaml"]);
    assert_eq!(tested.code, 1, "{tested:?}");
    insta::assert_snapshot!(tested.stdout, @"
    tests/cases.yaml:3: myapp.Net: expected allowed, is refused at `a.pt`: nothing lists it (weighbridge.yaml:4)
    tests/cases.yaml:4: nothing old: expected allowed, is refused at `model`: an entry refuses it (weighbridge.yaml:5)
    tests/cases.yaml:5: npy: expected allowed, is refused at `model` (weighbridge.yaml:6)
    tests/cases.yaml:6: pickle-load: expected deny, is warn at `model`
    tests/cases.yaml:8: ../bad.pkl: expected to be refused by unusual-use, is refused by global-not-allowed
    2 passed, 5 failed by weighbridge.yaml
    ");
    repo.write(
        "tests/cases.yaml",
        "cases:\n  - {global: myapp.*, expect: allowed}\n  - {format: nppy, expect: allowed}\n  - {rule: pickle-load, expect: refused}\n  - {global: a.B, format: npy, expect: allowed}\n  - {global: a.B}\n  - {globl: a.B, expect: allowed}\n",
    );
    let broken = run(&repo.root, &["policy", "test", "tests/cases.yaml"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    insta::assert_snapshot!(broken.stderr, @"
    error: `myapp.*` stands for many globals
       ╭─ tests/cases.yaml:2:14
     1 │ cases:
     2 │   - {global: myapp.*, expect: allowed}
       │              ━━━━━━━
     3 │   - {format: nppy, expect: allowed}
       │
       │ help: name one global
       ╰──
    error: there is no format `nppy`
       ╭─ tests/cases.yaml:3:14
     2 │   - {global: myapp.*, expect: allowed}
     3 │   - {format: nppy, expect: allowed}
       │              ━━━━
     4 │   - {rule: pickle-load, expect: refused}
       │
       │ help: did you mean `npy`?
       ╰──
    error: `refused` is not what can be decided here
       ╭─ tests/cases.yaml:4:33
     3 │   - {format: nppy, expect: allowed}
     4 │   - {rule: pickle-load, expect: refused}
       │                                 ━━━━━━━
     5 │   - {global: a.B, format: npy, expect: allowed}
       │
       │ help: write one of `allow`, `warn` and `deny`
       ╰──
    error: a case must be about one thing
       ╭─ tests/cases.yaml:5:5
     4 │   - {rule: pickle-load, expect: refused}
     5 │   - {global: a.B, format: npy, expect: allowed}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     6 │   - {global: a.B}
       │
       │ help: write one of `global`, `format`, `rule`, `artifact` and `source`
       ╰──
    error: a case has no `expect`
       ╭─ tests/cases.yaml:6:5
     5 │   - {global: a.B, format: npy, expect: allowed}
     6 │   - {global: a.B}
       │     ━━━━━━━━━━━━━
     7 │   - {globl: a.B, expect: allowed}
       │
       │ help: add `expect:` and one of `allowed` and `refused`
       ╰──
    error: a case must be about one thing
       ╭─ tests/cases.yaml:7:5
     6 │   - {global: a.B}
     7 │   - {globl: a.B, expect: allowed}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: write one of `global`, `format`, `rule`, `artifact` and `source`
       ╰──
    error: `globl` is not a key of a case
       ╭─ tests/cases.yaml:7:6
     6 │   - {global: a.B}
     7 │   - {globl: a.B, expect: allowed}
       │      ━━━━━
       │
       │ help: did you mean `global`?
       ╰──
    ");
}

#[test]
fn cases_of_calls_and_of_source() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals:\n  allow: [{global: myapp.make, args: [{allowed-global: class}, {data: true}]}, myapp.Net]\noverrides:\n  - {paths: [tests/], rules: {torch-load-unsafe: allow}, reason: fixtures}\n",
    )
    .write(
        "cases.yaml",
        "cases:
  - {global: myapp.make, args: [{global: myapp.Net}, data], expect: allowed}
  - {global: myapp.make, args: [{global: myapp.Other}, data], expect: allowed}
  - {global: myapp.make, args: [data], expect: refused}
  - {global: myapp.other, args: [], expect: allowed}
  - source: |
      import torch
      torch.load(path, weights_only=False)
    path: train/a.py
    expect: refused
    by: torch-load-unsafe
  - name: fixtures
    source: |
      import torch
      torch.load(path, weights_only=False)
    path: tests/a.py
    expect: allowed
  - {source: 'import torch; torch.load(path, weights_only=False)', expect: allowed}
  - {source: 'import torch; torch.load(path, weights_only=True)', expect: refused}
",
    );
    let tested = run(&repo.root, &["policy", "test", "cases.yaml"]);
    assert_eq!(tested.code, 1, "{tested:?}");
    insta::assert_snapshot!(tested.stdout, @"
    cases.yaml:3: myapp.make: expected allowed, is refused at `model`: argument 1: the policy does not allow `myapp.Other` (weighbridge.yaml:4)
    cases.yaml:5: myapp.other: expected allowed, is refused at `model`: nothing lists it (weighbridge.yaml:4)
    cases.yaml:18: import torch; torch.load(path, weights_only=False): expected allowed, is refused by torch-load-unsafe
    cases.yaml:19: import torch; torch.load(path, weights_only=True): expected refused, is allowed
    4 passed, 4 failed by weighbridge.yaml
    ");
    repo.write(
        "cases.yaml",
        "cases:\n  - {global: a.b, args: [{global: 'a.*'}], expect: allowed}\n  - {global: a.b, args: [text], expect: allowed}\n  - {format: npy, args: [], expect: allowed}\n  - {global: a.b, source: x, expect: allowed}\n  - {source: x, path: a.txt, expect: allowed}\n",
    );
    let broken = run(&repo.root, &["policy", "test", "cases.yaml"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    insta::assert_snapshot!(broken.stderr, @"
    error: `a.*` stands for many globals
       ╭─ cases.yaml:2:26
     1 │ cases:
     2 │   - {global: a.b, args: [{global: 'a.*'}], expect: allowed}
       │                          ━━━━━━━━━━━━━━━
     3 │   - {global: a.b, args: [text], expect: allowed}
       │
       │ help: name one global
       ╰──
    error: an argument must be `{text: TEXT}`, `{global: NAME}` or `data`
       ╭─ cases.yaml:3:26
     2 │   - {global: a.b, args: [{global: 'a.*'}], expect: allowed}
     3 │   - {global: a.b, args: [text], expect: allowed}
       │                          ━━━━
     4 │   - {format: npy, args: [], expect: allowed}
       │
       │ help: write `data` for what is neither a text nor a global
       ╰──
    error: `args` are those of a call of a `global`
       ╭─ cases.yaml:4:5
     3 │   - {global: a.b, args: [text], expect: allowed}
     4 │   - {format: npy, args: [], expect: allowed}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     5 │   - {global: a.b, source: x, expect: allowed}
       │
       │ help: write `global` and `args`, and leave `as` out
       ╰──
    error: a case must be about one thing
       ╭─ cases.yaml:5:5
     4 │   - {format: npy, args: [], expect: allowed}
     5 │   - {global: a.b, source: x, expect: allowed}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     6 │   - {source: x, path: a.txt, expect: allowed}
       │
       │ help: write one of `global`, `format`, `rule`, `artifact` and `source`
       ╰──
    error: `a.txt` is not the path of a Python file
       ╭─ cases.yaml:6:5
     5 │   - {global: a.b, source: x, expect: allowed}
     6 │   - {source: x, path: a.txt, expect: allowed}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: end `path` in `.py`
       ╰──
    ");
}

#[test]
fn results_are_for_programs_and_readers_of_test_results_too() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n")
        .write(
            "cases.yaml",
            "cases:\n  - {global: app.Net, expect: refused}\n  - {name: 'say \"<&]]>', global: os.system, expect: allowed}\n",
        )
        .write("deep/more.yaml", "cases:\n  - {format: npy, expect: allowed}\n");
    let tested = |format: &str| {
        let test = ["policy", "test", "cases.yaml", "deep/more.yaml", "--format"];
        let tested = run(&repo.root, &[&test[..], &[format]].concat());
        assert_eq!(tested.code, 1, "{tested:?}");
        tested.stdout
    };
    insta::assert_snapshot!(tested("human"), @r#"
    cases.yaml:3: say "<&]]>: expected allowed, is refused at `model`: nothing lists it (recommended.yaml (built in):9)
    2 passed, 1 failed by weighbridge.yaml
    "#);
    insta::assert_snapshot!(tested("json"), @r#"
    {
      "version": 1,
      "policy": "weighbridge.yaml",
      "passed": 2,
      "failed": 1,
      "cases": [
        {
          "file": "cases.yaml",
          "line": 2,
          "name": "app.Net",
          "expect": "refused",
          "failure": null
        },
        {
          "file": "cases.yaml",
          "line": 3,
          "name": "say \"<&]]>",
          "expect": "allowed",
          "failure": "expected allowed, is refused at `model`: nothing lists it (recommended.yaml (built in):9)"
        },
        {
          "file": "deep/more.yaml",
          "line": 2,
          "name": "npy",
          "expect": "allowed",
          "failure": null
        }
      ]
    }
    "#);
    insta::assert_snapshot!(tested("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="weighbridge policy test" tests="3" failures="1" errors="0">
      <testsuite name="cases.yaml" tests="2" failures="1" errors="0" skipped="0">
        <properties><property name="policy" value="weighbridge.yaml"/></properties>
        <testcase classname="cases.yaml" name="app.Net is refused (line 2)" file="cases.yaml" line="2"/>
        <testcase classname="cases.yaml" name="say &quot;&lt;&amp;]]&gt; is allowed (line 3)" file="cases.yaml" line="3"><failure message="expected allowed, is refused at `model`: nothing lists it (recommended.yaml (built in):9)" type="policy-test">expected allowed, is refused at `model`: nothing lists it (recommended.yaml (built in):9)</failure></testcase>
      </testsuite>
      <testsuite name="deep/more.yaml" tests="1" failures="0" errors="0" skipped="0">
        <properties><property name="policy" value="weighbridge.yaml"/></properties>
        <testcase classname="deep/more.yaml" name="npy is allowed (line 2)" file="deep/more.yaml" line="2"/>
      </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(tested("github"), @r#"
    ::error file=cases.yaml,line=3,title=weighbridge%3A policy test::say "<&]]>: expected allowed, is refused at `model`: nothing lists it (recommended.yaml (built in):9)
    2 passed, 1 failed by weighbridge.yaml
    "#);
    let file = [
        "policy",
        "test",
        "deep/more.yaml",
        "--format",
        "junit",
        "--output",
        "junit.xml",
    ];
    let written = run(&repo.root, &file);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    let text = std::fs::read_to_string(repo.root.join("junit.xml")).unwrap();
    assert!(text.contains(r#"tests="1" failures="0""#), "{text}");
}

#[test]
fn of_many_failures_github_is_told_as_many_as_it_keeps() {
    let repo = repo!();
    let cases: Vec<String> = (0..14)
        .map(|n| format!("  - {{global: app.Net{n}, expect: allowed}}\n"))
        .collect();
    repo.write("cases.yaml", format!("cases:\n{}", cases.concat()));
    let tested = run(
        &repo.root,
        &["policy", "test", "cases.yaml", "--format", "github"],
    );
    std::fs::create_dir(repo.root.join("deep")).unwrap();
    let deep = ["policy", "test", "../cases.yaml", "--format", "github"];
    let below = run(&repo.root.join("deep"), &deep);
    assert_eq!(below.stdout, tested.stdout);
    let errors = tested.stdout.matches("::error ").count();
    assert_eq!(errors, 10, "{tested:?}");
    assert!(tested.stdout.contains("5 more cases fail"), "{tested:?}");
}
