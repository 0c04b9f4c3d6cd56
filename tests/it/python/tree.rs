//! A whole tree of source, by hand: `WEIGHBRIDGE_TREE=dir cargo test --test it python::tree -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "run by hand, to be read")]

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use super::observe;

#[test]
#[ignore = "needs a tree of source, named by WEIGHBRIDGE_TREE"]
fn a_tree_of_source() {
    let Some(root) = std::env::var_os("WEIGHBRIDGE_TREE") else {
        return;
    };
    let mut pending = vec![PathBuf::from(root)];
    let (mut files, mut bytes, mut slowest) = (0, 0, (0.0, PathBuf::new()));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let start = Instant::now();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|e| e == "py") {
            let source = std::fs::read(&path).unwrap();
            let began = Instant::now();
            let observations = observe(&source);
            let took = began.elapsed().as_secs_f64();
            if took > slowest.0 {
                slowest = (took, path.clone());
            }
            files += 1;
            bytes += source.len();
            for finding in crate::rule::judge("x.py", &observations) {
                *counts.entry(finding.rule.id).or_default() += 1;
                println!(
                    "{}:{} {} {}",
                    path.display(),
                    finding.site,
                    finding.rule.id,
                    finding.message
                );
            }
            for observation in observations
                .iter()
                .filter(|o| matches!(o.fact, weighbridge::fact::Fact::Unread(_)))
            {
                println!("{}:{}", path.display(), super::tell(observation));
            }
        }
    }
    println!(
        "{files} files, {bytes} bytes, {:?}, slowest {slowest:?}, {counts:?}",
        start.elapsed()
    );
}
