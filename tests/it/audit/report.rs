//! What is reported of a run agrees with what `check` says of each repository, is the same each time, and lets nothing through that a file
//! says.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::Clones;
use crate::hostile;
use crate::support::{
    cli::{program, run},
    pickle::payload,
    repo::Repo,
};
use weighbridge::audit::report::SCHEMAS;

/// Rows of a run's tables, by table.
pub(super) fn rows(folder: &Path, run_folder: &str) -> BTreeMap<String, Vec<Value>> {
    let report = run(
        folder,
        &["audit", "report", run_folder, "--format", "jsonl"],
    );
    assert_eq!((report.code, report.stderr.as_str()), (0, ""));
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in report.stdout.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let table = row["table"].as_str().unwrap().to_owned();
        rows.entry(table).or_default().push(row);
    }
    rows
}

/// The data that the page's script unpacks.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (letters, _) = rest.split_once('<').unwrap();
    let packed = data_encoding::BASE64.decode(letters.as_bytes()).unwrap();
    let mut text = String::new();
    let mut unpacked = flate2::read::ZlibDecoder::new(packed.as_slice());
    unpacked.read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of a table of the page, as the lists for programs have them.
fn on_page(data: &Value, name: &str) -> Vec<BTreeMap<String, String>> {
    let tables = data["tables"].as_array().unwrap();
    let table = tables.iter().find(|it| it["name"] == name).unwrap();
    let columns = table["columns"].as_array().unwrap();
    let length = columns[0]["cells"].as_array().unwrap().len();
    let row = |at: usize| {
        let cells = columns.iter().filter_map(|column| {
            let cell = column["cells"][at].as_i64().unwrap();
            let value = match column["kind"].as_str().unwrap() {
                _ if cell < 0 => return None,
                "number" | "bytes" => cell.to_string(),
                "flag" => (cell == 1).to_string(),
                _ => data["texts"][usize::try_from(cell).unwrap()]
                    .as_str()?
                    .to_owned(),
            };
            Some((column["name"].as_str().unwrap().to_owned(), value))
        });
        cells.collect()
    };
    (0..length).map(row).collect()
}

fn sum(rows: &[Value], column: &str) -> u64 {
    rows.iter()
        .map(|row| row[column].as_u64().unwrap_or(0))
        .sum()
}

/// A dozen repositories, each with some files that pass and some that do not, in a history.
pub(super) fn dozen() -> Option<(Repo, PathBuf)> {
    let outer = Repo::new(&[])?;
    let folder = outer.outside().join("dozen");
    let fixtures = hostile::fixtures();
    for number in 0..12 {
        let root = folder.join(format!("team-{}/repository-{number:02}", number % 3));
        fs::create_dir_all(root.join("models")).unwrap();
        outer.git_in(&root, &["init", "-q"]);
        for (name, bytes) in fixtures.iter().skip(number * 5).take(5 + number) {
            fs::write(root.join("models").join(name), bytes).unwrap();
        }
        fs::write(root.join("evil.pkl"), payload()).unwrap();
        let load = "import torch\nm = torch.load('models/a.pt', weights_only=False)\n";
        fs::write(root.join("load.py"), load.repeat(1 + number % 4)).unwrap();
        fs::write(
            root.join("CODEOWNERS"),
            "*.py @code\n/models/ @models @all\n",
        )
        .unwrap();
        let commit = |message: &str| {
            outer.git_in(&root, &["add", "-A"]);
            outer.git_in(&root, &["commit", "-q", "-m", message]);
        };
        commit("first");
        fs::remove_file(root.join("evil.pkl")).unwrap();
        fs::write(root.join("load.py"), "import joblib\njoblib.load(f)\n").unwrap();
        commit("second");
    }
    Some((outer, folder))
}

