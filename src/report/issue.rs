//! What is refused in a repository, as the text of an issue for those who maintain it: a title, what was looked at, what is wrong and
//! how to mend it in the words of `check`, and the commands that show it there.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    PathSpelling, Style,
    introduction::short,
    markdown::{COMMENT_BYTES, code, page, prose},
    terminal::{count, quoted},
};
use crate::{
    fact::{Place, Text},
    finding::{Finding, Level},
    verdict::Report,
};

/// Columns of a path or a sentence.
const COLUMNS: usize = 400;
/// Lines of each list, and their bytes.
const LISTED: usize = 20;
const LIST_BYTES: usize = 6 << 10;
/// Bytes of a command that can be read.
const COMMAND_BYTES: usize = 1 << 10;
/// Rules and files that commands name.
const SHOWN: usize = 3;
/// Bytes that the lists and the commands need at most beside the findings.
const BESIDE: usize = 24 << 10;

/// What is known of a repository beside the findings.
#[derive(Debug, Clone, Default)]
pub struct Issue<'a> {
    /// The day on which it was judged.
    pub judged_on: &'a str,
    /// The commit that was looked at.
    pub commit: Option<&'a str>,
    /// The options of `check` that look at the same: `--history`.
    pub view: &'a str,
    /// The organisation's policy, if one was named: a file, or `strict (built in)`.
    pub organisation: Option<&'a str>,
    /// What was not looked at, a sentence each.
    pub missing: Vec<&'a str>,
    /// Lines of the repository's policy that try to loosen what is locked: the place, and what is wrong.
    pub loosenings: Vec<(String, &'a str)>,
    /// Waivers that need somebody: the place, and what is the matter.
    pub waivers: Vec<(String, String)>,
}

/// Writes the text of an issue: the title as a heading, an empty line, and the body, which fits where a comment does. `false` if there
/// is nothing to write.
///
/// # Errors
/// Whatever `out` answers.
pub fn issue(report: &Report, about: &Issue<'_>, out: &mut dyn Write) -> io::Result<bool> {
    let Some(title) = title(report, about) else {
        return Ok(false);
    };
    let mut text = format!("# {title}\n\n");
    let commit = about.commit.map_or_else(String::new, |commit| {
        format!(" (commit {})", code(short(commit), COLUMNS))
    });
    let _ = writeln!(
        text,
        "This is what loading the model files of this repository would do, found without loading one: {}{commit}, judged on {} by {}.\n",
        prose(&report.view, COLUMNS),
        prose(about.judged_on, COLUMNS),
        code(&report.policy, COLUMNS),
    );
    if report.active().next().is_some() {
        text.push_str(&page(
            report,
            &PathSpelling::default(),
            COMMENT_BYTES - BESIDE,
        ));
    }
    let missing = about.missing.iter().map(|why| prose(why, COLUMNS));
    list("Not looked at", missing, &mut text);
    let place =
        |place: &str, what: &str| format!("{}: {}", code(place, COLUMNS), prose(what, COLUMNS));
    let loosenings = about.loosenings.iter().map(|(at, what)| place(at, what));
    list("Lines of the policy without effect", loosenings, &mut text);
    let waivers = about.waivers.iter().map(|(at, what)| place(at, what));
    list("Waivers that need somebody", waivers, &mut text);
    let _ = write!(
        text,
        "### See it in the repository\n\n```sh\n{}```\n",
        commands(report, about)
    );
    if about
        .organisation
        .is_some_and(|name| !name.ends_with(" (built in)"))
    {
        text.push_str("\n`ORGANISATION` stands for the file of the policy that is named above.\n");
    }
    out.write_all(text.as_bytes())?;
    Ok(true)
}

/// What is the matter, in a line; `None` if nothing is.
fn title(report: &Report, about: &Issue<'_>) -> Option<String> {
    let denied = report
        .active()
        .filter(|finding| finding.level == Level::Deny);
    let files: BTreeSet<&Text> = denied.map(|finding| &finding.primary.path).collect();
    Some(if !files.is_empty() {
        format!(
            "weighbridge refuses {}",
            count(files.len(), "file", "files")
        )
    } else if !about.loosenings.is_empty() {
        format!(
            "weighbridge: {} of the policy without effect",
            count(about.loosenings.len(), "line", "lines")
        )
    } else if !about.waivers.is_empty() {
        format!(
            "weighbridge: {} somebody",
            count(about.waivers.len(), "waiver needs", "waivers need")
        )
    } else if !about.missing.is_empty() {
        String::from("weighbridge could not look at everything")
    } else {
        return None;
    })
}

fn list(title: &str, lines: impl ExactSizeIterator<Item = String>, text: &mut String) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    let _ = writeln!(text, "### {title}\n");
    let end = text.len().saturating_add(LIST_BYTES);
    let mut told: usize = 0;
    for line in lines.take(LISTED) {
        if text.len().saturating_add(line.len()) > end {
            break;
        }
        let _ = writeln!(text, "* {line}");
        told = told.saturating_add(1);
    }
    if let more @ 1.. = all.saturating_sub(told) {
        let _ = writeln!(text, "* and {}", count(more, "other", "others"));
    }
    text.push('\n');
}

/// Commands that show it where the repository is checked out.
fn commands(report: &Report, about: &Issue<'_>) -> String {
    let mut check = format!("weighbridge check {}", about.view);
    if let Some(organisation) = about.organisation {
        let name = organisation.strip_suffix(" (built in)");
        let _ = write!(
            check,
            " --organisation-policy {}",
            name.unwrap_or("ORGANISATION")
        );
    }
    let what = if about.loosenings.is_empty() {
        "the findings, with the lines that show them"
    } else {
        "the line of the policy that has to change first"
    };
    let mut lines = vec![(check, what)];
    let mut denied: Vec<&Finding> = report.active().collect();
    denied.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let mut rules: Vec<&str> = Vec::new();
    let mut files: Vec<(&Text, Option<&str>)> = Vec::new();
    for finding in denied {
        let introduction = finding.primary.introduced_by.as_deref();
        if !rules.contains(&finding.rule.id) {
            rules.push(finding.rule.id);
        }
        let is_source = matches!(finding.primary.site.at, Place::Span { .. });
        let file = (
            &finding.primary.path,
            introduction.map(|it| it.commit.id.as_str()),
        );
        if !is_source && !files.contains(&file) {
            files.push(file);
        }
    }
    for rule in rules.into_iter().take(SHOWN) {
        lines.push((
            format!("weighbridge explain {rule}"),
            "why, and what to use instead",
        ));
    }
    for (path, commit) in files.into_iter().take(SHOWN) {
        let commit = commit.or(about.commit).unwrap_or("HEAD");
        let object = Text::new([commit.as_bytes(), b":", path.as_bytes()].concat());
        let (Some(object), Some(name)) = (
            quoted(&object, Style::default()),
            quoted(path, Style::default()),
        ) else {
            continue;
        };
        let command = format!(
            "git cat-file --filters {object} | weighbridge inspect --disassemble --stdin-filename {name} -"
        );
        if command.len() <= COMMAND_BYTES {
            lines.push((command, "all that loading it would do"));
        }
    }
    let mut text = String::new();
    for (command, what) in lines {
        let _ = writeln!(text, "{command}  # {what}");
    }
    text
}
