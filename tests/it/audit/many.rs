//! Runs of several machines, of lists and of what is elsewhere, and what an organisation learns from them.

use std::fs;

use serde_json::Value;

use super::{Clones, files};
use crate::support::cli::run;

#[test]
fn parts_of_a_run_merge_into_the_run() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("whole", &[]);
    let outside = clones.repo.outside();
    for part in 1..=3 {
        clones.audit(&format!("part-{part}"), &["--shard", &format!("{part}/3")]);
    }
    let merge = [
        "audit", "merge", "part-1", "part-2", "part-3", "--out", "merged",
    ];
    assert!(run(&outside, &merge).code < 2);
    let read = |name: &str| fs::read(outside.join(name)).unwrap();
    assert!(read("merged/summary.json") == read("whole/summary.json"));
    assert!(files(&outside.join("merged/results")) == files(&outside.join("whole/results")));
    // Once more, into one of them: nothing is lost or counted twice.
    let again = [
        "audit", "merge", "merged", "part-2", "whole", "--out", "merged",
    ];
    assert!(run(&outside, &again).code < 2);
    assert!(read("merged/summary.json") == read("whole/summary.json"));
    // Numbers by different policies are not added up.
    clones.audit("strict", &["--policy", "strict"]);
    let merge = run(
        &outside,
        &["audit", "merge", "whole", "strict", "--out", "mixed"],
    );
    assert_eq!(merge.code, 2);
    assert!(merge.stderr.contains("in its policy"), "{}", merge.stderr);
}

