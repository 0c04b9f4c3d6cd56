//! `inline-suppression`: comments in source that ask for findings not to count.

use crate::support::{
    cli::{Run, finish, program},
    repo::{Repo, repo},
    zip::{archive, stored},
};

const HEAD: &str = "version: 1\nextends: recommended\nrules: {pickle-load: deny}\n";

/// A run on 2027-01-15.
fn check(repo: &Repo, arguments: &[&str]) -> Run {
    finish(
        program(&repo.root)
            .env("SOURCE_DATE_EPOCH", "1800000000")
            .args(["check", "--format", "concise"])
            .args(arguments),
    )
}

/// What is told of a script: the outcome, and the findings without their place.
fn told(repo: &Repo, policy: &str, source: &str) -> (i32, Vec<String>) {
    repo.write("weighbridge.yaml", format!("{HEAD}{policy}"))
        .write("a.py", source);
    let run = check(repo, &["a.py"]);
    let lines = run.stdout.lines().filter(|line| line.starts_with("a.py"));
    let words = |line: &str| {
        let (place, rest) = line.split_once(": ").unwrap();
        let line = place.split(':').nth(1).unwrap_or_default();
        format!("{line} {rest}")
    };
    (run.code, lines.map(words).collect())
}

#[test]
fn a_comment_covers_its_line_or_the_next() {
    let repo = repo!();
    let covered = [
        "import pickle\npickle.load(f)  # weighbridge: allow[pickle-load] ours\n",
        "import pickle\n# weighbridge: allow[pickle-load] ours until=2027-01-15\npickle.load(f)\n",
        "import pickle\n# weighbridge: allow[pickle-load] ours\n\n# of this job\npickle.load(f)\n",
        // Any line of a call.
        "import pickle\npickle.load(  # weighbridge: allow[pickle-load] ours\n    f,\n)\n",
        "import pickle\npickle.load(\n    f,  # weighbridge: allow[pickle-load] ours\n)\n",
        "import pickle\npickle.load(\n    f,\n)  # weighbridge: allow[pickle-load] ours\n",
        "import pickle\npickle.load(\n    # weighbridge: allow[pickle-load] ours\n    f,\n)\n",
        // Two rules, and a comment of another tool.
        "import pickle, joblib\njoblib.load(pickle.load(f))  # noqa: S301 # weighbridge: allow[pickle-load, joblib-load] ours  # pragma: x\n",
    ];
    for source in covered {
        assert_eq!(told(&repo, "", source), (0, Vec::new()), "{source}");
    }
    let counts = [
        // Behind the code above; two lines above; in a string; of another rule; inside something else.
        "import pickle  # weighbridge: allow[pickle-load] ours\npickle.load(f)\n",
        "import pickle\n# weighbridge: allow[pickle-load] ours\nx = 1\npickle.load(f)\n",
        "import pickle\nx = '''\n# weighbridge: allow[pickle-load] ours\n'''\npickle.load(f)\n",
        "import pickle\npickle.load(f)  # weighbridge: allow[joblib-load] ours\n",
    ];
    for source in counts {
        let (code, lines) = told(&repo, "", source);
        let pickle = lines.iter().any(|line| line.contains("error[pickle-load]"));
        assert!(code == 1 && pickle, "{source} {lines:?}");
    }
}

