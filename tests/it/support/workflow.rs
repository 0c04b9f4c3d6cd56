//! What a runner of GitHub Actions reads in a log: workflow commands, in both of the ways it knows to write them.
//!
//! Written after the runner's own behaviour: lines end at LF, CR or both; a command begins with `::` after leading white
//! space, or with `##[` anywhere in a line; only names it knows are commands.

use std::collections::BTreeMap;

/// A command the runner would follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// Its name.
    pub(crate) name: String,
    /// Its properties, unescaped.
    pub(crate) properties: BTreeMap<String, String>,
    /// Its data, unescaped.
    pub(crate) data: String,
}

const KNOWN: &[&str] = &[
    "internal-set-repo-path",
    "set-env",
    "set-output",
    "save-state",
    "add-path",
    "add-mask",
    "add-matcher",
    "remove-matcher",
    "warning",
    "error",
    "notice",
    "debug",
    "group",
    "endgroup",
    "echo",
    "stop-commands",
];

/// Every command in a log, and the lines that are none.
pub(crate) fn read(log: &str) -> (Vec<Command>, Vec<String>) {
    let (mut commands, mut others) = (Vec::new(), Vec::new());
    for line in log.replace("\r\n", "\n").split(['\n', '\r']) {
        match command(line).or_else(|| old_command(line)) {
            Some(command) => commands.push(command),
            None => others.push(line.to_owned()),
        }
    }
    (commands, others)
}

/// `::name key=value,key=value::data`
fn command(line: &str) -> Option<Command> {
    let line = line.trim_start();
    let rest = line.strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    let properties = properties
        .trim()
        .split(',')
        .filter_map(|property| property.split_once('='))
        .map(|(key, value)| {
            let value = value
                .replace("%0D", "\r")
                .replace("%0A", "\n")
                .replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%25", "%");
            (key.to_owned(), value)
        })
        .collect();
    Some(Command {
        name: name.to_owned(),
        properties,
        data: data
            .replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%25", "%"),
    })
}

/// `##[name key=value;key=value]data`
fn old_command(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    let (name, _) = head.split_once(' ').unwrap_or((head, ""));
    KNOWN
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
        .then(|| Command {
            name: format!("##[{name}]"),
            properties: BTreeMap::new(),
            data: data.to_owned(),
        })
}
