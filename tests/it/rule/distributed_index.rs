//! `distributed-index`: a rule over the run, so that it is seen where files are checked together.

use crate::support::{
    cli::run,
    pickle::Pickle,
    repo::{Repo, repo},
    torch,
};

/// An index that is an object with parts of files among its attributes, as torch's is.
fn index(parts: &[(&str, &[u8], &[u8])]) -> Vec<u8> {
    let module = "torch.distributed.checkpoint.";
    let mut pickle = Pickle::proto(4)
        .stack_global(&format!("{module}metadata"), "Metadata")
        .raw(b")\x81}(")
        .short_unicode("storage_data")
        .raw(b"}(");
    for (at, (name, offset, length)) in parts.iter().enumerate() {
        pickle = pickle
            .int(u8::try_from(at).unwrap())
            .stack_global(&format!("{module}filesystem"), "_StorageInfo")
            .raw(b")\x81}(")
            .short_unicode("relative_path")
            .short_unicode(name)
            .short_unicode("offset")
            .raw(offset)
            .short_unicode("length")
            .raw(length)
            .raw(b"ub");
    }
    pickle.raw(b"uub").stop()
}

/// An integer of 32 bits.
fn number(n: usize) -> Vec<u8> {
    [b"J".as_slice(), &u32::try_from(n).unwrap().to_le_bytes()].concat()
}

pub(super) fn checked(repo: &Repo) -> Vec<String> {
    let all = run(&repo.root, &["check", "--format", "concise"]);
    let findings = all
        .stdout
        .lines()
        .filter(|line| !line.starts_with("weighbridge: "));
    findings.map(str::to_owned).collect()
}

#[test]
fn an_index_names_whole_archives_of_shards_beside_it() {
    let repo = repo!();
    let (first, second) = (torch::zip(&torch::tensor()), torch::zip(&torch::tensor()));
    let (one, two) = (number(first.len()), number(second.len()));
    let zero = number(0);
    repo.write("c/__0_0.distcp", [first.clone(), second].concat());
    let good: [(&str, &[u8], &[u8]); 2] =
        [("__0_0.distcp", &zero, &one), ("__0_0.distcp", &one, &two)];
    repo.write("c/.metadata", index(&good));
    assert_eq!(checked(&repo), [""; 0]);
    // Part of an archive, two of them, and none.
    let (long, inside) = (number(first.len() * 2), number(16));
    let parts: [(&str, &[u8], &[u8]); 3] = [
        ("__0_0.distcp", &zero, &long),
        ("__0_0.distcp", &inside, &inside),
        ("__0_0.distcp", &zero, &one),
    ];
    repo.write("c/.metadata", index(&parts));
    insta::assert_snapshot!(checked(&repo).join("\n"), @"c/.metadata: error[distributed-index] the index makes torch load 1208 bytes at 0 of c/__0_0.distcp, and 1 more, which are no archive there");
}

#[test]
fn what_an_index_names_lies_beside_it_and_is_checked() {
    let repo = repo!();
    let shard = torch::zip(&torch::tensor());
    let (zero, all) = (number(0), number(shard.len()));
    repo.write("c/__0_0.distcp", &shard);
    repo.write("d/__0_0.distcp", &shard);
    for name in ["../d/__0_0.distcp", "/d/__0_0.distcp", "C:x", ".."] {
        repo.write("c/.metadata", index(&[(name, &zero, &all)]));
        let told = checked(&repo);
        assert!(
            told.iter()
                .any(|line| line.contains("which is not a file beside it")),
            "{name}: {told:?}"
        );
    }
    repo.write("c/.metadata", index(&[("__1_0.distcp", &zero, &all)]));
    insta::assert_snapshot!(checked(&repo).join("\n"), @"
    c/.metadata: error[distributed-index] the index names `__1_0.distcp`, which is not among the shards that are checked here
    d/__0_0.distcp: warning[shard-without-index] no index beside this shard is checked with it: which of its bytes are loaded is unknown
    ");
    let alone = run(&repo.root, &["check", "c/.metadata", "--format", "concise"]);
    assert_eq!(alone.code, 1, "{alone:?}");
}

#[test]
fn parts_that_are_not_constant_are_refused() {
    let repo = repo!();
    let shard = torch::zip(&torch::tensor());
    let (zero, all) = (number(0), number(shard.len()));
    repo.write("c/__0_0.distcp", &shard);
    let computed: [(&str, &[u8]); 6] = [
        ("computed", b"cbuiltins\nint\nK\x05\x85R"),
        ("negative", b"J\xff\xff\xff\xff"),
        ("another attribute", b"K\x00\x8c\x01xK\x00"),
        ("twice", b"K\x00\x8c\x06offsetK\x00"),
        ("a float", b"G\0\0\0\0\0\0\0\0"),
        ("a nested dict", b"}\x8c\x06offsetK\x00s"),
    ];
    for (what, offset) in computed {
        repo.write("c/.metadata", index(&[("__0_0.distcp", offset, &all)]));
        let told = checked(&repo);
        assert!(
            told.iter()
                .any(|line| line.contains("which bytes are loaded is unknown")),
            "{what}: {told:?}"
        );
    }
    // A dict that names a file and is no state, however the name is spelled.
    for key in [
        b"\x8c\x0drelative_path".as_slice(),
        b"V\\u0072elative_path\n",
        b"S'relative_path'\n",
    ] {
        let other = [b"\x80\x04}", key, b"\x8c\x01xs0"].concat();
        let plain = index(&[("__0_0.distcp", &zero, &all)]);
        repo.write("c/.metadata", [other.as_slice(), &plain[2..]].concat());
        let told = checked(&repo);
        assert!(
            told.iter()
                .any(|line| line.contains("which bytes are loaded is unknown")),
            "{key:?}: {told:?}"
        );
    }
}
