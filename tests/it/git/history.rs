//! Histories: every content of every path once, with the commit that introduced it.

use std::{fmt::Write as _, fs};

use proptest::prelude::*;
use weighbridge::{
    fact::{Circumstance, EntryKind, Unavailable},
    git::{self, Content, Incoming, Known, View},
};

use super::oracle;
use crate::support::{
    import::Import,
    random::Random,
    repo::{Repo, repo},
};

/// A line for each item, as the oracle writes them.
fn lines(view: &View) -> Vec<String> {
    let mut reader = view.reader();
    // What one of two sides that were merged into each other keeps is introduced by no commit of a range: `known` has its tests.
    let mut lines: Vec<String> = view
        .items
        .iter()
        .filter(|item| item.entry.introduced_by.is_some())
        .map(|item| {
            let opened = reader.open(item);
            let mut facts = opened.noted.iter();
            assert!(
                facts.all(|fact| matches!(fact, Circumstance::NotFollowed(_))),
                "{:?}",
                opened.noted
            );
            let (kind, content) = match opened.content {
                Content::Bytes(window) => (
                    "file",
                    String::from_utf8(window.bytes_at(0, 40).unwrap()).unwrap(),
                ),
                Content::Link { target, .. } => ("link", target.to_string()),
                _ => ("submodule", String::new()),
            };
            assert_eq!(item.entry.kind == EntryKind::Submodule, kind == "submodule");
            let introduction = item.entry.introduced_by.as_ref().unwrap();
            let path = item.entry.path.as_str().unwrap();
            oracle::line(
                kind,
                path,
                &content,
                &introduction.commit.id,
                introduction.gone,
            )
        })
        .collect();
    lines.sort();
    lines
}

/// A line for each item: path, content or what hinders, who introduced it.
pub(crate) fn shown(view: &View) -> String {
    let mut reader = view.reader();
    let lines: Vec<String> = view
        .items
        .iter()
        .map(|item| {
            let opened = reader.open(item);
            let content = match opened.content {
                Content::Bytes(window) => {
                    format!("= {}", window.bytes_at(0, 40).unwrap().escape_ascii())
                }
                Content::Link { target, .. } => format!("-> {target}"),
                _ => String::from(":"),
            };
            let facts: Vec<String> = opened
                .noted
                .iter()
                .map(|fact| format!(" {fact:?}"))
                .collect();
            let introduction =
                item.entry
                    .introduced_by
                    .as_ref()
                    .map_or_else(String::new, |introduction| {
                        let gone = if introduction.gone { ", gone" } else { "" };
                        format!(" ({}{gone})", introduction.commit.summary)
                    });
            format!(
                "{} {content}{}{introduction}",
                item.entry.path,
                facts.concat()
            )
        })
        .collect();
    lines.join("\n")
}

fn all(repo: &Repo) -> View {
    git::all_refs(&repo.root, &[]).unwrap()
}

fn of(repo: &Repo, range: &str) -> View {
    git::history(&repo.root, range, &[]).unwrap()
}

const PATHS: &[&str] = &[
    "a",
    "a.b",
    "a/b",
    "a/b/c",
    "d/e/f.py",
    "d/e/g",
    "d/h",
    "model.pkl",
    "d",
    "z/\u{e9}",
];

