//! `unusual-use` of sparse matrices and trees: what arrays hold is compared with the numbers beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use data_encoding::HEXLOWER;

use super::{
    judge_by,
    parts::{bytes, call, dtype, global, int, pair, pickle, text, tuple, with},
    policy, told_by,
};
use crate::support::{fixture::facts, oracle};

const RULE: &str = "unusual-use";
const PACKS: &str =
    "version: 1\nextends: recommended\nglobals: {packs: [scipy-sparse, sklearn-estimators]}\n";

/// An array of integers of 32 bits with one dimension.
fn integers(numbers: &[i32]) -> Vec<u8> {
    integers_in(numbers, bytes)
}

/// The same, whose bytes a constant spells in some way.
fn integers_in(numbers: &[i32], constant: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let class = global("numpy.core.multiarray", "_reconstruct");
    let made = call(
        &class,
        &[
            &global("numpy", "ndarray"),
            &tuple(&[&int(0)]),
            &bytes(b"b"),
        ],
    );
    let items: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let length = i32::try_from(numbers.len()).unwrap();
    let state = [
        &b"("[..],
        &int(1),
        &tuple(&[&int(length)]),
        &dtype("i4", "<", 0),
        b"\x89",
        &constant(&items),
        b"t",
    ]
    .concat();
    with(&made, &state)
}

fn matrix(attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let made = [&global("scipy.sparse._csr", "csr_matrix")[..], b")\x81"].concat();
    let state: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, value)| [text(name), value.clone()].concat())
        .collect();
    with(&made, &[&b"}("[..], &state, b"u"].concat())
}

fn whole() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("_shape", tuple(&[&int(2), &int(3)])),
        ("maxprint", int(50)),
        ("indices", integers(&[0, 2, 1])),
        ("indptr", integers(&[0, 2, 3])),
        ("data", integers(&[7, 8, 9])),
    ]
}

fn told(body: &[u8]) -> String {
    told_by(&policy(PACKS), RULE, "x.pkl", &pickle(body))
}

#[test]
fn indices_of_a_sparse_matrix_lie_within_it() {
    assert_eq!(told(&matrix(&whole())), "");
    let mut far = whole();
    far[2].1 = integers(&[0, 3, 1]);
    insta::assert_snapshot!(told(&matrix(&far)), @"
    unusual-use [deny] loading sets the state of what `scipy.sparse._csr.csr_matrix` made to `{'_shape': (2, 3), 'maxprint': 50, 'indices': numpy.core.multiarray._reconstruct(...), ...}`; its library writes arrays that fit one another (an index is outside of the matrix)
      at @ 0x245 BUILD about scipy.sparse._csr.csr_matrix
      help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
      help: if `scipy.sparse._csr.csr_matrix` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
    ");
}

/// What is asked for is known of what was put into a state, or the state is refused.
#[test]
fn an_attribute_that_may_be_another_is_not_compared() {
    let fits = whole();
    let mut twice = whole();
    twice.push(("indptr", integers(&[0, 2, 3])));
    let said = told(&matrix(&twice));
    assert!(said.contains("an array is missing"), "{said}");
    // A dict that was filled before its class was named.
    let class = [&global("scipy.sparse._csr", "csr_matrix")[..], b")\x81"].concat();
    let state: Vec<u8> = fits
        .iter()
        .flat_map(|(name, value)| [text(name), value.clone()].concat())
        .collect();
    let before = [&b"}("[..], &state, b"uq\x640", &class, b"h\x64b"].concat();
    let said = told(&before);
    assert!(said.contains("its shape is not one"), "{said}");
    // A key that only compares equal to a name.
    let scalar = call(
        &global("numpy.core.multiarray", "scalar"),
        &[&dtype("i4", "<", 0), &bytes(b"\x01\0\0\0")],
    );
    let odd = [&class[..], b"}(", &state, &scalar, &int(1), b"ub"].concat();
    assert!(told(&odd).starts_with(RULE));
    assert!(told(&with(&class, &pair("_shape", &int(1)))).starts_with(RULE));
}

/// Python 2 wrote the bytes of an array as a quoted line, or as one of protocol 2.
#[test]
fn what_python_2_wrote_is_compared() {
    let quoted = |bytes: &[u8]| {
        let spelled = bytes
            .iter()
            .flat_map(|byte| format!("\\x{byte:02x}").into_bytes());
        let spelled: Vec<u8> = spelled.collect();
        [b"S'", &spelled[..], b"'\n"].concat()
    };
    let counted = |bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[b'U', length][..], bytes].concat()
    };
    let of = |indices: &[i32]| {
        [&quoted as &dyn Fn(&[u8]) -> Vec<u8>, &counted].map(|constant| {
            let mut attributes = whole();
            attributes[2].1 = integers_in(indices, constant);
            told(&matrix(&attributes))
        })
    };
    for said in of(&[0, 2, 1]) {
        assert_eq!(said, "");
    }
    for said in of(&[0, 3, 1]) {
        assert!(said.contains("an index is outside"), "{said}");
    }
}

