//! `misleading-suffix`.

use super::{rules, told};
use crate::support::{
    npy,
    pickle::Pickle,
    zip::{archive, stored},
};

#[test]
fn a_name_that_promises_something_else_is_reported() {
    let pickle = Pickle::proto(2).op(b'N').stop();
    insta::assert_snapshot!(told("misleading-suffix", "weights.safetensors", &pickle), @r"
misleading-suffix [warn] its name says safetensors, its content is a Python pickle
  at  about misleading-suffix
  help: rename it to say what it is, or save it as what its name says
");
    insta::assert_snapshot!(told("misleading-suffix", "notes.txt", &pickle), @r"
misleading-suffix [warn] its name says `.txt`, its content is a Python pickle
  at  about misleading-suffix
  help: rename it to say what it is, or save it as what its name says
");
    let zip = archive(&[stored("a.txt", "1")]);
    insta::assert_snapshot!(told("misleading-suffix", "x.npy", &zip), @r"
misleading-suffix [warn] its name says NumPy array, its content is a zip archive
  at  about misleading-suffix
  help: rename it to say what it is, or save it as what its name says
");
}

#[test]
fn a_name_that_fits_or_promises_nothing_is_not() {
    let pickle = Pickle::proto(2).op(b'N').stop();
    for name in ["x.pkl", "x.PICKLE", "x.dat", "x"] {
        assert_eq!(rules(name, &pickle), [""; 0], "{name}");
    }
    assert_eq!(
        rules("x.npy", &npy::array("'<f8'", "(4,)", &[0; 32])),
        [""; 0]
    );
    let saved = archive(&[stored("a/data.pkl", &pickle), stored("a/version", "3\n")]);
    assert!(!rules("random_states_0.pkl", &saved).contains(&"misleading-suffix"));
    assert!(rules("a.npy", &saved).contains(&"misleading-suffix"));
    // Torch's names are shared; that a bare pickle is none of torch's is said by another rule.
    assert!(!rules("x.bin", &pickle).contains(&"misleading-suffix"));
}
