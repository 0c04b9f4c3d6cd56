//! Many machines: plans, results that they share, and what goes wrong with them.

use std::{fs, path::Path};

use serde_json::Value;

use super::{Clones, files};
use crate::support::cli::{Run, finish, program, run};

/// A list with sizes of the clones, and a plan of it for three machines.
fn planned(clones: &Clones) -> Run {
    let list = "location,owner,size\nclones/mirror.git,red,4000000\nclones/team/deep/fork,blue,3000000\nclones/empty,,\nclones/broken,,2000000\n";
    let outside = clones.repo.outside();
    fs::write(outside.join("repos.csv"), list).unwrap();
    let plan = [
        "audit",
        "plan",
        "--repos",
        "repos.csv",
        "--shards",
        "3",
        "--output",
        "plan.json",
    ];
    finish(
        program(&outside)
            .args(plan)
            .env("SOURCE_DATE_EPOCH", "1790000000"),
    )
}

/// Audits a shard of the plan.
fn shard(folder: &Path, number: u32, arguments: &[&str]) -> Run {
    let shard = format!("{number}/3");
    let arguments = [
        &["audit", "--plan", "plan.json", "--shard", &shard],
        arguments,
    ]
    .concat();
    let run = finish(
        program(folder)
            .args(&arguments)
            .env("SOURCE_DATE_EPOCH", "1790086400"),
    );
    assert!(!run.stderr.contains("error: "), "{}", run.stderr);
    run
}

fn merge(folder: &Path, from: &[&str], out: &str) -> Run {
    run(
        folder,
        &[&["audit", "merge"], from, &["--out", out]].concat(),
    )
}

#[test]
fn a_plan_shares_repositories_out_by_their_sizes() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let plan = planned(&clones);
    insta::assert_snapshot!(plan.shown(&outside), @"
    4 repositories in 3 shards, for waivers as on 2026-09-21
    1 of unknown size count as the median of the others

           shard  repositories        size
             1/3             1      4.0 MB
             2/3             2      5.0 MB
             3/3             1      3.0 MB
    exit 0
    ");
    let text = fs::read_to_string(outside.join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["day"], "2026-09-21");
    let mut shards: Vec<u64> = Vec::new();
    for repository in plan["repositories"].as_array().unwrap() {
        let path = repository["path"].as_str().unwrap();
        assert!(Path::new(path).is_absolute(), "{path}");
        shards.push(repository["shard"].as_u64().unwrap());
    }
    assert_eq!(shards.len(), 4);
    assert!(shards.iter().all(|shard| (1..=3).contains(shard)));

    // All of it by one machine is the same as by three.
    let whole = ["audit", "--plan", "plan.json", "--out", "whole"];
    finish(
        program(&outside)
            .args(whole)
            .env("SOURCE_DATE_EPOCH", "1790000000"),
    );
    for number in 1..=3 {
        shard(&outside, number, &["--out", &format!("part-{number}")]);
    }
    let done = merge(&outside, &["part-1", "part-2", "part-3"], "merged");
    assert_eq!(done.stderr, "");
    let read = |name: &str| fs::read(outside.join(name)).unwrap();
    assert!(read("merged/summary.json") == read("whole/summary.json"));
    assert!(read("merged/run.json") == read("whole/run.json"));
    assert!(files(&outside.join("merged/results")) == files(&outside.join("whole/results")));

    // A missing part is named.
    let done = merge(&outside, &["part-1", "part-3"], "two");
    let two: Value = serde_json::from_slice(&read("two/summary.json")).unwrap();
    let missing = shards.iter().filter(|shard| **shard == 2).count();
    assert_eq!(two["pending"], missing);
    assert!(
        done.stderr
            .contains("no shard has said that it finished: 2/3"),
        "{}",
        done.stderr
    );
    assert_ne!(done.code, 0);
}

