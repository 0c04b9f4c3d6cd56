//! Waivers, as whoever writes them and whoever reads a report sees them.

use sha2::{Digest as _, Sha256};

use crate::support::{
    cli::{Run, finish, program},
    pickle::payload,
    repo::{Repo, repo},
};

const HEAD: &str = "version: 1\nextends: recommended\n";
/// A pin is another matter.
const TAIL: &str = "pins: {require: never}\n";
/// A class of nobody's, instantiated.
const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
/// Another.
const OTHER: &[u8] = b"\x80\x02capp.models\nOther\n)\x81}b.";
/// 2027-01-15.
const DAY: &str = "1800000000";

/// A run on a day.
fn run(repo: &Repo, arguments: &[&str]) -> Run {
    finish(
        program(&repo.root)
            .env("SOURCE_DATE_EPOCH", DAY)
            .args(arguments),
    )
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn waive(repo: &Repo, waiver: &str) {
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}waivers:\n{waiver}{TAIL}"),
    );
}

#[test]
fn a_waiver_covers_what_it_names_and_nothing_else() {
    let repo = repo!();
    repo.write("a.pkl", NET).write("b.pkl", NET);
    let text = "  - rule: global-not-allowed\n    paths: [a.pkl]\n    subject: app.models.Net\n    reason: converted soon\n    owner: \"@ml\"\n    expires: 2027-03-31\n";
    waive(&repo, text);
    let one = run(&repo, &["check"]);
    assert_eq!(one.code, 1);
    assert!(
        one.stdout.contains("b.pkl") && !one.stdout.contains("── a.pkl"),
        "{one:?}"
    );
    assert_eq!(run(&repo, &["check", "a.pkl"]).code, 0);
    let shown = run(&repo, &["check", "a.pkl"]).shown(&repo.root);
    insta::assert_snapshot!(shown, @"
    passed: 1 artifact in the work tree: a.pkl
    policy: weighbridge.yaml
    waived: 1 finding (weighbridge.yaml:4); the first waiver ends after 2027-03-31
    exit 0
    ");
    // Saved again, with other bytes around it, it is the same.
    repo.write("a.pkl", [b"\x80\x02K\x010", &NET[2..]].concat());
    assert_eq!(run(&repo, &["check", "a.pkl"]).code, 0);
    for (from, to) in [
        ("rule: global-not-allowed", "rule: unusual-use"),
        ("[a.pkl]", "[c.pkl]"),
        ("app.models.Net", "app.models.Other"),
        ("app.models.Net", "app:models.Net"),
        ("2027-03-31", "2027-01-14"),
    ] {
        waive(&repo, &text.replace(from, to));
        assert_eq!(run(&repo, &["check", "a.pkl"]).code, 1, "{to}");
    }
    // It holds through its last day.
    waive(&repo, &text.replace("2027-03-31", "2027-01-15"));
    assert_eq!(run(&repo, &["check", "a.pkl"]).code, 0);
    // One waiver of a rule does not cover another in the same file.
    repo.write("a.pkl", OTHER);
    waive(&repo, text);
    assert_eq!(run(&repo, &["check", "a.pkl"]).code, 1);
}

#[test]
fn a_waiver_of_a_content_covers_no_other() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    let digest = data_encoding::HEXUPPER.encode(&Sha256::digest(NET));
    let text =
        format!("  - rule: global-not-allowed\n    paths: [a.pkl]\n    sha256: \"{digest}\"\n");
    waive(&repo, &text);
    assert_eq!(run(&repo, &["check"]).code, 0);
    repo.write("a.pkl", [NET, b"."].concat());
    let other = run(&repo, &["check", "--format", "json"]);
    assert_eq!(other.code, 1);
    let why =
        "the waiver at weighbridge.yaml:4 does not cover this: its `sha256` is of another content";
    assert!(other.stdout.contains(why), "{other:?}");
}

