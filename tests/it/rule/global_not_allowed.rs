//! `global-not-allowed`.

use super::{policy, rules, told, told_by};
use crate::support::{
    pickle::{Pickle, payload},
    zip::{archive, stored},
};

const RULE: &str = "global-not-allowed";

fn torch(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        stored("m/data.pkl", pickle).torch(),
        stored("m/version", "3\n").torch(),
    ])
}

fn called(module: &str, name: &str) -> Vec<u8> {
    Pickle::proto(2)
        .global(module, name)
        .op(b')')
        .reduce()
        .stop()
}

#[test]
fn a_call_is_told_with_its_arguments() {
    insta::assert_snapshot!(told(RULE, "x.pkl", &payload()), @"
    global-not-allowed [deny] loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      at @ 0x1a REDUCE about posix.system
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON
    ");
    insta::assert_snapshot!(told(RULE, "x.pt", &torch(&payload())), @"
    global-not-allowed [deny] loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      at m/data.pkl @ 0x1a REDUCE about posix.system
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, save the weights alone: `safetensors.torch.save_file(model.state_dict(), path)`
    ");
}

#[test]
fn every_use_is_told_as_what_it_is() {
    let imported = Pickle::proto(2).global("app", "Net").stop();
    let created = Pickle::proto(2)
        .global("app", "Net")
        .op(b')')
        .op(0x81)
        .stop();
    let filled = Pickle::proto(2)
        .global("app", "Net")
        .op(b')')
        .op(0x81)
        .op(b'}')
        .op(b'b')
        .stop();
    insta::assert_snapshot!(told(RULE, "x.pt", &torch(&imported)), @r#"
    global-not-allowed [deny] loading imports `app.Net`; the policy does not list `app.Net`
      at m/data.pkl @ 0x2 GLOBAL about app.Net
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: if you trust `app.Net` with the contents of any file, write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              allow:
                - {global: "app.Net", as: [import]}
      help: and name them where the file is loaded:
            import app
            import torch
            with torch.serialization.safe_globals([app.Net]):
                state = torch.load(path, weights_only=True)
      help: or save only the state dict, which needs no class: `torch.save(model.state_dict(), path)`
    "#);
    insta::assert_snapshot!(told(RULE, "x.pkl", &created), @r#"
    global-not-allowed [deny] loading creates `app.Net()`; the policy does not list `app.Net`
      at @ 0xc NEWOBJ about app.Net
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: if you trust `app.Net` with the contents of any file, write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              allow:
                - {global: "app.Net", as: [import, construct]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
    insta::assert_snapshot!(told(RULE, "x.pkl", &filled), @r#"
    global-not-allowed [deny] loading creates `app.Net()`; the policy does not list `app.Net`
      at @ 0xc NEWOBJ about app.Net
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: if you trust `app.Net` with the contents of any file, write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              allow:
                - {global: "app.Net", as: [import, construct, build]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
}

#[test]
fn state_that_is_not_allowed_is_told_by_itself() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: app.Net, as: [import, construct]}\n",
    );
    let net = || Pickle::proto(2).global("app", "Net").op(b')').op(0x81);
    assert_eq!(told_by(&policy, RULE, "x.pkl", &net().stop()), "");
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &net().op(b'}').op(b'b').stop()), @r#"
    global-not-allowed [deny] loading sets the state of what `app.Net` made; the policy lists `app.Net` for import and construct only, not for build
      at @ 0xe BUILD about app.Net
      weighbridge.yaml:5 `- {global: app.Net, as: [import, construct]}`: listed here, but not for build
      help: if you trust `app.Net` with the contents of any file, add to the list `globals.allow` (weighbridge.yaml:4):
                - {global: "app.Net", as: [import, construct, build]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
}

#[test]
fn a_name_that_is_nearly_listed_is_another_name() {
    let policy =
        policy("version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.nets.Net\n");
    assert_eq!(
        told_by(&policy, RULE, "x.pkl", &called("app.nets", "Net")),
        ""
    );
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &called("ap.nets", "Net")), @r#"
    global-not-allowed [deny] loading runs `ap.nets.Net()`; the policy does not list `ap.nets.Net`
      at @ 0x10 REDUCE about ap.nets.Net
      weighbridge.yaml:4 `allow:`: no entry here lists it
      help: the policy lists `app.nets.Net`, which is another name: what counts is the stored module and name; save again from the listed module, or list `ap.nets.Net` if that is what loads it
      help: if you trust `ap.nets.Net` with the contents of any file, add to the list `globals.allow` (weighbridge.yaml:4):
                - {global: "ap.nets.Net", as: [import, call]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &called("app", "nets.Net")), @"
    global-not-allowed [deny] loading runs `app.nets.Net()`; the policy does not list `app:nets.Net`
      at @ 0x11 REDUCE about app.nets.Net
      weighbridge.yaml:4 `allow:`: no entry here lists it
      help: the policy lists `app.nets.Net`, which is another name: what counts is the stored module and name; save again from the listed module
      help: no entry is proposed for `app:nets.Net`: it is private, reached through something that is no class, or used as no entry allows; save the object again under the name and from the module that define it
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
}

#[test]
fn an_entry_with_arguments_allows_only_those() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.Color\n    - global: builtins.getattr\n      args: [{allowed-global: class}, {identifier: true}]\n",
    );
    let getattr = |class: (&str, &str), name: &str| {
        Pickle::proto(2)
            .global("builtins", "getattr")
            .global(class.0, class.1)
            .unicode(name)
            .op(0x86)
            .reduce()
            .stop()
    };
    assert_eq!(
        told_by(&policy, RULE, "x.pkl", &getattr(("app", "Color"), "RED")),
        ""
    );
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &getattr(("app", "Color"), "__subclasses__")), @r"
global-not-allowed [deny] loading runs `builtins.getattr(app.Color, '__subclasses__')`; the policy allows `builtins.getattr` only with other arguments: argument 2: `__subclasses__` is not a plain public identifier
  at @ 0x33 REDUCE about builtins.getattr
  weighbridge.yaml:6 `- global: builtins.getattr`: the arguments are constrained here
  help: look at what the call does before allowing it with other arguments
");
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &getattr(("os", "system"), "RED")), @"
    global-not-allowed [deny] loading imports `os.system.RED`; the policy does not list `os:system.RED` (it runs a program or changes the system)
      at @ 0x28 REDUCE about os.system.RED
      weighbridge.yaml:4 `allow:`: no entry here lists it
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON
    ");
    // Handed to something else, it would be called with arguments that nobody sees.
    let handed = Pickle::proto(2)
        .global("app", "Color")
        .global("builtins", "getattr")
        .tuple1()
        .reduce()
        .stop();
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &handed), @r"
global-not-allowed [deny] loading hands `builtins.getattr` to `app.Color(builtins.getattr)`, which could call it with any arguments; the policy constrains them
  at @ 0x20 REDUCE about builtins.getattr
  weighbridge.yaml:6 `- global: builtins.getattr`: the arguments are constrained here
  help: save the object without handing `builtins.getattr` on, or list it without `args` if any arguments are harmless