/// A history of some thirty commits: merges, criss-cross, octopus, orphans, renames, deletions, re-additions, links, submodules.
fn random(seed: u64, skewed: bool, hash: &str) -> Option<(Repo, Vec<String>)> {
    let repo = Repo::new(&[&format!("--object-format={hash}")])?;
    let mut random = Random::new(seed);
    let mut import = Import::default();
    let blobs: Vec<usize> = (0..8)
        .map(|i| import.blob(format!("content {i}")))
        .collect();
    let mut commits: Vec<(usize, i64)> = Vec::new();
    let long = if hash == "sha256" { 64 } else { 40 };
    for n in 0..30 {
        let mut parents: Vec<usize> = Vec::new();
        let mut time = 1_000_000;
        if !commits.is_empty() && !random.chance(8) {
            let count = *random.pick(&[1, 1, 1, 1, 1, 2, 2, 2, 3, 5]);
            for _ in 0..count {
                // Mostly of late, so that there are long lines.
                let reach = if random.chance(80) { 4 } else { 30 };
                let back = random.below(reach);
                let (mark, at) = commits[commits.len() - 1 - back.min(commits.len() - 1)];
                if !parents.contains(&mark) {
                    parents.push(mark);
                    time = time.max(at);
                }
            }
        }
        time += i64::try_from(random.below(3)).unwrap();
        if skewed {
            time = 1_000_000 - i64::try_from(random.below(50)).unwrap();
        }
        let mut changes = Vec::new();
        if random.chance(4) {
            changes.push(String::from("deleteall"));
        }
        for _ in 0..random.below(4) {
            let path = random.pick(PATHS);
            let blob = random.pick(&blobs);
            changes.push(match random.below(12) {
                0..=2 => format!("D {path}"),
                3 => format!("M 120000 :{blob} {path}"),
                4 => format!(
                    "M 160000 {} {path}",
                    format!("{}", 1 + random.below(2)).repeat(long)
                ),
                5 => format!("M 100755 :{blob} {path}"),
                _ => format!("M 100644 :{blob} {path}"),
            });
        }
        let mark = import.commit(&format!("refs/odd/c{n}"), time, "x", &parents, &changes);
        commits.push((mark, time));
    }
    let ids = import.into_repo(&repo);
    if random.chance(50) {
        repo.git(&["repack", "-adq"]);
    }
    let commits = commits
        .iter()
        .map(|(mark, _)| ids[mark - 1].clone())
        .collect();
    Some((repo, commits))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Differential: all that `git ls-tree` shows in any commit, once, by the first of them; whatever clocks said.
    #[test]
    fn everything_that_any_commit_has(seed in any::<u64>(), skewed in any::<bool>(), sha256 in any::<bool>()) {
        let hash = if sha256 { "sha256" } else { "sha1" };
        let Some((repo, _)) = random(seed, skewed, hash) else { return Ok(()); };
        let ours = lines(&all(&repo));
        prop_assert_eq!(&ours, &oracle::expected(&repo, &["--all"]));
        // The same files as git itself lists when it compares each commit with each of its parents.
        let text = repo.git(&["log", "--all", "-m", "--raw", "-z", "--no-renames", "--no-abbrev", "--format="]);
        let mut fields = text.split('\0').filter(|field| !field.is_empty());
        let mut listed = std::collections::BTreeSet::new();
        while let Some(head) = fields.next() {
            let words: Vec<&str> = head.trim_start_matches('\n').split(' ').collect();
            let path = fields.next().unwrap();
            if words[4] != "D" {
                listed.insert((words[1].get(..3).unwrap().to_owned(), words[3].to_owned(), path.to_owned()));
            }
        }
        prop_assert_eq!(ours.len(), listed.len());
    }

    /// Differential: `A..B` is what the commits of `git rev-list A..B` have that none of their parents has, and so is what a push
    /// of B brings to those who have A.
    #[test]
    fn what_a_range_brings(seed in any::<u64>(), a in 0..30_usize, b in 0..30_usize) {
        let Some((repo, commits)) = random(seed, false, "sha1") else { return Ok(()); };
        let (a, b) = (&commits[a], &commits[b]);
        let expected = oracle::expected(&repo, &[b, &format!("^{a}")]);
        prop_assert_eq!(&lines(&of(&repo, &format!("{a}..{b}"))), &expected);
        let push = Incoming {
            tips: vec![b.clone()],
            known: vec![Known::Commits(vec![a.clone(), "1".repeat(40)])],
        };
        prop_assert_eq!(&lines(&git::incoming(&repo.root, &push).unwrap()), &expected);
        let both = format!("{a}...{b}");
        prop_assert_eq!(&lines(&of(&repo, &both)), &oracle::expected(&repo, &[&both]));
        // The references of these histories are no branches: what only they reach is new.
        let all = Incoming { tips: vec![b.clone()], known: vec![Known::Accepted] };
        prop_assert_eq!(&lines(&git::incoming(&repo.root, &all).unwrap()), &lines(&of(&repo, b)));
        repo.git(&["update-ref", "refs/heads/all", b]);
        prop_assert_eq!(lines(&git::incoming(&repo.root, &all).unwrap()), Vec::<String>::new());
        repo.git(&["update-ref", "-d", "refs/heads/all"]);
        // Paths only leave out.
        let view = git::history(&repo.root, b, &["d/e".into(), "a".into()]).unwrap();
        let wanted = |line: &&String| {
            let path = line.split(' ').nth(1).unwrap();
            path == "a" || path.starts_with("a/") || path.starts_with("d/e/")
        };
        let whole = oracle::expected(&repo, &[b]);
        let expected: Vec<String> = whole.iter().filter(wanted).cloned().collect();
        prop_assert_eq!(lines(&view), expected);
    }

    /// With clocks that go wrong, what is new may come to more, never to less.
    #[test]
    fn wrong_clocks_hide_nothing(seed in any::<u64>(), a in 0..30_usize, b in 0..30_usize) {
        let Some((repo, commits)) = random(seed, true, "sha1") else { return Ok(()); };
        let (a, b) = (&commits[a], &commits[b]);
        let path_and_content = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            words[..4.min(words.len())].join(" ")
        };
        let ours: Vec<String> = lines(&of(&repo, &format!("{a}..{b}"))).iter().map(path_and_content).collect();
        // `git rev-list b ^a` may name ancestors of `a` where clocks go wrong; a list without exclusions is exact.
        let known = repo.git(&["rev-list", a]);
        let is_known = |line: &str| {
            let commit = line.rsplit(' ').next().unwrap();
            known.lines().any(|id| id.starts_with(commit))
        };
        for line in oracle::expected(&repo, &[b, &format!("^{a}")]) {
            if is_known(&line) {
                continue;
            }
            // A submodule has no content to tell it by.
            prop_assert!(ours.contains(&path_and_content(&line)) || line.starts_with("submodule"), "{}", line);
        }
    }
}

