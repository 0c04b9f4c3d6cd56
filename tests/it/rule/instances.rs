//! Instances of classes as protocols 0 and 1 make them, by `copyreg._reconstructor`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use data_encoding::HEXLOWER;
use weighbridge::finding::fingerprints;

use super::{findings, judge_by, policy, rules, told, told_by};
use crate::support::{fixture::facts, oracle, pickle::Pickle};

const RULE: &str = "global-not-allowed";
const ALLOWED: &str = "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\n";

fn protocol_0(lines: &str) -> Vec<u8> {
    Pickle::proto(0).raw(lines).unfinished()
}

#[test]
fn it_is_an_instance_of_the_class_and_nothing_else() {
    let net = protocol_0(
        "ccopy_reg\n_reconstructor\np0\n(capp\nNet\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nS'a'\np6\nI1\nsb.",
    );
    insta::assert_snapshot!(told(RULE, "x.pkl", &net), @r#"
    global-not-allowed [deny] loading creates `app.Net()`; the policy does not list `app.Net`
      at @ 0x47 REDUCE about app.Net
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: if you trust `app.Net` with the contents of any file, write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              allow:
                - {global: "app.Net", as: [import, construct, build]}
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    "#);
    assert_eq!(told_by(&policy(ALLOWED), RULE, "x.pkl", &net), "");
    // An entry that allows no instances allows none here.
    let imported = ALLOWED.replace("app.Net", "{global: app.Net, as: [import, call]}");
    insta::assert_snapshot!(told_by(&policy(&imported), RULE, "x.pkl", &net), @"
    global-not-allowed [deny] loading creates `app.Net()`; the policy lists `app.Net` for import and call only, not for construct
      at @ 0x47 REDUCE about app.Net
      weighbridge.yaml:3 `globals: {allow: [{global: app.Net, as: [import, call]}]}`: listed here, but not for construct
      help: if you trust `app.Net` with the contents of any file, add inside the brackets of `globals.allow` (weighbridge.yaml:3), after a comma:
            app.Net
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
    let options = protocol_0(
        "ccopyreg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR(dVrate\nF0.1\nsb.",
    );
    assert_eq!(rules("x.pkl", &options), [""; 0]);
}

#[test]
fn any_other_call_is_what_it_was() {
    let allowed = policy(ALLOWED);
    for arguments in [
        // Another base runs its own `__new__` and `__init__`.
        "capp\nNet\nc__builtin__\ndict\n(d",
        "capp\nNet\ncapp\nNet\nN",
        "capp\nNet\nc__builtin__\nobject\nI1\n",
        "capp\nNet\nc__builtin__\nobject\n(d",
        "capp\nNet\nc__builtin__\nobject\n",
        "capp\nNet\nc__builtin__\nobject\nNN",
        "Vapp.Net\nc__builtin__\nobject\nN",
        "capp\nNet\ncapp\nobject\nN",
    ] {
        let lines = format!("ccopy_reg\n_reconstructor\n({arguments}tR.");
        let said = told_by(&allowed, RULE, "x.pkl", &protocol_0(&lines));
        assert!(said.contains("_reconstructor"), "{arguments}: {said}");
    }
    for lines in [
        "(ccopy_reg\n_reconstructor\ncapp\nNet\nc__builtin__\nobject\nNo.",
        "(capp\nNet\nc__builtin__\nobject\nNicopy_reg\n_reconstructor\n.",
        // Handed to something that could call it with anything.
        "ccopy_reg\n_reconstructor\n(capp\nNet\nc__builtin__\nobject\nNtRcapp\nNet\n(ccopy_reg\n_reconstructor\ntR.",
    ] {
        let said = told_by(&allowed, RULE, "x.pkl", &protocol_0(lines));
        assert!(said.contains("_reconstructor"), "{lines}: {said}");
    }
    // The class has to be allowed, whatever it is.
    for class in [
        "os\n_wrap_close",
        "posix\nsystem",
        "copy_reg\n_reconstructor",
    ] {
        let lines = format!("ccopy_reg\n_reconstructor\n(c{class}\nc__builtin__\nobject\nNtR.");
        let said = told_by(&allowed, RULE, "x.pkl", &protocol_0(&lines));
        assert!(said.contains(&class.replace('\n', ".")), "{class}: {said}");
    }
    // A class that its library makes by a call is not made so.
    let ordered =
        "ccopy_reg\n_reconstructor\n(ccollections\nOrderedDict\nc__builtin__\nobject\nNtR.";
    assert_eq!(rules("x.pkl", &protocol_0(ordered)), ["unusual-use"]);
}

/// The findings of each object, in every protocol and from every writer.
fn by_object(python: &Path, args: &[&str]) -> BTreeMap<String, BTreeSet<Vec<(String, String)>>> {
    let mut all: BTreeMap<String, BTreeSet<Vec<(String, String)>>> = BTreeMap::new();
    for written in oracle::run(python, "instances.py", args) {
        let text = |key: &str| written[key].as_str().unwrap().to_owned();
        let bytes = HEXLOWER.decode(text("file").as_bytes()).unwrap();
        let found = findings(&format!("x.{}", text("suffix")), &bytes);
        let messages = found.iter().map(|finding| finding.message.clone());
        let said = messages.zip(fingerprints(&found)).collect();
        all.entry(text("object")).or_default().insert(said);
    }
    all
}

#[test]
fn every_protocol_says_the_same_of_an_instance() {
    let Some(python) = oracle::python("argparse") else {
        return;
    };
    let all = by_object(&python, &[]);
    let messages = |object: &str| {
        let said = &all[object];
        assert_eq!(said.len(), 1, "{object}: {said:#?}");
        let said = said.iter().flatten().map(|(message, _)| message.as_str());
        said.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(messages("class"), @"loading creates `__main__.Net()`; the policy does not list `__main__.Net`");
    insta::assert_snapshot!(messages("slots"), @"loading creates `__main__.Slots()`; the policy does not list `__main__.Slots`");
    for fine in ["options", "simple"] {
        assert_eq!(messages(fine), "");
    }
}

#[test]
fn estimators_pass_in_every_protocol() {
    let Some(python) = oracle::python("sklearn, joblib") else {
        return;
    };
    let own = "version: 1\nextends: recommended\nglobals: {packs: [sklearn-estimators]}\n";
    for written in oracle::run(&python, "instances.py", &["estimators"]) {
        let bytes = HEXLOWER.decode(written["file"].as_str().unwrap().as_bytes());
        let name = format!("x.{}", written["suffix"].as_str().unwrap());
        let found = judge_by(&policy(own), &name, &facts(bytes.unwrap(), &name));
        let protocol = &written["protocol"];
        assert!(
            found.is_empty(),
            "{name} in protocol {protocol}: {found:#?}"
        );
    }
}

/// `getattr` and `copyreg._reconstructor` are named wherever they do more than to spell a name or an instance.
#[test]
fn a_function_that_is_handed_on_is_named() {
    let allowed = policy(&ALLOWED.replace("app.Net", "app.Net, \"app:Net.Inner\""));
    let spelled = "c__builtin__\ngetattr\n(capp\nNet\nVInner\ntR";
    let alone = protocol_0(&format!("{spelled}."));
    assert_eq!(told_by(&allowed, RULE, "x.pkl", &alone), "");
    let handed = protocol_0(&format!("{spelled}capp\nNet\n(c__builtin__\ngetattr\ntR."));
    let said = told_by(&allowed, RULE, "x.pkl", &handed);
    assert!(said.contains("getattr"), "{said}");
    // The arguments of one call, used twice, do not hide that the class is part of something else.
    let inner = policy(&ALLOWED.replace("app.Net", "\"app:Net.Inner\", app.make"));
    let twice = protocol_0(
        "c__builtin__\ngetattr\np0\n(capp\nNet\nVInner\ntp1\nR0g0\ng1\nR0capp\nmake\n(capp\nNet\ntR.",
    );
    let said = told_by(&inner, RULE, "x.pkl", &twice);
    assert!(said.contains("`app.Net`"), "{said}");
}
