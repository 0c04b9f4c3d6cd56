//! The verdict on `weights_only=True`, case by case: what torch says, recorded.

use weighbridge::{
    bytes::Window,
    fact::{Fact, Text, TorchLoad},
    policy::Policy,
    record::Recorder,
    verdict::{WeightsOnly, weights_only},
};

use super::torch_archives::policy;
use crate::support::{
    pickle::Pickle,
    torch::{legacy, zip},
    zip::{archive, stored},
};

fn load(bytes: Vec<u8>) -> TorchLoad {
    let mut recorder = Recorder::default();
    weighbridge::format::read(&Window::new(bytes), b"model.pt", &mut recorder);
    let mut loads = recorder.finish().into_iter().filter_map(|o| match o.fact {
        Fact::TorchLoad(load) if o.site.hops.is_empty() => Some(*load),
        _ => None,
    });
    loads.next().unwrap()
}

fn verdict(load: &TorchLoad, policy: &Policy) -> String {
    match weights_only(load, &policy.scope(&Text::from("model.pt"))) {
        WeightsOnly::Loads => "loads".to_owned(),
        WeightsOnly::Listed(names) => format!("wants {names:?} listed"),
        WeightsOnly::Refused { reason } => reason,
    }
}

/// Whether memory outside a storage is reached.
fn endangers(load: &TorchLoad, policy: &Policy) -> bool {
    let scope = policy.scope(&Text::from("model.pt"));
    scope
        .torch()
        .behaviour()
        .any(|release| load.danger(|kind| release.behaves(kind)).is_some())
}

/// What the newest torch says to a pickle in its zip, with a record of 16 bytes.
fn newest(pickle: &[u8]) -> String {
    verdict(&load(zip(pickle)), &Policy::recommended())
}

/// A tensor of floats on storage `0` of this length, and what stands between it and the hooks.
fn tensor(elements: &[u8], place: &[u8]) -> Vec<u8> {
    Pickle::proto(2)
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw(b"((X\x07\0\0\0storage")
        .global("torch", "FloatStorage")
        .raw(b"X\x01\0\0\x000X\x03\0\0\0cpu")
        .raw(elements)
        .raw(b"tQ")
        .raw(place)
        .raw(b"\x89")
        .global("collections", "OrderedDict")
        .raw(b")RtR")
        .stop()
}

#[test]
fn a_tensor_fits_its_storage() {
    let four = |place: &[u8]| newest(&tensor(b"K\x04", place));
    assert_eq!(four(b"K\0K\x04\x85K\x01\x85"), "loads");
    // Two rows of two, side by side, as a list, of nothing, of one whose stride does not matter.
    for place in [
        b"K\0K\x02K\x02\x86K\x02K\x01\x86".as_slice(),
        b"K\0](K\x02K\x02eK\x02K\x01\x86",
        b"K\x64K\0\x85K\x01\x85",
        b"K\0K\x01\x85J\xff\xff\xff\xff\x85",
        b"K\x03))",
    ] {
        assert_eq!(four(place), "loads");
    }
    insta::assert_snapshot!(
        [
            b"K\0K\x02K\x02\x86\x8a\x06\0\0\0\0\0\x01K\x01\x86".as_slice(),
            b"K\x01K\x04\x85K\x01\x85",
            b"J\xff\xff\xff\xffK\x04\x85K\x01\x85",
            b"K\0J\xfc\xff\xff\xff\x85K\x01\x85",
            b"K\0K\x04\x85J\xff\xff\xff\xff\x85",
            b"K\0K\x04\x85\x8a\x08\0\0\0\0\0\0\0@\x85",
            b"K\0K\x04\x85K\x01K\x01\x86",
            b"\x88K\x03\x85K\x01\x85",
            b"K\0\x88\x85K\x01\x85",
            b"K\0G?\xf0\0\0\0\0\0\0\x85K\x01\x85",
            b"K\0\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0\x85K\0\x85",
        ]
        .map(four)
        .join("\n"),
        @r#"
m/data.pkl @ 0x86 REDUCE: a tensor of size (2, 2), stride (1099511627776, 1) and offset 0 needs 4398046511112 bytes, its storage has 16
m/data.pkl @ 0x7c REDUCE: a tensor of size (4), stride (1) and offset 1 needs 20 bytes, its storage has 16
m/data.pkl @ 0x7f REDUCE: a tensor begins at the negative offset -1
m/data.pkl @ 0x7f REDUCE: a tensor of size (-4) has more elements than can be counted
m/data.pkl @ 0x7f REDUCE: a tensor of size (4) and stride (-1) reaches further than memory can
m/data.pkl @ 0x84 REDUCE: a tensor of size (4) and stride (4611686018427387904) reaches further than memory can
m/data.pkl @ 0x7e REDUCE: a tensor has 1 sizes and 2 strides
m/data.pkl @ 0x7b REDUCE: the offset of a tensor is a number, not an integer
m/data.pkl @ 0x7b REDUCE: the size of a tensor is a tuple, not a tuple of integers
m/data.pkl @ 0x83 REDUCE: the size of a tensor is a tuple, not a tuple of integers
m/data.pkl @ 0x85 REDUCE: the size of a tensor is a tuple, not a tuple of integers
"#
    );
}