#[test]
fn what_does_not_count_says_why() {
    let repo = repo!();
    let of = |policy: &str, comment: &str| {
        let source = format!("import pickle\npickle.load(f)  # weighbridge: {comment}\n");
        let (code, mut lines) = told(&repo, policy, &source);
        lines.retain(|line| line.contains("inline-suppression"));
        assert_eq!(code, 1, "{comment}");
        lines.join("\n")
    };
    let mut all = String::new();
    for comment in [
        "allow[pickle-load]",
        "allow",
        "ignore[pickle-load] ours",
        "allow[pickle-lod] ours",
        "allow[pickle-load] ours until=2027-01-14",
        "allow[pickle-load] ours until=soon",
        "allow[joblib-load] ours",
    ] {
        all = format!("{all}{comment}\n  {}\n", of("", comment));
    }
    all = format!(
        "{all}{}\n",
        of("inline: refuse\n", "allow[pickle-load] ours")
    );
    insta::assert_snapshot!(all, @"
    allow[pickle-load]
      2 warning[inline-suppression] the comment does not count: it gives no reason
    allow
      2 warning[inline-suppression] the comment does not count: it names no rule
    ignore[pickle-load] ours
      2 warning[inline-suppression] the comment does not count: `ignore` is not `allow`
    allow[pickle-lod] ours
      2 warning[inline-suppression] the comment allows `pickle-lod`, and there is no such rule
    allow[pickle-load] ours until=2027-01-14
      2 warning[inline-suppression] the comment does not count: it ended on 2027-01-14
    allow[pickle-load] ours until=soon
      2 warning[inline-suppression] the comment does not count: `soon` is not a day
    allow[joblib-load] ours
      2 warning[inline-suppression] the comment allows `joblib-load`, and there is no such finding in its line
    2 warning[inline-suppression] the comment does not count: the policy refuses comments that set findings aside
    ");
    // A rule that is locked is not loosened by a comment.
    let (code, _) = told(
        &repo,
        "locked: [rules.pickle-load]\n",
        "import pickle\npickle.load(f)  # weighbridge: allow[pickle-load] ours\n",
    );
    assert_eq!(code, 1);
    // Prose is no comment of ours, and a file that is not read in full may hold what it is about.
    for source in [
        "# weighbridge: this job is checked\n",
        "import pickle\npickle.load(f)\nx = (\n# weighbridge: allow[pickle-load] ours\n",
    ] {
        let (_, lines) = told(&repo, "", source);
        assert!(
            !lines.iter().any(|line| line.contains("inline-suppression")),
            "{lines:?}"
        );
    }
}

#[test]
fn a_change_does_not_judge_itself() {
    let repo = repo!();
    let comment = "import pickle\npickle.load(f)  # weighbridge: allow[pickle-load] ours\n";
    repo.write("weighbridge.yaml", HEAD).write("a.py", comment);
    repo.commit();
    // What was there counts, also in a file that the change edits elsewhere.
    repo.write("a.py", format!("{comment}x = 1\n"));
    repo.commit();
    let old = check(&repo, &["--diff", "HEAD~1"]);
    assert!(
        old.code == 0 && !old.stdout.contains("inline-suppression"),
        "{old:?}"
    );
    // What the change brings does not, and says so; nor does an old comment for new code under it.
    repo.write("b.py", comment);
    repo.git(&["add", "-A"]);
    let staged = check(&repo, &["--staged"]);
    assert_eq!(staged.code, 0, "{staged:?}");
    assert!(
        staged
            .stdout
            .contains("the change brings a comment that allows `pickle-load`"),
        "{staged:?}"
    );
    repo.commit();
    let new = check(&repo, &["--diff", "HEAD~1"]);
    assert_eq!(new.code, 1, "{new:?}");
    assert!(
        new.stdout.contains("b.py:2:1: error[pickle-load]"),
        "{new:?}"
    );
    assert!(
        new.stdout.contains("a change does not judge itself"),
        "{new:?}"
    );
    let all = check(&repo, &[]);
    assert!(
        all.code == 0 && !all.stdout.contains("inline-suppression"),
        "{all:?}"
    );
    // The base may say otherwise.
    repo.write("weighbridge.yaml", format!("{HEAD}inline: honour-new\n"));
    repo.commit();
    repo.write("c.py", comment);
    repo.commit();
    let honoured = check(&repo, &["--diff", "HEAD~1"]);
    assert_eq!(honoured.code, 0, "{honoured:?}");
    assert!(
        honoured.stdout.contains("the change brings a comment"),
        "{honoured:?}"
    );
    // Whoever changes what a comment is about brings it anew.
    repo.write("weighbridge.yaml", HEAD);
    let long = "import pickle\npickle.load(\n    f,\n)  # weighbridge: allow[pickle-load] ours\n";
    repo.write("d.py", long);
    repo.commit();
    repo.write("d.py", long.replace("    f,", "    g,"));
    repo.commit();
    let other = check(&repo, &["--diff", "HEAD~1"]);
    assert!(
        other.code == 1 && other.stdout.contains("d.py:4"),
        "{other:?}"
    );
    // What judges by the policy of another commit cannot tell what is new.
    repo.write("weighbridge.yaml", HEAD);
    repo.commit();
    assert_eq!(
        check(&repo, &["--policy-from", "HEAD", "--rev", "HEAD"]).code,
        1
    );
}

#[test]
fn cells_have_comments_and_archives_have_none() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HEAD);
    let notebook = |comment: &str| {
        format!(
            r#"{{"cells":[{{"cell_type":"code","source":["import pickle\n"]}},{{"cell_type":"code","source":["%time x\n","pickle.load(f){comment}\n"]}}],"nbformat":4}}"#
        )
    };
    repo.write("n.ipynb", notebook(""));
    assert_eq!(check(&repo, &["n.ipynb"]).code, 1);
    repo.write(
        "n.ipynb",
        notebook("  # weighbridge: allow[pickle-load] ours"),
    );
    assert_eq!(check(&repo, &["n.ipynb"]).code, 0);
    let json = finish(program(&repo.root).args(["check", "--format", "sarif", "n.ipynb"]));
    let sarif: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource", "{sarif}");
    assert_eq!(suppression["justification"], "Waived by n.ipynb:2: ours");
    let source = "import pickle\npickle.load(f)  # weighbridge: allow[pickle-load] ours\n";
    repo.write(
        "pkg.whl",
        archive(&[
            stored("pkg/a.py", source),
            stored("pkg-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n"),
        ]),
    );
    let inside = check(&repo, &["pkg.whl"]);
    assert!(inside.stdout.contains("[pickle-load]"), "{inside:?}");
    assert!(!inside.stdout.contains("inline-suppression"), "{inside:?}");
}
