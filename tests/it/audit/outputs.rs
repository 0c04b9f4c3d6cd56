//! What is written of single repositories and for other programs says what `check` says and what the tables say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use serde_json::Value;

use super::{
    Clones, files,
    report::{dozen, rows},
};
use crate::support::{
    cli::{program, run},
    oracle,
    pickle::payload,
    repo::Repo,
};
use weighbridge::audit::report::SCHEMAS;

/// What a SARIF log says of each result, whatever shows it.
fn results(sarif: &str) -> Vec<[String; 5]> {
    let log: Value = serde_json::from_str(sarif).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap().clone();
    let said = results.iter().map(|result| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        [
            text(&result["ruleId"]),
            text(&result["level"]),
            text(&result["message"]["text"]),
            text(place),
            text(&result["partialFingerprints"]["weighbridge/v1"]),
        ]
    });
    said.collect()
}

#[test]
fn the_log_of_a_repository_is_that_of_check() {
    let Some((repo, folder)) = dozen() else {
        return;
    };
    let outside = repo.outside();
    let audit = ["audit", "dozen", "--history", "--out", "out"];
    assert_eq!(run(&outside, &audit).code, 1);
    let report = ["audit", "report", "out", "--format", "sarif", "-o", "logs"];
    let report = run(&outside, &report);
    assert_eq!((report.code, report.stdout.as_str()), (0, ""));
    assert_eq!(report.stderr, "weighbridge: 12 files in logs\n");
    let logs = files(&outside.join("logs"));
    assert_eq!(logs.len(), 12);
    let mut all = 0;
    for (name, log) in &logs {
        let (place, _) = name.rsplit_once('-').unwrap();
        let (team, number) = place.split_once("-repository-").unwrap();
        let location = format!("{team}/repository-{number}");
        let check = [
            "check",
            "--history",
            "--format",
            "sarif",
            "--policy",
            "recommended",
        ];
        let check = run(&folder.join(&location), &check).stdout;
        let said = results(std::str::from_utf8(log).unwrap());
        assert_eq!(said, results(&check), "{location}");
        all += said.len();
        let one = [
            "audit",
            "report",
            "out",
            "--format",
            "sarif",
            "--repository",
            &location,
        ];
        assert_eq!(run(&outside, &one).stdout.as_bytes(), log);
    }
    assert!(all > 50, "{all}");
    // Files of an earlier report would pass for this one's.
    let again = run(
        &outside,
        &["audit", "report", "out", "--format", "sarif", "-o", "logs"],
    );
    insta::assert_snapshot!(again.stderr, @"
    error: `logs` is not empty
       │ help: name a folder that is not there: files of an earlier report would
       │       stay in it
       ╰──
    ");
}

#[test]
fn an_issue_says_what_is_wrong_and_how_to_mend_it() {
    let Some(repo) = Repo::new(&[]) else { return };
    let outside = repo.outside();
    let root = outside.join("clones/team/shop");
    fs::create_dir_all(root.join("models")).unwrap();
    repo.git_in(&root, &["init", "-q"]);
    fs::write(root.join("models/a b.pkl"), payload()).unwrap();
    let policy = "version: 1\nextends: recommended\nrules: {global-not-allowed: allow}\n";
    fs::write(root.join("weighbridge.yaml"), policy).unwrap();
    fs::write(root.join("CODEOWNERS"), "weighbridge.yaml @ml\n").unwrap();
    repo.git_in(&root, &["add", "-A"]);
    repo.git_in(&root, &["commit", "-q", "-m", "add the model"]);
    let organisation = "version: 1\nextends: recommended\nlocked: [rules]\n";
    fs::write(outside.join("org.yaml"), organisation).unwrap();
    let audit = [
        "audit",
        "clones",
        "--history",
        "--policy",
        "org.yaml",
        "--out",
        "out",
    ];
    assert_eq!(run(&outside, &audit).code, 1);
    let report = run(
        &outside,
        &[
            "audit", "report", "out", "--format", "issue", "-o", "issues",
        ],
    );
    assert_eq!(report.code, 0, "{}", report.stderr);
    let issues = files(&outside.join("issues"));
    let (_, text) = issues.first_key_value().unwrap();
    let text = String::from_utf8(text.clone()).unwrap();
    let commit = repo.git_in(&root, &["rev-parse", "HEAD"]);
    let commit = commit.trim();
    let mut shown = text
        .replace(commit, "COMMIT")
        .replace(commit.split_at(12).0, "COMMIT");
    for part in text.split('`') {
        if part.parse::<jiff::civil::Date>().is_ok() {
            shown = shown.replace(part, "DAY");
        }
    }
    insta::assert_snapshot!(shown, @"
    # weighbridge refuses 1 file

    This is what loading the model files of this repository would do, found without loading one: the history of HEAD (commit `COMMIT`), judged on `DAY` by `weighbridge.yaml, below org.yaml`.

    ## weighbridge: refused

    * **refused**: 1 error in 1 file
    * **checked**: 1 artifact in the history of HEAD
    * **policy**: `weighbridge.yaml`, below `org.yaml`

    | level | rule | findings | files |
    | --- | --- | ---: | ---: |
    | error | `global-not-allowed` | 1 | 1 |

    <details open><summary><code>models/a b.pkl</code>: 1 error</summary>

    **error** `global-not-allowed` at `0x1a REDUCE`: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system) (introduced by `COMMIT` on `DAY` (a `<a@example.org>`: add the model))

    ```text
    0x0002  GLOBAL            posix system
    0x0010  BINUNICODE        'true'
    0x0019  TUPLE1
    0x001a  REDUCE            posix.system('true')
    ```

    * decided by `recommended.yaml (built in)`, line 9: no entry here lists it
    * help: do not load this file; find out who made it and how it came here
    * help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON

    </details>

    ### Lines of the policy without effect

    * `weighbridge.yaml:3`: this lowers `global-not-allowed` from `deny` to `allow`, and `org.yaml:3` locks `rules`

    ### See it in the repository

    ```sh
    weighbridge check --history --organisation-policy ORGANISATION  # the line of the policy that has to change first
    weighbridge explain global-not-allowed  # why, and what to use instead
    git cat-file --filters 'COMMIT:models/a b.pkl' | weighbridge inspect --disassemble --stdin-filename 'models/a b.pkl' -  # all that loading it would do
    ```

    `ORGANISATION` stands for the file of the policy that is named above.
    ");
    // Its commands hold in the repository.
    let commands = text.split("```sh\n").last().unwrap();
    let commands = commands.split("```").next().unwrap();
    let commands = commands.replace("ORGANISATION", "../../../org.yaml");
    let mut ran = 0;
    let own = program(&root);
    for command in commands.lines() {
        let command = command.replace(
            "weighbridge ",
            &format!("'{}' ", own.get_program().display()),
        );
        let out = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&root)
            .output()
            .unwrap();
        let code = out.status.code().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        // The policy is against a lock: it has to change first.
        let is_check = ran == 0;
        assert_eq!(code == 2, is_check, "{command}: {said}");
        assert_eq!(said.contains("locks `rules`"), is_check, "{command}");
        assert_eq!(out.stdout.is_empty(), is_check, "{command}");
        ran += 1;
    }
    assert_eq!(ran, 3);
    // Who did it is a row of the tables.
    let tables = rows(&outside, "out");
    let loosened = &tables["loosenings"][0];
    assert_eq!(
        [
            &loosened["owner"],
            &loosened["file"],
            &loosened["first_commit"]
        ],
        ["@ml", "weighbridge.yaml", commit]
    );
    assert_eq!(
        [&loosened["line"], &tables["runs"][0]["loosenings"]],
        [3, 1]
    );
    // A pickle's finding shows its opcodes.
    let listed = tables["findings"].iter().any(|row| {
        let lines = row["disassembly"].as_str().unwrap_or_default();
        lines.contains("REDUCE")
    });
    assert!(listed, "{:?}", tables["findings"]);
}