#[test]
fn a_storage_fits_its_record() {
    let file = |record: &[u8], elements: &[u8]| {
        let pickle = tensor(elements, b"K\0K\x04\x85K\x01\x85");
        load(archive(&[
            stored("m/data.pkl", pickle).torch(),
            stored("m/version", "3\n").torch(),
            stored("m/data/0", record).torch(),
        ]))
    };
    let (newest, older) = (Policy::recommended(), policy("2.6.0"));
    let short = file(&[0; 8], b"K\x04");
    insta::assert_snapshot!(
        verdict(&short, &newest),
        @r#"m/data.pkl @ 0x56 BINPERSID: record data/0 has 8 bytes, its storage has 16"#
    );
    // A release that does not look loads it, and memory that is not the file's: the rule refuses that.
    assert_eq!(verdict(&short, &older), "loads");
    assert!(endangers(&short, &older));
    let long = file(&[0; 32], b"K\x04");
    assert_ne!(verdict(&long, &newest), "loads");
    assert_eq!(verdict(&long, &older), "loads");
    assert!(!endangers(&long, &older));
    for elements in [
        b"N".as_slice(),
        b"J\xfc\xff\xff\xff",
        b"X\x01\0\0\x004",
        b"\x88",
    ] {
        assert_ne!(verdict(&file(&[0; 16], elements), &newest), "loads");
    }
}

#[test]
fn what_cannot_be_followed_by_lists_of_globals() {
    let mut said = Vec::new();
    for pickle in [
        // Text that is not UTF-8, an integer for a persistent id, state on a set, a key that cannot be hashed.
        b"\x80\x02U\x01\xff.".as_slice(),
        b"\x80\x02K\0Q.",
        b"\x80\x02c__builtin__\nset\n)R}X\x01\0\0\0xK\x01sb.",
        b"\x80\x02}]K\x01s.",
        // An id that is no storage, an id of too many parts, a location that is none.
        b"\x80\x02X\x06\0\0\0module\x85Q.",
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04NtQ.",
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0gpuK\x04tQ.",
        // Functions that do not take what they get.
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02ctorch\nfloat32\n)R.",
        b"\x80\x02ctorch\ndevice\nX\x05\0\0\0bogus\x85R.",
        b"\x80\x02ctorch\nSize\nX\x01\0\0\0a\x85\x85R.",
        b"\x80\x02c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1\x86R.",
        // A tuple across a mark, a memo entry that is not set.
        b"\x80\x02K\x01(\x85.",
        b"\x80\x02h\x07.",
    ] {
        said.push(newest(pickle));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
m/data.pkl @ 0x2 SHORT_BINSTRING: a string that is not UTF-8
m/data.pkl @ 0x4 BINPERSID: a persistent id is a number, not a tuple
m/data.pkl @ 0x1f BUILD: BUILD sets state on a set
m/data.pkl @ 0x6 SETITEM: SETITEM sets a key that cannot be hashed
m/data.pkl @ 0xe BINPERSID: a persistent id that names no storage
m/data.pkl @ 0x35 BINPERSID: a storage's persistent id has 6 parts, torch unpacks 5
m/data.pkl @ 0x34 BINPERSID: no device is known for the location "gpu" of a storage
m/data.pkl @ 0x24 REDUCE: _rebuild_tensor_v2 is called with 0 arguments, it takes 6 or 7
m/data.pkl @ 0x12 REDUCE: torch.float32 is called, and is no function
m/data.pkl @ 0x1b REDUCE: torch.device is called with a string
m/data.pkl @ 0x16 REDUCE: torch.Size is called with a tuple
m/data.pkl @ 0x26 REDUCE: _codecs.encode is called with characters that the encoding has not
m/data.pkl @ 0x5 TUPLE1: the opcode takes more from the stack than there is above the mark
m/data.pkl @ 0x2 BINGET: memo entry 7 is not set
"#);
    for pickle in [
        // State of an OrderedDict as pairs, state on what is empty, an OrderedDict of lists of two.
        b"\x80\x02ccollections\nOrderedDict\n)R](X\x01\0\0\0aK\x01\x86eb.".as_slice(),
        b"\x80\x02c__builtin__\nset\n)R}b.",
        b"\x80\x02ccollections\nOrderedDict\n](](X\x01\0\0\0aK\x01ee\x85R.",
        // A key of a number, a location of another machine.
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nK\0X\x03\0\0\0cpuK\x04tQ.",
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nK\0X\x06\0\0\0cuda:3K\x04tQ.",
    ] {
        assert_eq!(newest(pickle), "loads", "{}", pickle.escape_ascii());
    }
}