#[test]
fn a_dangerous_name_needs_intent() {
    let repo = repo!();
    repo.write("evil.pkl", payload());
    let refused = [
        // A rule that is switched off, for all files and for some.
        format!("{HEAD}rules: {{global-not-allowed: allow}}\n"),
        format!(
            "{HEAD}overrides:\n  - {{paths: [\"*.pkl\"], reason: old, rules: {{global-not-allowed: allow}}}}\n"
        ),
        // A waiver of whatever there is.
        format!(
            "{HEAD}waivers:\n  - {{rule: global-not-allowed, paths: [evil.pkl], reason: old}}\n"
        ),
        format!(
            "{HEAD}waivers:\n  - {{rule: global-not-allowed, paths: [evil.pkl], dangerous: true, reason: old, expires: 2026-01-01}}\n"
        ),
    ];
    for policy in refused {
        repo.write("weighbridge.yaml", &policy);
        let run = run(&repo, &["check"]);
        assert_eq!(run.code, 1, "{policy} {run:?}");
        assert!(plain(&run.stdout).contains("posix.system"), "{run:?}");
    }
    let allowed = [
        // Whoever names the file has looked at it.
        (
            format!(
                "{HEAD}overrides:\n  - {{paths: [evil.pkl], reason: old, rules: {{global-not-allowed: allow}}}}\n"
            ),
            "weighbridge.yaml:4 allows it (old)",
        ),
        (
            format!(
                "{HEAD}overrides:\n  - {{paths: [evil.pkl], reason: old, dangerous: true, rules: {{global-not-allowed: allow}}}}\n"
            ),
            "weighbridge.yaml:4 allows it (old)",
        ),
        (
            format!(
                "{HEAD}waivers:\n  - {{rule: global-not-allowed, paths: [evil.pkl], dangerous: true, reason: old}}\n"
            ),
            "weighbridge.yaml:4 waives it (old)",
        ),
        (
            format!(
                "{HEAD}waivers:\n  - {{rule: global-not-allowed, subject: os.system, paths: [evil.pkl], dangerous: true, reason: old}}\n"
            ),
            "weighbridge.yaml:4 waives it (old)",
        ),
    ];
    for (policy, by) in allowed {
        repo.write("weighbridge.yaml", &policy);
        for format in [
            "human", "concise", "plain", "markdown", "json", "sarif", "junit",
        ] {
            let run = run(&repo, &["check", "--format", format]);
            assert_eq!(run.code, 0, "{policy} {run:?}");
            let said = plain(&run.stdout).replace(['`', '\\'], "");
            assert!(said.contains("posix.system"), "{format} {policy} {said}");
            assert!(said.contains(by), "{format} {policy} {said}");
        }
    }
    // Without a reason, and by its name without saying so, a policy means nothing.
    for waiver in [
        "  - {rule: global-not-allowed, paths: [evil.pkl], dangerous: true}\n",
        "  - {rule: global-not-allowed, paths: [evil.pkl], subject: posix.system, reason: x}\n",
    ] {
        waive(&repo, waiver);
        assert_eq!(run(&repo, &["check"]).code, 2, "{waiver}");
    }
    let text = format!(
        "{HEAD}overrides:\n  - {{paths: [x], dangerous: true, rules: {{global-not-allowed: allow}}}}\n"
    );
    repo.write("weighbridge.yaml", text);
    assert_eq!(run(&repo, &["check"]).code, 2);
}