#[test]
fn repositories_that_nobody_must_look_after_have_no_issue() {
    let Some(repo) = Repo::new(&[]) else { return };
    let outside = repo.outside();
    let root = outside.join("clones/quiet");
    fs::create_dir_all(&root).unwrap();
    repo.git_in(&root, &["init", "-q"]);
    fs::write(root.join("a.py"), "print(1)\n").unwrap();
    repo.git_in(&root, &["add", "-A"]);
    repo.git_in(&root, &["commit", "-q", "-m", "first"]);
    run(&outside, &["audit", "clones", "--out", "out"]);
    let report = |arguments: &[&str]| {
        let all = [&["audit", "report", "out", "--format", "issue"], arguments].concat();
        let run = run(&outside, &all);
        (run.code, run.stdout, run.stderr)
    };
    insta::assert_snapshot!(report(&["-o", "issues"]).2, @"weighbridge: 0 files in issues");
    insta::assert_snapshot!(report(&["--repository", "quiet"]).2, @"weighbridge: there is nothing to say of `quiet`");
    insta::assert_snapshot!(report(&["--repository", "other"]).2, @"
    error: the run has no result of `other`
       │ help: `weighbridge audit report RUN --format csv --table repositories`
       │       lists the repositories of the run
       ╰──
    ");
    insta::assert_snapshot!(report(&[]).2, @"
    error: there is a file for each repository
       │ help: name a folder for them with `-o FOLDER`, or one repository with
       │       `--repository`
       ╰──
    ");
}

#[test]
fn the_bill_has_each_content_once() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &["--history"]);
    let outside = clones.repo.outside();
    let bill = run(
        &outside,
        &["audit", "report", "out", "--format", "cyclonedx"],
    );
    assert_eq!((bill.code, bill.stderr.as_str()), (0, ""));
    let bill: Value = serde_json::from_str(&bill.stdout).unwrap();
    let artifacts = &rows(&outside, "out")["artifacts"];
    let digests: BTreeSet<&str> = artifacts
        .iter()
        .filter_map(|row| row["sha256"].as_str())
        .collect();
    let components = bill["components"].as_array().unwrap();
    let of_bill: Vec<&str> = components
        .iter()
        .filter_map(|it| it["hashes"][0]["content"].as_str())
        .collect();
    assert_eq!(of_bill.len(), digests.len());
    assert_eq!(of_bill.into_iter().collect::<BTreeSet<_>>(), digests);
    // All places of a content are told, and no other.
    let mut places: BTreeSet<String> = BTreeSet::new();
    for component in components {
        let occurrences = component["evidence"]["occurrences"].as_array();
        for occurrence in occurrences.into_iter().flatten() {
            places.insert(occurrence["location"].as_str().unwrap().to_owned());
        }
    }
    let rows = artifacts.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{}/{}", text("repository"), text("path"))
    });
    assert_eq!(places, rows.collect());
    // Of a repository that failed nothing is known, and the bill says so.
    let unknown = bill["compositions"].as_array().unwrap();
    let unknown = unknown
        .iter()
        .find(|it| it["aggregate"] == "unknown")
        .unwrap();
    assert_eq!(unknown["dependencies"][0], "repository:broken");
}

