//! What the lists beside a model of `MLflow` have installed: `requirements.txt`, `conda.yaml` and `python_env.yaml`.
//!
//! Whether a model lies beside such a list, a view of all files tells. Only what is not of a public index is recorded.

use std::ops::Range;

use crate::{
    bytes::{ReadError, is_deep},
    fact::{Fact, Install, InstallFrom, Place, Text},
    format::{Reading, configuration, lines::Lines},
    limits,
};

/// Names of the lists: those that `MLflow` writes, and what a model may name instead under `env`.
const NAMES: &[&[u8]] = &[
    b"requirements.txt",
    b"constraints.txt",
    b"conda.yaml",
    b"conda.yml",
    b"conda_env.yaml",
    b"conda_env.yml",
    b"env.yaml",
    b"env.yml",
    b"environment.yaml",
    b"environment.yml",
    b"python_env.yaml",
    b"python_env.yml",
];

/// Options of pip whose value is an index, or a page of files.
const INDEXES: &[&str] = &[
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--pypi-url",
    "-i",
    "-f",
];
/// Options whose value is another list.
const LISTS: &[&str] = &["--requirement", "--constraint", "-r", "-c"];
/// Options before what is installed so that its source can be changed.
const EDITABLE: &[&str] = &["--editable", "-e"];

/// Hosts of the indexes that everybody uses.
const PUBLIC: &[&str] = &[
    "conda.anaconda.org",
    "data.pyg.org",
    "download.pytorch.org",
    "files.pythonhosted.org",
    "pypi.nvidia.com",
    "pypi.org",
    "pypi.python.org",
    "repo.anaconda.com",
];

/// Digits of a commit, and of one with SHA-256.
const COMMIT: [usize; 2] = [40, 64];

/// Reads a list, if a name is that of one.
pub(super) fn read(name: &[u8], text: &str, reading: &mut Reading<'_>) {
    if name.ends_with(b".txt") {
        read_list(text, reading);
    } else if is_deep(text.as_bytes()) {
        let limit = limits::Id::CONFIG_DEPTH;
        reading.unread(ReadError::Limit(limit), Place::Whole);
    } else {
        read_environment(text, reading);
    }
}

/// Whether a file of this name may lie beside a model as a list of what it needs.
pub(super) fn is_list(name: &[u8]) -> bool {
    NAMES.contains(&name)
}

/// Records what a list of pip has installed.
fn read_list(text: &str, reading: &mut Reading<'_>) {
    let mut found = Vec::new();
    let mut start: usize = 0;
    // Lines that end in a backslash go on in the next.
    let mut whole = String::new();
    let mut first = 0..0;
    for line in text.split_inclusive('\n') {
        let at = start..start.saturating_add(line.trim_end().len());
        start = start.saturating_add(line.len());
        if whole.is_empty() {
            first = at;
        }
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(before) = line.strip_suffix('\\') {
            whole.push_str(before);
            whole.push(' ');
            continue;
        }
        whole.push_str(line);
        found.extend(install(&whole).map(|it| (first.clone(), it)));
        whole.clear();
    }
    found.extend(install(&whole).map(|it| (first, it)));
    record(text, found, reading);
}