#[test]
fn a_removed_file_is_told_with_the_commit_that_brought_it() {
    let repo = repo!();
    let mut import = Import::default();
    let (one, two) = (import.blob("1"), import.blob("2"));
    let first = import.commit(
        "refs/heads/main",
        1_000,
        "bring \u{202e}both\x1b[31m\n\nmore",
        &[],
        &[
            format!("M 100644 :{one} a.pkl"),
            format!("M 100644 :{one} b.pkl"),
        ],
    );
    let second = import.commit(
        "refs/heads/main",
        2_000,
        "remove one",
        &[first],
        &["D a.pkl".into()],
    );
    let third = import.commit(
        "refs/heads/main",
        3_000,
        "change",
        &[second],
        &[format!("M 100644 :{two} b.pkl")],
    );
    import.commit(
        "refs/heads/main",
        4_000,
        "and back",
        &[third],
        &[format!("M 100644 :{one} b.pkl")],
    );
    import.into_repo(&repo);
    let view = of(&repo, "HEAD");
    insta::assert_snapshot!(shown(&view), @r"
    a.pkl = 1 (bring \u{202e}both\u{1b}[31m, gone)
    b.pkl = 1 (bring \u{202e}both\u{1b}[31m)
    b.pkl = 2 (change, gone)
    ");
    let introduction = view.items[0].entry.introduced_by.clone().unwrap();
    assert_eq!(
        (
            introduction.commit.time,
            introduction.commit.author.to_string()
        ),
        (1_000, "A <a@example.org>".into())
    );
    // One content at two paths is read once.
    assert_eq!((view.items.len(), view.contents()), (3, 2));
    assert_eq!(shown(&of(&repo, "HEAD~1..HEAD")), "b.pkl = 1 (and back)");
    assert_eq!(shown(&of(&repo, "HEAD^!")), "b.pkl = 1 (and back)");
    let error = git::history(&repo.root, "nowhere..HEAD", &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("there is no revision `nowhere`"),
        "{error}"
    );
    assert!(git::history(&repo.root, "^HEAD", &[]).is_err());
    assert!(git::history(&repo.outside(), "HEAD", &[]).is_err());
}

#[test]
fn all_refs_are_all_that_a_clone_could_carry() {
    let repo = repo!();
    assert_eq!(shown(&of(&repo, "HEAD")), "");
    assert_eq!(shown(&all(&repo)), "");
    repo.write("a", "main").commit();
    for (content, reference) in [
        ("branch", "refs/heads/other"),
        ("remote", "refs/remotes/origin/x"),
        ("pull", "refs/pull/1/head"),
        ("odd", "refs/odd"),
    ] {
        repo.git(&["checkout", "-q", "--detach", "main"]);
        repo.write("a", content).commit();
        repo.git(&["update-ref", reference, "HEAD"]);
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a", "stash");
    repo.git(&["stash", "-q"]);
    repo.git(&["notes", "add", "-m", "a note"]);
    // A detached HEAD in another work tree is no reference of this one.
    let linked = repo.outside().join("linked");
    repo.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        linked.to_str().unwrap(),
    ]);
    fs::write(linked.join("a"), "linked").unwrap();
    repo.git_in(&linked, &["commit", "-qam", "in the linked work tree"]);
    // A blob and a tree that only a tag names, and a tag of a tag.
    repo.write("b.pkl", "tagged blob");
    let blob = repo.git(&["hash-object", "-w", "b.pkl"]);
    repo.git(&["tag", "-a", "-m", "a blob", "blob.pkl", &blob]);
    repo.git(&["tag", "plain.pkl", &blob]);
    let tree = repo.git_with_input(&["mktree"], format!("100644 blob {blob}\tin-tree.pkl\n"));
    repo.git(&["tag", "-a", "-m", "a tree", "tree", &tree]);
    repo.git(&["tag", "-a", "-m", "a tag", "tag", "tree"]);
    fs::remove_file(repo.root.join("b.pkl")).unwrap();
    let note = repo.git(&["rev-parse", "main"]);
    let sorted = |view: &View| {
        let text = shown(view)
            .replace(&note, "[main]")
            .replace(note.get(..7).unwrap(), "[main]");
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let text = sorted(&all(&repo));
    insta::assert_snapshot!(text, @r"
    [main] = a note\n (Notes added by 'git notes add')
    a = branch (x)
    a = linked (in the linked work tree)
    a = main (x)
    a = odd (x)
    a = pull (x)
    a = remote (x)
    a = stash (WIP on main: [main] x)
    in-tree.pkl = tagged blob (a tag)
    refs/tags/blob.pkl = tagged blob (a blob)
    ");
    assert_eq!(sorted(&git::all_refs(&linked, &[]).unwrap()), text);
}

#[test]
fn bare_repositories_have_histories() {
    let repo = repo!();
    repo.write("d/a.pkl", "1").commit();
    fs::remove_file(repo.root.join("d/a.pkl")).unwrap();
    repo.write("b", "2").commit();
    let bare = repo.outside().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let view = git::history(&bare, "HEAD", &[]).unwrap();
    assert_eq!(view.root, bare);
    insta::assert_snapshot!(shown(&view), @"
    b = 2 (x)
    d/a.pkl = 1 (x, gone)
    ");
    assert_eq!(shown(&git::all_refs(&bare, &[]).unwrap()), shown(&view));
    assert_eq!(
        shown(&git::history(&bare.join("refs"), "main", &["d".into()]).unwrap()),
        "d/a.pkl = 1 (x, gone)"
    );
}

#[test]
fn a_shallow_clone_says_where_its_history_ends() {
    let repo = repo!();
    for i in 0..4 {
        repo.write("a", i.to_string())
            .write(&format!("f{i}"), "x")
            .commit();
    }
    let shallow = repo.outside().join("shallow");
    let url = format!("file://{}", repo.root.display());
    repo.git(&[
        "clone",
        "-q",
        "--depth",
        "2",
        &url,
        shallow.to_str().unwrap(),
    ]);
    let view = git::history(&shallow, "HEAD", &[]).unwrap();
    insta::assert_snapshot!(shown(&view), @"
    a = 2 (x, gone)
    a = 3 (x)
    f0 = x (x)
    f1 = x (x)
    f2 = x (x)
    f3 = x (x)
    ");
    insta::assert_snapshot!(view.notices.join("\n"), @"this is a shallow clone, and its history ends before the first commit: what came earlier was not looked at; run `git fetch --unshallow` to have it");
    // What the cut leaves out is not missed where it was not asked for.
    let view = git::history(&shallow, "HEAD~1..HEAD", &[]).unwrap();
    assert_eq!((view.notices.len(), view.items.len()), (0, 2));
}

#[test]
fn what_a_partial_clone_lacks_is_said_with_the_command_that_brings_it() {
    let repo = repo!();
    repo.write("a.pkl", "1")
        .commit()
        .write("a.pkl", "2")
        .commit();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.root.display());
    for (filter, name) in [("blob:none", "blobless"), ("tree:0", "treeless")] {
        let clone = repo.outside().join(name);
        let filter = format!("--filter={filter}");
        repo.git(&[
            "clone",
            "-q",
            "--no-checkout",
            &filter,
            &url,
            clone.to_str().unwrap(),
        ]);
        let view = git::history(&clone, "HEAD", &[]).unwrap();
        let mut reader = view.reader();
        assert_eq!(view.items.len(), 2, "{name}");
        for item in &view.items {
            let facts = reader.open(item).noted;
            assert!(
                matches!(facts.as_slice(), [Circumstance::Unavailable(Unavailable::NotFetched { command, .. })]
                    if command.to_string().starts_with("git cat-file -e ")),
                "{facts:?}"
            );
        }
    }
}

#[test]
fn damage_is_a_fact_where_it_is() {
    let repo = repo!();
    repo.write("d/a", "1")
        .commit()
        .write("d/a", "2")
        .commit()
        .write("e", "3")
        .commit();
    let objects = |revision: &str| {
        let id = repo.git(&["rev-parse", revision]);
        let (folder, file) = id.split_at(2);
        (
            id.clone(),
            repo.root.join(".git/objects").join(folder).join(file),
        )
    };
    // A tree cut short, a commit that has gone.
    let (tree, path) = objects("HEAD~1:d");
    fs::remove_file(path).unwrap();
    let (commit, path) = objects("HEAD~2");
    fs::remove_file(path).unwrap();
    let (folder, file) = commit.split_at(2);
    let text = shown(&of(&repo, "HEAD"))
        .replace(tree.get(..12).unwrap(), "[tree]")
        .replace(&format!("{folder}/{file}"), "[co]/[commit]")
        .replace(commit.get(..12).unwrap(), "[commit]");
    insta::assert_snapshot!(text, @r#"
    .git/objects/[co]/[commit] : Unavailable(Io(Unreadable { part: Object("[commit]"), answer: Missing }))
    d : Unavailable(Io(Unreadable { part: Object("[tree]"), answer: Missing })) (x)
    e = 3 (x)
    "#);
}

#[test]
fn grafts_and_replacements_do_not_change_history() {
    let repo = repo!();
    repo.write("a", "1")
        .commit()
        .write("a", "2")
        .commit()
        .write("a", "3")
        .commit();
    let before = shown(&of(&repo, "HEAD"));
    let (head, first) = (
        repo.git(&["rev-parse", "HEAD"]),
        repo.git(&["rev-parse", "HEAD~2"]),
    );
    repo.git(&["replace", "--graft", &head, &first]);
    fs::create_dir_all(repo.root.join(".git/info")).unwrap();
    fs::write(repo.root.join(".git/info/grafts"), format!("{head}\n")).unwrap();
    assert_eq!(shown(&of(&repo, "HEAD")), before);
    assert_eq!(before.lines().count(), 3);
}

#[test]
fn objects_that_move_while_they_are_read_are_found() {
    let repo = repo!();
    for i in 0..20 {
        repo.write("a", format!("content {i}")).commit();
        if i % 7 == 0 {
            repo.git(&["repack", "-dq"]);
        }
    }
    let view = of(&repo, "HEAD");
    let mut reader = view.reader();
    let (first, rest) = view.items.split_first().unwrap();
    assert!(reader.open(first).noted.is_empty());
    // Loose objects are packed, packs are replaced.
    repo.git(&["gc", "-q", "--prune=now"]);
    for item in rest {
        let opened = reader.open(item);
        assert!(opened.noted.is_empty(), "{:?}", opened.noted);
    }
    repo.git(&["repack", "-adfq", "--depth=2"]);
    for item in &view.items {
        assert!(view.reader().open(item).noted.is_empty());
        assert!(reader.open(item).noted.is_empty());
    }
}

/// Ten folders in each of ten levels, all the same: 10^10 files in eleven objects.
#[test]
fn a_tree_bomb_is_a_limit_not_a_hang() {
    let repo = repo!();
    repo.write("x", "1");
    let mut tree = repo.git(&["hash-object", "-w", "x"]);
    for level in 0..10 {
        let kind = if level == 0 {
            "100644 blob"
        } else {
            "040000 tree"
        };
        let lines: Vec<String> = (0..10).map(|i| format!("{kind} {tree}\t{i}\n")).collect();
        tree = repo.git_with_input(&["mktree"], lines.concat());
    }
    let commit = repo.git(&["commit-tree", "-m", "bomb", &tree]);
    let view = of(&repo, &commit);
    let limited = |item: &&git::Item| format!("{:?}", item.noted).contains("Limit");
    assert!(view.items.iter().any(|item| limited(&item)));
}

/// 10,000 folders inside one another.
#[test]
fn deep_folders_need_no_stack() {
    let repo = repo!();
    let mut import = Import::default();
    let blob = import.blob("1");
    let path = "d/".repeat(2_000) + "a";
    import.commit(
        "refs/heads/main",
        1,
        "deep",
        &[],
        &[format!("M 100644 :{blob} {path}")],
    );
    import.into_repo(&repo);
    let mut tree = repo.git(&["rev-parse", "main^{tree}"]);
    for _ in 0..50 {
        tree = repo.git_with_input(&["mktree"], format!("040000 tree {tree}\td\n"));
    }
    let commit = repo.git(&["commit-tree", "-m", "deeper", &tree]);
    let view = of(&repo, &commit);
    assert_eq!(view.items.len(), 1);
    assert_eq!(view.items[0].entry.path.as_bytes().len(), 4_101);
    assert!(!view.items[0].entry.introduced_by.as_ref().unwrap().gone);
}

#[test]
fn hostile_commits_and_trees_are_read_as_git_reads_them() {
    let repo = repo!();
    repo.write("x", "1");
    let blob = repo.git(&["hash-object", "-w", "x"]);
    // A folder whose entries are not sorted and stand there twice, with modes nobody writes.
    let raw: Vec<u8> = hex(&blob);
    let mut tree = Vec::new();
    for (mode, name) in [
        ("100664", "z"),
        ("100644", "a"),
        ("0100644", "a"),
        ("100000", ".."),
    ] {
        tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        tree.extend_from_slice(&raw);
    }
    fs::write(repo.outside().join("object"), &tree).unwrap();
    let object = repo.outside().join("object");
    let object = object.to_str().unwrap();
    let tree = repo.git(&["hash-object", "-w", "-t", "tree", "--literally", object]);
    let text = format!(
        "tree {tree}\nauthor \u{202e}x 99999999999999999999999 +0000\ncommitter nonsense\nencoding nowhere\n\n{}",
        "m".repeat(3 << 20)
    );
    fs::write(object, text).unwrap();
    let commit = repo.git(&["hash-object", "-w", "-t", "commit", "--literally", object]);
    let view = of(&repo, &commit);
    let paths: Vec<String> = view
        .items
        .iter()
        .map(|item| item.entry.path.to_string())
        .collect();
    assert_eq!(paths, ["..", "a", "z"]);
    let introduction = view.items[0].entry.introduced_by.clone().unwrap();
    assert_eq!(
        (
            introduction.commit.time,
            introduction.commit.summary.as_bytes().len()
        ),
        (0, 200)
    );
    // A thousand parents.
    let parents: Vec<String> = (0..1_000)
        .map(|i| {
            let text = format!("tree {tree}\nauthor a <a> {i} +0\ncommitter a <a> {i} +0\n\nx");
            let body = text.into_bytes();
            git_hash(&repo, &body)
        })
        .collect();
    let mut text = format!("tree {tree}\n");
    for parent in &parents {
        writeln!(text, "parent {parent}").unwrap();
    }
    text.push_str("author a <a> 5000 +0\ncommitter a <a> 5000 +0\n\noctopus");
    let octopus = git_hash(&repo, text.as_bytes());
    let view = of(&repo, &octopus);
    assert_eq!(view.items.len(), 3);
    assert_eq!(
        view.items[0]
            .entry
            .introduced_by
            .as_ref()
            .unwrap()
            .commit
            .time,
        0
    );
}

/// A loose commit, written as git would: through one process for each it would take a minute.
fn git_hash(repo: &Repo, body: &[u8]) -> String {
    let object = repo.outside().join("object");
    fs::write(&object, body).unwrap();
    repo.git(&[
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--literally",
        object.to_str().unwrap(),
    ])
}

fn hex(id: &str) -> Vec<u8> {
    (0..id.len() / 2)
        .map(|i| u8::from_str_radix(id.get(2 * i..2 * i + 2).unwrap(), 16).unwrap())
        .collect()
}
