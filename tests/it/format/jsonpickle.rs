//! jsonpickle: the same judgement as of a pickle, at lines and columns.

use std::collections::BTreeSet;

use weighbridge::fact::{Fact, Global};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
    },
};

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        (
            "a.json",
            br#"{"a": {"py/reduce": [{"py/type": "os.system"}, {"py/tuple": ["id"]}, {"b": 1}, null, null]}}"#
                .to_vec(),
        ),
        (
            "b.json",
            br#"[{"py/object": "a.B", "x": 1, "py/state": {"y": {"py/id": 1}}, "py/seq": [1]}, {"py/b64": "gASVCg=="}]"#
                .to_vec(),
        ),
    ]
}

/// What is reported, each with its place.
fn said(name: &str, text: &str) -> String {
    placed(&judge(name, &facts(text.as_bytes().to_vec(), name)))
}

#[test]
fn what_a_document_has_called_is_judged_as_in_a_pickle() {
    insta::assert_snapshot!(said("a.json", "{\n  \"a\": {\"py/reduce\": [{\"py/type\": \"os.system\"}, {\"py/tuple\": [\"id\"]}]}\n}"), @"2:23 global-not-allowed: loading runs `os.system('id')`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/object": "os.system", "py/initargs": ["id"]}"#), @"1:15 global-not-allowed: loading runs `os.system('id')`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/object": "myapp.Net", "width": 3}"#), @"1:15 global-not-allowed: loading creates `myapp.Net()`; the policy does not list `myapp.Net`");
    insta::assert_snapshot!(said("a.json", r#"{"py/function": "posix.system"}"#), @"1:17 global-not-allowed: loading imports `posix.system`; the policy does not list `posix.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/mod": "os/os"}"#), @"1:12 global-not-allowed: loading imports `os.`; the policy does not list `os.` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/repr": "os/os.system('id')"}"#), @"1:13 global-not-allowed: loading runs `builtins.eval('os.system('id')')`; the policy does not list `builtins.eval` (it runs text as code)");
    insta::assert_snapshot!(said("a.json", r#"[{"py/mod": "os/os.system"}, {"py/reduce": [{"py/id": 1}, ["id"]]}]"#), @"
    1:13 global-not-allowed: loading imports `os.system`; the policy does not list `os.system` (it runs a program or changes the system)
    1:45 unresolved-global: loading calls what a configuration computes: no policy can allow that
    ");
    insta::assert_snapshot!(said("a.json", r#"{"json://{\"py/type\": \"os.system\"}": 1}"#), @"1:2 global-not-allowed: loading imports `os.system`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/object": "datetime.date", "__reduce__": [{"py/type": "os.system"}, ["aWQ="]]}"#), @"1:47 global-not-allowed: loading runs `os.system(b'id')`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("a.json", r#"{"py/b64": "Y3Bvc2l4CnN5c3RlbQooUydpZCcKdFIu"}"#), @"
    1:12 embedded-pickle: a constant of 24 bytes is itself a pickle
    1:12 global-not-allowed: loading runs `posix.system('id')`; the policy does not list `posix.system` (it runs a program or changes the system)
    ");
    insta::assert_snapshot!(said("a.json", r#"{"py/type": "os.system"} x"#), @"1:26 incomplete-read: it does not read to its end: trailing characters at line 1 column 26");
    for spelled in [
        r"p\u0079/type",
        r"py\/type",
        r"\u0070y/type",
        r"py\u002ftype",
        r"py/typ\u0065",
    ] {
        let text = format!("{{\"{spelled}\" : \"os.system\"}}");
        assert!(said("a.json", &text).contains("`os.system`"), "{spelled}");
    }
    // Under any name, if the key stands in front.
    assert!(said("state", r#"{"py/type": "os.system"}"#).contains("`os.system`"));
}

#[test]
fn json_without_such_a_key_is_not_reported() {
    for text in [
        r#"{"a": "py/object", "b": ["py/type", "os.system"]}"#,
        r#"{"a": "{\"py/object\": \"os.system\"}"}"#,
        r#"{"py/objects": "os.system", "numpy/object": 1, "copy/type": 2}"#,
        r#"{"py/version": 3}"#,
        r#"{"py/object: "#,
        r#"{"doc": "use \"py/type\": here"}"#,
    ] {
        assert_eq!(told(text.as_bytes(), "a.json"), "", "{text}");
    }
}

/// Wherever a key stands, and however much data is around it.
#[test]
fn a_key_is_found_behind_much_data() {
    let tag = r#"{"py/type": "os.system"}"#;
    for before in (0..6).map(|n| (256 << 10) - 2 - 7 * n) {
        for spelled in [tag, &tag.replace("py/", "p\\u0079/")] {
            let mut text = String::from("[");
            text.push_str(&"1,".repeat(before / 2));
            text.push_str(spelled);
            text.push(']');
            assert_eq!(named(&text).len(), 1, "{before} {spelled}");
        }
    }
    // Letters that others write as escapes make no key.
    let text = r#"{"a": "it\u0027s a \u0026 b", "b": "copy/paste \u00fc"}"#;
    assert_eq!(told(text.as_bytes(), "a.json"), "");
}

/// Names that are resolved or called.
fn named(text: &str) -> BTreeSet<String> {
    let seen = facts(text.as_bytes().to_vec(), "a.json");
    let names = seen.observations.iter().filter_map(|it| match &it.fact {
        Fact::Global {
            global: Global::Named(name),
            ..
        } => Some(format!("{}.{}", name.module, name.name)),
        _ => None,
    });
    names.collect()
}

const HOSTILE: &[&str] = &[
    r#"{"py/object": "a.b.C", "py/initargs": ["x"], "d": {"py/type": "a.E"}}"#,
    r#"{"py/object": "a.C", "py/newargsex": [{"py/tuple": [{"py/type": "a.X"}]}, {"k": {"py/function": "a.f"}}]}"#,
    r#"{"py/object": "a.C", "py/state": {"py/tuple": [{"py/type": "a.X"}, null]}, "py/seq": [{"py/type": "a.Y"}]}"#,
    r#"{"py/reduce": [{"py/type": "a.f"}, {"py/tuple": [{"py/type": "a.X"}]}, {"s": {"py/type": "a.S"}}, [{"py/type": "a.L"}], [["k", {"py/type": "a.D"}]]]}"#,
    r#"{"py/tuple": [{"py/set": [{"py/type": "a.X"}]}, {"py/iterator": [{"py/type": "a.Y"}]}]}"#,
    r#"{"json://{\"py/tuple\": [{\"py/type\": \"a.X\"}]}": {"py/type": "a.Y"}}"#,
    r#"{"py/object": "a.C", "default_factory": {"py/type": "a.X"}}"#,
    r#"{"a": {"b": [[{"py/type": "a.X"}]]}}"#,
    r#"{"py/type": "a.X", "py/type": "a.Y"}"#,
    r#"{"py/object": "a.C", "py/object ": "a.D", "b": {"py/object": "a.b.D"}}"#,
];

/// Documents of jsonpickle's own of plain objects pass, and what it looks up in others we name.
#[test]
fn what_jsonpickle_looks_up_is_named() {
    let Some(python) = oracle::python("jsonpickle") else {
        return;
    };
    let (mut written, mut compared) = (0, 0);
    for line in oracle::run(&python, "jsonpickles.py", HOSTILE) {
        if let Some(text) = line["written"].as_str() {
            assert_eq!(said("a.json", text), "", "{text}");
            written += 1;
            continue;
        }
        let text = line["hostile"].as_str().unwrap();
        let found = named(text);
        for name in line["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(found.contains(name), "{text}: {name} is not in {found:?}");
            compared += 1;
        }
    }
    assert!(written > 30 && compared > 15, "{written} {compared}");
}
