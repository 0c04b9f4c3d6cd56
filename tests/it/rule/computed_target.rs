//! `computed-target`.

use super::{rules, told};

#[test]
fn what_the_file_does_not_answer_is_said() {
    let text = b"net:\n  _target_: ${oc.env:MODEL_CLASS}\n";
    insta::assert_snapshot!(told("computed-target", "conf.yaml", text), @"
    computed-target [warn] the configuration has something called that it does not name: another file or the surroundings decide what
      at 2:13 about computed-target
      help: name the class or the function under `_target_` itself
    ");
    for (name, text) in [
        ("a.yaml", "a: {_target_: '${b}'}\n"),
        ("a.yml", "b: ${b}\na: {_target_: '${b}'}\n"),
        ("a.yaml", "a: {_target_: 'myapp.${oc.decode:x}'}\n"),
        ("a.yaml", "a: {_target_: '${model.name'}\n"),
        ("a.json", r#"{"a": {"_target_": "${.x.y}"}}"#),
        ("a.yaml", "\"\\x5ftarget_\": \"\\x24{b}\"\n"),
    ] {
        assert_eq!(rules(name, text.as_bytes()), ["computed-target"], "{text}");
    }
    for text in [
        "b: myapp.Net\na: {_target_: '${b}'}\n",
        "a: {_target_: '${oc.env:X,myapp.Net}'}\n",
        "a: {_target_: myapp.Net, b: '${c}'}\n",
        "a: ${_target_}\n",
    ] {
        assert_eq!(rules("a.yaml", text.as_bytes()), [""; 0], "{text}");
    }
}

/// Aliases that stand for more values than are read.
#[test]
fn what_is_not_read_to_its_end_is_said() {
    let list = format!("a: &a [{}]\n", "1,".repeat(20_000));
    let aliases = format!("b: [{}]\nc: {{_target_: os.system}}\n", "*a,".repeat(100));
    let told = rules("a.yaml", (list + &aliases).as_bytes());
    assert!(told.contains(&"incomplete-read"), "{told:?}");
    let indents: Vec<String> = (0..=200).map(|n| " ".repeat(n)).collect();
    let deep = indents.join("a:\n") + "b\nc: {_target_: os.system}\n";
    assert_eq!(rules("a.yaml", deep.as_bytes()), ["incomplete-read"]);
}

/// A configuration of MONAI has some hundred kilobytes at times.
#[test]
fn larger_json_is_read_if_it_names_a_target() {
    let long = "x".repeat(100_000);
    let text = format!(r#"{{"a": "{long}", "b": {{"_target_": "os.system"}}}}"#);
    assert_eq!(rules("a.json", text.as_bytes()), ["dangerous-target"]);
}