#[test]
fn the_numbers_of_the_reports_are_those_of_check() {
    let Some((repo, folder)) = dozen() else {
        return;
    };
    let outside = repo.outside();
    let audit = ["audit", "dozen", "--history", "--out", "out"];
    assert_eq!(run(&outside, &audit).code, 1);
    let tables = rows(&outside, "out");
    let mut rules: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut all = [0; 3];
    for row in &tables["repositories"] {
        let root = folder.join(row["repository"].as_str().unwrap());
        let check = [
            "check",
            "--history",
            "--format",
            "json",
            "--policy",
            "recommended",
        ];
        let check: Value = serde_json::from_str(&run(&root, &check).stdout).unwrap();
        let findings = check["findings"].as_array().unwrap();
        let of = |level: &str| findings.iter().filter(|it| it["level"] == level).count();
        let numbers = [of("deny"), of("warn")].map(|it| u64::try_from(it).unwrap());
        assert_eq!(row["status"], "complete");
        assert_eq!(
            [&row["denied"], &row["warned"]].map(|it| it.as_u64().unwrap()),
            numbers
        );
        let coverage = &check["coverage"];
        for (column, covered) in [
            ("entries", "entries"),
            ("artifacts", "artifacts"),
            ("bytes", "bytes"),
        ] {
            assert_eq!(
                row[column],
                coverage[covered],
                "{column} of {}",
                root.display()
            );
        }
        for finding in findings {
            let text = |name: &str| finding[name].as_str().unwrap().to_owned();
            *rules.entry((text("rule"), text("level"))).or_default() += 1;
        }
        all[0] += numbers[0];
        all[1] += numbers[1];
        all[2] += u64::try_from(findings.len()).unwrap();
    }
    assert_eq!(tables["repositories"].len(), 12);
    assert!(all[0] > 50, "{all:?}");
    let said = tables["rules"].iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        assert_eq!(row["findings_partial"], 0);
        (
            (text("rule"), text("level")),
            row["findings"].as_u64().unwrap(),
        )
    });
    assert_eq!(said.collect::<BTreeMap<_, _>>(), rules);
    let counted = |level: &str| {
        let rows = tables["findings"].iter();
        let rows = rows.filter(|row| row["state"] == "counts" && row["level"] == level);
        u64::try_from(rows.count()).unwrap()
    };
    assert_eq!([counted("deny"), counted("warn")], [all[0], all[1]]);
    assert_eq!(sum(&tables["runs"], "denied"), all[0]);
    let executable = tables["artifacts"]
        .iter()
        .filter(|row| row["executable"] == true);
    let executable = u64::try_from(executable.count()).unwrap();
    assert_eq!(sum(&tables["runs"], "executable"), executable);
    assert_eq!(sum(&tables["repositories"], "executable"), executable);

    // The page says the same: its data are the same rows, and its text has the sums.
    let page = run(&outside, &["audit", "report", "out"]).stdout;
    let data = data(&page);
    for schema in SCHEMAS {
        let of_page = on_page(&data, schema.name);
        let of_lines = tables.get(schema.name).map_or(&[][..], |rows| rows);
        assert_eq!(of_page.len(), of_lines.len(), "{}", schema.name);
        for (page, line) in of_page.iter().zip(of_lines) {
            for (column, value) in page {
                let said = line[column]
                    .as_str()
                    .map_or_else(|| line[column].to_string(), str::to_owned);
                // Texts are shown as people may read them.
                if !said.contains(|c: char| c == '\\' || !c.is_ascii_graphic() && c != ' ') {
                    assert_eq!(*value, said, "{} of {}", column, schema.name);
                }
            }
        }
    }
    for (number, label) in [
        (all[0], "refused findings"),
        (executable, "model files that can run code"),
    ] {
        let tile = format!("<b>{number}</b><span>{label}</span>");
        assert!(page.contains(&tile), "{tile}");
    }
}

#[test]
fn the_same_results_give_the_same_reports() {
    let Some((repo, _)) = dozen() else { return };
    let outside = repo.outside();
    for jobs in ["1", "4"] {
        let out = format!("out-{jobs}");
        run(
            &outside,
            &["audit", "dozen", "--history", "--out", &out, "--jobs", jobs],
        );
    }
    for format in ["html", "jsonl", "sql"] {
        let report =
            |out: &str| run(&outside, &["audit", "report", out, "--format", format]).stdout;
        let (one, other) = (report("out-1"), report("out-4"));
        assert!(!one.is_empty());
        assert!(one == other, "{format} differs");
    }
}

#[test]
fn statuses_are_kept_apart_in_every_report() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let outside = clones.repo.outside();
    let lfs = outside.join("clones/lfs");
    fs::create_dir_all(&lfs).unwrap();
    clones.repo.git_in(&lfs, &["init", "-q"]);
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n",
        "a".repeat(64)
    );
    fs::write(lfs.join("model.pt"), pointer).unwrap();
    fs::write(lfs.join("evil.pkl"), payload()).unwrap();
    clones.repo.git_in(&lfs, &["add", "-A"]);
    clones.repo.git_in(&lfs, &["commit", "-q", "-m", "first"]);
    clones.audit("out", &[]);
    let tables = rows(&outside, "out");
    let status = |location: &str| {
        let mut rows = tables["repositories"].iter();
        rows.find(|row| row["repository"] == location)
            .unwrap()
            .clone()
    };
    assert_eq!(status("broken")["status"], "failed");
    // Nothing is known of what failed: it has no number, and not 0.
    assert_eq!(status("broken")["denied"], Value::Null);
    assert_eq!(status("lfs")["status"], "partial");
    let of = |status: &str| {
        let rows = tables["repositories"]
            .iter()
            .filter(|row| row["status"] == status);
        sum(&rows.cloned().collect::<Vec<_>>(), "denied")
    };
    let this = &tables["runs"][0];
    assert_eq!(
        [&this["denied"], &this["denied_partial"]].map(|it| it.as_u64().unwrap()),
        [of("complete"), of("partial")]
    );
    assert!(of("partial") > 0);
    assert_eq!(sum(&tables["rules"], "findings_partial"), {
        let rows = tables["findings"].iter();
        let rows = rows.filter(|row| row["status"] == "partial" && row["state"] == "counts");
        u64::try_from(rows.count()).unwrap()
    });
    let missing: Vec<&str> = tables["coverage"]
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert!(
        missing.contains(&"failed") && missing.contains(&"lfs"),
        "{missing:?}"
    );
    // A waiver that covers something holds; its owner answers for it.
    let waiver = &tables["waivers"][0];
    assert_eq!([&waiver["state"], &waiver["owner"]], ["holds", "ada"]);
    assert!(!tables["owners"].is_empty());
}