/// Bytes that many arrays share are not read for each of them.
#[test]
fn arrays_that_share_their_bytes_are_read_a_few_times() {
    let items = vec![0; 40_000];
    let shared = [
        &global("scipy.sparse._csr", "csr_matrix")[..],
        b"0",
        &bytes(&items),
        b"q\x010",
    ];
    let numbers = vec![0; 10_000];
    let zeros = integers_in(&numbers, |_| b"h\x01".to_vec());
    let said = |arrays: usize| {
        let mut attributes = whole();
        attributes[0].1 = tuple(&[&int(0), &int(3)]);
        attributes[2].1 = zeros.clone();
        attributes[3].1 = integers(&[0]);
        attributes[4].1 = zeros.clone();
        let others = zeros.repeat(arrays);
        told(
            &[
                &shared.concat(),
                &b"("[..],
                &others,
                &matrix(&attributes),
                b"t",
            ]
            .concat(),
        )
    };
    assert_eq!(said(0), "");
    assert!(said(200).contains("cannot be read"), "{}", said(200));
}

/// `copyreg._reconstructor` makes an instance of a subclass of `dict` with its items, where a pack says that its class has some.
#[test]
fn a_subclass_of_dict_is_made_with_its_items() {
    let made = |module: &str, name: &str, base: &str, state: &[u8]| {
        let class = global("copyreg", "_reconstructor");
        let parts = [&global(module, name), &global("builtins", base), state];
        told(&call(&class, &parts))
    };
    let items = [&b"}("[..], &tuple(&[&int(0), &int(1)]), &int(2), b"u"].concat();
    assert_eq!(made("scipy.sparse._dok", "dok_matrix", "dict", &items), "");
    assert_eq!(made("scipy.sparse._csr", "csr_matrix", "object", b"N"), "");
    let class = global("copyreg", "_reconstructor");
    let body = call(
        &class,
        &[
            &global("scipy.sparse._csr", "csr_matrix"),
            &global("builtins", "dict"),
            &items,
        ],
    );
    let body = pickle(&body);
    let said = told_by(&policy(PACKS), "global-not-allowed", "x.pkl", &body);
    assert!(said.contains("_reconstructor"), "{said}");
    // Keys that the class answers as attributes are plain ones.
    for (key, fits) in [("a", true), ("__class__", false), ("append", false)] {
        let items = [&b"}("[..], &text(key), &int(1), b"u"].concat();
        let said = made("sklearn.utils._bunch", "Bunch", "dict", &items);
        assert_eq!(said.is_empty(), fits, "{key} {said}");
    }
    let mut keys = whole();
    keys.truncate(2);
    let class = global("scipy.sparse._dok", "dok_matrix");
    let state: Vec<u8> = keys
        .iter()
        .flat_map(|(name, value)| [text(name), value.clone()].concat())
        .collect();
    let dok = [&class[..], b")\x81", b"}(", &state, b"ub"].concat();
    assert_eq!(told(&dok), "");
}

/// Each file of `contents.py` fits or not, as it says.
#[test]
fn what_scipy_and_sklearn_write_passes_and_one_changed_number_does_not() {
    if let Some(python) = oracle::python("sklearn, scipy, joblib") {
        let (fitting, others) = judged_as_written(&python, "contents.py", PACKS);
        assert!(fitting > 300 && others > 500, "{fitting} and {others}");
    }
}

/// Judges what a script writes, which says of each file whether its parts fit; how many fit, and how many do not.
pub(super) fn judged_as_written(python: &Path, script: &str, packs: &str) -> (u32, u32) {
    let packs = policy(packs);
    let mut wrong: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut fitting, mut others) = (0, 0);
    for written in oracle::run(python, script, &[]) {
        let bytes = HEXLOWER.decode(written["file"].as_str().unwrap().as_bytes());
        let name = format!("x.{}", written["suffix"].as_str().unwrap());
        let found = judge_by(&packs, &name, &facts(bytes.unwrap(), &name));
        let rules: BTreeSet<String> = found
            .iter()
            .map(|finding| finding.rule.id.to_owned())
            .collect();
        let fits = written["fits"].as_bool().unwrap();
        *(if fits { &mut fitting } else { &mut others }) += 1;
        // What stands in for something else may be of a class that nobody lists.
        if fits != rules.is_empty() || !fits && !rules.contains(RULE) {
            let object = written["object"].as_str().unwrap();
            wrong.entry(object.to_owned()).or_default().extend(rules);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    (fitting, others)
}