#[test]
fn releases_are_told_apart() {
    let says = |pickle: &[u8]| {
        let load = load(zip(pickle));
        let releases = ["2.4.1", "2.6.0", "2.10.0", "2.15.0"];
        releases.map(|release| verdict(&load, &policy(release)) == "loads")
    };
    // An item of a list, an instance of a listed class, state on one, items set on nothing.
    assert_eq!(
        says(b"\x80\x02]K\x05aK\0K\x06s."),
        [true, true, false, false]
    );
    assert_eq!(
        says(b"\x80\x02ccollections\nOrderedDict\n)\x81."),
        [false, true, true, true]
    );
    assert_eq!(
        says(b"\x80\x02ccollections\nCounter\n)R}X\x01\0\0\0aK\x01sb."),
        [false, true, true, true]
    );
    assert_eq!(says(b"\x80\x02N(u."), [true, true, false, false]);
}

#[test]
fn the_layout_of_before_counts_its_storages() {
    let object = |parts: &[u8]| {
        Pickle::proto(2)
            .raw(b"(X\x07\0\0\0storage")
            .global("torch", "FloatStorage")
            .raw(b"X\x01\0\0\x000X\x03\0\0\0cpuK\x04")
            .raw(parts)
            .raw(b"tQ")
            .stop()
    };
    let storage = [4_u64.to_le_bytes().as_slice(), &[0; 16]].concat();
    let says = |file: Vec<u8>| verdict(&load(file), &Policy::recommended());
    assert_eq!(says(legacy(&object(b"N"), &storage)), "loads");
    insta::assert_snapshot!(
        [
            legacy(&object(b""), &storage),
            legacy(&object(b"N"), &storage[..20]),
            legacy(&object(b"N"), &[5_u64.to_le_bytes().as_slice(), &[0; 20]].concat()),
            legacy(b"\x80\x02N.", &storage),
        ]
        .map(says)
        .join("\n"),
        @r#"
pickle 4 @ 0x4d BINPERSID: a storage's persistent id has 5 parts, torch unpacks 6
its storages are cut off
a storage of 16 bytes follows as one of 5 elements of 4
a storage follows that its object does not ask for
"#
    );
}

#[test]
fn sparse_indices_lie_within_their_size() {
    let says = |indices: [i64; 2], release: &str| {
        let part = |class: &str, key: u8, size: &[u8]| {
            Pickle::new()
                .global("torch._utils", "_rebuild_tensor_v2")
                .raw(b"((X\x07\0\0\0storage")
                .global("torch", class)
                .raw([b"X\x01\0\0\0".as_slice(), &[key]].concat())
                .raw(b"X\x03\0\0\0cpuK\x02tQK\0")
                .raw(size)
                .raw(b"\x89NtR")
                .unfinished()
        };
        let pickle = Pickle::proto(2)
            .global("torch._utils", "_rebuild_sparse_tensor")
            .raw(b"(")
            .global("torch.serialization", "_get_layout")
            .raw(b"X\x10\0\0\0torch.sparse_coo\x85R(")
            .raw(part("LongStorage", b'1', b"K\x01K\x02\x86K\x02K\x01\x86"))
            .raw(part("FloatStorage", b'0', b"K\x02\x85K\x01\x85"))
            .raw(b"K\x05\x85\x89ttR")
            .stop();
        let data: Vec<u8> = indices
            .iter()
            .flat_map(|index| index.to_le_bytes())
            .collect();
        let load = load(archive(&[
            stored("m/data.pkl", pickle).torch(),
            stored("m/version", "3\n").torch(),
            stored("m/data/0", [0; 8]).torch(),
            stored("m/data/1", data).torch(),
        ]));
        let danger = endangers(&load, &policy(release));
        (verdict(&load, &policy(release)), danger)
    };
    assert_eq!(says([0, 4], "2.15.0"), ("loads".to_owned(), false));
    assert_eq!(says([0, 5], "2.10.0"), ("loads".to_owned(), true));
    insta::assert_snapshot!(says([0, 5], "2.15.0").0, @r#"m/data.pkl @ 0x12c REDUCE: a sparse tensor has the index 5 in dimension 0, which has 5"#);
    insta::assert_snapshot!(says([-1, 0], "2.6.0").0, @r#"m/data.pkl @ 0x12c REDUCE: a sparse tensor has the index -1 in dimension 0, which has 5"#);
}

#[test]
fn a_tuple_of_more_than_a_million_is_followed() {
    // Picklers write a tuple in one piece, whatever its length.
    let many = [b"(".as_slice(), &b"K\x07".repeat(1_100_000), b"t"].concat();
    assert_eq!(newest(&Pickle::proto(2).raw(&many).stop()), "loads");
    // The rows of a data set.
    let thousand = [b"(".as_slice(), &b"]".repeat(1000), b"e"].concat();
    let rows = [b"]".as_slice(), &thousand.repeat(4_000)].concat();
    assert_eq!(newest(&Pickle::proto(2).raw(&rows).stop()), "loads");
}
