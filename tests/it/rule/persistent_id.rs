//! `persistent-id`.

use super::{rules, told};
use crate::support::{
    pickle::Pickle,
    zip::{archive, stored},
};

const STORAGE: &[u8] =
    b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ.";

fn torch(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        stored("m/data.pkl", pickle).torch(),
        stored("m/version", "3\n").torch(),
        stored("m/data/0", [0; 16]).torch(),
    ])
}

#[test]
fn what_the_caller_makes_of_an_id_is_refused() {
    let text = Pickle::new().raw(b"Phttp://example.com/x\n").stop();
    insta::assert_snapshot!(told("persistent-id", "x.pkl", &text), @r"
persistent-id [deny] loading asks its caller for `'http://example.com/x'`, which may become anything
  at @ 0x0 PERSID about persistent-id
  help: save the object into one file without persistent ids
");
    let class = Pickle::proto(2)
        .raw(b"(X\x06\0\0\0modulecapp\nNet\nNNtQ.")
        .unfinished();
    insta::assert_snapshot!(told("persistent-id", "x.pt", &torch(&class)), @r"
persistent-id [deny] loading asks its caller for `('module', app.Net, None, None)`, which may become anything
  at m/data.pkl @ 0x1a BINPERSID about persistent-id
  help: save the object into one file without persistent ids
");
}

#[test]
fn storages_are_only_torchs_inside_a_torch_file() {
    let pickle = Pickle::proto(2).raw(STORAGE).unfinished();
    assert_eq!(rules("x.pt", &torch(&pickle)), [""; 0]);
    insta::assert_snapshot!(told("persistent-id", "x.pkl", &pickle), @r"
persistent-id [deny] loading asks its caller for `('storage', torch.FloatStorage, '0', 'cpu', 4)`, which may become anything
  at @ 0x34 BINPERSID about persistent-id
  help: save the object into one file without persistent ids
");
    assert!(rules("x.bin", &pickle).contains(&"persistent-id"));
}
