//! `excluded-artifact-loaded`: a rule over the run, so that it is seen where files are checked together.

use crate::support::{cli::run, pickle::payload, repo::repo};

#[test]
fn a_file_that_nobody_checks_is_told_if_a_call_runs_it() {
    let repo = repo!();
    repo.write("third_party/net.pt", payload());
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nexclude:\n  - docs/\n  - third_party/\n",
    );
    repo.write(
        "train.py",
        "import joblib\n\nnet = joblib.load(\"third_party/net.pt\")\n",
    );
    let all = run(&repo.root, &["check"]);
    assert_eq!(all.code, 0, "{all:?}");
    let all = all.shown(&repo.root);
    let (_, told) = all.split_once("warning[excluded-artifact-loaded]").unwrap();
    insta::assert_snapshot!(told, @r#"
    : `joblib.load` loads third_party/net.pt, which
      the policy excludes from the check, and lets it run code
       ╭─ train.py:3:7
     1 │ import joblib
     2 │
     3 │ net = joblib.load("third_party/net.pt")
       │       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       ├─ third_party/net.pt
       │ not checked
       ├─ weighbridge.yaml:5
     5 │   - third_party/
       │     ──────────── excluded here
       │
       │ help: check third_party/net.pt as well: narrow `exclude` so that it does
       │       not match
       │ help: load only data: `weights_only=True`, `allow_pickle=False`, or a file
       │       of safetensors
       ╰──

    warning[joblib-load]: `joblib.load` runs any code that the file names
       ╭─ train.py:3:7
     1 │ import joblib
     2 │
     3 │ net = joblib.load("third_party/net.pt")
       │       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: save the model with `skops.io.dump`, load it with
       │       `skops.io.load(path, trusted=[...])` and list the types it needs, not
       │       all that `get_untrusted_types` returns
       │ help: a skops file is judged by the classes that it names: for those of
       │       scikit-learn itself, add the pack `sklearn-estimators` to the policy
       │ help: for plain arrays: `numpy.save` and `numpy.load`
       ╰──

    passed:  with 2 warnings in 1 file
    checked: 1 source file in the work tree; 1 excluded by the policy
    policy:  weighbridge.yaml
    next:    weighbridge explain excluded-artifact-loaded
    exit 0
    "#);
}

#[test]
fn excluded_files_that_nothing_runs_are_not_told() {
    let repo = repo!();
    repo.write("third_party/net.pt", payload());
    repo.write(
        "third_party/load.py",
        "import joblib\njoblib.load('net.pt')\n",
    );
    repo.write(".gitattributes", "data/* weighbridge=off\n");
    repo.write("data/x.npy", "");
    let policy = "version: 1\nextends: recommended\nattributes: honour\nexclude: [third_party/]\n";
    repo.write("weighbridge.yaml", policy);
    let fires = |source: &str| {
        repo.write("load.py", source);
        let all = run(&repo.root, &["check", "--format", "concise"]);
        all.stdout.contains("excluded-artifact-loaded")
    };
    for (call, fired) in [
        ("torch.load('third_party/net.pt', weights_only=False)", true),
        ("torch.load('third_party/net.pt')", false),
        ("numpy.load('third_party/net.pt')", false),
        // Only the end of its path: another file may be meant.
        ("joblib.load('net.pt')", false),
        ("numpy.load('data/x.npy', allow_pickle=True)", true),
        ("numpy.load('data/x.npy')", false),
    ] {
        let source = format!("import joblib, numpy, torch\n{call}\n");
        assert_eq!(fires(&source), fired, "{call}");
    }
}
