//! Documentation from the registries: what the rules, formats and limits say about themselves, as Markdown pages and as
//! the text of `explain`. Nothing is written twice: a rule's doc comment is its page.

use std::fmt::Write as _;

use crate::{
    finding::RuleMeta,
    format::{self, FORMATS, Format, Home, Read},
    limits::{self, Limit},
    loader::{self, ALIASES, DecidingArgument, LOADERS, Loader, Risk, VARIABLES},
    policy::{self, Pack, SchemaOf},
    rule::{self, RULES},
};

/// The documentation of a rule, a format, a pack or a limit, as Markdown; `None` if nothing has this name.
pub fn explain(name: &str) -> Option<String> {
    let rule = || meta(name).map(|meta| of_rule(meta, 1));
    let format = || format::by_id(name).map(|format| of_format(format, 1));
    let limit = || limits::by_name(name).map(of_limit);
    let pack = || policy::pack_by_name(name).map(of_pack);
    // A pack may be called as the format whose files need it: then both are meant.
    let both = match (format(), pack()) {
        (Some(format), Some(pack)) => Some(format!("{format}\n{pack}")),
        (format, pack) => format.or(pack),
    };
    rule().or(both).or_else(limit)
}

/// The rules by which commands look at a policy and at a lock file.
fn rules_of_commands() -> impl Iterator<Item = &'static RuleMeta> {
    let of_policies = policy::CHECK_RULES.iter().copied();
    of_policies.chain([&rule::LOCK_NOT_CURRENT])
}

/// A rule, or one of those that only a command looks by.
fn meta(id: &str) -> Option<&'static RuleMeta> {
    let of_command = || rules_of_commands().find(|meta| meta.id == id);
    rule::by_id(id).map(|rule| rule.meta).or_else(of_command)
}

/// Every name that [`explain`] knows: rules, then formats, then packs, then limits.
pub fn names() -> impl Iterator<Item = &'static str> {
    let rules = RULES.iter().map(|rule| rule.meta.id);
    let rules = rules.chain(rules_of_commands().map(|meta| meta.id));
    let formats = FORMATS.iter().map(|format| format.id);
    let limits = limits::all().map(|limit| limit.id.name());
    rules
        .chain(formats)
        .chain(policy::pack_names().filter(|name| format::by_id(name).is_none()))
        .chain(limits)
}

/// The rules, formats, packs and limits, a line each.
pub fn list() -> String {
    let mut text = String::new();
    let margin = names().map(str::len).max().unwrap_or_default();
    let _ = writeln!(text, "Rules (with their default level):");
    for rule in RULES {
        let meta = rule.meta;
        let _ = writeln!(
            text,
            "  {:margin$}  {:5}  {}",
            meta.id, meta.level, meta.summary
        );
    }
    for (title, read) in [
        ("Formats", true),
        ("Formats that are recognised and not read yet", false),
    ] {
        let _ = writeln!(text, "\n{title}:");
        for format in FORMATS.iter().filter(|format| format.is_read() == read) {
            let _ = writeln!(text, "  {:margin$}  {}", format.id, format.title);
        }
    }
    let _ = writeln!(text, "\nPacks:");
    for pack in policy::pack_names().filter_map(policy::pack_by_name) {
        let _ = writeln!(text, "  {:margin$}  {}", pack.pack, pack.title);
    }
    let _ = writeln!(text, "\nLimits (at most):");
    for limit in limits::all() {
        let _ = writeln!(text, "  {:margin$}  {limit}", limit.id.name());
    }
    text
}

