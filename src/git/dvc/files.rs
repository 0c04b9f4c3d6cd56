//! What files of DVC say: `NAME.dvc`, `dvc.lock`, `dvc.yaml`, the lists of folders, and the configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bytes::is_deep;

/// A file that lists outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Listing {
    /// `NAME.dvc`: the outputs of one import or addition.
    Outputs,
    /// `dvc.lock`: those of each stage of a pipeline.
    Pipeline,
}

/// An output as a file lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(in crate::git) struct ListedOutput {
    /// From the folder of the file, or of the stage.
    #[serde(default)]
    pub(in crate::git) path: String,
    /// Of a file its md5; of a folder that of its list, and `.dir`.
    #[serde(default)]
    pub(in crate::git) md5: Option<String>,
    #[serde(default)]
    pub(in crate::git) size: Option<u64>,
    /// Files in a folder.
    #[serde(default)]
    pub(in crate::git) nfiles: Option<u64>,
    /// `md5` since DVC 3. Before, line ends of a text did not count.
    #[serde(default)]
    pub(in crate::git) hash: Option<String>,
    /// The files of a folder whose versions a cloud keeps.
    #[serde(default)]
    pub(in crate::git) files: Option<Vec<Member>>,
}

/// A file in a folder, as a list has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(in crate::git) struct Member {
    pub(in crate::git) relpath: String,
    #[serde(default)]
    pub(in crate::git) md5: Option<String>,
    #[serde(default)]
    pub(in crate::git) size: Option<u64>,
}

/// An output, and the stage that it is of; empty in a `.dvc` file.
#[derive(Debug)]
pub(in crate::git) struct Listed {
    pub(in crate::git) stage: String,
    pub(in crate::git) output: ListedOutput,
}

#[derive(Deserialize)]
struct Stage {
    #[serde(default)]
    outs: Option<Vec<ListedOutput>>,
    #[serde(default)]
    wdir: Option<String>,
}

/// Since version 2 of the schema.
#[derive(Deserialize)]
struct Lock {
    stages: BTreeMap<String, Stage>,
}

/// Reads what a file lists.
///
/// # Errors
/// What is wrong with it, in the words of the parser.
pub(in crate::git) fn parse(kind: Listing, bytes: &[u8]) -> Result<Vec<Listed>, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    if is_deep(bytes) {
        return Err(String::from("lists stand too deep in one another"));
    }
    let said = |error: serde_yaml::Error| error.to_string();
    let stages: BTreeMap<String, Stage> = match kind {
        Listing::Outputs => {
            let stage: Stage = serde_yaml::from_slice(bytes).map_err(said)?;
            BTreeMap::from([(String::new(), stage)])
        }
        // Before version 2, the stages stood at the top.
        Listing::Pipeline => match serde_yaml::from_slice(bytes) {
            Ok(Lock { stages }) => stages,
            Err(error) => serde_yaml::from_slice(bytes).map_err(|_| said(error))?,
        },
    };
    let mut listed = Vec::new();
    for (stage, said) in stages {
        for mut output in said.outs.unwrap_or_default() {
            // Of a `.dvc` file it is from the folder that the file names.
            if let (Listing::Outputs, Some(folder)) = (kind, &said.wdir)
                && !is_elsewhere(&output.path)
            {
                output.path = format!("{folder}/{}", output.path);
            }
            listed.push(Listed {
                stage: stage.clone(),
                output,
            });
        }
    }
    Ok(listed)
}

/// Whether a path is none below a folder: an address, or one from the root of a file system.
pub(in crate::git) fn is_elsewhere(path: &str) -> bool {
    let drive = path.get(1..2) == Some(":");
    path.is_empty() || path.contains("://") || path.starts_with(['/', '\\']) || drive
}

/// The folders in which stages of a `dvc.yaml` run, of those that say one.
pub(in crate::git) fn working_folders(bytes: &[u8]) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Pipeline {
        stages: BTreeMap<String, Template>,
    }
    #[derive(Deserialize)]
    struct Template {
        #[serde(default)]
        wdir: Option<String>,
        /// What is done for each of several values.
        #[serde(default, rename = "do")]
        each: Option<Box<Self>>,
    }
    if is_deep(bytes) {
        return BTreeMap::new();
    }
    let Ok(Pipeline { stages }) = serde_yaml::from_slice(bytes) else {
        return BTreeMap::new();
    };
    let folder = |stage: Template| stage.wdir.or_else(|| stage.each?.wdir);
    let stages = stages.into_iter();
    stages
        .filter_map(|(name, stage)| Some((name, folder(stage)?)))
        .collect()
}

/// The list of a folder's files: JSON.
pub(in crate::git) fn members(bytes: &[u8]) -> Option<Vec<Member>> {
    serde_json::from_slice(bytes).ok()
}

/// `cache.dir` of a configuration.
pub(in crate::git) fn cache_folder(configuration: &str) -> Option<&str> {
    let mut in_cache = false;
    let mut found = None;
    for line in configuration.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']').trim();
            in_cache = section
                .trim_matches(['\'', '"'])
                .eq_ignore_ascii_case("cache");
        } else if in_cache
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("dir")
        {
            found = Some(value.trim().trim_matches(['\'', '"']));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Listing, cache_folder, parse, working_folders};

    #[test]
    fn each_version_of_a_lock_lists_its_outputs() {
        // As DVC 3, 2 and 1 write them.
        for text in [
            "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: m.pkl\n      hash: md5\n      md5: 3ca0\n      size: 5\n",
            "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: m.pkl\n      md5: 3ca0\n      size: 5\n",
            "train:\n  cmd: x\n  outs:\n  - path: m.pkl\n    md5: 3ca0\n    size: 5\n",
        ] {
            let listed = parse(Listing::Pipeline, text.as_bytes()).unwrap();
            let [one] = listed.as_slice() else {
                panic!("{listed:?}");
            };
            assert_eq!((&*one.stage, &*one.output.path), ("train", "m.pkl"));
            assert_eq!(
                (one.output.md5.as_deref(), one.output.size),
                (Some("3ca0"), Some(5))
            );
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for text in [
            "- a\n",
            "outs: 5\n",
            "outs:\n  - path: {}\n",
            "outs: &a [*a]\n",
            "\u{0}",
            &"[".repeat(1 << 20),
            &format!("outs:\n- path: {}", "{a: ".repeat(1 << 18)),
        ] {
            assert!(parse(Listing::Outputs, text.as_bytes()).is_err(), "{text}");
        }
        let bomb = (0..40).fold(String::from("a0: &a0 [x, x]\n"), |text, n| {
            let next = n + 1;
            format!("{text}a{next}: &a{next} [*a{n}, *a{n}]\n")
        });
        let _ = parse(Listing::Outputs, format!("{bomb}outs: *a40\n").as_bytes());
    }

    #[test]
    fn the_configuration_says_where_the_cache_is() {
        assert_eq!(
            cache_folder("[core]\n  dir = x\n['cache']\n  dir = ../c\n"),
            Some("../c")
        );
        assert_eq!(cache_folder("[core]\n  dir = x\n"), None);
    }

    #[test]
    fn a_stage_runs_where_it_says() {
        let folders = working_folders(
            b"stages:\n  a: {cmd: x}\n  b: {cmd: x, wdir: src}\n  c:\n    foreach: [1]\n    do: {cmd: x, wdir: each}\n",
        );
        let folders: Vec<_> = folders
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(folders, [("b", "src"), ("c", "each")]);
    }
}