");
}

/// What is said of these under a policy that lists `getattr` with certain arguments only.
fn told_of_getattr(pickle: &[u8]) -> String {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - global: app.Color\n      as: [call, construct, build]\n    - global: builtins.getattr\n      as: [call, construct]\n      args: [{allowed-global: class}, {identifier: true}]\n",
    );
    told_by(&policy, RULE, "x.pkl", pickle)
}

#[test]
fn a_name_with_constrained_arguments_is_only_ever_called() {
    insta::assert_snapshot!(told_of_getattr(
        &Pickle::proto(2)
            .raw(b"capp\nColor\n(K\x01cbuiltins\ngetattr\n\x85")
            .op(b't')
            .reduce()
            .stop()
    ), @r"
    global-not-allowed [deny] loading hands `builtins.getattr` on inside other values: what receives it could call it with any arguments; the policy constrains them
      at @ 0x22 TUPLE1 about builtins.getattr
      weighbridge.yaml:7 `- global: builtins.getattr`: the arguments are constrained here
      help: save the object without handing `builtins.getattr` on, or list it without `args` if any arguments are harmless
    ");
    let color = || Pickle::proto(2).global("app", "Color");
    let getattr = |pickle: Pickle| pickle.global("builtins", "getattr");
    let made = || color().op(b')').reduce();
    for handed in [
        // In a tuple in a tuple, as the seventh argument, in a list that is filled later, by its memo entry.
        getattr(color()).tuple1().tuple1().reduce().stop(),
        getattr(color().raw(b"(NNNNNN")).op(b't').reduce().stop(),
        getattr(color().op(b']')).op(b'a').tuple1().reduce().stop(),
        getattr(color().op(b']').op(b'('))
            .op(b'e')
            .tuple1()
            .reduce()
            .stop(),
        getattr(Pickle::proto(2))
            .raw(b"q\0")
            .raw(b"capp\nColor\nh\0\x85\x85R")
            .stop(),
        // In a state, and as the state.
        getattr(made().op(b'}').unicode("__setstate__"))
            .op(b's')
            .op(b'b')
            .stop(),
        getattr(made()).op(b'b').stop(),
        // In keywords.
        getattr(color().raw(b")}").unicode("key"))
            .op(b's')
            .op(0x92)
            .stop(),
    ] {
        let told = told_of_getattr(&handed);
        assert!(
            told.contains("loading hands `builtins.getattr`"),
            "{handed:?} {told}"
        );
        assert_eq!(told.matches("[deny]").count(), 1, "{told}");
    }
}

#[test]
fn keywords_are_arguments_that_nobody_sees() {
    let call = |keywords: &[u8]| {
        [
            b"\x80\x04cbuiltins\ngetattr\ncapp\nColor\nX\x03\0\0\0RED\x86",
            keywords,
            b"\x92",
        ]
        .concat()
    };
    let none = call(b"}");
    let some = call(b"}X\x01\0\0\0kK\x01s");
    assert_eq!(told_of_getattr(&[&*none, b"."].concat()), "");
    let told = told_of_getattr(&[&*none, b"0", &some[2..], b"."].concat());
    assert!(
        told.contains("it is called with 3 arguments, and the entry lists 2"),
        "{told}"
    );
}

#[test]
fn what_calls_its_first_argument_is_given_what_may_be_called() {
    let apply = |func: &[u8]| {
        [
            b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(",
            func,
            b"ctorch\nTensor\n)NtR.",
        ]
        .concat()
    };
    let honest = apply(b"ctorch._utils\n_rebuild_tensor_v2\n");
    assert_eq!(told(RULE, "x.pkl", &honest), "");
    insta::assert_snapshot!(told(RULE, "x.pkl", &apply(b"cnumpy\nndarray\n")), @r#"
    global-not-allowed [deny] loading runs `torch._tensor._rebuild_from_type_v2(numpy.ndarray, torch.Tensor, (), None)`; the policy allows `torch._tensor._rebuild_from_type_v2` only with other arguments: argument 1: it is called, and the policy does not allow `numpy.ndarray` to be called
      at @ 0x48 REDUCE about torch._tensor._rebuild_from_type_v2
      globals/torch-weights.yaml (built in):166 `- {global: torch._tensor._rebuild_from_type_v2, kind: applier, since: "2.0"}`: listed here as calling its first argument
      help: look at what the call does before allowing it with other arguments
    "#);
    let itself = apply(b"ctorch._tensor\n_rebuild_from_type_v2\n");
    assert_eq!(told(RULE, "x.pkl", &itself).matches("[deny]").count(), 2);
    let computed = apply(b"ccollections\nOrderedDict\n)R");
    assert!(told(RULE, "x.pkl", &computed).contains("what it is cannot be told"));
}

#[test]
fn arguments_are_looked_at_in_the_thousandth_call_too() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - global: app.pick\n      args: [{one-of: [a]}]\n",
    );
    let pick = |pickle: Pickle, text: &str| {
        pickle
            .global("app", "pick")
            .unicode(text)
            .tuple1()
            .reduce()
            .op(b'0')
    };
    let many = (0..1000).fold(Pickle::proto(2), |pickle, _| pick(pickle, "a"));
    assert_eq!(
        told_by(&policy, RULE, "x.pkl", &many.clone().op(b'N').stop()),
        ""
    );
    assert_ne!(
        told_by(&policy, RULE, "x.pkl", &pick(many, "b").op(b'N').stop()),
        ""
    );
    // Past the calls that are kept, what is not known is refused.
    let different = (0..40).fold(Pickle::proto(2), |pickle, n| pick(pickle, &format!("a{n}")));
    assert!(
        told_by(&policy, RULE, "x.pkl", &different.op(b'N').stop())
            .contains("its value is unknown")
    );
}

#[test]
fn a_refused_name_is_refused_whoever_lists_it() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - \"app.*\"\n  refuse:\n    - global: app.run\n      reason: runs what it is given\n",
    );
    assert_eq!(told_by(&policy, RULE, "x.pkl", &called("app", "walk")), "");
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &called("app", "run")), @r"
global-not-allowed [deny] loading runs `app.run()`; the policy refuses `app.run`
  at @ 0xc REDUCE about app.run
  weighbridge.yaml:7 `- global: app.run`: runs what it is given
  help: do not load this file; find out who made it and how it came here
  help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON
");
}

#[test]
fn what_the_packs_list_passes_for_what_it_is_listed_for() {
    let tensor = Pickle::proto(2)
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw(b"((X\x07\0\0\0storage")
        .global("torch", "FloatStorage")
        .raw(b"X\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\0K\x04\x85K\x01\x85\x89")
        .global("collections", "OrderedDict")
        .raw(b")RtR.")
        .unfinished();
    let file = archive(&[
        stored("m/data.pkl", &tensor).torch(),
        stored("m/version", "3\n").torch(),
        stored("m/data/0", [0; 16]).torch(),
    ]);
    assert_eq!(rules("x.pt", &file), [""; 0]);
    // An array is named, never called: called, it lays objects over any bytes.
    let array = Pickle::proto(2)
        .global("numpy", "ndarray")
        .raw(b"K\x01\x85X\x01\0\0\0OC\x08AAAAAAAA\x87R.")
        .unfinished();
    insta::assert_snapshot!(told(RULE, "x.pkl", &array), @r#"
    global-not-allowed [deny] loading runs `numpy.ndarray((1,), 'O', b'AAAAAAAA')`; the policy lists `numpy.ndarray` for import only, not for call
      at @ 0x25 REDUCE about numpy.ndarray
      globals/numpy-arrays.yaml (built in):43 `- {global: numpy.ndarray, kind: value, since: "1.0", for: arrays}`: listed here, but not for call
      help: no release of the library uses `numpy.ndarray` so: do not load this file, or report it if the library wrote it
    "#);
    // What hands back what it is given must not make state settable on it.
    let returned = Pickle::proto(2)
        .global("numpy", "object_")
        .global("collections", "Counter")
        .raw(b"\x85R}b.")
        .unfinished();
    assert!(told(RULE, "x.pkl", &returned).contains("numpy.object_"));
}

#[test]
fn classes_of_a_torchscript_archive_are_its_own_code() {
    let named = Pickle::proto(2)
        .global("__torch__.net", "Net")
        .op(b')')
        .op(0x81)
        .stop();
    let script = archive(&[
        stored("m/data.pkl", &named),
        stored("m/constants.pkl", b"\x80\x02)."),
    ]);
    assert!(!rules("x.pt", &script).contains(&RULE));
    assert_eq!(rules("x.pkl", &named), [RULE]);
}

/// Bytes are shown as Python writes them: escaped, and once.
#[test]
fn arguments_are_escaped_once() {
    let date = Pickle::proto(3)
        .global("calendars", "Day")
        .bytes(b"\x07\xe4\x01\\")
        .tuple1()
        .reduce()
        .stop();
    insta::assert_snapshot!(told(RULE, "x.pkl", &date), @r#"
    global-not-allowed [deny] loading runs `calendars.Day(b'\x07\xe4\x01\\')`; the policy does not list `calendars.Day`
      at @ 0x1b REDUCE about calendars.Day
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: if you trust `calendars.Day` with the contents of any file, write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              allow:
                - {global: "calendars.Day", as: [import, call]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
}

/// Kept in the memo, a global is called where nobody sees what it is.
#[test]
fn a_global_from_the_memo_is_shown_where_it_is_imported() {
    let mut pickle = Pickle::proto(2)
        .op(b']')
        .global("posix", "system")
        .raw(b"q\x01a");
    for n in 0..9 {
        pickle = pickle.int(n).op(b'a');
    }
    let called = pickle
        .raw(b"h\x01")
        .unicode("true")
        .tuple1()
        .reduce()
        .op(b'a')
        .stop();
    insta::assert_snapshot!(told(RULE, "x.pkl", &called), @"
    global-not-allowed [deny] loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      at @ 0x3b REDUCE about posix.system
      @ 0x3 GLOBAL: `posix.system` is imported here
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON
    ");
}

/// What a native parser reads is in no pack, and the library has a way to store it as data.
#[test]
fn a_library_with_a_format_of_its_own_is_told() {
    for (module, name, instead) in [
        (
            "xgboost.sklearn",
            "XGBClassifier",
            "save_model(\"model.json\")",
        ),
        ("lightgbm.basic", "Booster", "save_model(\"model.txt\")"),
        ("catboost.core", "CatBoost", "format=\"json\""),
        ("e3nn.o3", "Linear", "model.state_dict()"),
    ] {
        let file = Pickle::proto(2).global(module, name).op(b')').op(0x81);
        let said = told("global-not-allowed", "model.pkl", &file.stop());
        assert!(said.contains(instead), "{said}");
        // What the policy lists for configurations is no other name that was meant.
        assert!(!said.contains("which is another name"), "{said}");
    }
}
