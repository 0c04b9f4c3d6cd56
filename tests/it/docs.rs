//! The pages in `docs/` say what the program says.

use std::path::Path;

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

/// Tables of the README stand between `<!-- NAME: ... -->` and `<!-- end of NAME -->`.
#[test]
fn docs_tables_of_the_readme_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let mut readme = std::fs::read_to_string(&path).unwrap();
    for (name, table) in docs::tables() {
        let (begin, end) = (format!("<!-- {name}: "), format!("<!-- end of {name} -->"));
        let (before, rest) = readme.split_once(&begin).unwrap();
        let (mark, rest) = rest.split_once("-->\n").unwrap();
        let (present, after) = rest.split_once(&end).unwrap();
        if present != table {
            assert!(
                std::env::var_os("UPDATE_DOCS").is_some(),
                "the {name} of README.md are not what the program says; run `UPDATE_DOCS=1 cargo test docs`"
            );
            readme = format!("{before}{begin}{mark}-->\n{table}{end}{after}");
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, readme).unwrap();
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
    assert_eq!(names.len(), before, "a rule and a format share a name");
}

#[test]
fn docs_limits_have_a_value_and_a_reason() {
    let limits = docs::limits();
    assert!(limits.len() > 20, "{limits:?}");
    for limit in &limits {
        assert!(
            !limit.doc.is_empty() && !limit.value.contains('`'),
            "{limit:?}"
        );
    }
    let find = |name: &str| limits.iter().find(|limit| limit.name == name).unwrap();
    assert_eq!(find("DEPTH").value, limits::DEPTH.to_string());
    assert_eq!(find("INFLATED_BYTES").value, "2,147,483,648");
    assert_eq!(limits::INFLATED_BYTES, 2_147_483_648);
}

#[test]
fn docs_tell_of_every_reporter() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md"))
            .unwrap();
    let named: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let reporters: Vec<&str> = weighbridge::report::REPORTERS
        .iter()
        .map(|r| r.name())
        .collect();
    assert_eq!(named, reporters);
}
