//! Runs where machines share them: whatever takes the folder of a run takes the URL.

use std::{fs, path::Path};

use super::{Clones, files};
use crate::support::cli::{Run, run};

/// The clones audited into a folder, and into a shared place; the URL of that.
fn audited(clones: &Clones) -> String {
    let url = format!("file://{}", clones.repo.outside().join("shared").display());
    clones.audit("near", &[]);
    clones.audit(&url, &["--work", "work"]);
    url
}

fn audit(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, &[&["audit"], arguments].concat())
}

#[test]
fn what_takes_a_folder_takes_a_url() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let url = audited(&clones);
    let before = files(&outside.join("shared"));
    let same = |of: &dyn Fn(&str) -> Vec<String>| {
        let ran = |place: &str| {
            let arguments = of(place);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = audit(&outside, &arguments);
            assert!(!ran.stderr.contains("error: "), "{}", ran.stderr);
            (ran.code, ran.stdout, ran.stderr)
        };
        let (near, far) = (ran("near"), ran(&url));
        assert_eq!(near, far);
        assert!(!near.1.is_empty());
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for format in ["html", "markdown", "jsonl", "sql", "cyclonedx"] {
        same(&|run| words(&format!("report {run} --format {format}")));
    }
    same(&|run| words(&format!("diff {run} {run} --format json")));
    same(&|run| words(&format!("waivers {run}")));
    same(&|run| words(&format!("suggest {run} --format json")));
    let judge = "--policy strict --format json";
    same(&|run| words(&format!("judge {run} {judge} --store near/store")));
    // Nothing is left of what was fetched, and nothing was written there.
    assert!(files(&outside.join("shared")) == before);
    let trend = audit(
        &outside,
        &[
            "report", "near", "--before", &url, "--format", "csv", "--table", "runs",
        ],
    );
    assert!(
        trend
            .stdout
            .contains(&format!("{}/shared,", outside.display())),
        "{}",
        trend.stdout
    );
    insta::assert_snapshot!(audit(&outside, &["judge", &url, "--policy", "strict"]).shown(&outside), @"
    error: `file://[DIR]/shared` has no store: what files say is kept by
      the machines that read them
       │ help: name the store of such a machine with `--store`: the folder `store`
       │       in the one that `--work` named
       ╰──
    exit 2
    ");
}

#[test]
fn judged_and_merged_runs_are_put_where_machines_share_them() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let url = audited(&clones);
    let place = |name: &str| format!("file://{}", outside.join(name).display());
    let judge = |out: &str| {
        audit(
            &outside,
            &["judge", "near", "--policy", "strict", "--out", out],
        )
    };
    assert_eq!(judge("strict").code, judge(&place("strict-shared")).code);
    let table = |run: &str| {
        let ran = audit(
            &outside,
            &["report", run, "--format", "csv", "--table", "findings"],
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    assert_eq!(table("strict"), table(&place("strict-shared")));
    let merged = audit(&outside, &["merge", "near", &url, "--out", &place("whole")]);
    assert!(!merged.stderr.contains("error: "), "{}", merged.stderr);
    assert_eq!(table("near"), table(&place("whole")));
    // One place has one run.
    let other = judge(&url);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("in its policy"), "{}", other.stderr);
}

#[test]
fn what_goes_with_a_url_says_so() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let audit = audit(&outside, &["clones", "--out", "out", "--work", "work"]);
    insta::assert_snapshot!(audit.shown(&outside), @"
    error: `--work work` goes with an `--out` that is a URL, and `out` is a folder
       │ help: name the one folder with `--out`, or the place that machines share as
       │       `--out file:///shared/2026-11-28`
       ╰──
    exit 2
    ");
    assert!(fs::metadata(outside.join("out")).is_err());
}

#[test]
fn pages_of_a_forge_are_a_list() {
    let Some(clones) = Clones::new() else { return };
    let outside = clones.repo.outside();
    let repository = |name: &str, size: u32| {
        format!(
            r#"{{"type": "repository", "size": {size}, "workspace": {{"slug": "team"}}, "links": {{"clone": [
                {{"name": "https", "href": "https://someone@bitbucket.org/team/{name}.git"}},
                {{"name": "ssh", "href": "git@bitbucket.org:team/{name}.git"}}]}}}}"#
        )
    };
    let first = format!(
        r#"{{"pagelen": 1, "next": "https://api.bitbucket.org/2.0/repositories/team?page=2", "values": [{}]}}"#,
        repository("one", 4_000_000)
    );
    let last = format!(
        r#"{{"pagelen": 1, "values": [{}]}}"#,
        repository("two", 3_000_000)
    );
    fs::write(outside.join("all.json"), format!("{first}\n{last}\n")).unwrap();
    fs::write(outside.join("first.json"), format!("\n{first}\n")).unwrap();
    let plan = |list: &str| {
        let plan = ["plan", "--repos", list, "--shards", "2", "--format", "json"];
        audit(&outside, &plan)
    };
    let planned: serde_json::Value = serde_json::from_str(&plan("all.json").stdout).unwrap();
    let repositories = planned["repositories"].as_array().unwrap();
    let said = repositories.iter().map(|it| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        (
            text("location"),
            text("url"),
            text("owner"),
            it["size"].as_u64(),
        )
    });
    let mut said: Vec<_> = said.collect();
    said.sort();
    let expected = [("one", 4_000_000), ("two", 3_000_000)].map(|(name, size)| {
        let location = format!("https://bitbucket.org/team/{name}");
        (
            location.clone(),
            format!("{location}.git"),
            String::from("team"),
            Some(size),
        )
    });
    assert_eq!(said, expected);
    insta::assert_snapshot!(plan("first.json").shown(&outside), @"
    error: first.json:5: the last page says that there are more: ask the forge for
      all pages, and list them here
       │ help: a list has a path or a URL on each line; `.jsonl` objects and `.csv`
       │       tables have `location`, and may have `ref`, `owner`, `policy` and
       │       `size`
       ╰──
    exit 2
    ");
}