#[test]
fn stale_waivers_are_findings() {
    let repo = repo!();
    repo.write("a.pkl", NET).write("b.py", "x = 1\n");
    repo.write(
        "weighbridge.yaml",
        format!(
            "{HEAD}waivers:\n  - rule: global-not-allowed\n    paths: [a.pkl]\n    owner: \"@ml\"\n    expires: 2026-06-30\n  - {{rule: global-not-allowed, paths: [gone.pkl], owner: \"@ml\"}}\n"
        ),
    );
    repo.commit();
    let shown = run(&repo, &["check"]).shown(&repo.root);
    insta::assert_snapshot!(shown, @r#"
    ── a.pkl ──────────────────────────────────────────────────────────── 1 error ──

    error[global-not-allowed]: loading creates `app.models.Net()`; the policy does
      not list `app.models.Net`
       ╭─ a.pkl @ 0x13 NEWOBJ
       │ 0x0002  GLOBAL            app.models Net
       │ 0x0012  EMPTY_TUPLE
       │ 0x0013  NEWOBJ            app.models.Net()
       │                           ━━━━━━━━━━━━━━━━
       ├─ recommended.yaml (built in):9
     9 │ globals:
       │ ─────── no entry here lists it
       │
       │ help: the waiver at weighbridge.yaml:4 does not cover this: it ended on
       │       2026-06-30
       │ help: `weighbridge policy allow a.pkl` adds what the file needs to the
       │       policy
       ╰──
    help: if you trust `app.models.Net` with the contents of any file, add to
          weighbridge.yaml:
    globals:
      allow:
        - {global: "app.models.Net", as: [import, construct, build]}

    help: or keep the data in a format that holds only data: safetensors, npy, JSON

    ── weighbridge.yaml ────────────────────────────────────────────── 2 warnings ──

    warning[waiver-expired]: the waiver of `global-not-allowed` in a.pkl ended on
      2026-06-30 (@ml)
       ╭─ weighbridge.yaml:4:5
       ├─ weighbridge.yaml:4
     4 │   - rule: global-not-allowed
       │     ────────────────────────
       │
       │ help: mend what it is about, or have a new day reviewed
       ╰──

    warning[waiver-unused]: the waiver of `global-not-allowed` in gone.pkl (@ml) is
      about no finding
       ╭─ weighbridge.yaml:8:5
       ├─ weighbridge.yaml:8
     8 │   - {rule: global-not-allowed, paths: [gone.pkl], owner: "@ml"}
       │     ───────────────────────────────────────────────────────────
       │
       │ help: remove it; if it is about something, compare its `paths` and its
       │       `subject` with the report
       ╰──

    refused: 1 error in 1 file, 2 warnings
    checked: 1 artifact and 1 source file in the work tree
    policy:  weighbridge.yaml
    next:    weighbridge explain global-not-allowed  why, and what to use instead
             weighbridge inspect a.pkl               all that loading it would do
    exit 1
    "#);
    // A check of one file knows nothing of the others, and says nothing of what it is not about.
    let part = run(&repo, &["check", "b.py"]);
    assert!(
        part.code == 0 && !part.stdout.contains("waiver"),
        "{part:?}"
    );
    let part = run(&repo, &["check", "a.pkl"]).stdout;
    assert!(
        part.contains("waiver-expired") && !part.contains("waiver-unused"),
        "{part}"
    );
    // Below the root the policy has another name, and the finding the same place.
    std::fs::create_dir(repo.root.join("sub")).unwrap();
    let below = finish(
        program(&repo.root.join("sub"))
            .env("SOURCE_DATE_EPOCH", DAY)
            .args(["check", "--format", "concise"]),
    );
    assert!(
        below.stdout.contains("../weighbridge.yaml:4:5"),
        "{below:?}"
    );
    // What could not be read may be what a waiver is about.
    repo.write("gone.pkl", "version https://git-lfs.github.com/spec/v1\noid sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\nsize 4\n");
    let unread = run(&repo, &["check"]).stdout;
    assert!(!unread.contains("waiver-unused"), "{unread}");
}

#[test]
fn terms_hold_for_every_waiver() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    let terms = "waiver-terms: {max-days: 30, require: [reason, owner]}\n";
    let text = |rest: &str| {
        format!("{HEAD}{terms}waivers:\n  - {{rule: global-not-allowed, paths: [a.pkl]{rest}}}\n")
    };
    repo.write("weighbridge.yaml", text(", reason: x, expires: 2027-04-01"));
    let shown = run(&repo, &["check"]).shown(&repo.root);
    assert!(shown.contains("waiver-terms"), "{shown}");
    insta::assert_snapshot!(run(&repo, &["check", "--format", "concise"]).shown(&repo.root), @"
    a.pkl@0x13: error[global-not-allowed] loading creates `app.models.Net()`; the policy does not list `app.models.Net`
    weighbridge.yaml:5:5: error[waiver-terms] the waiver of `global-not-allowed` in a.pkl does not count: it has no `owner`, it ends later than 30 days from now
    weighbridge: refused: 2 errors in 2 files
    weighbridge: checked: 1 artifact in the work tree
    weighbridge: policy: weighbridge.yaml
    exit 1
    ");
    for (rest, code) in [
        (", reason: x, owner: me", 1),
        (", reason: x, owner: me, expires: 2027-02-14", 0),
        (", reason: x, owner: me, expires: 2027-02-15", 1),
        (", owner: me, expires: 2027-02-14", 1),
    ] {
        repo.write("weighbridge.yaml", text(rest));
        assert_eq!(run(&repo, &["check"]).code, code, "{rest}");
    }
    // Terms are inherited, key by key; a waiver of the policy that is extended is under those that hold here.
    repo.write(
        "org.yaml",
        text(", reason: x, owner: me, expires: 2027-02-14"),
    );
    repo.write("weighbridge.yaml", "version: 1\nextends: org.yaml\n");
    assert_eq!(run(&repo, &["check"]).code, 0);
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: org.yaml\nwaiver-terms: {max-days: 10}\n",
    );
    assert_eq!(run(&repo, &["check"]).code, 1);
}

