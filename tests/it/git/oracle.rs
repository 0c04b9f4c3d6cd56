//! What a history holds, by brute force over what git says: every tree of every commit in full.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use crate::support::repo::Repo;

/// Mode's kind, path, object id.
pub(crate) type Leaf = (String, String, String);

/// All that is in a commit's tree.
fn leaves(repo: &Repo, commit: &str) -> BTreeSet<Leaf> {
    let text = repo.git(&["ls-tree", "-r", "-z", "--full-tree", commit]);
    text.split('\0')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (head, path) = line.split_once('\t').unwrap();
            let mut words = head.split(' ');
            let kind = match words.next().unwrap() {
                "120000" => "link",
                "160000" => "submodule",
                _ => "file",
            };
            let id = words.nth(1).unwrap();
            (kind.to_owned(), path.to_owned(), id.to_owned())
        })
        .collect()
}

/// A line for each path and content that commits bring: `kind path content commit [gone]`. `arguments` are those of
/// `git rev-list`.
pub(crate) fn expected(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    let list = [&["rev-list", "--parents", "--timestamp"], arguments].concat();
    let text = repo.git(&list);
    let mut commits: BTreeMap<&str, (i64, Vec<&str>)> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let time: i64 = words.next().unwrap().parse().unwrap();
        let id = words.next().unwrap();
        commits.insert(id, (time, words.collect()));
    }
    let mut trees: BTreeMap<&str, BTreeSet<Leaf>> = BTreeMap::new();
    for (id, (_, parents)) in &commits {
        for commit in parents.iter().chain([id]) {
            trees.entry(commit).or_insert_with(|| leaves(repo, commit));
        }
    }
    // Parents first; among those that are ready the oldest, then the smallest id.
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ready = BinaryHeap::new();
    for (id, (time, parents)) in &commits {
        let count = parents
            .iter()
            .filter(|id| commits.contains_key(*id))
            .count();
        waiting.insert(id, count);
        if count == 0 {
            ready.push(Reverse((*time, *id)));
        }
    }
    let mut first: BTreeMap<Leaf, &str> = BTreeMap::new();
    let mut heads: BTreeSet<&str> = commits.keys().copied().collect();
    while let Some(Reverse((_, id))) = ready.pop() {
        let parents = &commits[id].1;
        for leaf in &trees[id] {
            if !parents.iter().any(|parent| trees[parent].contains(leaf)) {
                first.entry(leaf.clone()).or_insert(id);
            }
        }
        for parent in parents {
            heads.remove(parent);
        }
        for (child, (time, parents)) in &commits {
            let times = parents.iter().filter(|parent| **parent == id).count();
            if times > 0 {
                let left = waiting.get_mut(child).unwrap();
                *left -= times;
                if *left == 0 {
                    ready.push(Reverse((*time, *child)));
                }
            }
        }
    }
    let mut contents: BTreeMap<String, String> = BTreeMap::new();
    let mut lines: Vec<String> = first
        .into_iter()
        .map(|(leaf, commit)| {
            let gone = !heads.iter().any(|head| trees[head].contains(&leaf));
            let (kind, path, id) = leaf;
            let content = if kind == "submodule" {
                String::new()
            } else {
                let read = || repo.git(&["cat-file", "blob", &id]);
                contents.entry(id.clone()).or_insert_with(read).clone()
            };
            line(&kind, &path, &content, commit, gone)
        })
        .collect();
    lines.sort();
    lines
}

pub(crate) fn line(kind: &str, path: &str, content: &str, commit: &str, gone: bool) -> String {
    let gone = if gone { " gone" } else { "" };
    let commit = commit.get(..12).unwrap();
    format!("{kind} {path} {content} {commit}{gone}")
}
