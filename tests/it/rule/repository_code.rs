//! `repository-code`.

use super::{distributed_index::checked, told};
use crate::support::{cli::run, repo::repo};

#[test]
fn code_of_the_repository_is_reported() {
    let config = br#"{"auto_map": {"AutoModel": "modeling_a.A"}}"#;
    insta::assert_snapshot!(told("repository-code", "config.json", config), @"
    repository-code [warn] `auto_map.AutoModel` names `modeling_a.A`, code of this repository that loading the model runs if it is trusted
      at 1:28 about modeling_a.A
      help: review that code like any that you run, and load the model with `revision=` the commit that was reviewed
    ");
    let config = br#"{"model_type": "llama"}"#;
    assert_eq!(told("repository-code", "config.json", config), "");
}

#[test]
fn the_file_that_holds_the_code_is_named() {
    let repo = repo!();
    let config = br#"{"auto_map": {"AutoConfig": "configuration_a.A", "AutoModel": "org/name--modeling_b.B"}}"#;
    repo.write("model/config.json", config);
    repo.write("configuration_a.py", "class A: pass\n");
    insta::assert_snapshot!(checked(&repo).join("\n"), @"
    model/config.json:1:29: warning[repository-code] `auto_map.AutoConfig` names `configuration_a.A`, code of this repository that loading the model runs if it is trusted: `model/configuration_a.py`, which is not among the files that are checked
    model/config.json:1:63: error[remote-code] `auto_map.AutoModel` names `modeling_b.B` of the repository `org/name`: loading the model fetches and runs it
    ");
    repo.write("model/configuration_a.py", "class A: pass\n");
    let all = run(&repo.root, &["check"]).shown(&repo.root);
    let (_, told) = all.split_once("warning[repository-code]").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    insta::assert_snapshot!(told, @r#"
    : `auto_map.AutoConfig` names `configuration_a.A`, code
      of this repository that loading the model runs if it is trusted
       ╭─ model/config.json:1:29
     1 │ {"auto_map": {"AutoConfig": "configuration_a.A", "AutoModel": "org/name--m…
       │                             ━━━━━━━━━━━━━━━━━━━
       ├─ model/configuration_a.py
       │ the code
       │
       │ help: review that code like any that you run, and load the model with
       │       `revision=` the commit that was reviewed
       ╰──
    "#);
}

#[test]
fn a_script_that_generates_is_code_of_the_repository() {
    let repo = repo!();
    repo.write("generate.py", "def generate(model): pass\n");
    repo.write("tools/generate.py", "def generate(model): pass\n");
    assert_eq!(checked(&repo), [""; 0]);
    repo.write(
        "model/custom_generate/generate.py",
        "def generate(model): pass\n",
    );
    insta::assert_snapshot!(checked(&repo).join("\n"), @"model/custom_generate/generate.py: warning[repository-code] transformers runs this script in place of its own generation, when it loads the model and is told to trust its code");
}