/// The pages of `docs/` that are made from the program: path and content.
pub fn pages() -> [(&'static str, String); 7] {
    [
        ("docs/rules.md", rules_page()),
        ("docs/formats.md", formats_page()),
        ("docs/limits.md", limits_page()),
        ("docs/loaders.md", loaders_page()),
        ("docs/weighbridge.schema.json", schema(SchemaOf::Policy)),
        (
            "docs/weighbridge-tests.schema.json",
            schema(SchemaOf::Cases),
        ),
        ("docs/weighbridge-lock.schema.json", schema(SchemaOf::Lock)),
    ]
}

/// The JSON Schema of a policy, of its cases or of a lock file.
pub fn schema(of: SchemaOf) -> String {
    let formats = FORMATS.iter().filter(|format| format.is_read());
    let words = policy::Words {
        rules: RULES.iter().map(|rule| rule.meta).collect(),
        formats: formats.map(|format| (format.id, format.title)).collect(),
    };
    format!("{:#}\n", policy::schema(of, &words))
}

/// What every generated page begins with.
const GENERATED: &str = "<!-- Made from the program by `UPDATE_DOCS=1 cargo test docs`. -->\n\n";

/// A table that is made from the program and stands in a page between the markers `<!-- NAME: ... -->` and `<!-- end of NAME -->`.
#[derive(Debug)]
pub struct Table {
    /// The path of the page.
    pub page: &'static str,
    /// The name in the markers.
    pub name: &'static str,
    /// The lines between them.
    pub content: String,
}

/// The tables in pages that are otherwise written by hand.
pub fn tables() -> [Table; 3] {
    let table = |page, name, content| Table {
        page,
        name,
        content,
    };
    [
        table(
            "README.md",
            "formats",
            formats_table("docs/formats.md", true),
        ),
        table("README.md", "rules", rules_table("docs/rules.md")),
        table("policies/README.md", "keys", keys_table()),
    ]
}

/// The keys of a policy.
fn keys_table() -> String {
    let mut table = String::from("| key | value | what it says |\n| --- | --- | --- |\n");
    for key in policy::keys() {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            key.path, key.value, key.summary
        );
    }
    table
}

/// The rules, each linked to its place on a page (empty: this one).
fn rules_table(page: &str) -> String {
    let mut table = String::from(
        "| rule | default | severity | what it refuses |\n| --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let meta = rule.meta;
        let summary = cell(meta.summary);
        let _ = writeln!(
            table,
            "| [`{0}`]({page}#{0}) | {1} | {2} | {summary} |",
            meta.id, meta.level, meta.severity
        );
    }
    table
}

/// The formats that are read, or those that are only recognised, each linked to its place on a page (empty: this one).
fn formats_table(page: &str, read: bool) -> String {
    let mut table = String::from(
        "| format | what it is | loading runs code | usual suffixes |\n| --- | --- | --- | --- |\n",
    );
    for format in FORMATS.iter().filter(|format| format.is_read() == read) {
        let _ = writeln!(
            table,
            "| [`{0}`]({page}#{0}) | {1} | {2} | {3} |",
            format.id,
            cell(format.title),
            if format.runs.is_code() {
                "by design"
            } else {
                "no"
            },
            suffixes(format),
        );
    }
    table
}

fn rules_page() -> String {
    let mut page = format!(
        "{GENERATED}# Rules\n\nA rule is one judgement about what loading a file would do. `weighbridge explain RULE` prints \
         the same text. A policy sets each rule's level: `allow`, `warn` or `deny`.\n\n{}",
        rules_table("")
    );
    for rule in RULES {
        page.push('\n');
        page.push_str(&of_rule(rule.meta, 2));
    }
    page.push_str(
        "\n# What `weighbridge policy check` finds\n\nThese are about a policy itself. They judge no file, and no policy sets their level.\n",
    );
    for meta in policy::CHECK_RULES {
        page.push('\n');
        page.push_str(&of_rule(meta, 2));
    }
    page.push_str(
        "\n# What `weighbridge freeze --check` finds\n\nThis is about a lock file. It judges no file, and no policy sets its level.\n\n",
    );
    page.push_str(&of_rule(&rule::LOCK_NOT_CURRENT, 2));
    page
}

