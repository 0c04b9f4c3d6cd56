//! Sections, keys and values as Python's `configparser` reads them.
//!
//! A key ends at the first `=` or `:`. A line that is further in than its key goes on with the value. `#` and `;` begin comments only where a line
//! begins. What that parser refuses (a repeated key, a line that is none of these) is taken as far as it goes.

use std::ops::Range;

/// A key in a section.
#[derive(Debug)]
pub(super) struct Entry {
    /// The section, as it is written.
    pub(super) section: String,
    /// The key, as it is written.
    pub(super) key: String,
    /// The value: all its lines.
    pub(super) value: String,
    /// Where the first line of the value stands, or the key if there is none.
    pub(super) range: Range<usize>,
}

/// Every key of a text.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = String::new();
    // How far in the last key stands: a header and what is no entry end it.
    let mut of_key = None;
    for (start, line) in lines(text) {
        let value = line.trim();
        if value.starts_with(['#', ';']) {
            continue;
        }
        let inner = line.trim_start();
        let indent = line.len().saturating_sub(inner.len());
        let goes_on = of_key.is_some_and(|key| value.is_empty() || indent > key);
        match entries.last_mut() {
            Some(entry) if goes_on => {
                entry.value.push('\n');
                entry.value.push_str(value);
                continue;
            }
            _ if value.is_empty() => continue,
            _ => {}
        }
        of_key = None;
        if let Some((header, _)) = value.strip_prefix('[').and_then(|it| it.rsplit_once(']')) {
            header.clone_into(&mut section);
        } else if let Some((key, rest)) = value.split_once(['=', ':']) {
            let first = rest.trim_start();
            let skipped = value.len().saturating_sub(first.len());
            let (from, length) = match first.len() {
                0 => (0, key.trim_end().len()),
                length => (skipped, length),
            };
            let from = start.saturating_add(indent).saturating_add(from);
            entries.push(Entry {
                section: section.clone(),
                key: key.trim_end().to_owned(),
                value: first.to_owned(),
                range: from..from.saturating_add(length),
            });
            of_key = Some(indent);
        }
    }
    for entry in &mut entries {
        entry.value.truncate(entry.value.trim_end().len());
    }
    entries
}

/// Lines with where each begins. Python takes `\r` for an end of one as well.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0_usize;
    text.split(['\n', '\r']).map(move |line| {
        let at = start;
        start = start.saturating_add(line.len()).saturating_add(1);
        (at, line)
    })
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn entries_are_those_of_configparser() {
        let text = "[a.b]\r\nx = \"1\"\n# c\n@y: é = 2\n  [more]\n\n  end\n[c]\nz =\nnone\n = 3\n";
        let all: Vec<String> = entries(text)
            .iter()
            .map(|it| {
                let shown = text.get(it.range.clone()).unwrap();
                format!("{}|{}|{:?}|{shown}", it.section, it.key, it.value)
            })
            .collect();
        assert_eq!(
            all,
            [
                "a.b|x|\"\\\"1\\\"\"|\"1\"",
                "a.b|@y|\"é = 2\\n[more]\\n\\nend\"|é = 2",
                "c|z|\"\"|z",
                "c||\"3\"|3"
            ]
        );
    }
}