#[test]
fn a_shard_is_one_of_its_plan() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    planned(&clones);
    let plan = ["audit", "--plan", "plan.json", "--out", "out"];
    let said = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut program = program(&outside);
        program.args(plan).args(arguments);
        program.env("SOURCE_DATE_EPOCH", "1790000000");
        finish(program.envs(variables.iter().copied())).shown(&outside)
    };
    insta::assert_snapshot!(said(&["--shard", "1/4"], &[]), @"
    error: shard 1/4 is not of this plan, which has 3
       │ help: `--shard 3/16` is the third of sixteen; `--shard auto` asks the
       │       engine that runs this, and `auto/16` says how many there are
       ╰──
    exit 2
    ");
    insta::assert_snapshot!(said(&["--shard", "auto"], &[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "4")]), @"
    error: CircleCI runs 4 copies, and there are 3 shards
       │ help: `--shard 3/16` is the third of sixteen; `--shard auto` asks the
       │       engine that runs this, and `auto/16` says how many there are
       ╰──
    exit 2
    ");
    insta::assert_snapshot!(said(&["--repos", "repos.csv"], &[]), @"
    error: the argument '--plan <FILE>' cannot be used with '--repos <FILE>'

    Usage: weighbridge audit --plan <FILE> --out <DIR|URL> [PATH]...

    For more information, try '--help'.
    exit 2
    ");
    let kubernetes = said(&["--shard", "auto"], &[("JOB_COMPLETION_INDEX", "2")]);
    assert!(
        kubernetes.contains("weighbridge: shard 3/3, as Kubernetes says\n"),
        "{kubernetes}"
    );
    // A plan of another month.
    insta::assert_snapshot!(said(&["--shard", "1/3"], &[("SOURCE_DATE_EPOCH", "1793000000")]), @"
    error: the plan was made on 2026-09-21, and this machine says that today is
      2026-10-26
       │ help: make a plan for each run, or set the clock: waivers that have ended
       │       in between would still hold
       ╰──
    exit 2
    ");
    // Another file, and one that was changed.
    let text = fs::read_to_string(outside.join("plan.json")).unwrap();
    fs::write(
        outside.join("plan.json"),
        text.replacen("\"shard\": ", "\"shard\": 9", 1),
    )
    .unwrap();
    insta::assert_snapshot!(said(&["--shard", "1/3"], &[]), @"
    error: plan.json: `clones/broken` has no shard of 1 to 3, or not exactly one of
      `path` and `url`
       │ help: write it with `weighbridge audit plan --output FILE`
       ╰──
    exit 2
    ");
    fs::write(outside.join("plan.json"), "[]").unwrap();
    insta::assert_snapshot!(said(&["--shard", "1/3"], &[]), @"
    error: plan.json: it is no plan of an audit: invalid length 0, expected struct
      Plan with 4 elements at line 1 column 2
       │ help: write it with `weighbridge audit plan --output FILE`
       ╰──
    exit 2
    ");
}

#[test]
fn parts_of_different_plans_are_not_merged() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    planned(&clones);
    shard(&outside, 1, &["--out", "part-1"]);
    let list = outside.join("repos.csv");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("4000000", "5000000")).unwrap();
    run(
        &outside,
        &[
            "audit",
            "plan",
            "--repos",
            "repos.csv",
            "--shards",
            "3",
            "-o",
            "plan.json",
        ],
    );
    let other = [
        "audit",
        "--plan",
        "plan.json",
        "--shard",
        "2/3",
        "--out",
        "part-2",
    ];
    run(&outside, &other);
    let done = merge(&outside, &["part-1", "part-2"], "merged");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("in its plan"), "{}", done.stderr);
}

#[test]
fn machines_share_results_in_one_place() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    planned(&clones);
    let url = format!("file://{}", outside.join("shared").display());
    let whole = ["audit", "--plan", "plan.json", "--out", "whole"];
    finish(
        program(&outside)
            .args(whole)
            .env("SOURCE_DATE_EPOCH", "1790000000"),
    );
    for number in 1..=3 {
        let work = format!("work-{number}");
        let done = shard(&outside, number, &["--out", &url, "--work", &work]);
        assert!(
            done.stdout.ends_with(&format!(
                "results in {}\n",
                outside.join("shared").display()
            )),
            "{}",
            done.stdout
        );
    }
    let read = |name: &str| fs::read(outside.join(name)).unwrap();
    merge(&outside, &[&url], "merged");
    assert!(read("merged/summary.json") == read("whole/summary.json"));
    let before = files(&outside.join("shared"));

    // The same shard by another machine at the same time, and by one that was lost and has no folder any more: nothing is added.
    shard(&outside, 2, &["--out", &url, "--work", "twin"]);
    fs::remove_dir_all(outside.join("work-1")).unwrap();
    let again = shard(&outside, 1, &["--out", &url, "--work", "work-1"]);
    assert!(files(&outside.join("shared")) == before);
    assert!(again.stderr.is_empty(), "{}", again.stderr);

    // Merged again, over what is there.
    merge(&outside, &[&url], "merged");
    assert!(read("merged/summary.json") == read("whole/summary.json"));
    assert!(files(&outside.join("merged/results")) == files(&outside.join("whole/results")));
}

