//! `unsafe-artifact-loaded`: a rule over the run, so that it is seen where files are checked together.

use crate::support::{cli::run, pickle::payload, repo::repo};

#[test]
fn a_dangerous_file_is_shown_with_the_call_that_runs_it() {
    let repo = repo!();
    repo.write("models/evil.pkl", payload());
    repo.write(
        "src/train.py",
        "import pandas as pd\n\nframe = pd.read_pickle(\"models/evil.pkl\")\n",
    );
    let all = run(&repo.root, &["check"]).shown(&repo.root);
    let (_, told) = all.split_once("warning[unsafe-artifact-loaded]").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    insta::assert_snapshot!(told, @r#"
    : `pandas.read_pickle` in src/train.py loads this
      file and lets it run what is found in it
       ╭─ models/evil.pkl
       ├─ src/train.py:3:9
       │ loaded here
     1 │ import pandas as pd
     2 │
     3 │ frame = pd.read_pickle("models/evil.pkl")
       │         ─────────────────────────────────
       │
       │ help: do not run src/train.py before this file is replaced or removed
       │ help: load only data: `weights_only=True`, `allow_pickle=False`, or a file
       │       of safetensors
       ╰──
    "#);
}

#[test]
fn a_call_that_loads_data_only_is_none() {
    let repo = repo!();
    repo.write("evil.pkl", payload());
    let fires = |source: &str| {
        repo.write("load.py", source);
        let all = run(&repo.root, &["check", "--format", "concise"]);
        all.stdout.contains("unsafe-artifact-loaded")
    };
    for (call, fired) in [
        ("torch.load('evil.pkl', weights_only=False)", true),
        ("torch.load('evil.pkl', None, pickle)", true),
        ("joblib.load('evil.pkl')", true),
        ("numpy.load('evil.pkl', allow_pickle=True)", true),
        ("numpy.load('evil.pkl', None, True)", true),
        // With the newest release, which is what the policy is for.
        ("torch.load('evil.pkl')", false),
        ("torch.load('evil.pkl', weights_only=True)", false),
        ("torch.load('evil.pkl', **options)", false),
        ("numpy.load('evil.pkl')", false),
        ("joblib.load('other.pkl')", false),
        ("joblib.load(path)", false),
    ] {
        let source = format!("import joblib, numpy, pickle, torch\n{call}\n");
        assert_eq!(fires(&source), fired, "{call}");
    }
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\ntarget: {torch: \"2.4\"}\n",
    );
    assert!(fires("import torch\ntorch.load('evil.pkl')\n"));
}

/// What an override lets pass was taken for a file that nothing loads. The level is the policy's, as of any rule.
#[test]
fn what_a_policy_lets_pass_is_told_if_something_loads_it() {
    let repo = repo!();
    repo.write("tests/evil.pkl", payload());
    repo.write("load.py", "import joblib\njoblib.load('tests/evil.pkl')\n");
    let policy = "version: 1\nextends: recommended\noverrides:\n  - paths: [\"tests/**\"]\n    reason: scanned by our tests\n    dangerous: true\n    \
                  rules: {global-not-allowed: allow, unusual-use: allow";
    let check = |end: &str| {
        repo.write("weighbridge.yaml", format!("{policy}{end}"));
        run(&repo.root, &["check", "--format", "concise"])
    };
    let told = check("}\n");
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stdout.contains("unsafe-artifact-loaded"), "{told:?}");
    let allowed = check(", unsafe-artifact-loaded: allow}\n");
    assert!(
        !allowed.stdout.contains("warning: `joblib.load` in"),
        "{allowed:?}"
    );
    let refused = check(", unsafe-artifact-loaded: deny}\n");
    assert_eq!(refused.code, 1, "{refused:?}");
}

#[test]
fn a_file_that_is_opened_is_the_file_that_is_loaded() {
    let repo = repo!();
    repo.write("src/data/evil.pkl", payload());
    repo.write("src/data/fine.pkl", "\u{80}\u{2}K\u{1}.");
    let fires = |source: &str| {
        repo.write("src/load.py", source);
        let all = run(&repo.root, &["check", "--format", "concise"]);
        all.stdout.contains("unsafe-artifact-loaded")
    };
    for fine in [
        "pickle.load(open('src/data/fine.pkl', 'rb'))",
        "with open(path) as f:\n    pickle.load(f)",
        "f = open('data/evil.pkl') if path else open('b')\npickle.load(f)",
        "def load(path='data/evil.pkl'):\n    with open(path) as f:\n        pickle.load(f)",
        "f = open('data/evil.pkl')\ndef load(f):\n    pickle.load(f)",
        "with zipfile.ZipFile('data/evil.pkl').open('x') as f:\n    pickle.load(f)",
        "with open('data/evil.pkl') as f:\n    f.read()\nwith open('data/fine.pkl') as f:\n    pickle.load(f)",
        "joblib.load(folder / 'evil.pkl')",
        "pickle.load(open(Path(__file__) / 'data/evil.pkl'))",
        "joblib.load(1 / 2)",
    ] {
        assert!(
            !fires(&format!(
                "import joblib, pickle, zipfile\nfrom pathlib import Path\n{fine}\n"
            )),
            "{fine}"
        );
    }
    for loaded in [
        "pickle.load(open('data/evil.pkl', 'rb'))",
        "pickle.load(file=open(mode='rb', file='data/evil.pkl'))",
        "with open('data/evil.pkl', 'rb') as f:\n    pickle.load(f)",
        "with open('data/fine.pkl') as f:\n    f.read()\nwith open('data/evil.pkl') as f:\n    pickle.load(f)",
        "with gzip.open('data/evil.pkl') as f:\n    pickle.Unpickler(f)",
        "def load():\n    f = io.open('data/evil.pkl')\n    return pickle.load(f)",
        "pickle.load(Path('data/evil.pkl').open('rb'))",
        "pickle.load((Path('data') / 'evil.pkl').open('rb'))",
        "DATA = Path(__file__).resolve().parent / 'data'\njoblib.load(DATA / 'evil.pkl')",
        "joblib.load(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data', 'evil.pkl'))",
        "joblib.load(Path(__file__).parent.parent / 'src' / 'data' / 'evil.pkl')",
        "joblib.load(str(Path('src', 'data').joinpath('evil.pkl')))",
        "name = 'evil' + '.pkl'\njoblib.load('data/' + name)",
    ] {
        assert!(
            fires(&format!(
                "import gzip, io, joblib, os, pickle\nfrom pathlib import Path\n{loaded}\n"
            )),
            "{loaded}"
        );
    }
}
