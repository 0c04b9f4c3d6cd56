//! `policy diff`: what is compared, and how it is shown.

use std::fs;

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

const HONOUR: &str = "version: 1\nextends: recommended\nattributes: honour\n";

fn diff(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["policy", "diff"], arguments].concat())
}

#[test]
fn lines_of_gitattributes_are_compared_where_both_policies_honour_them() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HONOUR)
        .write(".gitattributes", "*.bin weighbridge=off\n*.png binary\n")
        .write("old/.gitattributes", "*.pkl -weighbridge\n")
        .commit();
    fs::remove_dir_all(repo.root.join("old")).unwrap();
    repo.write(
        ".gitattributes",
        "*.bin weighbridge=off\n*.pt weighbridge=off\n",
    )
    .write("deep/er/.gitattributes", "x.pkl weighbridge=off\n");
    let short = repo.git(&["rev-parse", "--short=7", "HEAD"]);
    let shown = |run: &Run| run.shown(&repo.root).replace(&short, "[COMMIT]");
    insta::assert_snapshot!(shown(&diff(&repo, &[])), @"
    weighbridge.yaml compared with weighbridge.yaml at [COMMIT] (HEAD): 2 things are
    looser, 1 thing is tighter

    Looser
      .gitattributes:2
        `*.pt weighbridge=off` excludes files
      deep/er/.gitattributes:1
        `x.pkl weighbridge=off` excludes files

    Tighter
      old/.gitattributes at [COMMIT] (HEAD):1
        `*.pkl -weighbridge` no longer excludes files
    exit 0
    ");
    // The same of two revisions, with the exit code.
    repo.commit();
    let revisions = diff(&repo, &["HEAD~1", "HEAD", "--exit-code"]);
    assert_eq!(revisions.code, 1, "{revisions:?}");
    assert_eq!(
        revisions.stdout.matches("weighbridge=off").count(),
        2,
        "{revisions:?}"
    );
    let json = diff(&repo, &["HEAD~1", "HEAD", "--format=json"]).stdout;
    assert_eq!(
        json.matches("\"kind\": \"attribute-line\"").count(),
        3,
        "{json}"
    );
    // Where the user stands below the root.
    let deep = run(&repo.root.join("deep/er"), &["policy", "diff", "HEAD~1"]);
    assert!(
        deep.stdout.contains("../../.gitattributes:2")
            && deep.stdout.contains("../../deep/er/.gitattributes:1"),
        "{deep:?}"
    );
    // A policy that honours none has none.
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n");
    let ignored = diff(&repo, &["HEAD~1"]);
    assert!(!ignored.stdout.contains("*.p"), "{ignored:?}");
    // A file is for whatever it is pointed at.
    let file = diff(&repo, &["HEAD:weighbridge.yaml", "weighbridge.yaml"]);
    assert!(!file.stdout.contains("*.pt"), "{file:?}");
}

#[test]
fn a_folder_is_the_policy_that_it_has_unless_a_branch_is_called_so() {
    let repo = repo!();
    let allow = |name: &str| {
        format!("version: 1\nextends: recommended\nglobals: {{allow: [app.{name}]}}\n")
    };
    repo.write("weighbridge.yaml", allow("A"))
        .write("other/weighbridge.yaml", allow("B"))
        .write("none/x", "")
        .commit();
    let folder = diff(&repo, &["other", "."]);
    assert!(
        folder
            .stdout
            .contains("./weighbridge.yaml compared with other/weighbridge.yaml")
            && folder.stdout.contains("app.B"),
        "{folder:?}"
    );
    let none = diff(&repo, &["none"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(
        none.stderr.contains("no policy in the folder `none`"),
        "{none:?}"
    );
    repo.git(&["branch", "other"]);
    let branch = diff(&repo, &["other", "HEAD"]);
    assert!(branch.stdout.contains("no verdict differs"), "{branch:?}");
}

/// A branch whose policy has errors is not a file that is not there.
#[test]
fn the_errors_of_a_revision_are_said() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nextends: recommnded\n")
        .commit();
    repo.git(&["branch", "topic/x.y"]);
    let run = diff(&repo, &["topic/x.y"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("recommnded"), "{run:?}");
}

/// Each difference stands below its line, which is said once, and is broken where the terminal ends.
#[test]
fn long_differences_are_broken_between_words() {
    let repo = repo!();
    let old = "version: 1\nextends: recommended\n";
    let new = "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: app.some.deep.module.with_a_long_name.Model, paths: [\"models/released/**\", \"models/archive/**\"]}\n";
    repo.write("old.yaml", old).write("new.yaml", new);
    insta::assert_snapshot!(diff(&repo, &["old.yaml", "new.yaml"]).stdout, @"
    new.yaml compared with old.yaml: 1 thing is looser, nothing is tighter

    Looser
      new.yaml:5
        `app.some.deep.module.with_a_long_name.Model` may be imported, called,
          constructed and given state in `models/released/**`, `models/archive/**`
    ");
}
