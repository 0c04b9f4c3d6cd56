//! What goes wrong around an audit: it is said, nothing is lost, and the next run continues.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Clones, files};
use crate::support::cli::{finish, program, run};

type Files = BTreeMap<String, Vec<u8>>;

/// Results and numbers: what is never to be different or half.
fn results(out: &Path) -> [Files; 2] {
    ["results", "lines"].map(|folder| files(&out.join(folder)))
}

#[test]
fn a_run_that_is_killed_continues_and_leaves_no_drafts() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let begun = Instant::now();
    clones.audit("whole", &["--history"]);
    let whole = begun.elapsed();
    let arguments = ["audit", "clones", "--out", "killed", "--history"];
    for part in 1..12 {
        let mut command = program(&outside);
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(whole * part / 12);
        // One that is done already is as good.
        let _ = child.kill();
        child.wait().unwrap();
    }
    let done = clones.audit("killed", &["--history"]);
    assert!(!done.stderr.contains("damaged"), "{}", done.stderr);
    assert!(results(&outside.join("killed")) == results(&outside.join("whole")));
    assert!(!outside.join("killed/drafts").exists());
    let summary = |name: &str| fs::read(outside.join(name).join("summary.json")).unwrap();
    assert!(summary("killed") == summary("whole"));
}

#[test]
fn two_runs_of_one_folder_do_not_harm_each_other() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("whole", &[]);
    for _ in 0..4 {
        let runs: Vec<_> = (0..3)
            .map(|_| {
                let mut command = program(&outside);
                command.args(["audit", "clones", "--out", "shared"]);
                command
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ends: Vec<_> = runs
            .into_iter()
            .map(|it| it.wait_with_output().unwrap())
            .collect();
        let mut codes: Vec<_> = ends.iter().filter_map(|it| it.status.code()).collect();
        codes.sort_unstable();
        assert_eq!(codes.first(), Some(&1), "one of them comes to its end");
        for end in ends.iter().filter(|it| it.status.code() == Some(2)) {
            let said = String::from_utf8_lossy(&end.stderr);
            assert!(said.contains("another run has it open"), "{said}");
        }
        assert!(results(&outside.join("shared")) == results(&outside.join("whole")));
        fs::remove_dir_all(outside.join("shared")).unwrap();
    }
}

#[test]
fn what_cannot_be_written_ends_the_run_and_is_named() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("whole", &[]);
    for name in ["results", "records", "lines", "drafts", "run.json", "store"] {
        let out = outside.join("out");
        fs::create_dir_all(&out).unwrap();
        match name {
            "run.json" => fs::create_dir(out.join(name)).unwrap(),
            _ => fs::write(out.join(name), "in the way").unwrap(),
        }
        let end = run(&outside, &["audit", "clones", "--out", "out"]);
        assert_eq!(end.code, 2, "{name}: {}", end.stderr);
        assert!(
            end.stderr.contains("error: ") && end.stderr.contains("out"),
            "{name}: {}",
            end.stderr
        );
        // Out of the way, it continues.
        if name == "run.json" {
            fs::remove_dir(out.join(name)).unwrap();
        } else {
            fs::remove_file(out.join(name)).unwrap();
        }
        clones.audit("out", &[]);
        assert!(results(&out) == results(&outside.join("whole")), "{name}");
        fs::remove_dir_all(&out).unwrap();
    }
}

/// A limit of the size of files stands for a disk that is full: writing answers an error in the middle of a file.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_loses_nothing() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("whole", &["--history"]);
    let weighbridge = program(&outside).get_program().to_owned();
    let mut ended = Vec::new();
    // In blocks of 512 bytes: less than a result, less than a record, less than the store.
    for blocks in [0, 1, 8, 64, 256, 1024, 4096] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        let own = program(&outside);
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .current_dir(&outside)
            .args(["-c", &limited])
            .arg(&weighbridge);
        command.args(["audit", "clones", "--out", "full", "--history"]);
        let end = finish(&mut command);
        ended.push(end.code);
        let is_said =
            end.stderr.contains("error: ") || end.stderr.contains("the store could not be written");
        assert!(
            is_said || end.code == 1,
            "{blocks}: {} {}",
            end.code,
            end.stderr
        );
        assert!(
            end.code == 1 || end.code == 2,
            "{blocks}: {} {}",
            end.code,
            end.stderr
        );
    }
    assert_eq!(ended.first(), Some(&2));
    clones.audit("full", &["--history"]);
    assert!(results(&outside.join("full")) == results(&outside.join("whole")));
    assert!(!outside.join("full/drafts").exists());
}

#[test]
fn a_clock_that_is_wrong_changes_what_depends_on_the_day_and_nothing_else() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let on = |seconds: &str| {
        let mut command = program(&outside);
        command.args(["audit", "clones", "--out", "out"]);
        let end = finish(command.env("SOURCE_DATE_EPOCH", seconds));
        assert_eq!(end.code, 1, "{}", end.stderr);
        results(&outside.join("out"))
    };
    let today = on("1795000000");
    let ended = on("4200000000");
    assert!(ended != today, "a waiver has ended in 2103");
    let before = on("0");
    assert!(before != ended);
    assert!(on("1795000000") == today);
    // Files from the future, as a clock that went back leaves them.
    let future = std::time::SystemTime::now() + Duration::from_hours(24 * 365);
    for name in [
        "out/run.json",
        "clones/mirror.git/HEAD",
        "clones/mirror.git/packed-refs",
    ] {
        let file = fs::File::options()
            .append(true)
            .open(outside.join(name))
            .unwrap();
        file.set_modified(future).unwrap();
    }
    assert!(on("1795000000") == today);
}

#[test]
fn what_is_damaged_is_named_with_what_to_do() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("out", &[]);
    let out = outside.join("out");
    let whole = results(&out);
    let damage = |folder: &str| {
        for name in files(&out.join(folder)).into_keys() {
            let path = out.join(folder).join(name);
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x20;
            fs::write(&path, bytes).unwrap();
        }
    };
    let shown = |text: &str| text.replace(&outside.display().to_string(), "DIR");
    let hidden = insta::Settings::clone_current();
    damage("results");
    let report = run(&outside, &["audit", "report", "out", "-o", "out.html"]);
    let path = report
        .stderr
        .split('`')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let mut settings = hidden.clone();
    settings.add_filter("[0-9a-f]{2}/[0-9a-f]{32}", "ID");
    settings.bind(|| {
        insta::assert_snapshot!(shown(&report.stderr), @"
    error: cannot read `out/results/ID.json`: it is
      not what the audit wrote: remove it, and audit again
    ");
    });
    // As it says: without them, all are audited again.
    assert!(outside.join(path).is_file());
    fs::remove_dir_all(out.join("results")).unwrap();
    clones.audit("out", &[]);
    assert!(results(&out) == whole);

    damage("records");
    let judge = ["audit", "judge", "out", "--policy", "strict"];
    let judged = run(&outside, &judge);
    let left = judged
        .stderr
        .lines()
        .filter(|line| line.contains("no record"))
        .count();
    assert_eq!(left, 3, "{}", judged.stderr);
    let said: Vec<&str> = judged.stderr.split_whitespace().collect();
    let said = said.join(" ");
    assert!(
        said.contains("that this version reads; remove `out/lines/"),
        "{said}"
    );
    fs::remove_dir_all(out.join("lines")).unwrap();
    clones.audit("out", &[]);
    assert!(results(&out) == whole);
    assert!(!run(&outside, &judge).stderr.contains("no record"));
}