#[test]
fn a_list_says_owners_references_and_policies() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let list = "location,ref,owner,policy\nclones/mirror.git,main~1,red,\nclones/team/deep/fork,,blue,strict.yaml\n";
    fs::write(outside.join("repos.csv"), list).unwrap();
    fs::write(outside.join("strict.yaml"), "version: 1\nextends: strict\n").unwrap();
    let done = run(&outside, &["audit", "--repos", "repos.csv", "--out", "out"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    let results = clones.results("out");
    let (first, second) = (
        &results["clones/mirror.git"],
        &results["clones/team/deep/fork"],
    );
    assert_eq!(first["repository"]["owner"], "red");
    let paths = |result: &Value| result["findings"].to_string();
    // The commit before it was removed.
    assert!(paths(first).contains("\"evil.pkl\""));
    assert!(
        second["versions"]["policy"]
            .as_str()
            .unwrap()
            .ends_with("strict.yaml")
    );
}

#[test]
fn what_is_elsewhere_is_fetched_without_what_is_not_judged() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let mirror = clones.folder.join("mirror.git");
    clones
        .repo
        .git_in(&mirror, &["config", "uploadpack.allowFilter", "true"]);
    clones.repo.git_in(
        &mirror,
        &["config", "uploadpack.allowAnySHA1InWant", "true"],
    );
    let url = format!("file://{}", mirror.display());
    fs::write(
        outside.join("repos.txt"),
        format!("{url}\nfile:///nowhere/at/all.git\n"),
    )
    .unwrap();
    let audit = ["audit", "--repos", "repos.txt", "--out", "out"];
    let done = run(&outside, &audit);
    assert_eq!(done.code, 1, "{}", done.stderr);
    clones.audit("near", &[]);
    let (far, near) = (clones.results("out"), clones.results("near"));
    let far_one = far.values().find(|it| it["status"] != "failed").unwrap();
    assert_eq!(far_one["findings"], near["mirror.git"]["findings"]);
    assert_eq!(far_one["status"], "complete");
    assert_eq!(
        far.values().filter(|it| it["status"] == "failed").count(),
        1
    );
    // What only the history has was left there.
    let fetched = fs::read_dir(outside.join("out/mirrors"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let missing = ["rev-list", "--objects", "--all", "--missing=print"];
    assert!(
        clones
            .repo
            .git_in(&fetched, &missing)
            .lines()
            .any(|line| line.starts_with('?'))
    );
    // Once more, nothing has changed.
    let before = files(&outside.join("out/results"));
    assert_eq!(run(&outside, &audit).code, 1);
    assert!(files(&outside.join("out/results")) == before);
}

#[test]
fn an_organisation_sees_who_loosens_what_and_what_ends() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let org = "version: 1\nextends: recommended\nlocked: [rules.pickle-load]\nrules: {pickle-load: deny}\n";
    fs::write(outside.join("org.yaml"), org).unwrap();
    let fork = clones.folder.join("team/deep/fork");
    let own = "version: 1\nextends: recommended\nrules: {pickle-load: warn}\nglobals: {allow: [my.module.Name]}\nwaivers:\n  - {rule: torch-load-unsafe, paths: [gone.py], reason: old, owner: ada, expires: 2020-01-01}\n";
    fs::write(fork.join("weighbridge.yaml"), own).unwrap();
    clones
        .repo
        .git_in(&fork, &["commit", "-q", "-a", "-m", "ours"]);
    clones.audit("out", &["--policy", "org.yaml"]);
    let result = &clones.results("out")["team/deep/fork"];
    assert_eq!(result["status"], "complete");
    assert_eq!(result["loosenings"][0]["key"], "rules.pickle-load");
    let brought = &result["loosenings"][0]["introduced_by"];
    let newest = clones.repo.git_in(&fork, &["rev-parse", "HEAD"]);
    assert_eq!(brought["commit"], newest.trim());
    assert!(
        brought["author"].as_str().unwrap().contains('@'),
        "{brought}"
    );
    // What is locked holds.
    let findings = result["findings"].as_array().unwrap();
    let of_rule = findings.iter().find(|it| it["rule"] == "pickle-load");
    assert!(of_rule.is_none_or(|it| it["level"] == "deny"));
    let waivers = run(&outside, &["audit", "waivers", "out"]);
    assert_eq!(waivers.code, 1, "{}", waivers.stderr);
    for said in ["ada", "2020-01-01", "ended", "1 line without effect"] {
        assert!(waivers.stdout.contains(said), "{said}: {}", waivers.stdout);
    }
    let suggest = run(
        &outside,
        &["audit", "suggest", "out", "--repositories", "1"],
    );
    assert_eq!(suggest.code, 0, "{}", suggest.stderr);
    assert!(
        !suggest.stdout.contains("- \"os.system\""),
        "{}",
        suggest.stdout
    );
}

#[test]
fn packs_that_refused_files_need_are_suggested() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let fork = clones.folder.join("team/deep/fork");
    let estimator = b"\x80\x02csklearn.linear_model._base\nLinearRegression\n)\x81}X\r\0\0\0fit_intercept\x88sb.";
    let system = b"cposix\nsystem\n(X\x04\0\0\0truetR0";
    fs::write(fork.join("a.pkl"), estimator).unwrap();
    fs::write(fork.join("b.pkl"), estimator).unwrap();
    // What a pack would not let pass.
    fs::write(fork.join("c.pkl"), [&system[..], estimator].concat()).unwrap();
    clones.repo.git_in(&fork, &["add", "."]);
    clones
        .repo
        .git_in(&fork, &["commit", "-q", "-m", "estimators"]);
    clones.audit("out", &[]);
    let suggest = ["audit", "suggest", "out", "--repositories", "1"];
    let said = run(&outside, &suggest).stdout;
    let said = said.split_once("\n\n").unwrap().1;
    insta::assert_snapshot!(said, @"
    to be reviewed for the organisation's policy; `weighbridge audit judge RUN --policy FILE` says what it would change:

    globals:
      packs:
        - sklearn-estimators # 2 repositories, 4 files
    ");
    let table = [
        "audit", "report", "out", "--format", "csv", "--table", "packs",
    ];
    let packs = run(&outside, &table).stdout;
    let row = packs.lines().find(|row| row.starts_with("sklearn"));
    assert!(row.is_some_and(|row| row.ends_with(",2,4")), "{packs}");
}

#[test]
fn another_policy_says_what_would_break() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("out", &[]);
    clones.audit("fresh", &["--policy", "strict"]);
    // The repositories are gone: nothing of them is needed.
    fs::rename(&clones.folder, outside.join("elsewhere")).unwrap();
    let judge = run(
        &outside,
        &[
            "audit", "judge", "out", "--policy", "strict", "--out", "strict", "--format", "json",
        ],
    );
    assert_eq!(judge.code, 1, "{}", judge.stderr);
    let difference: Value = serde_json::from_str(&judge.stdout).unwrap();
    assert!(difference["appeared"].as_u64().unwrap() > 0);
    let (judged, fresh) = (clones.results("strict"), clones.results("fresh"));
    assert!(!judged.is_empty());
    for (location, result) in &judged {
        assert_eq!(result, &fresh[location], "{location}");
    }
    let diff = run(
        &outside,
        &["audit", "diff", "out", "strict", "--format", "json"],
    );
    let mut same: Value = serde_json::from_str(&diff.stdout).unwrap();
    // The one that failed is judged by nobody.
    let repositories = same["repositories"].as_array_mut().unwrap();
    repositories.retain(|it| it["before"] != "failed");
    assert_eq!(same["repositories"], difference["repositories"]);
    assert_eq!(
        run(&outside, &["audit", "diff", "out", "out"]).stdout,
        "nothing differs\n"
    );
}
