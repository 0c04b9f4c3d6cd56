//! `distributed-index`: a rule over the run, so that it is seen where files are checked together.

use crate::support::{
    cli::run,
    pickle::Pickle,
    repo::{Repo, repo},
    tar, torch, zip,
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
fn an_index_in_an_archive_names_archives_of_shards_in_it() {
    let repo = repo!();
    let shard = torch::zip(&torch::tensor());
    let (zero, all, inside) = (number(0), number(shard.len()), number(16));
    let good = index(&[("__0_0.distcp", &zero, &all)]);
    let bad = index(&[("__0_0.distcp", &inside, &inside)]);
    let missing = index(&[("__1_0.distcp", &zero, &all)]);
    let members = |index: &[u8]| {
        [
            ("./model_config.yaml", b"a: 1\n".to_vec()),
            ("./model_weights/.metadata", index.to_vec()),
            ("./model_weights/__0_0.distcp", shard.clone()),
        ]
    };
    let in_tar = |index: &[u8]| tar::archive(&members(index));
    let in_zip = |index: &[u8]| {
        let members = members(index);
        let members = members
            .iter()
            .map(|(name, body)| zip::stored(name.trim_start_matches("./"), body));
        zip::archive(&members.collect::<Vec<_>>())
    };
    repo.write("a.nemo", in_tar(&good));
    repo.write("a.zip", in_zip(&good));
    // What else is said of a NeMo model does not count here.
    let told = || {
        let mut told = checked(&repo);
        told.retain(|line| line.contains("[distributed-index]"));
        told
    };
    assert_eq!(told(), [""; 0]);
    // A shard beside the archive is none in it.
    repo.write("model_weights/__1_0.distcp", &shard);
    repo.write("model_weights/.metadata", missing.clone());
    repo.write("missing.nemo", in_tar(&missing));
    repo.write("a.nemo", in_tar(&bad));
    repo.write("a.zip", in_zip(&bad));
    let told = told();
    let expected = [
        ("a.nemo", "16 bytes at 16 of ./model_weights/__0_0.distcp"),
        ("a.zip", "16 bytes at 16 of model_weights/__0_0.distcp"),
        (
            "missing.nemo",
            "`__1_0.distcp`, which is not among the shards",
        ),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (line, (path, said)) in told.iter().zip(expected) {
        assert!(line.starts_with(path) && line.contains(said), "{told:?}");
    }
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