/// Records what an environment of conda, or of `MLflow`, has installed.
fn read_environment(text: &str, reading: &mut Reading<'_>) {
    let mut found = Vec::new();
    for (key, item) in configuration::listed(text.as_bytes()) {
        let install = match key.as_str() {
            "channels" => is_foreign(&item).then(|| Install {
                what: Text::from(item.as_str()),
                from: InstallFrom::Index,
            }),
            "dependencies" | "build_dependencies" | "pip" => {
                // A package of conda may name its channel.
                let channel = item.rsplit_once("::").map(|(channel, _)| channel);
                match channel.filter(|channel| is_foreign(channel)) {
                    Some(channel) => Some(Install {
                        what: Text::from(channel),
                        from: InstallFrom::Index,
                    }),
                    None => install(&item),
                }
            }
            _ => None,
        };
        if let Some(install) = install {
            let at = memchr::memmem::find(text.as_bytes(), item.as_bytes());
            let at = at.map_or(0..0, |at| at..at.saturating_add(item.len()));
            found.push((at, install));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    record(text, found, reading);
}

fn record(text: &str, found: Vec<(Range<usize>, Install)>, reading: &mut Reading<'_>) {
    let mut lines = Lines::default();
    for (range, install) in found {
        let place = lines.place(text.as_bytes(), &range);
        let excerpt = Some(lines.excerpt(text.as_bytes(), &range));
        reading.record_at(Fact::Install(Box::new(install)), place, excerpt);
    }
}

/// What a line of pip has installed from elsewhere.
fn install(line: &str) -> Option<Install> {
    let end = [" #", "\t#"]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min();
    let line = line.get(..end.unwrap_or(line.len()))?.trim();
    if line.starts_with('#') {
        return None;
    }
    let given = |options: &[&str]| {
        let rest = options.iter().find_map(|it| line.strip_prefix(*it))?;
        Some(
            rest.trim_start_matches(['=', ' ', '\t'])
                .trim_matches(['"', '\'']),
        )
    };
    let say = |what: &str, from| {
        let what = Text::from(what);
        Some(Install { what, from })
    };
    if let Some(index) = given(INDEXES) {
        return if is_foreign(index) {
            say(index, InstallFrom::Index)
        } else {
            None
        };
    }
    if let Some(list) = given(LISTS) {
        return if is_address(list) {
            say(list, InstallFrom::Address)
        } else {
            None
        };
    }
    let what = given(EDITABLE).unwrap_or(line);
    // `name[extra] @ address ; marker`.
    let address = match what.split_once('@') {
        Some((name, address)) if !name.contains([':', '+']) => address.trim_start(),
        _ => what,
    };
    let address = address.split_whitespace().next()?;
    let kinds = ["git+", "hg+", "svn+", "bzr+"];
    if kinds.iter().any(|kind| address.starts_with(kind)) {
        return if is_commit(address) {
            None
        } else {
            say(what, InstallFrom::Repository)
        };
    }
    let is_fixed = ["#sha256=", "#sha512=", "#sha384=", "--hash=", "&sha256="]
        .iter()
        .any(|digest| line.contains(digest));
    if is_address(address) && !is_fixed {
        return say(what, InstallFrom::Address);
    }
    None
}

/// Whether the revision of a repository is a commit.
fn is_commit(address: &str) -> bool {
    let address = address
        .split_once('#')
        .map_or(address, |(address, _)| address);
    let revision = address
        .rsplit_once('@')
        .map_or("", |(_, revision)| revision);
    COMMIT.contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is an address elsewhere. That of a file here is a path.
fn is_address(text: &str) -> bool {
    text.contains("://") && !text.starts_with("file:")
        || text.starts_with("//")
        || text.starts_with("\\\\")
}

/// Whether an index is at an address, and none of those that everybody uses.
fn is_foreign(index: &str) -> bool {
    let host = || {
        let (scheme, rest) = index.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        (scheme.eq_ignore_ascii_case("https")).then(|| host.to_ascii_lowercase())
    };
    is_address(index) && !host().is_some_and(|host| PUBLIC.contains(&host.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{InstallFrom, install};

    #[test]
    fn what_is_of_no_public_index_is_seen() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (line, from) in [
            ("git+https://a.b/c", InstallFrom::Repository),
            ("git+https://a.b/c@main#egg=c", InstallFrom::Repository),
            ("-e git+ssh://git@a.b/c.git", InstallFrom::Repository),
            ("c @ git+https://a.b/c", InstallFrom::Repository),
            (
                "c[x]@https://a.b/c.whl ; python_version > '3'",
                InstallFrom::Address,
            ),
            ("http://a.b/c.tar.gz", InstallFrom::Address),
            ("-r https://a.b/r.txt", InstallFrom::Address),
            ("--extra-index-url=https://a.b/simple", InstallFrom::Index),
            (
                "--extra-index-url https://pypi.org@a.b/simple",
                InstallFrom::Index,
            ),
            (
                "--extra-index-url https://pypi.org:x@a.b/simple",
                InstallFrom::Index,
            ),
            ("-i http://pypi.org/simple", InstallFrom::Index),
            ("  -f 'https://a.b/x.html'  # why", InstallFrom::Index),
        ] {
            assert_eq!(install(line).map(|it| it.from), Some(from), "{line}");
        }
        for line in [
            "",
            "# git+https://a.b/c",
            "mlflow==2.9.2",
            "mlflow<3,>=2.1  # https://a.b",
            "code/wheel-1.0-py3-none-any.whl",
            "-r requirements.txt",
            "-c constraints.txt",
            "-e .",
            "--index-url https://pypi.org/simple",
            "--extra-index-url https://download.pytorch.org/whl/cu118",
            &format!("git+https://a.b/c@{commit}#egg=c"),
            "c @ https://a.b/c.whl#sha256=00",
            "scikit-learn[alldeps] >= 1.3 ; python_version > '3.8'",
        ] {
            assert_eq!(install(line), None, "{line}");
        }
    }
}
