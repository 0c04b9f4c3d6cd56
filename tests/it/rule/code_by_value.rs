//! `code-by-value`.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use weighbridge::fact::{Code, Fact, Short};

use super::{policy, told, told_by};
use crate::support::{
    fixture::facts,
    oracle,
    pickle::Pickle,
    zip::{archive, stored},
};

const RULE: &str = "code-by-value";

/// The arguments of `types.CodeType`, as 3.11 takes them, in a tuple.
fn arguments(pickle: Pickle, table: bool) -> Pickle {
    let mut pickle = pickle.op(b'(');
    if table {
        pickle = pickle.bytes(b"");
    }
    for number in [1, 0, 0, 1, 3, 3] {
        pickle = pickle.raw([b'K', number]);
    }
    let pickle = pickle.bytes(b"\x97\x00").raw(b"N").unicode("true").op(0x86);
    let pickle = pickle.unicode("os").unicode("system").op(0x86);
    let pickle = pickle.unicode("x").op(0x85);
    let pickle = pickle
        .unicode("/home/me/train.py")
        .unicode("run")
        .unicode("Net.run");
    let pickle = pickle.raw(b"K\x0c").bytes(b"\x80").bytes(b"");
    pickle.raw(b"))t")
}

fn dill() -> Vec<u8> {
    let pickle = Pickle::proto(4).global("dill._dill", "_create_code");
    arguments(pickle, true).reduce().stop()
}

fn cloudpickle(kind: &str) -> Vec<u8> {
    let pickle = Pickle::proto(4)
        .global("joblib.externals.cloudpickle.cloudpickle", "_builtin_type")
        .unicode(kind)
        .tuple1()
        .reduce();
    arguments(pickle, false).reduce().stop()
}

#[test]
fn code_is_described() {
    insta::assert_snapshot!(told(RULE, "x.pkl", &dill()), @"
    code-by-value [deny] loading makes the code of `Net.run` (/home/me/train.py, line 12), which uses `os`, `system`; constants (None, 'true')
      at @ 0x93 REDUCE about code-by-value
      help: if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
    insta::assert_snapshot!(told(RULE, "x.pkl", &cloudpickle("CodeType")), @"
    code-by-value [deny] loading makes the code of `Net.run` (/home/me/train.py, line 12), which uses `os`, `system`; constants (None, 'true')
      at @ 0xbc REDUCE about code-by-value
      help: if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
    let torch = archive(&[
        stored("m/data.pkl", dill()).torch(),
        stored("m/version", "3\n").torch(),
    ]);
    insta::assert_snapshot!(told(RULE, "x.pt", &torch), @"
    code-by-value [deny] loading makes the code of `Net.run` (/home/me/train.py, line 12), which uses `os`, `system`; constants (None, 'true')
      at m/data.pkl @ 0x93 REDUCE about code-by-value
      help: if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone
      help: or save only the state dict: `torch.save(model.state_dict(), path)`
    ");
}

#[test]
fn a_class_is_named_with_its_module() {
    let class = Pickle::proto(4)
        .global("cloudpickle.cloudpickle", "_make_skeleton_class")
        .op(b'(')
        .global("builtins", "type")
        .unicode("Model")
        .op(b')')
        .raw(b"}")
        .unicode("__module__")
        .unicode("__main__")
        .raw(b"sNNt")
        .reduce()
        .stop();
    insta::assert_snapshot!(told(RULE, "x.pkl", &class), @"
    code-by-value [deny] loading makes the class `Model` of `__main__`
      at @ 0x6c REDUCE about code-by-value
      help: if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
}

#[test]
fn what_is_not_code_is_not_described() {
    assert_eq!(told(RULE, "x.pkl", &cloudpickle("ModuleType")), "");
    // The tuple that was made last is another one.
    let other = Pickle::proto(4).global("dill._dill", "_create_code");
    let other = arguments(other, true).op(b'0').op(b')').reduce().stop();
    assert_eq!(told(RULE, "x.pkl", &other), "");
    let no_maker = arguments(Pickle::proto(4).global("app", "_create_code"), true);
    assert_eq!(told(RULE, "x.pkl", &no_maker.reduce().stop()), "");
}

#[test]
fn nothing_is_said_where_the_policy_allows_what_makes_it() {
    let own = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: dill._dill._create_code, dangerous: true, reason: reviewed}\n",
    );
    assert_eq!(told_by(&own, RULE, "x.pkl", &dill()), "");
}

/// The code objects of what dill and cloudpickle write are those that CPython has.
#[test]
fn what_real_writers_store_is_described() {
    let Some(python) = oracle::python("dill, cloudpickle") else {
        return;
    };
    for written in oracle::run(&python, "code_by_value.py", &[]) {
        let bytes = HEXLOWER.decode(written["pickle"].as_str().unwrap().as_bytes());
        let seen = facts(bytes.unwrap(), "x.pkl");
        let text = |short: &Short| short.to_string();
        let mut ours = BTreeSet::new();
        let mut classes = BTreeSet::new();
        for observation in seen.iter() {
            let Fact::CodeByValue(made) = &observation.fact else {
                continue;
            };
            match &made.code {
                Code::Object {
                    name, line, names, ..
                } => {
                    let names: Vec<String> = names.iter().map(text).collect();
                    ours.insert((text(name), line.unwrap(), names));
                }
                Code::Class { name, module } => {
                    classes.insert((text(name), module.as_ref().map(text)));
                }
                Code::Foreign { .. } => panic!("a pickle has none"),
            }
        }
        let array = |value: &serde_json::Value| value.as_array().unwrap().clone();
        let codes = array(&written["codes"]).into_iter().map(|code| {
            let names = array(&code[2]).into_iter();
            let names = names.map(|name| name.as_str().unwrap().to_owned());
            let name = code[0].as_str().unwrap().to_owned();
            (name, code[1].as_i64().unwrap(), names.collect())
        });
        let theirs: BTreeSet<(String, i64, Vec<String>)> = codes.collect();
        let which = format!(
            "{} of {} in protocol {}",
            written["object"], written["library"], written["protocol"]
        );
        assert_eq!(ours, theirs, "{which}");
        let is_class = matches!(written["object"].as_str(), Some("class" | "instance"));
        let model = ("Model".to_owned(), Some("__main__".to_owned()));
        assert_eq!(classes.contains(&model), is_class, "{which}: {classes:?}");
    }
}
