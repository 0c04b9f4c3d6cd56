//! How long the `impl` of a type is: one that passes the limit is two types.

use std::collections::BTreeMap;

use super::{sources, words};

/// Lines of a type's inherent `impl`s at most, in all files of its folder together.
const LINES: usize = 300;

/// Types that are still longer: the folder, the type, and its lines at most. This list may only get shorter.
const KNOWN: &[(&str, &str, usize)] = &[];

#[test]
fn no_type_has_an_impl_of_more_than_300_lines() {
    let mut lengths: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (path, code) in sources() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (name, lines) in impls(&code) {
            *lengths.entry((folder.to_owned(), name)).or_default() += lines;
        }
    }
    let mut wrong = Vec::new();
    for ((folder, name), lines) in &lengths {
        let known = KNOWN
            .iter()
            .find(|(place, known, _)| place == folder && known == name);
        match known {
            Some((_, _, most)) if lines > most => {
                wrong.push(format!("{folder}: {name} grew to {lines} lines"));
            }
            Some(_) if *lines <= LINES => {
                wrong.push(format!("{folder}: take {name} off the list: {lines} lines"));
            }
            None if *lines > LINES => wrong.push(format!("{folder}: {name} has {lines} lines")),
            _ => {}
        }
    }
    for (folder, name, _) in KNOWN {
        if !lengths.contains_key(&((*folder).to_owned(), (*name).to_owned())) {
            wrong.push(format!(
                "{folder}: there is no {name}, so take it off the list"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn impls_are_measured() {
    let code = "impl<T: Into<A>> Long<'_, T> {\n    fn f() {}\n    fn g() {\n    }\n}\nimpl Copy for Long {}\nimpl b::Short\nwhere\n    A: B,\n{\n}\nimpl Fn(A) -> B for C {\n}";
    let found: Vec<(String, usize)> = impls(code).collect();
    assert_eq!(found, [("Long".to_owned(), 5), ("Short".to_owned(), 5)]);
}

/// The types of inherent `impl`s, and how many lines each has. They begin and end without indentation, as rustfmt writes them.
fn impls(code: &str) -> impl Iterator<Item = (String, usize)> {
    let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
    let starts: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].starts_with("impl ") || lines[*at].starts_with("impl<"))
        .collect();
    starts.into_iter().filter_map(move |start| {
        let length = lines[start..]
            .iter()
            .position(|line| !line.starts_with(' ') && (*line == "}" || line.ends_with("{}")))?;
        let all = lines[start..].join(" ");
        let head = all.split('{').next()?;
        if words(head).any(|word| word == "for") {
            return None;
        }
        Some((type_of(head.strip_prefix("impl")?)?, length + 1))
    })
}

/// The last part of the name of a type, which may follow parameters.
fn type_of(head: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut before = ' ';
    let name = head.trim_start().trim_start_matches(|c| {
        match c {
            '<' => depth += 1,
            '>' if before == '-' => {}
            '>' => {
                depth -= 1;
                before = c;
                return true;
            }
            _ => {}
        }
        before = c;
        depth > 0
    });
    let name = name.trim_start().split(['<', ' ']).next()?;
    name.rsplit("::").next().map(str::to_owned)
}
