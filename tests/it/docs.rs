//! The pages in `docs/` say what the program says.

use std::path::Path;

use crate::support::{
    cli::{finish, program},
    repo::repo,
};
use weighbridge::{docs, format::FORMATS, limits, rule::RULES};

#[test]
fn docs_pages_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for (path, content) in docs::pages() {
        if update {
            std::fs::write(root.join(path), &content).unwrap();
        }
        let committed = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(
            committed == content,
            "{path} is not what the program says; run `UPDATE_DOCS=1 cargo test docs`"
        );
    }
}

#[test]
fn docs_tables_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for docs::Table {
        page,
        name,
        content,
    } in docs::tables()
    {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let (begin, end) = (format!("<!-- {name}: "), format!("<!-- end of {name} -->"));
        let (before, rest) = text.split_once(&begin).unwrap();
        let (mark, rest) = rest.split_once("-->\n").unwrap();
        let (present, after) = rest.split_once(&end).unwrap();
        if present != content {
            assert!(
                std::env::var_os("UPDATE_DOCS").is_some(),
                "the {name} of {page} are not what the program says; run `UPDATE_DOCS=1 cargo test docs`"
            );
            let text = format!("{before}{begin}{mark}-->\n{content}{end}{after}");
            std::fs::write(root.join(page), text).unwrap();
        }
    }
}

#[test]
fn docs_explain_every_rule_and_format() {
    let list = docs::list();
    for rule in RULES {
        let text = docs::explain(rule.meta.id).unwrap();
        assert!(text.starts_with(&format!("# {}\n", rule.meta.id)), "{text}");
        for heading in ["What it does", "Why it matters", "Example", "Use instead"] {
            assert!(
                text.contains(&format!("## {heading}")),
                "{}: {heading}",
                rule.meta.id
            );
        }
        assert!(list.contains(rule.meta.id) && list.contains(rule.meta.summary));
    }
    for format in FORMATS {
        let text = docs::explain(format.id).unwrap();
        assert!(text.starts_with(&format!("# {}\n", format.id)), "{text}");
        assert!(list.contains(format.id) && list.contains(format.title));
    }
    assert_eq!(docs::explain("no-such-thing"), None);
}

#[test]
fn docs_names_are_unique_and_kebab_case() {
    let mut names: Vec<&str> = docs::names().collect();
    for name in &names {
        let kebab = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(name.split('-').all(kebab), "{name}");
    }
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(
        names.len(),
        before,
        "a rule, a format, a pack or a limit share a name"
    );
}

#[test]
fn docs_limits_say_what_is_counted_and_why() {
    let list = docs::list();
    for limit in limits::all() {
        let text = docs::explain(limit.id.name()).unwrap();
        assert!(text.contains(&format!("At most {limit}.")), "{text}");
        assert!(list.contains(&limit.to_string()), "{limit}");
        assert!(limit.reason.trim().ends_with('.'), "{limit}");
        // A reason may name another limit.
        for name in limit.reason.split('`').skip(1).step_by(2) {
            let is_limit = limits::by_name(name).is_some();
            assert!(
                is_limit || !name.contains('-') || name.contains('.'),
                "{name}"
            );
        }
    }
    insta::assert_snapshot!(docs::explain("members").unwrap(), @"
    # members

    At most 200,000 members of an archive and of the archives inside it.

    The largest real torch zip seen has 62,000 records. Each costs some 400 bytes while the archive is read.
    ");
}

#[test]
fn docs_tell_of_every_reporter() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md"))
            .unwrap();
    let named: Vec<&str> = page
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let reporters: Vec<&str> = weighbridge::report::REPORTERS
        .iter()
        .map(|r| r.name())
        .collect();
    assert_eq!(named, reporters);
}

/// The action's inputs or outputs by name, with what is written at `key` (`default` or `description`).
fn of_the_action(kind: &str, key: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml"));
    let text = text.unwrap();
    let (_, section) = text.split_once(&format!("\n{kind}:\n")).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in section.lines() {
        if !line.is_empty() && !line.starts_with(' ') {
            break;
        }
        if let Some(name) = line.strip_prefix("  ").and_then(|l| l.strip_suffix(':')) {
            found.push((name.to_owned(), String::new()));
        } else if let Some(value) = line.trim().strip_prefix(&format!("{key}: ")) {
            value
                .trim_matches('\'')
                .clone_into(&mut found.last_mut().unwrap().1);
        }
    }
    found
}

