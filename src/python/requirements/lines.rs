//! Files in which a line says all that it has to say, or belongs to the one above it.

use super::{Asked, each_line, known};

/// Lists of requirements: `requirements.txt`, `constraints.txt`.
pub(super) fn requirements(text: &str, asked: &mut Asked) {
    for (line, at) in each_line(text) {
        let line = line.trim_start();
        match included(line) {
            Some(path) => asked.list(path, at),
            None => asked.requirement(line, at),
        }
    }
}

/// The path in `-r base.txt`, `--constraint=base.txt` and their like.
fn included(line: &str) -> Option<&str> {
    let options = ["--requirement", "--constraint", "-r", "-c"];
    let rest = options
        .iter()
        .find_map(|option| line.strip_prefix(option))?;
    let rest = rest.trim_start().trim_start_matches('=').trim_start();
    let end = [" #", "\t#"]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min();
    let path = rest.get(..end.unwrap_or(rest.len()))?.trim();
    let path = path.trim_matches(['"', '\'']);
    (!path.is_empty() && !path.contains("://")).then_some(path)
}

/// Lock files of uv, Poetry and PDM.
pub(super) fn packages(text: &str, asked: &mut Asked) {
    let mut package = None;
    for (line, at) in each_line(text) {
        let line = line.trim_start();
        if line.starts_with('[') {
            package = None;
        } else if let Some(name) = value(line, "name") {
            package = known(name);
        } else if let Some(version) = value(line, "version")
            && let Some(library) = package.take()
        {
            asked.releases(library, &format!("=={version}"), at);
        }
    }
}

/// The text in a line `key = "text"`.
fn value<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    value.trim().strip_prefix('"')?.strip_suffix('"')
}

/// `Pipfile.lock`.
pub(super) fn pipfile_lock(text: &str, asked: &mut Asked) {
    let mut package = None;
    for (line, at) in each_line(text) {
        let line = line.trim_start();
        if let Some(name) = line.strip_suffix(": {") {
            package = known(name.trim_matches('"'));
        } else if let Some(version) = line.strip_prefix("\"version\":")
            && let Some(library) = package.take()
        {
            asked.releases(library, version.trim_matches([' ', '"', ',']), at);
        }
    }
}

/// `setup.cfg`: what is installed with a package, and with its extras.
pub(super) fn setup_cfg(text: &str, asked: &mut Asked) {
    let (mut section, mut key) = ("", "");
    for (line, at) in each_line(text) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let is_continued = content.len() < line.len();
        let value = if is_continued {
            content
        } else if let Some(header) = content.strip_prefix('[') {
            (section, key) = (header.trim_end_matches(']'), "");
            continue;
        } else {
            let (name, value) = content.split_once(['=', ':']).unwrap_or((content, ""));
            key = name.trim();
            value.trim()
        };
        if (section, key) == ("options", "install_requires") || section == "options.extras_require"
        {
            asked.requirement(value, at);
        }
    }
}
