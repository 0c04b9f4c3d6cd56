//! What was there before an installation is there after it was taken away: content, mode, links.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use crate::support::{
    cli::{Run, run},
    comparison::{Needs, not_made},
    repo::{Repo, repo},
};

const STAGES: [&str; 4] = ["pre-commit", "pre-merge-commit", "pre-push", "pre-receive"];

/// Everything in a folder that is no sample: names, modes, contents, targets of links.
fn all(folder: &Path) -> BTreeMap<PathBuf, String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let one = |path: PathBuf| {
        let name = PathBuf::from(path.file_name().unwrap());
        let metadata = fs::symlink_metadata(&path).unwrap();
        let text = if metadata.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else {
            let bytes = fs::read(&path).unwrap();
            let mode = metadata.permissions().mode();
            format!("{mode:o} {}", bytes.escape_ascii())
        };
        (name, text)
    };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|suffix| suffix != "sample"))
        .map(one)
        .collect()
}

/// A message without the places where it is broken.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hook(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["hook"], arguments].concat())
}

#[derive(Debug, Clone)]
enum Before {
    Nothing,
    File(Vec<u8>, u32),
    Link(&'static str),
}

fn before() -> impl Strategy<Value = Before> {
    let text = prop_oneof![
        Just(b"#!/bin/sh\nexit 0\n".to_vec()),
        Just(b"#!/bin/sh\n# weighbridge hoax\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..200),
    ];
    prop_oneof![
        Just(Before::Nothing),
        (
            text,
            prop_oneof![Just(0o755), Just(0o644), Just(0o500), Just(0o711)]
        )
            .prop_map(|(text, mode)| Before::File(text, mode)),
        prop_oneof![Just("../description"), Just("nowhere"), Just("pre-push")]
            .prop_map(Before::Link),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn uninstalling_leaves_what_was_there(
        before in prop::collection::vec(before(), 4),
        chosen in prop::collection::vec(any::<bool>(), 4),
        again in any::<bool>(),
    ) {
        let Some(repo) = Repo::new(&[]) else { return Ok(()) };
        let folder = repo.root.join(".git/hooks");
        fs::create_dir_all(&folder).unwrap();
        for (stage, before) in STAGES.iter().zip(&before) {
            let path = folder.join(stage);
            match before {
                Before::Nothing => {}
                Before::File(bytes, mode) => {
                    fs::write(&path, bytes).unwrap();
                    fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
                }
                Before::Link(target) => symlink(target, &path).unwrap(),
            }
        }
        let as_it_was = all(&folder);
        let flags: Vec<String> = STAGES
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(stage, _)| format!("--{stage}"))
            .collect();
        let mut arguments = vec!["install"];
        arguments.extend(flags.iter().map(String::as_str));

        let install = hook(&repo, &arguments);
        prop_assert_eq!(install.code, 0, "{}", install.stderr);
        let installed = all(&folder);
        prop_assert_ne!(&installed, &as_it_was);
        if again {
            let install = hook(&repo, &arguments);
            prop_assert!(install.stderr.contains("is already installed"), "{}", install.stderr);
            prop_assert_eq!(&all(&folder), &installed);
        }
        let uninstall = hook(&repo, &["uninstall"]);
        prop_assert_eq!(uninstall.code, 0, "{}", uninstall.stderr);
        prop_assert_eq!(&all(&folder), &as_it_was);
        // What is gone cannot be taken away once more, and nothing is.
        let uninstall = hook(&repo, &["uninstall"]);
        prop_assert_eq!(uninstall.code, 0);
        prop_assert!(uninstall.stderr.contains("nothing to remove"), "{}", uninstall.stderr);
        prop_assert_eq!(&all(&folder), &as_it_was);
    }
}

#[test]
fn what_others_changed_is_not_touched() {
    let repo = repo!();
    let folder = repo.root.join(".git/hooks");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("pre-commit");
    assert_eq!(hook(&repo, &["install"]).code, 0);

    let ours = fs::read(&path).unwrap();
    fs::write(&path, [&ours[..], b"echo mine\n"].concat()).unwrap();
    let changed = all(&folder);
    for command in ["install", "uninstall"] {
        let run = hook(&repo, &[command]);
        assert_eq!(run.code, 2);
        assert!(
            plain(&run.stderr).contains("a weighbridge script that was edited"),
            "{}",
            run.stderr
        );
        assert_eq!(all(&folder), changed);
    }
    assert!(hook(&repo, &["status"]).stdout.contains("but edited"));

    // Replaced while another hook was kept: both are somebody's.
    fs::write(&path, "#!/bin/sh\necho first\n").unwrap();
    assert_eq!(hook(&repo, &["install"]).code, 0);
    fs::write(&path, "#!/bin/sh\necho second\n").unwrap();
    let both = all(&folder);
    let run = hook(&repo, &["install"]);
    assert_eq!(run.code, 2);
    assert!(
        plain(&run.stderr).contains("another one from an earlier installation"),
        "{}",
        run.stderr
    );
    let run = hook(&repo, &["uninstall"]);
    assert_eq!(run.code, 2);
    assert!(
        plain(&run.stderr).contains("was replaced by another hook"),
        "{}",
        run.stderr
    );
    assert_eq!(all(&folder), both);

    // Ours was deleted: what was there before comes back.
    fs::remove_file(&path).unwrap();
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(fs::read(&path).unwrap(), b"#!/bin/sh\necho first\n");
}

#[test]
fn an_interrupted_installation_is_finished_or_undone() {
    let repo = repo!();
    let folder = repo.root.join(".git/hooks");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("pre-commit");
    fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
    let as_it_was = all(&folder);
    let kept = folder.join("pre-commit.before-weighbridge");
    fs::hard_link(&path, &kept).unwrap();
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(all(&folder), as_it_was);
    fs::hard_link(&path, &kept).unwrap();
    assert_eq!(hook(&repo, &["install"]).code, 0);
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(all(&folder), as_it_was);
}

#[test]
fn a_renewed_script_hands_on_what_it_did() {
    let repo = repo!();
    repo.write("strict rules.yaml", "version: 1\nextends: strict\n");
    let install = hook(
        &repo,
        &[
            "install",
            "--policy",
            "strict rules.yaml",
            "--deadline",
            "2.5",
        ],
    );
    assert_eq!(install.code, 0, "{}", install.stderr);
    let path = repo.root.join(".git/hooks/pre-commit");
    let text = fs::read_to_string(&path).unwrap();
    let policy = repo.root.join("strict rules.yaml");
    let line = format!(
        "set -- hook run pre-commit --policy '{}' --deadline 2.5 -- \"$@\"\n",
        policy.display()
    );
    assert!(text.contains(&line), "{text}");
    // No longer executable: git passes it over, so installing mends it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(hook(&repo, &["status"]).stdout.contains("not executable"));
    assert!(hook(&repo, &["install"]).stderr.contains("updated"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o111,
        0o111
    );

    repo.write("broken.yaml", "version: 1\nextend: strict\n");
    let install = hook(&repo, &["install", "--pre-push", "--policy", "broken.yaml"]);
    assert_eq!(install.code, 2);
    assert!(!repo.root.join(".git/hooks/pre-push").exists());
}

#[test]
fn nothing_is_changed_where_nothing_can_be_written() {
    let repo = repo!();
    let folder = repo.root.join(".git/hooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pre-commit"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let as_it_was = all(&folder);
    // Whoever may write everywhere proves nothing here.
    let may = fs::write(folder.join("try"), "").is_ok();
    let _ = fs::remove_file(folder.join("try"));
    if may {
        not_made(Needs::Machine, "this user may write into read-only folders");
    } else {
        let run = hook(&repo, &["install"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
        assert_eq!(all(&folder), as_it_was);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    // A folder where a hook should be.
    fs::create_dir(folder.join("pre-push")).unwrap();
    let run = hook(&repo, &["install", "--pre-push"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}