#[test]
fn a_database_has_every_row_of_the_tables() {
    let Some((repo, _)) = dozen() else { return };
    let outside = repo.outside();
    run(&outside, &["audit", "dozen", "--history", "--out", "out"]);
    let report = run(
        &outside,
        &[
            "audit",
            "report",
            "out",
            "--format",
            "sql",
            "-o",
            "audit.sql",
        ],
    );
    assert_eq!(report.code, 0, "{}", report.stderr);
    let Some(python) = oracle::python("sqlite3") else {
        return;
    };
    let script = "\
import json, sqlite3
made = sqlite3.connect(':memory:')
made.executescript(open('audit.sql', encoding='utf-8').read())
made.row_factory = sqlite3.Row
for (table,) in made.execute(\"SELECT name FROM sqlite_master WHERE type = 'table'\").fetchall():
    for row in made.execute(f'SELECT * FROM \"{table}\" ORDER BY rowid'):
        print(json.dumps({'table': table} | {key: row[key] for key in row.keys() if row[key] is not None}))
";
    let read = Command::new(python)
        .args(["-c", script])
        .current_dir(&outside)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let mut of_database: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in String::from_utf8(read.stdout).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let table = row["table"].as_str().unwrap().to_owned();
        of_database.entry(table).or_default().push(row);
    }
    let mut of_lines = rows(&outside, "out");
    for row in of_lines.values_mut().flatten() {
        for value in row.as_object_mut().unwrap().values_mut() {
            if let Some(flag) = value.as_bool() {
                *value = u64::from(flag).into();
            }
        }
    }
    assert!(of_lines["findings"].len() > 50);
    assert_eq!(of_database, of_lines);
}

