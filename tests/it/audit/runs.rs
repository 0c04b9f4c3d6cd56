//! Runs: what is done again, what is left, and what goes wrong.

use std::fs;

use super::{Clones, files};

#[test]
fn the_statuses_are_kept_apart() {
    let Some(clones) = Clones::new() else { return };
    let run = clones.audit("out", &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let outside = clones.repo.outside().display().to_string();
    let shown = |text: &str| text.replace(&outside, "DIR");
    insta::with_settings!({filters => vec![(r"\d+", "N")]}, {
        insta::assert_snapshot!(shown(&run.stdout), @"
        N repositories by the policy of each, or recommended (built in)

        complete   N repositories, N with something refused
                   N files, N model files, N of source
                   N denied, N warned, N waived, N overridden, N in a baseline
                   N model files can run code, N of them not pinned

        failed     N repository
          broken: `DIR/clones/broken` is not in a git repository

        most findings:
                N  mirror.git
                N  team/deep/fork

        results in out
        ");
        insta::assert_snapshot!(shown(&run.stderr), @"weighbridge: broken: failed: `DIR/clones/broken` is not in a git repository");
    });
}

#[test]
fn what_has_not_changed_is_left_and_what_has_is_read() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let out = clones.repo.outside().join("out");
    let before = files(&out.join("results"));
    let summary = fs::read(out.join("summary.json")).unwrap();
    let moment = |name: &str| {
        fs::metadata(out.join("results").join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let times: Vec<_> = before.keys().map(|name| moment(name)).collect();
    clones.audit("out", &[]);
    let unchanged = before
        .keys()
        .zip(&times)
        .filter(|(name, time)| moment(name) == **time);
    // All but the one that failed.
    assert_eq!(unchanged.count(), before.len() - 1);
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), summary);

    let fork = clones.folder.join("team/deep/fork");
    fs::write(fork.join("new.py"), "import pickle\npickle.load(f)\n").unwrap();
    clones.repo.git_in(&fork, &["add", "new.py"]);
    clones.repo.git_in(&fork, &["commit", "-q", "-m", "new"]);
    clones.audit("out", &[]);
    let results = clones.results("out");
    let findings = results["team/deep/fork"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|it| it["path"] == "new.py"));
}

#[test]
fn a_store_that_is_damaged_or_in_use_is_said() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let results = files(&clones.repo.outside().join("out/results"));
    let store = clones.repo.outside().join("out/store/facts.redb");
    let whole = fs::read(&store).unwrap();
    // A store that was killed while it was made held nothing yet: the engine writes its magic number last.
    let mut unfinished = whole.clone();
    unfinished[..9].fill(0);
    fs::write(&store, unfinished).unwrap();
    fs::remove_dir_all(clones.repo.outside().join("out/lines")).unwrap();
    let run = clones.audit("out", &[]);
    assert!(!run.stderr.contains("damaged"), "{}", run.stderr);
    assert!(files(&clones.repo.outside().join("out/results")) == results);
    // What is no store any more begins anew, and says so.
    fs::write(&store, b"not a store").unwrap();
    fs::remove_dir_all(clones.repo.outside().join("out/lines")).unwrap();
    let run = clones.audit("out", &[]);
    assert!(run.stderr.contains("a store was damaged"), "{}", run.stderr);
    assert!(files(&clones.repo.outside().join("out/results")) == results);
    // Every hundredth byte is another: the results are the same.
    for step in [101, 4099] {
        let mut damaged = whole.clone();
        for at in (4096..damaged.len()).step_by(step) {
            damaged[at] ^= 0x40;
        }
        fs::write(&store, damaged).unwrap();
        fs::remove_dir_all(clones.repo.outside().join("out/lines")).unwrap();
        let run = clones.audit("out", &[]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(files(&clones.repo.outside().join("out/results")) == results);
    }
}

#[test]
fn a_repository_whose_own_policy_cannot_be_used_is_judged_by_the_one_above() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    fs::write(
        outside.join("org.yaml"),
        "version: 1\nextends: recommended\nlocked: [globals.refuse]\n",
    )
    .unwrap();
    let broken = clones.folder.join("team/broken");
    let to = broken.display().to_string();
    clones.repo.git(&["clone", "-q", ".", &to]);
    let policy = fs::read_to_string(broken.join("weighbridge.yaml")).unwrap();
    let change = |file: &str, text: &str| {
        fs::write(broken.join(file), text).unwrap();
        clones.repo.git_in(&broken, &["add", "-A"]);
        clones
            .repo
            .git_in(&broken, &["commit", "-q", "-m", "change"]);
    };
    change("weighbridge.yaml", "version: 1\nfrmats: [pickle]\n");
    for (out, organisation) in [("with", &["--policy", "org.yaml"][..]), ("without", &[])] {
        let run = clones.audit(out, organisation);
        assert_eq!(run.code, 1);
        let result = &clones.results(out)["team/broken"];
        let finding = |it: &&serde_json::Value| it["rule"] == "policy-invalid";
        let findings = result["findings"].as_array().unwrap();
        let said = findings.iter().find(finding).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(said["message"], @r#""`frmats` is not a key of the policy""#);
            insta::assert_snapshot!(said["path"], @r#""weighbridge.yaml""#);
            insta::assert_snapshot!(result["missing"], @r#"[{"files":1,"kind":"policy","why":"its own policy cannot be used, and the one above it judged alone: mend what `policy-invalid` says"}]"#);
        }
        // What its own policy excludes is refused now, and the files are judged.
        assert!(findings.iter().any(|it| it["path"] == "vendored/evil.pkl"));
        assert_eq!(result["status"], "partial");
        let judge = [
            "audit", "judge", out, "--policy", "strict", "--out", "again",
        ];
        assert_eq!(crate::support::cli::run(&outside, &judge).code, 1);
        let again = &clones.results("again")["team/broken"];
        assert!(
            again["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|it| it["rule"] == "policy-invalid")
        );
        fs::remove_dir_all(outside.join("again")).unwrap();
    }
    // A lock file or a baseline that is none is part of the policy.
    change("weighbridge.yaml", &policy);
    change("weighbridge.lock", "<<<<<<< ours\n");
    clones.audit("lock", &[]);
    let result = &clones.results("lock")["team/broken"];
    assert!(
        result["findings"].to_string().contains("policy-invalid"),
        "{result}"
    );
    change("weighbridge.lock", "version: 1\n");
    change(
        "weighbridge.yaml",
        &format!("{policy}baseline: base.json\n"),
    );
    change("base.json", "no baseline");
    clones.audit("baseline", &[]);
    let result = &clones.results("baseline")["team/broken"];
    assert!(
        result["findings"].to_string().contains("policy-invalid"),
        "{result}"
    );
}