#[test]
fn docs_tell_of_every_input_and_output_of_the_action() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/github.md"))
            .unwrap();
    let table = |heading: &str| -> Vec<Vec<String>> {
        let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
        rest.lines()
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with("| `"))
            .map(|line| {
                let cells = line.trim_matches('|').split('|').map(str::trim);
                cells.map(|cell| cell.replace('`', "")).collect()
            })
            .collect()
    };
    let shown: Vec<(String, String)> = table("Inputs")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(shown, of_the_action("inputs", "default"));
    let shown: Vec<String> = table("Outputs")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    let outputs = of_the_action("outputs", "description");
    let names: Vec<String> = outputs.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(shown, names);
    for (name, told) in outputs
        .iter()
        .chain(&of_the_action("inputs", "description"))
    {
        assert!(told.len() > 10, "{name} is not described");
    }
}

/// Where the project lives is said in `Cargo.toml`; what cannot read it there must agree.
#[test]
fn docs_name_the_repository_of_the_package() {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let name = repository.strip_prefix("https://github.com/").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut uses = 0;
    for page in [
        "docs/github.md",
        "docs/gitlab.md",
        "docs/install.md",
        "docs/pre-commit.md",
        "README.md",
    ] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("uses: weighbridge/") {
                assert!(
                    format!("weighbridge/{rest}").starts_with(&format!("{name}@")),
                    "{line}"
                );
                uses += 1;
            }
            if let Some((_, rest)) = line.split_once("--repo ") {
                assert_eq!(rest, name, "{page}");
            }
            if let Some((_, rest)) = line.split_once("- repo: ") {
                assert!(rest == repository || rest == "local", "{page}: {line}");
                uses += 1;
            }
        }
    }
    assert!(uses >= 4);
}

/// Every command on the page about reports runs, and prints what the page shows. Steps of pipelines are run end to end.
#[test]
fn docs_examples_of_reports_are_what_is_said() {
    let repo = repo!();
    repo.write(
        "load.py",
        "import torch\n\nmodel = torch.load(\"model.pt\", weights_only=False)\n",
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut current = String::new();
    // The fence of the block we are in and whether it is shown output; what the last command printed.
    let (mut open, mut printed, mut ran) = (None::<(String, bool)>, None::<String>, 0);
    let mut steps = false;
    for line in page.lines() {
        let fence: String = line.chars().take_while(|c| *c == '`').collect();
        match &open {
            Some((fence, output)) if line == fence => {
                if *output {
                    current.push_str(&printed.take().unwrap());
                }
                open = None;
            }
            Some((_, true)) => continue,
            Some((_, false)) => {
                if let Some((before, command)) = line.split_once("weighbridge check")
                    && !steps
                {
                    let mut program = program(&repo.root);
                    let words = before.split(' ').filter_map(|word| word.split_once('='));
                    program
                        .envs(words)
                        .arg("check")
                        .args(command.split(' ').filter(|word| !word.is_empty()));
                    let run = finish(&mut program);
                    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{line}");
                    for file in command.split(' ').filter_map(|word| word.split_once('=')) {
                        assert!(repo.root.join(file.1).is_file(), "{line}");
                    }
                    // The version is the release's business.
                    let version = concat!("value=\"", env!("CARGO_PKG_VERSION"));
                    printed = Some(run.stdout.replace(version, "value=\"0.1.0"));
                    ran += 1;
                }
            }
            None if fence.len() >= 3 => {
                let shown = !line.ends_with("sh") && !line.ends_with("yaml");
                open = Some((fence, shown));
                steps = line.ends_with("yaml");
            }
            // Prose between a command and a block: the block is not its output.
            None if !line.is_empty() => printed = None,
            None => {}
        }
        current.push_str(line);
        current.push('\n');
    }
    assert!(ran >= 7, "{ran}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        assert!(
            current == page,
            "docs/reports.md shows other output; run `UPDATE_DOCS=1 cargo test docs`"
        );
    }
}
