//! Projects in TOML: `pyproject.toml` of every tool, and `Pipfile`.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Asked, known};

/// Lists of requirements as pip takes them.
const LISTS: &[&[&str]] = &[&["project", "dependencies"]];

/// Tables of such lists.
const GROUPS: &[&[&str]] = &[
    &["project", "optional-dependencies"],
    &["dependency-groups"],
    &["tool", "pdm", "dev-dependencies"],
];

/// Tables of packages with the releases that Poetry, or Pipenv, takes.
const PACKAGES: &[&[&str]] = &[
    &["tool", "poetry", "dependencies"],
    &["tool", "poetry", "dev-dependencies"],
    &["packages"],
    &["dev-packages"],
];

/// Records what a project asks for.
pub(super) fn read(text: &str, asked: &mut Asked) {
    let Ok(document) = DeTable::parse(text) else {
        return;
    };
    let document = document.get_ref();
    for path in LISTS {
        list(find(document, path), asked);
    }
    for path in GROUPS {
        let groups = find(document, path).and_then(table);
        for (_, group) in groups.into_iter().flatten() {
            list(Some(group), asked);
        }
    }
    for path in PACKAGES {
        packages(find(document, path), asked);
    }
    let groups = find(document, &["tool", "poetry", "group"]).and_then(table);
    for (_, group) in groups.into_iter().flatten() {
        packages(table(group).and_then(|it| it.get("dependencies")), asked);
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

fn find<'d, 't>(document: &'d DeTable<'t>, path: &[&str]) -> Option<&'d Value<'t>> {
    let (last, tables) = path.split_last()?;
    let mut at = document;
    for name in tables {
        at = table(at.get(*name)?)?;
    }
    at.get(*last)
}

fn table<'d, 't>(value: &'d Value<'t>) -> Option<&'d DeTable<'t>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// Each text of a list is a requirement.
fn list(value: Option<&Value<'_>>, asked: &mut Asked) {
    let Some(DeValue::Array(items)) = value.map(Spanned::get_ref) else {
        return;
    };
    for item in items {
        if let DeValue::String(text) = item.get_ref() {
            asked.requirement(text.trim(), item.span());
        }
    }
}

/// Each key is a package, its value the releases, or a table that names them under `version`.
fn packages(value: Option<&Value<'_>>, asked: &mut Asked) {
    for (name, value) in value.and_then(table).into_iter().flatten() {
        let Some(library) = known(name.get_ref()) else {
            continue;
        };
        let version = match value.get_ref() {
            DeValue::Table(table) => table.get("version").map(Spanned::get_ref),
            version => Some(version),
        };
        if let Some(DeValue::String(version)) = version {
            let ranges: Option<Vec<String>> = version.split(',').map(range).collect();
            if let Some(ranges) = ranges {
                asked.releases(library, &ranges.join(","), value.span());
            }
        }
    }
}

/// What Poetry takes as releases, as pip takes them: `^1.3` is `>=1.3,<2`. `None` for any release, and for what is not understood.
fn range(text: &str) -> Option<String> {
    let text = text.trim();
    let release = |text: &str| -> Option<Vec<u64>> {
        text.trim()
            .split('.')
            .map(|part| part.parse().ok())
            .collect()
    };
    let (low, kept) = if let Some(caret) = text.strip_prefix('^') {
        let parts = release(caret)?;
        let first = parts.iter().position(|part| *part > 0);
        let last = parts.len().saturating_sub(1);
        (parts, first.unwrap_or(last))
    } else if text.starts_with('~') && !text.starts_with("~=") {
        let parts = release(text.trim_start_matches('~'))?;
        let kept = parts.len().saturating_sub(1).min(1);
        (parts, kept)
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(format!("=={text}"));
    } else {
        return text
            .starts_with(['=', '<', '>', '!', '~'])
            .then(|| text.to_owned());
    };
    let high = low.iter().take(kept.saturating_add(1)).enumerate();
    let high = high.map(|(at, part)| part.saturating_add(u64::from(at == kept)));
    let words = |parts: Vec<u64>| {
        let parts = parts.iter().map(u64::to_string);
        parts.collect::<Vec<_>>().join(".")
    };
    Some(format!(
        ">={},<{}",
        words(low.clone()),
        words(high.collect())
    ))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_of_poetry_are_pips() {
        for (poetry, pip) in [
            ("^1.3", Some(">=1.3,<2")),
            ("^1.3.2", Some(">=1.3.2,<2")),
            ("^0.24.1", Some(">=0.24.1,<0.25")),
            ("^0.0", Some(">=0.0,<0.1")),
            ("~1.3", Some(">=1.3,<1.4")),
            ("~1.3.2", Some(">=1.3.2,<1.4")),
            ("~1", Some(">=1,<2")),
            ("1.3.2", Some("==1.3.2")),
            ("1.3.*", Some("==1.3.*")),
            ("~=1.3.0", Some("~=1.3.0")),
            (">= 1.2", Some(">= 1.2")),
            ("*", None),
            ("^1.3rc1", None),
        ] {
            assert_eq!(range(poetry).as_deref(), pip, "{poetry}");
        }
    }
}
