//! `anomalous-container`.

use super::{rules, told};
use crate::support::{
    pickle::payload,
    zip::{Member, archive, stored},
};

#[test]
fn an_archive_that_says_two_things_is_refused() {
    let renamed = Member {
        local_name: Some(b"b.txt".to_vec()),
        ..stored("a.txt", "text")
    };
    insta::assert_snapshot!(told("anomalous-container", "x.pt", &archive(&[renamed])), @r"
anomalous-container [deny] loaders may read this differently: `a.txt` is called `b.txt` in its local header
  at @ 0x0..0x23 about local-name-mismatch
  help: save it again with the library that wrote it, or fetch it again from its source
");
    let twice = archive(&[stored("a.txt", "1"), stored("a.txt", "2")]);
    insta::assert_snapshot!(told("anomalous-container", "x.pt", &twice), @r"
anomalous-container [deny] loaders may read this differently: `a.txt` is there more than once; loaders differ in which they read
  at @ 0x24..0x47 about duplicate-member
  help: save it again with the library that wrote it, or fetch it again from its source
");
}

/// What no loader opens as a model is judged by what is in it.
#[test]
fn a_plain_archive_may_be_put_together_oddly() {
    let twice = |name: &str, body: &[u8]| archive(&[stored(name, body), stored(name, body)]);
    for name in ["x.zip", "data", "x.xlsx", "store.zarr"] {
        assert_eq!(rules(name, &twice("a.txt", b"1")), [""; 0], "{name}");
        let hostile = rules(name, &twice("a.dat", &payload()));
        assert_eq!(hostile, ["global-not-allowed"; 2], "{name}");
    }
    assert_eq!(
        rules("x.zip", &archive(&[stored("../a.txt", "1")])),
        ["anomalous-container"]
    );
    assert!(rules("x.zip", &twice("a/data.pkl", b"\x80\x02}.")).contains(&"anomalous-container"));
}

#[test]
fn an_ordinary_archive_is_not() {
    let ordinary = archive(&[stored("a.txt", "1"), stored("b.txt", "2").torch()]);
    assert_eq!(rules("x.zip", &ordinary), [""; 0]);
    // What is odd about a pickle, or only a name, is said by the rules about that.
    let pickle = [b"\x80\x02N.".as_slice(), b"tail"].concat();
    assert_eq!(rules("x.pkl", &pickle), ["pickle-anomaly"]);
    assert_eq!(rules("x.json", b"\x80\x02N."), ["misleading-suffix"]);
}