#[test]
fn what_is_waived_stays_in_every_report() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    waive(
        &repo,
        "  - {rule: global-not-allowed, paths: [a.pkl], reason: soon & <b>, owner: \"@ml\", expires: 2027-03-31}\n",
    );
    let out = |format: &str| {
        let run = run(&repo, &["check", "--format", format]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    let json: serde_json::Value = serde_json::from_str(&out("json")).unwrap();
    assert_eq!(json["outcome"], "clean");
    assert!(json["findings"].as_array().unwrap().is_empty());
    let waived = &json["waived"][0];
    assert_eq!(
        (&waived["level"], &waived["path"]),
        (&"deny".into(), &"a.pkl".into())
    );
    let disposition = &waived["disposition"];
    for (key, value) in [
        ("kind", "waived"),
        ("source", "policy"),
        ("owner", "@ml"),
        ("expires", "2027-03-31"),
        ("reason", "soon & <b>"),
    ] {
        assert_eq!(disposition[key], value, "{key}");
    }
    assert_eq!(disposition["by"]["line"], 4);
    let sarif: serde_json::Value = serde_json::from_str(&out("sarif")).unwrap();
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "external");
    assert_eq!(
        suppression["justification"],
        "Waived by weighbridge.yaml:4 until 2027-03-31 (@ml): soon & <b>"
    );
    let junit = out("junit");
    assert!(
        junit.contains("<skipped message=\"waived by weighbridge.yaml:4 until 2027-03-31 (@ml): soon &amp; &lt;b&gt;\"/>"),
        "{junit}"
    );
    assert!(junit.contains(r#"tests="2" failures="0""#), "{junit}");
    let html = out("html");
    assert!(
        html.contains("<h2 id=\"waived\">Waived") && html.contains("soon &amp; &lt;b&gt;"),
        "{html}"
    );
    for format in ["human", "plain", "markdown"] {
        let said = plain(&out(format)).to_lowercase();
        assert!(
            said.contains("waived") && said.contains("1 finding"),
            "{format} {said}"
        );
    }
    for format in ["github", "concise"] {
        let said = out(format);
        assert!(said.contains("weighbridge.yaml:4"), "{format} {said}");
        assert!(!said.contains("a.pkl"), "{format} {said}");
    }
}

#[test]
fn a_broken_waiver_says_where_and_what_to_write() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        format!(
            "{HEAD}waiver-terms: {{max-days: 0, require: [ownr]}}\nwaivers:\n  - paths: [a]\n  - {{rule: global-not-alowed, paths: [a]}}\n  - {{rule: pickle-load}}\n  - {{rule: pickle-load, paths: [a], expires: 2027-02-30}}\n  - {{rule: pickle-load, paths: [a], expires: 31.03.2027}}\n  - {{rule: pickle-load, paths: [a], expires: 2027}}\n  - {{rule: pickle-load, paths: [a], sha256: abc}}\n  - {{rule: waiver-unused, paths: [a]}}\n  - {{rule: global-not-allowed, paths: [a], subject: app.*}}\n  - {{rule: pickle-load, path: [a]}}\n"
        ),
    );
    let run = run(&repo, &["check"]);
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r#"
    error: a waiver cannot hold for 0 days
       ╭─ weighbridge.yaml:3:26
     2 │ extends: recommended
     3 │ waiver-terms: {max-days: 0, require: [ownr]}
       │                          ━
     4 │ waivers:
       │
       │ help: write a number of days, such as 180
       ╰──
    error: `ownr` is nothing that a waiver may say
       ╭─ weighbridge.yaml:3:39
     2 │ extends: recommended
     3 │ waiver-terms: {max-days: 0, require: [ownr]}
       │                                       ━━━━
     4 │ waivers:
       │
       │ help: did you mean `owner`?
       ╰──
    error: a waiver has no `rule`
       ╭─ weighbridge.yaml:5:5
     4 │ waivers:
     5 │   - paths: [a]
       │     ━━━━━━━━━━
     6 │   - {rule: global-not-alowed, paths: [a]}
       │
       │ help: add `rule: global-not-allowed`
       ╰──
    error: there is no rule `global-not-alowed`
       ╭─ weighbridge.yaml:6:12
     5 │   - paths: [a]
     6 │   - {rule: global-not-alowed, paths: [a]}
       │            ━━━━━━━━━━━━━━━━━
     7 │   - {rule: pickle-load}
       │
       │ help: did you mean `global-not-allowed`?
       ╰──
    error: a waiver has no `paths`
       ╭─ weighbridge.yaml:7:5
     6 │   - {rule: global-not-alowed, paths: [a]}
     7 │   - {rule: pickle-load}
       │     ━━━━━━━━━━━━━━━━━━━
     8 │   - {rule: pickle-load, paths: [a], expires: 2027-02-30}
       │
       │ help: add `paths: ["models/legacy.pt"]`
       ╰──
    error: the calendar has no day `2027-02-30`
       ╭─ weighbridge.yaml:8:46
     7 │   - {rule: pickle-load}
     8 │   - {rule: pickle-load, paths: [a], expires: 2027-02-30}
       │                                              ━━━━━━━━━━
     9 │   - {rule: pickle-load, paths: [a], expires: 31.03.2027}
       │
       │ help: write the last day as year, month and day: `2027-03-31`
       ╰──
    error: `31.03.2027` is not a day
       ╭─ weighbridge.yaml:9:46
     8 │   - {rule: pickle-load, paths: [a], expires: 2027-02-30}
     9 │   - {rule: pickle-load, paths: [a], expires: 31.03.2027}
       │                                              ━━━━━━━━━━
    10 │   - {rule: pickle-load, paths: [a], expires: 2027}
       │
       │ help: write the last day as year, month and day: `2027-03-31`
       ╰──
    error: `expires` must be a day, not a number
       ╭─ weighbridge.yaml:10:46
     9 │   - {rule: pickle-load, paths: [a], expires: 31.03.2027}
    10 │   - {rule: pickle-load, paths: [a], expires: 2027}
       │                                              ━━━━
    11 │   - {rule: pickle-load, paths: [a], sha256: abc}
       │
       │ help: write the last day as year, month and day: `2027-03-31`
       ╰──
    error: `abc` is not a SHA-256
       ╭─ weighbridge.yaml:11:45
    10 │   - {rule: pickle-load, paths: [a], expires: 2027}
    11 │   - {rule: pickle-load, paths: [a], sha256: abc}
       │                                             ━━━
    12 │   - {rule: waiver-unused, paths: [a]}
       │
       │ help: write 64 hexadecimal digits, as `sha256sum` prints them
       ╰──
    error: `waiver-unused` cannot be waived: it is about waivers
       ╭─ weighbridge.yaml:12:12
    11 │   - {rule: pickle-load, paths: [a], sha256: abc}
    12 │   - {rule: waiver-unused, paths: [a]}
       │            ━━━━━━━━━━━━━
    13 │   - {rule: global-not-allowed, paths: [a], subject: app.*}
       │
       │ help: mend or remove the waiver that the finding is about
       ╰──
    error: `app.*` is a pattern, and a waiver is about one subject
       ╭─ weighbridge.yaml:13:53
    12 │   - {rule: waiver-unused, paths: [a]}
    13 │   - {rule: global-not-allowed, paths: [a], subject: app.*}
       │                                                     ━━━━━
    14 │   - {rule: pickle-load, path: [a]}
       │
       │ help: write a waiver for each, or leave out `subject` to waive the rule in
       │       these files
       ╰──
    error: a waiver has no `paths`
       ╭─ weighbridge.yaml:14:5
    13 │   - {rule: global-not-allowed, paths: [a], subject: app.*}
    14 │   - {rule: pickle-load, path: [a]}
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: add `paths: ["models/legacy.pt"]`
       ╰──
    error: `path` is not a key of a waiver
       ╭─ weighbridge.yaml:14:25
    13 │   - {rule: global-not-allowed, paths: [a], subject: app.*}
    14 │   - {rule: pickle-load, path: [a]}
       │                         ━━━━
       │
       │ help: did you mean `paths`?
       ╰──
    "#);
}