#[test]
fn a_damaged_result_does_not_count_and_is_made_again() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    planned(&clones);
    let url = format!("file://{}", outside.join("shared").display());
    for number in 1..=3 {
        shard(
            &outside,
            number,
            &["--out", &url, "--work", &format!("work-{number}")],
        );
    }
    merge(&outside, &[&url], "merged");
    let whole = fs::read(outside.join("merged/summary.json")).unwrap();
    let shared = outside.join("shared");
    let of_kind = |kind: &str| {
        let names = files(&shared)
            .into_keys()
            .filter(|name| name.starts_with(kind));
        names.collect::<Vec<_>>()
    };
    for kind in ["lines", "results", "records"] {
        let name = of_kind(kind).remove(0);
        let mut bytes = fs::read(shared.join(&name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(shared.join(&name), &bytes).unwrap();
        let done = merge(&outside, &[&url], &format!("damaged-{kind}"));
        assert!(
            done.stderr.contains("is not what the audit wrote"),
            "{kind}: {}",
            done.stderr
        );
        assert_ne!(done.code, 0);
        // Machines that begin anew read it again; the damaged object is replaced, or another counts.
        for number in 1..=3 {
            let work = format!("{kind}-{number}");
            shard(&outside, number, &["--out", &url, "--work", &work]);
        }
        let done = merge(&outside, &[&url], &format!("mended-{kind}"));
        assert_eq!(done.stderr, "", "{kind}");
        let mended = fs::read(outside.join(format!("mended-{kind}/summary.json"))).unwrap();
        assert!(mended == whole, "{kind}");
    }
    // Another policy does not mix with it.
    let strict = [
        "audit",
        "--plan",
        "plan.json",
        "--shard",
        "1/3",
        "--policy",
        "strict",
        "--out",
        &url,
        "--work",
        "strict",
    ];
    let done = finish(
        program(&outside)
            .args(strict)
            .env("SOURCE_DATE_EPOCH", "1790000000"),
    );
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("in its policy"), "{}", done.stderr);
    let empty = merge(&outside, &["file:///nowhere"], "nothing");
    insta::assert_snapshot!(empty.shown(&outside), @"
    error: `/nowhere` has no results of an audit
       │ help: name what `weighbridge audit --out` wrote to
       ╰──
    exit 2
    ");
}

#[test]
fn a_damaged_folder_does_not_count() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    clones.audit("whole", &[]);
    clones.audit("part", &[]);
    let results = outside.join("part/results");
    let (name, mut bytes) = files(&results).pop_first().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(results.join(&name), &bytes).unwrap();
    let done = merge(&outside, &["part"], "merged");
    assert!(
        done.stderr
            .contains("not what the audit wrote, and left out: "),
        "{}",
        done.stderr
    );
    let summary = fs::read(outside.join("merged/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["pending"], 1);
    // Another part has it.
    merge(&outside, &["part", "whole"], "mended");
    let read = |name: &str| fs::read(outside.join(name)).unwrap();
    assert!(read("mended/summary.json") == read("whole/summary.json"));
}
