//! Several things saved into one file, which their loaders read one after another.

use weighbridge::{
    fact::{Fact, Text},
    policy::Policy,
    verdict::{WeightsOnly, weights_only},
};

use crate::support::{
    fixture::{anomalies, facts, told},
    npy::array,
    oracle,
    pickle::{Pickle, payload},
    torch::legacy,
};

fn numbers() -> Vec<u8> {
    array("'<f8'", "(2,)", &[0; 16])
}

/// The globals, each with where it is.
fn named(bytes: &[u8], name: &str) -> String {
    let globals = facts(bytes.to_vec(), name).into_iter();
    let globals = globals.filter_map(|o| match o.fact {
        Fact::Global { global, .. } => Some(format!("{} {global}", o.site)),
        _ => None,
    });
    globals.collect::<Vec<String>>().join("\n")
}

#[test]
fn arrays_are_read_one_after_another() {
    let objects = array("'|O'", "(1,)", b"\x80\x02N.");
    let all = [numbers(), objects.clone(), objects, numbers()].concat();
    insta::assert_snapshot!(told(&all, "x.npy"), @"
    [] is npy
    [from 0x90 > from 0x80] is pickle
    [from 0x114 > from 0x80] is pickle
    ");
    let hostile = [numbers(), array("'|O'", "(1,)", &payload()), numbers()].concat();
    insta::assert_snapshot!(named(&hostile, "x.npy"), @"
    from 0x90 > from 0x80 @ 0x2 GLOBAL posix.system
    from 0x90 > from 0x80 @ 0x1a REDUCE posix.system
    ");
    let rest = [numbers(), numbers(), b"rest".to_vec()].concat();
    insta::assert_snapshot!(told(&rest, "x.npy"), @"
    [] is npy
    [@ 0x120..0x124] trailing-data: 4 bytes after the array
    ");
    let cut = [numbers(), numbers()[..100].to_vec()].concat();
    insta::assert_snapshot!(told(&cut, "x.npy"), @"
    [] is npy
    [from 0x90] unread: malformed: the header needs 118 bytes, 90 are left
    ");
}

#[test]
fn checkpoints_of_before_1_6_are_read_one_after_another() {
    let plain = legacy(b"\x80\x02}.", b"");
    let hostile = legacy(
        &Pickle::proto(2)
            .global("os", "system")
            .raw(b"X\x04\0\0\0true\x85R")
            .stop(),
        b"",
    );
    let all = [plain.clone(), plain.clone(), hostile, plain.clone()].concat();
    assert!(anomalies(&all, "x.pt").is_empty());
    insta::assert_snapshot!(named(&all, "x.pt"), @"
    pickle 7 > pickle 4 @ 0x1b GLOBAL os.system
    pickle 7 > pickle 4 @ 0x30 REDUCE os.system
    ");
    let rest = [plain.clone(), plain, b"\x80\x02N.".to_vec()].concat();
    assert_eq!(anomalies(&rest, "x.pt"), ["bytes-after-storages"]);
}

/// What loads whole one by one has nothing odd, and what does not is refused.
fn agrees(library: &str, name: &str) {
    let Some(python) = oracle::python(library) else {
        return;
    };
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let files = oracle::run(&python, "saved_together.py", &[library, "300", &seed]);
    assert_eq!(files.len(), 300);
    let scope = Policy::recommended().scope(&Text::from(name));
    let mut several = 0;
    for file in files {
        let hex = file["bytes"].as_str().unwrap();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let observed = facts(bytes, name);
        let stops = |fact: &Fact| match fact {
            Fact::Anomaly(_) | Fact::Unread(_) => true,
            Fact::TorchLoad(load) => !matches!(weights_only(load, &scope), WeightsOnly::Loads),
            _ => false,
        };
        let whole = !observed.iter().any(|o| stops(&o.fact));
        assert_eq!(file["whole"], whole, "{hex}");
        several += usize::from(observed.iter().filter(|o| !o.site.hops.is_empty()).count() > 1);
    }
    assert!(several > 100, "{several}");
}

#[test]
fn agrees_with_numpy() {
    agrees("numpy", "x.npy");
}

#[test]
fn agrees_with_torch() {
    agrees("torch", "x.pt");
}