#[test]
fn nothing_of_a_file_is_markup_or_a_formula() {
    let Some(repo) = Repo::new(&[]) else { return };
    let root = repo.outside().join("clones/<b>shop");
    fs::create_dir_all(&root).unwrap();
    repo.git_in(&root, &["init", "-q"]);
    for name in [
        "=cmd|' C calc'!A0.pkl",
        "<script>alert(1)<script>.pkl",
        "\u{202e}txt.pkl",
    ] {
        fs::write(root.join(name), payload()).unwrap();
    }
    repo.git_in(&root, &["add", "-A"]);
    repo.git_in(
        &root,
        &["commit", "-q", "-m", "<img src=x onerror=alert(1)>"],
    );
    let outside = repo.outside();
    run(&outside, &["audit", "clones", "--history", "--out", "out"]);
    let report = |arguments: &[&str]| {
        run(&outside, &[&["audit", "report", "out"], arguments].concat()).stdout
    };
    let page = report(&[]);
    for hostile in ["<b>shop", "<script>alert", "<img", "\u{202e}"] {
        assert!(!page.contains(hostile), "{hostile}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("default-src &#39;none&#39;"));
    let csv = report(&["--format", "csv", "--table", "artifacts"]);
    assert!(csv.contains(",'=cmd|"), "{csv}");
    let sql = report(&["--format", "sql"]);
    assert!(sql.contains("'=cmd|'' C calc''!A0.pkl'") && sql.contains("''||char(8238)||'txt.pkl'"));
    for text in [csv, sql, report(&["--format", "jsonl"])] {
        assert!(!text.contains('\u{202e}'));
    }
}

#[test]
fn a_report_asks_for_what_it_needs() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let report = |arguments: &[&str]| {
        let run = run(
            &clones.repo.outside(),
            &[&["audit", "report"], arguments].concat(),
        );
        (run.code, run.stderr)
    };
    insta::assert_snapshot!(report(&["nothing"]).1, @"
    error: `nothing` is no folder of an audit
       │ help: name the folder that `weighbridge audit --out` wrote
       ╰──
    ");
    insta::assert_snapshot!(report(&["out", "--format", "csv"]).1, @"
    error: a file of CSV is one table
       │ help: name it, as in `--table findings`
       ╰──
    ");
    insta::assert_snapshot!(report(&["out", "--table", "findings"]).1, @"
    error: this format has no single tables
       │ help: leave `--table` out, or ask for `--format csv`
       ╰──
    ");
    // Earlier runs are rows before this one.
    let folder = clones.repo.outside();
    let lines = program(&folder)
        .args([
            "audit", "report", "out", "--before", "out", "--format", "csv", "--table", "runs",
        ])
        .output()
        .unwrap();
    let lines = String::from_utf8(lines.stdout).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.lines().nth(2).unwrap().starts_with("this run,"));
}

#[test]
fn docs_say_what_every_table_and_column_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit-report.md");
    let page = fs::read_to_string(&path).unwrap();
    let mark = "<!-- tables -->\n";
    let (before, present) = page.split_once(mark).unwrap();
    let mut written = String::new();
    for schema in SCHEMAS {
        let (name, about) = (schema.name, schema.about);
        _ = write!(
            written,
            "\n### `{name}`\n\n{about}\n\n| column | holds | what it is |\n| --- | --- | --- |\n"
        );
        for column in schema.columns {
            let (name, kind, about) = (column.name, column.kind.word(), column.about);
            _ = writeln!(written, "| `{name}` | {kind} | {about} |");
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{mark}{written}")).unwrap();
        return;
    }
    assert!(
        present == written,
        "docs/audit-report.md is not what the program says; run `UPDATE_DOCS=1 cargo test docs`"
    );
}