fn formats_page() -> String {
    let mut page = format!(
        "{GENERATED}# Formats\n\nWhat a file is, is decided by its bytes; a name only counts where bytes carry no sign. A file \
         of several formats at once is read as each of them. `weighbridge explain FORMAT` prints the same text.\n\n{}\n\
         Some formats are recognised and not read yet. Such a file is refused by `unknown-artifact`.\n\n{}\n{}",
        formats_table("", true),
        formats_table("", false),
        suffixes_section(),
    );
    for format in FORMATS {
        page.push('\n');
        page.push_str(&of_format(format, 2));
    }
    page
}

/// What a suffix alone says.
fn suffixes_section() -> String {
    let mut text = String::from(
        "## Suffixes\n\nA file that has the suffix of a format and unknown content is refused, because its loader may know more \
         than weighbridge. Other kinds of files have some of these suffixes, too: they are passed over.\n\n\
         | suffix | passed over if its content is unknown | also used by |\n| --- | --- | --- |\n",
    );
    for suffix in FORMATS.iter().flat_map(|format| format.suffixes) {
        let (what, others) = match suffix.home {
            Home::SharedWithText(others) => ("text", others),
            Home::Shared(others) => ("any file", others),
            Home::Own | Home::Plain | Home::Wrapping => continue,
        };
        let _ = writeln!(text, "| `.{}` | {what} | {} |", suffix.text, cell(others));
    }
    text.push_str("\nA web page that a server sent instead of a file is always refused.\n");
    text
}

fn limits_page() -> String {
    let mut page = format!(
        "{GENERATED}# Limits\n\nWhat a hostile file may cost. Reaching a limit is never silent: weighbridge reports what it did \
         not read, and refuses it unless the policy allows that. `weighbridge explain LIMIT` prints the same text.\n"
    );
    for section in limits::SECTIONS {
        let _ = writeln!(
            page,
            "\n## {}\n\n| limit | at most | reason |\n| --- | --- | --- |",
            section.title
        );
        for limit in section.limits {
            let most = cell(&limit.to_string());
            let reason = cell(limit.reason.trim());
            let _ = writeln!(page, "| `{}` | {most} | {reason} |", limit.id.name());
        }
    }
    page
}

fn loaders_page() -> String {
    let mut page = format!(
        "{GENERATED}# Loaders\n\nThe calls in Python source that weighbridge knows as loaders of models, under all of their \
         names: directly, through `import ... as`, assignments, `getattr`, `functools.partial` and the like. \
         `policies/loaders/` is the catalogue; a loader is one row of it.\n\nWhat a loader may do:\n\n"
    );
    let mut risks: Vec<Risk> = Vec::new();
    for loader in LOADERS {
        if !risks.contains(&loader.risk) {
            risks.push(loader.risk);
        }
    }
    for risk in risks {
        let _ = writeln!(page, "- `{}`: {}", risk.word(), risk.meaning());
    }
    page.push_str(
        "\n| loader | other names | may do | decided by | instead | rules |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for loader in LOADERS {
        page.push_str(&loader_row(loader));
    }
    page.push_str(
        "\nEvery loader is also judged by [`loader-replaced`](rules.md#loader-replaced), and calls with a constant path are \
         [joined with the artifact](ml-bom.md) that they load.\n\n## Other names of modules\n\n| module | stands for |\n| --- | --- |\n",
    );
    for (from, to) in ALIASES {
        if loader::by_name(to).is_none() {
            let _ = writeln!(page, "| `{from}` | `{to}` |");
        }
    }
    page.push_str(
        "\n## Variables of the environment\n\n\
         | variable | what it does | rules |\n| --- | --- | --- |\n",
    );
    for variable in VARIABLES {
        let effect = cell(variable.effect);
        let rules = linked_rules(variable.rules);
        let _ = writeln!(page, "| `{}` | {effect} | {rules} |", variable.name);
    }
    page
}

