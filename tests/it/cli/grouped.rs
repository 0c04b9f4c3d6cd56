//! What one answer mends is told together, for those who read annotations and pages too, and every finding stays reachable.

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
    workflow::{Command, read},
};

/// A pickle that makes an instance of each class and sets its state.
fn instances(names: &[&str]) -> Vec<u8> {
    let mut bytes = b"\x80\x02".to_vec();
    for name in names {
        let (module, class) = name.rsplit_once('.').unwrap();
        bytes.extend(format!("c{module}\n{class}\n)\u{81}}}b0").bytes());
    }
    // A character above 0x7f is two bytes in UTF-8.
    bytes.retain(|byte| *byte != 0xc2);
    bytes.extend(b"N.");
    bytes
}

fn check(repo: &Repo, format: &str) -> Run {
    let run = run(&repo.root, &["check", "--format", format]);
    assert_eq!(run.code, 1, "{run:?}");
    run
}

fn annotations(repo: &Repo, name: &str) -> Vec<Command> {
    let (all, _) = read(&check(repo, "github").stdout);
    all.into_iter().filter(|it| it.name == name).collect()
}

fn pins(repo: &Repo) -> &Repo {
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\npins: {require: never}\n",
    )
}

#[test]
fn an_annotation_tells_what_one_answer_mends() {
    let repo = repo!();
    pins(&repo).write("a.pkl", instances(&["app.A", "app.B", "app.C"]));
    let [error] = &annotations(&repo, "error")[..] else {
        panic!("one annotation");
    };
    assert_eq!(error.properties["title"], "weighbridge: global-not-allowed");
    insta::assert_snapshot!(error.data, @r#"
    loading uses 3 names that the policy does not allow
    instantiated, given state:
      app.A
      app.B
      app.C
    help: `weighbridge policy allow a.pkl` in the root of the repository adds what the file needs to the policy
    help: if you trust these names with the contents of any file, add to weighbridge.yaml:
    globals:
      allow:
        - {global: "app.A", as: [import, construct, build]}
        - {global: "app.B", as: [import, construct, build]}
        - {global: "app.C", as: [import, construct, build]}
    help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
}

#[test]
fn files_that_need_different_things_have_one_answer_in_a_notice() {
    let repo = repo!();
    pins(&repo)
        .write("a.pkl", instances(&["app.A", "app.B"]))
        .write("b.pkl", instances(&["app.B", "app.C"]));
    let errors = annotations(&repo, "error");
    assert_eq!(errors.len(), 2, "{errors:#?}");
    for error in &errors {
        assert!(
            error.data.contains("what allows it is said in a notice"),
            "{error:#?}"
        );
        assert!(!error.data.contains("- app."), "{error:#?}");
    }
    let [notice] = &annotations(&repo, "notice")[..] else {
        panic!("one notice");
    };
    insta::assert_snapshot!(notice.data, @r#"
    to let files pass that nothing else refuses, if you trust these names with the contents of any file, add to weighbridge.yaml:
    globals:
      allow:
        - {global: "app.A", as: [import, construct, build]}
        - {global: "app.B", as: [import, construct, build]}
        - {global: "app.C", as: [import, construct, build]}
    "#);
}

#[test]
fn files_beyond_what_a_runner_keeps_are_told_with_the_first_that_needs_the_same() {
    let repo = repo!();
    pins(&repo);
    for n in 10..26 {
        repo.write(&format!("models/{n}.pkl"), instances(&["app.A", "app.B"]));
    }
    let [error] = &annotations(&repo, "error")[..] else {
        panic!("one annotation");
    };
    assert_eq!(error.properties["file"], "models/10.pkl");
    assert!(
        error.data.contains(
            "and 15 more files need the same (30 findings): models/11.pkl, models/12.pkl, models/13.pkl, \
             models/14.pkl, models/15.pkl, models/16.pkl, 9 others"
        ),
        "{error:#?}"
    );
}

/// Danger comes first, and one of each kind before the second of any.
#[test]
fn what_a_runner_keeps_shows_all_kinds_there_are() {
    let repo = repo!();
    pins(&repo);
    for n in 10..30 {
        let name = format!("app.C{n}");
        repo.write(&format!("a{n}.pkl"), instances(&[&name]));
        repo.write(
            &format!("b{n}.py"),
            "import torch\ntorch.load(p, weights_only=False)\n",
        );
    }
    repo.write("z.pkl", "cposix\nsystem\n(S'true'\ntR.");
    let errors = annotations(&repo, "error");
    assert_eq!(errors.len(), 10, "{errors:#?}");
    assert_eq!(errors[0].properties["file"], "z.pkl");
    let titles: Vec<&str> = errors
        .iter()
        .map(|error| error.properties["title"].as_str())
        .collect();
    assert!(
        titles.contains(&"weighbridge: torch-load-unsafe"),
        "{titles:?}"
    );
    let last = &errors[9].data;
    assert!(last.contains(" more errors in "), "{last}");
    // Each error is one that is shown or one that is counted.
    let all = check(&repo, "concise").stdout;
    let all = all.lines().filter(|line| line.contains(": error[")).count();
    let left: usize = last.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(9 + left, all);
}

#[test]
fn the_page_folds_what_one_answer_mends_and_holds_every_finding() {
    let repo = repo!();
    pins(&repo);
    for n in 10..20 {
        repo.write(&format!("models/{n}.pkl"), instances(&["app.A", "app.B"]));
    }
    let page = check(&repo, "html").stdout;
    let times = |text: &str| page.matches(text).count();
    assert_eq!(times("data-rule=\"global-not-allowed\""), 20);
    assert_eq!(times("<section class=\"finding joint\">"), 10);
    assert_eq!(times("<summary>Each of the 2 findings</summary>"), 10);
    // What mends all of them is printed once, and the others are folded and point there.
    assert_eq!(times("global: &quot;app.A&quot;"), 1, "{page}");
    assert_eq!(
        times("what allows it is printed for <a href=\"#file-0\">"),
        9
    );
    assert_eq!(
        times("<details class=\"others\"><summary>and 9 more files need the same as models/10.pkl"),
        1
    );
    assert_eq!(times("weighbridge policy allow models/10.pkl"), 1);

    repo.write("other.pkl", instances(&["app.C", "app.D"]));
    let page = check(&repo, "html").stdout;
    let times = |text: &str| page.matches(text).count();
    assert_eq!(
        times("<a href=\"#answers\">what allows it is said below"),
        11
    );
    assert_eq!(times("<h2 id=\"answers\">What to add</h2>"), 1);
    assert_eq!(times("global: &quot;app.A&quot;"), 1);
    assert_eq!(times("global: &quot;app.C&quot;"), 1);
}
