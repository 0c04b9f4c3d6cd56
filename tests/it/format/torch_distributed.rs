//! Shards of distributed checkpoints: what is in them, and where torch's own index says it is.

use std::collections::BTreeMap;

use weighbridge::fact::{Fact, Hop};

use crate::{
    rule::judge,
    support::{
        cli::run,
        fixture::{facts, told},
        oracle,
        pickle::payload,
        torch,
    },
};

#[test]
fn shards_are_the_parts_that_their_index_names() {
    let Some(python) = oracle::python("torch.distributed.checkpoint") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let parts = oracle::run(
        &python,
        "torch_distributed.py",
        &[dir.path().to_str().unwrap()],
    );
    let mut files: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for part in &parts {
        let file = part["file"].as_str().unwrap().to_owned();
        files
            .entry(file)
            .or_default()
            .push(part["offset"].as_u64().unwrap());
    }
    assert!(parts.len() > 50 && files.len() > 5);
    // Every checkpoint as a whole, index and shards, passes untouched.
    let all = run(dir.path(), &["check", "--format", "concise"]);
    assert_eq!(all.code, 0, "{all:?}");
    assert!(!all.stdout.contains("warning"), "{all:?}");
    for (file, mut theirs) in files {
        let bytes = std::fs::read(dir.path().join(&file)).unwrap();
        let observed = facts(bytes, "__0_0.distcp");
        let is_archive = |fact: &Fact| matches!(fact, Fact::Is(id) if id == "torch-zip");
        let ours: Vec<u64> = observed
            .iter()
            .filter(|o| is_archive(&o.fact))
            .filter_map(|o| match o.site.hops.as_slice() {
                [Hop::From(offset)] => Some(*offset),
                _ => None,
            })
            .collect();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn each_part_is_read_by_itself() {
    let good = torch::zip(&torch::tensor());
    let shard = [good.as_slice(), &torch::zip(&payload()), &good].concat();
    let rules: Vec<&str> = judge("__0_0.distcp", &facts(shard.clone(), "__0_0.distcp"))
        .iter()
        .map(|finding| finding.rule.id)
        .collect();
    assert_eq!(rules, ["global-not-allowed"]);
    // What lies between two archives leaves no end record where one has to be.
    let gap = [good.as_slice(), b"gap", &good].concat();
    insta::assert_snapshot!(told(&gap, "__0_0.distcp"), @"
    [] is torch-distributed
    [] unread: malformed: no end record: the archive is cut off, or it is no archive
    ");
}