fn loader_row(loader: &Loader) -> String {
    let aliases: Vec<String> = loader.aliases.iter().map(|a| format!("`{a}`")).collect();
    let arguments: Vec<String> = loader.arguments.iter().map(deciding_argument).collect();
    format!(
        "| `{}` | {} | {} | {} | {} | {} |\n",
        loader.name,
        aliases.join(", "),
        loader.risk.word(),
        cell(&arguments.join("; ")),
        cell(loader.instead),
        linked_rules(loader.rules),
    )
}

/// `` `allow_pickle` (positional 3): no code with `False`; by default `False` since 1.16.3, `True` before ``.
fn deciding_argument(argument: &DecidingArgument) -> String {
    let mut text = format!("`{}`", argument.name);
    if let Some(position) = argument.position {
        let _ = write!(text, " (positional {})", position + 1);
    }
    if argument.lets_run.is_empty() {
        let _ = write!(text, ": no code with `{}`; by default", argument.safe);
    } else {
        let values = argument.lets_run.join("`, `");
        let _ = write!(text, ": code with `{values}`; by default");
    }
    for (n, default) in argument.defaults.iter().rev().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(text, "{comma} `{}`", default.value);
        let since: Vec<String> = default.since.iter().map(u16::to_string).collect();
        match (n + 1 == argument.defaults.len(), since.join(".")) {
            (true, since) if since == "0" => text.push_str(if n > 0 { " before" } else { "" }),
            (_, since) => {
                let _ = write!(text, " since {since}");
            }
        }
    }
    text
}

fn linked_rules(ids: &[&str]) -> String {
    let links: Vec<String> = ids
        .iter()
        .map(|id| format!("[`{id}`](rules.md#{id})"))
        .collect();
    links.join(", ")
}

fn of_pack(pack: &Pack) -> String {
    let mut text = format!(
        "# {0}\n\n{1}, of {2}: {3} names.\n\n{4}\n\n## Made from\n\n{5}\n\n## Use\n\n```yaml\nversion: 1\nextends: recommended\nglobals:\n  packs: [{0}]\n```\n\n## Names\n\n",
        pack.pack,
        capital(&pack.title),
        pack.library,
        pack.entries.len(),
        pack.preface(),
        pack.provenance.trim(),
    );
    for entry in &pack.entries {
        let _ = write!(
            text,
            "- `{}`: {}, since {}",
            entry.global,
            entry.kind.word(),
            entry.since
        );
        let until = entry.until.as_deref();
        let _ = match (until, entry.purpose.as_deref()) {
            (Some(until), Some(purpose)) => writeln!(text, " until {until}, for {purpose}"),
            (Some(until), None) => writeln!(text, " until {until}"),
            (None, Some(purpose)) => writeln!(text, ", for {purpose}"),
            (None, None) => writeln!(text),
        };
    }
    text
}

fn of_limit(limit: &Limit) -> String {
    format!(
        "# {}\n\nAt most {limit}.\n\n{}\n",
        limit.id.name(),
        limit.reason.trim()
    )
}

fn of_rule(meta: &RuleMeta, depth: usize) -> String {
    let mut text = format!(
        "{} {}\n\n{}. Default level: `{}`. Severity: {}. Precision: {}.",
        "#".repeat(depth),
        meta.id,
        capital(meta.summary),
        meta.level,
        meta.severity,
        meta.precision,
    );
    let weaknesses: Vec<String> = meta.cwe.iter().map(|n| format!("CWE-{n}")).collect();
    if !weaknesses.is_empty() {
        let _ = write!(text, " Weaknesses: {}.", weaknesses.join(", "));
    }
    let _ = writeln!(text, " Tags: {}.\n", meta.tags.join(", "));
    text.push_str(&body(meta.doc, depth));
    text
}

