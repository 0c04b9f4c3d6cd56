//! `remote-code`.

use super::told;

#[test]
fn code_of_another_repository_is_refused() {
    let config = br#"{"auto_map": {"AutoModel": "org/name--modeling_a.A"}}"#;
    insta::assert_snapshot!(told("remote-code", "config.json", config), @"
    remote-code [deny] `auto_map.AutoModel` names `modeling_a.A` of the repository `org/name`: loading the model fetches and runs it
      at 1:28 about modeling_a.A
      help: copy that code into this repository, review it, and name it without the other repository
    ");
    let config = br#"{"auto_map": {"AutoModel": "modeling_a.A"}}"#;
    assert_eq!(told("remote-code", "config.json", config), "");
}
