//! A change: what it brings, which lines, and nothing else.

use std::fs;

use proptest::prelude::*;
use weighbridge::fact::{Changed, EntryKind};

use crate::support::repo::{Repo, repo, shown};

fn view(repo: &Repo, range: &str) -> weighbridge::git::View {
    weighbridge::git::change(&repo.root, range, &[]).unwrap()
}

/// Each text with the lines that are new, `*` if all are.
fn lines(view: &weighbridge::git::View) -> String {
    let mut reader = view.reader();
    let lines: Vec<String> = view
        .items
        .iter()
        .map(|item| {
            let changed = match reader.open(item).changed {
                Changed::All => String::from("*"),
                Changed::Lines(lines) => format!("{lines:?}"),
            };
            format!("{} {changed}", item.entry.path)
        })
        .collect();
    lines.join("\n")
}

#[test]
fn only_what_the_change_brings() {
    let repo = repo!();
    repo.write("same.txt", "1")
        .write("changed.txt", "a\nb\nc\n")
        .write("deleted.txt", "1")
        .write("moved.txt", "1\n2\n")
        .write("tool", "1")
        .write("file", "target")
        .write("binary", b"\0\n1\n")
        .write("folder/a", "1")
        .commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("changed.txt", "a\nB\nc\nd\n")
        .write("added.txt", "1\n")
        .write("binary", b"\0\n2\n");
    repo.git(&["rm", "-q", "deleted.txt"]);
    repo.git(&["mv", "moved.txt", "deep-renamed.txt"]);
    repo.git(&["rm", "-rq", "folder"]);
    repo.write("folder", "now a file");
    repo.git(&["add", "-A"]);
    repo.git(&["update-index", "--chmod=+x", "tool"]);
    let target = repo.git(&["hash-object", "file"]);
    repo.git(&[
        "update-index",
        "--cacheinfo",
        &format!("120000,{target},file"),
    ]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{commit},same.txt"),
    ]);
    repo.git(&["commit", "-q", "-m", "x"]);
    let view = view(&repo, "main");
    insta::assert_snapshot!(shown(&view), @r"
    added.txt = 1\n
    binary = \x00\n2\n
    changed.txt = a\nB\nc\nd\n
    deep-renamed.txt = 1\n2\n
    file -> target
    folder = now a file
    same.txt @ another repository [not followed]
    tool = 1
    ");
    insta::assert_snapshot!(lines(&view), @r"
    added.txt *
    binary *
    changed.txt [2..3, 4..5]
    deep-renamed.txt *
    file *
    folder *
    same.txt *
    tool []
    ");
    assert_eq!(view.notices, ["3 files are deleted"]);
    let short = |rev: &str| repo.git(&["rev-parse", "--short=7", rev]);
    assert_eq!(
        view.label,
        format!(
            "the change main..HEAD ({}..{})",
            short("main"),
            short("HEAD")
        )
    );
    // What is on disk does not count.
    repo.write("added.txt", "2");
    let limited =
        weighbridge::git::change(&repo.root, "main..topic", &["added.txt".into()]).unwrap();
    insta::assert_snapshot!(shown(&limited), @r"added.txt = 1\n");
    assert_eq!(
        limited.label,
        format!(
            "the change main..topic ({}..{}): added.txt",
            short("main"),
            short("topic")
        )
    );
    let run = crate::support::cli::run(&repo.root, &["check", "--diff", "HEAD"]);
    assert_eq!(run.code, 0, "nothing to check is clean: {run:?}");
}

#[test]
fn two_dots_compare_and_three_count_from_the_fork() {
    let repo = repo!();
    repo.write("a", "1").commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("topic", "1").commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("main", "1").write("a", "2").commit();
    assert_eq!(shown(&view(&repo, "main...topic")), "topic = 1");
    assert_eq!(shown(&view(&repo, "...topic")), "topic = 1");
    assert_eq!(shown(&view(&repo, "main..topic")), "a = 1\ntopic = 1");
    assert_eq!(shown(&view(&repo, "topic...")), "a = 2\nmain = 1");
    assert_eq!(shown(&view(&repo, "topic..")), "a = 2\nmain = 1");
    // Against nothing at all: everything.
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    assert_eq!(
        shown(&view(&repo, &format!("{empty}..main"))),
        "a = 2\nmain = 1"
    );
}

#[test]
fn histories_that_meet_twice_or_never() {
    let repo = repo!();
    repo.write("a", "1").commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("topic", "1").commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("main", "1").commit();
    let (main, topic) = (
        repo.git(&["rev-parse", "main"]),
        repo.git(&["rev-parse", "topic"]),
    );
    repo.git(&["merge", "-q", "-m", "x", &topic]);
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["merge", "-q", "-m", "x", &main]);
    repo.write("more", "1").commit();
    let crossed = view(&repo, "main...topic");
    assert!(
        crossed.notices[0].starts_with("main and topic were merged into each other"),
        "{:?}",
        crossed.notices
    );
    assert!(shown(&crossed).contains("more = 1"));

    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.write("alone", "1").commit();
    let told = |range: &str| {
        let run = crate::support::cli::run(&repo.root, &["check", &format!("--diff={range}")]);
        assert_eq!(run.code, 2, "{run:?}");
        run.stderr
    };
    let text = told("main...alone");
    assert!(
        text.contains("have no commit in common") && text.contains("main..alone"),
        "{text}"
    );
    assert!(shown(&view(&repo, "main..alone")).contains("alone = 1"));
    assert!(told("main^{tree}...alone").contains("is a tree and has no history"));
    assert!(told("mian..alone").contains("did you mean `main`?"));
    assert!(told("").contains("there is no revision ``"));
    assert!(told("-x...HEAD").contains("there is no revision `-x`"));

    // A shallow clone does not reach to where they meet.
    let source = format!("file://{}", repo.root.display());
    repo.git_in(
        &repo.outside(),
        &[
            "clone",
            "-q",
            "--depth=1",
            "--no-single-branch",
            &source,
            "clone",
        ],
    );
    let clone = repo.outside().join("clone");
    let run = crate::support::cli::run(&clone, &["check", "--diff=origin/main...origin/topic"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("git fetch --unshallow origin"),
        "{run:?}"
    );
    let view = weighbridge::git::change(&clone, "origin/main..origin/topic", &[]).unwrap();
    assert_eq!(shown(&view), "more = 1");
}

#[test]
fn a_base_that_is_not_here_makes_all_of_it_count() {
    let repo = repo!();
    repo.write("d/a", "1")
        .write("d/b", "1")
        .write("e/c", "1")
        .commit();
    repo.write("d/a", "2").commit();
    let id = repo.git(&["rev-parse", "HEAD~1:d"]);
    let (folder, file) = id.split_at(2);
    fs::remove_file(repo.root.join(".git/objects").join(folder).join(file)).unwrap();
    let view = view(&repo, "HEAD~1");
    assert_eq!(shown(&view), "d/a = 2\nd/b = 1");
    assert!(
        view.notices[0].contains("counts as new"),
        "{:?}",
        view.notices
    );
}

#[test]
fn findings_on_changed_lines_come_first() {
    let repo = repo!();
    let load = |n: u8| format!("import torch\ntorch.load('{n}', weights_only=False)\n");
    repo.write("a.py", load(1)).commit();
    repo.write("a.py", format!("{}x = torch.load(p)\n", load(1)))
        .commit();
    let run = crate::support::cli::run(&repo.root, &["check", "--diff=HEAD~1", "--format=plain"]);
    assert_eq!(run.code, 1, "{run:?}");
    let (new, old) = (
        run.stdout.find("rule torch-load-implicit").unwrap(),
        run.stdout.find("rule torch-load-unsafe").unwrap(),
    );
    assert!(new < old, "{}", run.stdout);
    assert!(
        run.stdout.contains("Place: line 3, column 5.\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("line 2, column 1, not touched by the change."),
        "{}",
        run.stdout
    );
    let human = crate::support::cli::run(&repo.root, &["check", "--diff=HEAD~1"]).stdout;
    assert!(human.contains("a.py:2:1 (unchanged)\n"), "{human}");
    assert!(human.contains("a.py:3:5\n"), "{human}");
}

/// The same content is one, and what of it is new is told for each place.
#[test]
fn a_content_is_new_where_the_change_brings_it() {
    let repo = repo!();
    let load = "import torch\ntorch.load('a', weights_only=False)\n";
    repo.write("all/a.py", "x = 1\n")
        .write("none/a.py", format!("{load}x = 1\n"))
        .write("same/a.py", format!("{load}x = 1\n"))
        .commit();
    for folder in ["all", "fresh", "none", "same"] {
        repo.write(&format!("{folder}/a.py"), format!("{load}x = 2\n"));
    }
    repo.commit();
    let view = view(&repo, "HEAD~1");
    assert_eq!((view.items.len(), view.contents()), (4, 1));
    let run = crate::support::cli::run(&repo.root, &["check", "--diff=HEAD~1", "--format=json"]);
    let report: weighbridge::report::json::v1::Report = serde_json::from_str(&run.stdout).unwrap();
    let told: Vec<(&str, bool)> = report
        .findings
        .iter()
        .map(|finding| (finding.path.as_str(), finding.on_change))
        .collect();
    let expected = [
        ("all/a.py", true),
        ("fresh/a.py", true),
        ("none/a.py", false),
        ("same/a.py", false),
    ];
    assert_eq!(told, expected);
}

/// The same content is judged for each way in which git writes it.
#[test]
fn a_content_is_read_for_each_way_it_is_written() {
    let repo = repo!();
    repo.write("z", "z").commit();
    let code = "import torch\nx = 1\n";
    repo.write("a/x.py", code).write("b/x.py", code).commit();
    let attributes = "*.py working-tree-encoding=no-such-charset\n";
    let attributes = repo.git_with_input(&["hash-object", "-w", "--stdin"], attributes);
    let entry = format!("100644,{attributes},b/.gitattributes");
    repo.git(&["update-index", "--add", "--cacheinfo", &entry]);
    repo.git(&["commit", "-q", "-m", "x"]);
    let range = "--diff=HEAD~2";
    let run = crate::support::cli::run(&repo.root, &["check", range, "--format=concise"]);
    assert!(!run.stdout.contains("a/x.py"), "{run:?}");
    assert!(run.stdout.contains("b/x.py"), "{run:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Differential: for any two commits our list is `git diff --raw --no-renames`, without what is deleted.
    #[test]
    fn the_list_is_git_s_own(
        before in prop::collection::vec((0..4u8, 0..4u8, 0..3u8, 0..3u8), 0..24),
        after in prop::collection::vec((0..4u8, 0..4u8, 0..3u8, 0..3u8), 0..12),
    ) {
        let Some(repo) = Repo::new(&[]) else { return Ok(()); };
        let write = |(a, b, content, depth): &(u8, u8, u8, u8)| {
            let path = match depth {
                0 => format!("d{a}"),
                1 => format!("d{a}.{b}"),
                _ => format!("d{a}/{b}/f"),
            };
            let place = repo.root.join(&path);
            // A folder where a file was, and the other way round.
            for above in place.ancestors().skip(1).take_while(|above| *above != repo.root) {
                if above.is_file() {
                    fs::remove_file(above).unwrap();
                }
            }
            if place.is_dir() {
                fs::remove_dir_all(&place).unwrap();
            }
            repo.write(&path, [*content]);
        };
        before.iter().for_each(&write);
        repo.commit();
        after.iter().for_each(&write);
        repo.commit();
        let raw = repo.git(&["diff", "--raw", "--no-renames", "--no-abbrev", "HEAD~1", "HEAD"]);
        let (mut expected, mut deleted) = (Vec::new(), 0);
        for line in raw.lines() {
            let (head, path) = line.split_once('\t').unwrap();
            let words: Vec<&str> = head.split(' ').collect();
            if words[4] == "D" {
                deleted += 1;
            } else {
                expected.push(path);
            }
        }
        expected.sort_unstable();
        let view = view(&repo, "HEAD~1..HEAD");
        let ours: Vec<&str> = view.items.iter().map(|item| item.entry.path.as_str().unwrap()).collect();
        prop_assert_eq!(ours, expected);
        let said = match deleted {
            0 => vec![],
            1 => vec![String::from("1 file is deleted")],
            n => vec![format!("{n} files are deleted")],
        };
        prop_assert_eq!(&view.notices, &said);
    }

    /// Differential: the lines that are new are those of `git diff -U0`. Where texts have several shortest differences,
    /// as many, and what is left is what both have in the same order.
    #[test]
    fn the_lines_are_git_s_own(
        before in prop::collection::vec(0..30u8, 0..40),
        edits in prop::collection::vec((0..40usize, 0..3u8, 30..60u8), 0..8),
    ) {
        let Some(repo) = Repo::new(&[]) else { return Ok(()); };
        let mut after = before.clone();
        for (at, what, line) in edits {
            let at = at % (after.len() + 1);
            match what {
                0 => after.insert(at, line),
                1 if at < after.len() => { after.remove(at); }
                _ if at < after.len() => after[at] = line,
                _ => {}
            }
        }
        let text = |lines: &[u8]| {
            let lines: Vec<String> = lines.iter().map(|n| format!("line {n}\n")).collect();
            lines.concat()
        };
        let is_new = |changed: &Changed, n: usize| {
            let n = u32::try_from(n).unwrap();
            changed.touches(n, n)
        };
        repo.write("x.py", text(&before)).commit();
        repo.write("x.py", text(&after)).commit();
        let listed = repo.git(&["diff", "-U0", "--minimal", "HEAD~1", "HEAD"]);
        let added = listed.lines().filter(|line| line.starts_with("+line")).count();
        let view = view(&repo, "HEAD~1..HEAD");
        if before == after {
            prop_assert!(view.items.is_empty());
            return Ok(());
        }
        prop_assert_eq!(view.items[0].entry.kind, EntryKind::File);
        let changed = view.reader().open(&view.items[0]).changed;
        if before.is_empty() {
            prop_assert!((1..=after.len()).all(|n| is_new(&changed, n)));
            return Ok(());
        }
        let new: Vec<usize> = (1..=after.len()).filter(|n| is_new(&changed, *n)).collect();
        // No more than a little over the fewest there can be.
        prop_assert!(new.len() >= added, "{new:?} {listed}");
        let kept = (1..=after.len()).filter(|n| !new.contains(n)).map(|n| after[n - 1]);
        let mut old = before.iter();
        for line in kept {
            prop_assert!(old.any(|o| *o == line), "line {line} is not new, and not old either: {new:?}\n{listed}");
        }
    }
}