fn of_format(format: &Format, depth: usize) -> String {
    let executes = if format.runs.is_code() {
        "Loading it runs code by design"
    } else {
        "Loading it does not run code by design"
    };
    let mut suffixes = if format.suffixes.is_empty() {
        String::new()
    } else {
        format!(" Usual suffixes: {}.", suffixes(format))
    };
    if let Read::Not { instead } = format.read {
        let _ = write!(
            suffixes,
            "\n\nWeighbridge recognises it and does not read it yet. Instead: {instead}."
        );
    }
    let mut text = format!(
        "{} {}\n\n{}. {executes}.{suffixes}\n\n",
        "#".repeat(depth),
        format.id,
        capital(format.title),
    );
    text.push_str(&body(format.doc, depth));
    text
}

fn suffixes(format: &Format) -> String {
    let names: Vec<String> = format
        .suffixes
        .iter()
        .map(|suffix| format!("`.{}`", suffix.text))
        .collect();
    names.join(", ")
}

/// A doc comment below a heading of `depth`: without the space that `///` leaves in front, its own headings one deeper.
fn body(doc: &str, depth: usize) -> String {
    let lines: Vec<&str> = doc.trim_matches('\n').lines().collect();
    let indented = lines
        .iter()
        .all(|line| line.is_empty() || line.starts_with(' '));
    let shallowest = headings(&lines, indented).min().unwrap_or(depth + 1);
    let mut text = String::new();
    let mut code = false;
    for line in lines {
        let line = if indented {
            line.strip_prefix(' ').unwrap_or(line)
        } else {
            line
        };
        code ^= line.trim_start().starts_with("```");
        let level = line.len() - line.trim_start_matches('#').len();
        if !code && level > 0 && line.get(level..).is_some_and(|rest| rest.starts_with(' ')) {
            let deeper = (level + depth + 1).saturating_sub(shallowest);
            text.push_str(&"#".repeat(deeper));
            text.push_str(line.get(level..).unwrap_or_default().trim_end());
        } else {
            text.push_str(line.trim_end());
        }
        text.push('\n');
    }
    text
}

/// The depths of the headings outside code blocks.
fn headings(lines: &[&str], indented: bool) -> impl Iterator<Item = usize> {
    let mut code = false;
    let mut levels = Vec::new();
    for line in lines {
        let line = if indented {
            line.strip_prefix(' ').unwrap_or(line)
        } else {
            line
        };
        code ^= line.trim_start().starts_with("```");
        let level = line.len() - line.trim_start_matches('#').len();
        if !code && level > 0 && line.get(level..).is_some_and(|rest| rest.starts_with(' ')) {
            levels.push(level);
        }
    }
    levels.into_iter()
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A word with its first letter in upper case, unless it is a name in code.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{body, of_rule};
    use crate::finding::{Level, Precision, RuleMeta, Severity};

    #[test]
    fn a_rules_page_is_its_doc_comment_below_a_heading() {
        static META: RuleMeta = RuleMeta {
            id: "some-rule",
            summary: "a thing that is wrong",
            doc: " ## What it does\n Finds it.\n\n ## Example\n ```python\n # not a heading\n if x:\n     load()\n ```\n",
            level: Level::Deny,
            severity: Severity::Critical,
            precision: Precision::VeryHigh,
            cwe: &[436, 502],
            tags: &["artifact", "pickle"],
        };
        assert_eq!(
            of_rule(&META, 1),
            "# some-rule\n\nA thing that is wrong. Default level: `deny`. Severity: critical. Precision: very high. \
             Weaknesses: CWE-436, CWE-502. Tags: artifact, pickle.\n\n## What it does\nFinds it.\n\n## Example\n\
             ```python\n# not a heading\nif x:\n    load()\n```\n"
        );
        assert!(of_rule(&META, 2).contains("\n### What it does\n"));
    }

    #[test]
    fn text_without_headings_stays_as_it_is() {
        assert_eq!(body("one\n  two\n", 2), "one\n  two\n");
        assert_eq!(body("", 1), "");
    }
}