/// The numbers of a line of the digest, by its first cell.
fn line_of(digest: &str, first: &str) -> Vec<String> {
    let mut lines = digest.lines();
    let line = lines.find(|line| line.starts_with(&format!("| {first} |")));
    let line = line.unwrap_or_else(|| panic!("no {first} in {digest}"));
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn the_digest_says_what_the_tables_say() {
    let Some((repo, folder)) = dozen() else {
        return;
    };
    let outside = repo.outside();
    let audit = ["audit", "dozen", "--history", "--out"];
    run(&outside, &[audit.as_slice(), &["before"]].concat());
    fs::remove_file(folder.join("team-0/repository-00/load.py")).unwrap();
    fs::write(folder.join("team-1/repository-01/more.pkl"), payload()).unwrap();
    for name in ["team-0/repository-00", "team-1/repository-01"] {
        repo.git_in(&folder.join(name), &["add", "-A"]);
        repo.git_in(&folder.join(name), &["commit", "-q", "-m", "third"]);
    }
    run(&outside, &[audit.as_slice(), &["out"]].concat());
    let report = ["audit", "report", "out", "--before", "before", "--format"];
    let report = |format: &str| run(&outside, &[report.as_slice(), &[format]].concat()).stdout;
    let digest = report("markdown");
    let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in report("jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let table = row["table"].as_str().unwrap().to_owned();
        tables.entry(table).or_default().push(row);
    }
    let number = |row: &Value, name: &str| row[name].to_string();
    for row in tables["rules"].iter().take(10) {
        let name = row["rule"].as_str().unwrap();
        let line = line_of(&digest, &format!("`{name}`"));
        assert_eq!(line[3], number(row, "findings"), "{name}");
        assert_eq!(line[4], number(row, "repositories"), "{name}");
    }
    let runs = &tables["runs"];
    assert_eq!(runs.len(), 2);
    for (row, name) in runs.iter().zip(["before", "this run"]) {
        let line = line_of(&digest, name);
        for (at, column) in ["complete", "refused", "denied", "executable", "unpinned"]
            .iter()
            .enumerate()
        {
            assert_eq!(line[3 + at], number(row, column), "{column} of {name}");
        }
    }
    // One more was found, in a history that still has what was removed.
    let denied = |row: &Value| row["denied"].as_u64().unwrap();
    assert!(denied(&runs[1]) > denied(&runs[0]));
    for row in &tables["adoption"] {
        let line = line_of(&digest, row["what"].as_str().unwrap());
        assert_eq!(
            [&line[2], &line[3]],
            [&number(row, "repositories"), &number(row, "of")]
        );
    }
    let clean = tables["repositories"]
        .iter()
        .filter(|row| row["denied"] == 0)
        .count();
    let adoption = &tables["adoption"][0];
    assert_eq!(
        [
            &adoption["what"],
            &adoption["repositories"],
            &adoption["of"]
        ],
        [&Value::from("nothing refused"), &clean.into(), &12.into()]
    );
}

#[test]
fn a_digest_is_harmless() {
    let Some(repo) = Repo::new(&[]) else { return };
    let outside = repo.outside();
    let root = outside.join("clones/<b>a|b @all #1");
    fs::create_dir_all(&root).unwrap();
    repo.git_in(&root, &["init", "-q"]);
    fs::write(root.join("`x` [l](e).pkl"), payload()).unwrap();
    repo.git_in(&root, &["add", "-A"]);
    repo.git_in(&root, &["commit", "-q", "-m", "first"]);
    run(&outside, &["audit", "clones", "--out", "out"]);
    let digest = run(
        &outside,
        &["audit", "report", "out", "--format", "markdown"],
    )
    .stdout;
    let row = digest.lines().find(|line| line.contains("all #1")).unwrap();
    assert_eq!(row.split(" | ").count(), 6, "{row}");
    assert!(row.starts_with("| `<b>a\\|b @all #1` |"), "{row}");
}

#[test]
fn an_issue_fits_into_a_comment() {
    let Some(repo) = Repo::new(&[]) else { return };
    let outside = repo.outside();
    let root = outside.join("clones/\u{3b1}");
    repo.git(&["init", "-q", &root.display().to_string()]);
    let long = "\u{4e2d}".repeat(60);
    let mut waivers = String::new();
    for n in 0..60 {
        let folder = root.join(format!("{n}/{long}/{long}/{long}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.pkl"), payload()).unwrap();
        let line = format!(
            "  - {{rule: pickle-load, paths: ['{long}{n}/**'], reason: r, owner: o, expires: 2020-01-01}}\n"
        );
        waivers.push_str(&line);
    }
    let policy = format!("version: 1\nextends: recommended\nwaivers:\n{waivers}");
    fs::write(root.join("weighbridge.yaml"), policy).unwrap();
    repo.git_in(&root, &["add", "-A"]);
    repo.git_in(&root, &["commit", "-q", "-m", "first"]);
    run(&outside, &["audit", "clones", "--out", "out"]);
    let report = [
        "audit", "report", "out", "--format", "issue", "-o", "issues",
    ];
    assert_eq!(run(&outside, &report).code, 0);
    let issues = files(&outside.join("issues"));
    let (name, text) = issues.first_key_value().unwrap();
    assert!(name.starts_with("repository-"), "{name}");
    assert!(text.len() < 60 << 10, "{}", text.len());
    let text = std::str::from_utf8(text).unwrap();
    assert!(text.contains("### Waivers that need somebody"), "{text}");
    assert!(text.contains("* and "), "{text}");
    assert!(text.trim_end().ends_with("```"), "{text}");
}

#[test]
fn a_table_as_csv_has_its_rows() {
    let Some((repo, _)) = dozen() else { return };
    let outside = repo.outside();
    run(&outside, &["audit", "dozen", "--history", "--out", "out"]);
    let of_lines = rows(&outside, "out");
    for schema in SCHEMAS {
        let name = schema.name;
        let report = ["audit", "report", "out", "--format", "csv", "--table", name];
        let text = run(&outside, &report).stdout;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heads = reader.headers().unwrap().clone();
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let of_lines = of_lines.get(name).map_or(&[][..], |rows| rows);
        assert_eq!(records.len(), of_lines.len(), "{name}");
        for (record, row) in records.iter().zip(of_lines) {
            for (head, cell) in heads.iter().zip(record) {
                let value = &row[head];
                let said = match value {
                    Value::Null => String::new(),
                    Value::Bool(flag) => u8::from(*flag).to_string(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                // Texts are shown as people may read them, and none is a formula.
                if said
                    .chars()
                    .all(|c| c.is_ascii_graphic() && c != '\\' || c == ' ')
                {
                    assert_eq!(
                        cell.trim_start_matches('\''),
                        said.trim_start_matches('\''),
                        "{head} of {name}"
                    );
                }
            }
        }
    }
}