#[test]
fn waivers_are_listed_by_owner() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    waive(
        &repo,
        "  - {rule: global-not-allowed, paths: [a.pkl], owner: \"@ml\", subject: app.models.Net, reason: converted soon, expires: 2027-02-10}\n  - {rule: pickle-load, paths: [old/, x.py]}\n  - {rule: pickle-load, paths: [z.py], owner: \"@data\", expires: 2026-12-31}\n  - {rule: joblib-load, paths: [z.py], owner: \"@data\", expires: 2028-01-01}\n",
    );
    let all = run(&repo, &["waivers", "report"]).shown(&repo.root);
    insta::assert_snapshot!(all, @"
    @data
      2026-12-31  ended 15 days ago   covers nothing      weighbridge.yaml:6
        pickle-load in z.py
      2028-01-01  351 days left       covers nothing      weighbridge.yaml:7
        joblib-load in z.py

    @ml
      2027-02-10  26 days left        covers 1 finding    weighbridge.yaml:4
        global-not-allowed in a.pkl: app.models.Net
        converted soon

    no owner
      no end                          covers nothing      weighbridge.yaml:5
        pickle-load in old/, x.py
    exit 0
    ");
    let markdown = run(&repo, &["waivers", "report", "--format", "markdown"]).stdout;
    insta::assert_snapshot!(markdown, @"
    4 waivers

    **`@data`**

    * 2026-12-31 (ended 15 days ago): `pickle-load` in `z.py`, covers nothing, `weighbridge.yaml:6`
    * 2028-01-01 (351 days left): `joblib-load` in `z.py`, covers nothing, `weighbridge.yaml:7`

    **`@ml`**

    * 2027-02-10 (26 days left): `global-not-allowed` of `app.models.Net` in `a.pkl`, covers 1 finding, `weighbridge.yaml:4`
      * converted soon

    **no owner**

    * no end: `pickle-load` in `old/`, `x.py`, covers nothing, `weighbridge.yaml:5`
    ");
    let soon = run(&repo, &["waivers", "report", "--expiring", "30d"]);
    assert_eq!(soon.code, 1);
    assert!(
        soon.stdout.contains("2027-02-10") && soon.stdout.contains("2026-12-31"),
        "{soon:?}"
    );
    assert!(
        !soon.stdout.contains("2028") && !soon.stdout.contains("no end"),
        "{soon:?}"
    );
    let json = run(
        &repo,
        &["waivers", "report", "--format", "json", "--expiring", "2w"],
    );
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["today"], "2027-01-15");
    assert_eq!(json["waivers"].as_array().unwrap().len(), 1);
    assert_eq!(json["waivers"][0]["days_left"], -15);
    assert_eq!(json["waivers"][0]["covers"], 0);
    waive(&repo, "  - {rule: global-not-allowed, paths: [a.pkl]}\n");
    assert_eq!(
        run(&repo, &["waivers", "report", "--expiring", "30d"]).code,
        0
    );
    assert_eq!(
        run(&repo, &["waivers", "report", "--expiring", "soon"]).code,
        2
    );
}
