//! `repository-code`.

use super::told;

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
