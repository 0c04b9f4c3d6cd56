//! `IPython`'s way of writing: a cell to the Python that it runs, on the same lines.
//!
//! A cell may be indented as a whole. A cell magic in its first line leaves the rest Python, unless it is one of those that hand
//! it to something else; an unknown one may do either, so its cell is read as Python. A line magic that runs its argument
//! (`%time`, `%timeit`, `%prun`) becomes that statement. See
//! <https://ipython.readthedocs.io/en/stable/interactive/magics.html>.

/// Cell magics that hand the cell to something else than a Python interpreter.
const OTHERS: &[&str] = &[
    "!",
    "HTML",
    "R",
    "SVG",
    "bash",
    "bigquery",
    "cmd",
    "cu",
    "file",
    "html",
    "javascript",
    "js",
    "julia",
    "latex",
    "markdown",
    "mermaid",
    "perl",
    "pwsh",
    "ruby",
    "script",
    "sh",
    "sql",
    "svg",
    "sx",
    "system",
    "writefile",
];

/// Line magics that run their argument as Python.
const RUNNING: &[&str] = &[
    "debug",
    "lprun",
    "memit",
    "mprun",
    "prun",
    "px",
    "pyinstrument",
    "scalene",
    "snakeviz",
    "time",
    "timeit",
];

/// Options of line magics that take the next word.
const OPTIONS: &[&str] = &[
    "-D", "-T", "-b", "-f", "-l", "-m", "-n", "-p", "-r", "-s", "-t", "-u", "-v",
];

/// Words with which a statement begins that can stand behind no other on its line.
const COMPOUND: &[&str] = &[
    "@", "async", "class", "def", "for", "if", "match", "try", "while", "with",
];

/// The Python that a cell runs, and whether it is Python at all.
pub(super) fn as_python(cell: &str) -> (String, bool) {
    let source = dedented(cell);
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    // A magic may hand the rest to another.
    for _ in 0..8 {
        let magic = rest.trim_start();
        let blank = rest.strip_suffix(magic).unwrap_or_default();
        let Some(line) = magic
            .strip_prefix("%%")
            .and_then(|magic| magic.lines().next())
        else {
            break;
        };
        let (name, words) = word(line);
        let file = words.trim_end().trim_matches(['"', '\'']);
        let python_file = matches!(name, "writefile" | "file")
            && std::path::Path::new(file)
                .extension()
                .is_some_and(|suffix| suffix == "py");
        let interpreter = matches!(name, "script" | "!") && words.contains("python");
        if OTHERS.contains(&name) && !python_file && !interpreter {
            return (source, false);
        }
        // `%%timeit` runs what follows it on its line, once before the cell.
        let setup = if name == "timeit" {
            statement(words)
        } else {
            ""
        };
        let (line, after) = magic.split_at(line.len().saturating_add(2));
        out.push_str(blank);
        out.push_str(&in_place_of(line, setup));
        rest = after;
    }
    out.push_str(&with_statements(rest));
    (out, true)
}

/// Without the indentation of its first line, as `IPython` has it.
fn dedented(cell: &str) -> String {
    let first = cell.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    let indent = first
        .strip_suffix(first.trim_start_matches([' ', '\t']))
        .unwrap_or_default();
    if indent.is_empty() {
        return cell.to_owned();
    }
    let lines = cell.split_inclusive('\n');
    lines
        .map(|line| line.strip_prefix(indent).unwrap_or(line))
        .collect()
}

/// Line magics as the statements that they run.
fn with_statements(source: &str) -> String {
    if !source.contains('%') {
        return source.to_owned();
    }
    let mut out = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        match run_by(line) {
            Some((at, statement)) => {
                let (before, magic) = line.split_at(at);
                out.push_str(before);
                let body = magic.trim_end_matches(['\n', '\r']);
                let end = magic.get(body.len()..).unwrap_or_default();
                let assigned = !before.trim().is_empty();
                if assigned {
                    // `result = %timeit -o f(x)`
                    let lead = body.len().saturating_sub(statement.len());
                    out.push_str(&" ".repeat(lead));
                    out.push_str(statement);
                } else {
                    out.push_str(&in_place_of(body, statement));
                }
                out.push_str(end);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Where in a line a magic stands that runs a statement, and that statement.
fn run_by(line: &str) -> Option<(usize, &str)> {
    let (before, magic) = line.split_once('%')?;
    let at = before.len();
    let before = before.trim();
    let assigns = before
        .strip_suffix('=')
        .is_some_and(|names| !names.is_empty() && !names.ends_with(['=', '!', '<', '>']));
    if !before.is_empty() && !assigns {
        return None;
    }
    let (name, rest) = word(magic);
    let found = RUNNING.contains(&name).then(|| statement(rest))?;
    (!found.is_empty()).then_some((at, found))
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// What a magic runs: its line without options.
fn statement(line: &str) -> &str {
    let mut rest = line.trim();
    while rest.starts_with('-') {
        let (option, after) = word(rest);
        rest = after.trim_start();
        if OPTIONS.contains(&option) {
            rest = word(rest).1.trim_start();
        }
    }
    rest
}

/// A line of the length of `magic` that runs `statement`, which is its end, at the same place if the grammar allows it.
fn in_place_of(magic: &str, statement: &str) -> String {
    let Some(lead) = magic.trim_end().len().checked_sub(statement.len()) else {
        return statement.to_owned();
    };
    let (first, _) = word(statement);
    let first = first.trim_end_matches([':', '(']);
    if statement.is_empty() || COMPOUND.contains(&first) || statement.starts_with('@') || lead < 2 {
        // An expression in place of nothing, so that a block that holds only this holds something.
        let blank = if statement.is_empty() { "0" } else { "" };
        let room = if statement.is_empty() { lead } else { 0 };
        return format!(
            "{blank}{}{statement}",
            " ".repeat(room.saturating_sub(blank.len()))
        );
    }
    format!("0;{}{statement}", " ".repeat(lead.saturating_sub(2)))
}

#[cfg(test)]
mod tests {
    use super::as_python;

    #[test]
    fn a_cell_is_what_it_runs() {
        for (cell, python) in [
            ("  a\n  b\nc", "a\nb\nc"),
            ("%time x = f(y)\nz", "0;    x = f(y)\nz"),
            (
                "if a:\n  %timeit -n 3 -r2 f(x)\n",
                "if a:\n  0;               f(x)\n",
            ),
            ("%time for x in y: f(x)", "for x in y: f(x)"),
            ("r = %timeit -o f(x)", "r =            f(x)"),
            ("x = a %time", "x = a %time"),
            ("%matplotlib inline", "%matplotlib inline"),
            ("%%timeit x = f()\nx", "0;       x = f()\nx"),
            ("%%time\nx", "0     \nx"),
            ("%%capture out\n%%time\nx", "0            \n0     \nx"),
            ("%%unheard_of --of\nx", "0                \nx"),
        ] {
            assert_eq!(as_python(cell), (python.to_owned(), true), "{cell}");
        }
        assert!(as_python("%%writefile a.py\nx").1);
        for cell in [
            "%%bash\nx",
            "%%writefile a.txt\nx",
            "%%javascript\nx",
            "%%html\n%%time\nx",
        ] {
            assert!(!as_python(cell).1, "{cell}");
        }
    }
}
