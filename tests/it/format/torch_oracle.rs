//! The weights-only verdict against real torch, wherever a Python has it (`WEIGHBRIDGE_PYTHON` names it).

use std::{collections::BTreeSet, path::PathBuf};

use weighbridge::{
    bytes::{FileSource, Window},
    fact::{Fact, Text, TorchForm, TorchLoad},
    policy::Policy,
    record::Recorder,
    verdict::{WeightsOnly, unlisted, weights_only},
};

use crate::support::{oracle, pickle::Generator, zip};

fn load_of(path: &std::path::Path) -> Option<TorchLoad> {
    let mut recorder = Recorder::default();
    let window = Window::new(FileSource::open(path).unwrap());
    let name = path.file_name().unwrap().as_encoded_bytes();
    weighbridge::format::read(&window, name, &mut recorder);
    recorder.finish().into_iter().find_map(|o| match o.fact {
        Fact::TorchLoad(load) if o.site.hops.is_empty() => Some(*load),
        _ => None,
    })
}

/// Differences between torch's answers and ours, one line each.
fn differences(files: &[PathBuf], mode: &str) -> Option<Vec<String>> {
    let python = oracle::python("torch._weights_only_unpickler")?;
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("list");
    let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    std::fs::write(&list, names.join("\n")).unwrap();
    let answers = oracle::run(&python, "weights_only.py", &[list.to_str().unwrap(), mode]);
    assert_eq!(answers.len(), files.len());
    let scope = Policy::recommended().scope(&Text::from("model.pt"));
    let mut out = Vec::new();
    for (file, answer) in files.iter().zip(answers) {
        let Some(load) = load_of(file) else { continue };
        let ours = weights_only(&load, &scope);
        let said = match &ours {
            WeightsOnly::Loads => "loads",
            WeightsOnly::Listed(_) => "listed",
            WeightsOnly::Refused { .. } => "refused",
        };
        if answer["verdict"] != said {
            out.push(format!(
                "{}: torch {} ({}), we say {ours:?}",
                file.display(),
                answer["verdict"],
                answer["error"]
            ));
        }
        let built: BTreeSet<String> = load.built.iter().map(ToString::to_string).collect();
        let theirs: BTreeSet<String> = answer["built"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        if built != theirs && said != "refused" && mode == "real" {
            out.push(format!(
                "{}: torch wants {theirs:?} listed, we say {built:?}",
                file.display()
            ));
        }
        if let Some(unsafe_globals) = answer["unsafe"]
            .as_array()
            .filter(|_| load.form == TorchForm::Zip)
        {
            let theirs: BTreeSet<String> = unsafe_globals
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            let ours: BTreeSet<String> = unlisted(&load, &scope)
                .iter()
                .map(|name| {
                    let (module, name) = weighbridge::policy::alias::from_python2(
                        name.module.as_str().unwrap(),
                        name.name.as_str().unwrap(),
                    );
                    format!("{module}.{name}")
                })
                .collect();
            if theirs != ours {
                out.push(format!(
                    "{}: torch finds {theirs:?} unsafe, we {ours:?}",
                    file.display()
                ));
            }
        }
    }
    Some(out)
}

/// Files that torch itself wrote: the committed ones, and any folders in `WEIGHBRIDGE_TORCH_FILES`.
#[test]
#[allow(
    clippy::print_stderr,
    reason = "a comparison says of how many files it was"
)]
fn the_verdict_on_real_files_is_torch_s() {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")];
    if let Some(more) = std::env::var_os("WEIGHBRIDGE_TORCH_FILES") {
        folders.extend(std::env::split_paths(&more));
    }
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|suffix| ["pt", "pth", "bin", "ckpt"].iter().any(|it| suffix == *it))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    if let Some(differences) = differences(&files, "real") {
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        eprintln!("{} files compared", files.len());
    }
}

/// Pickles in torch's zip, valid and nearly so, that name only what torch does not list.
#[test]
fn the_verdict_on_generated_files_is_torch_s() {
    let dir = tempfile::tempdir().unwrap();
    let mut generator = Generator::for_weights_only(7);
    let files: Vec<PathBuf> = (0..2000)
        .map(|n| {
            let pickle = generator.file();
            let archive = zip::archive(&[
                zip::stored("archive/data.pkl", &pickle),
                zip::stored("archive/version", b"3\n"),
            ]);
            let path = dir.path().join(format!("{n}.pt"));
            std::fs::write(&path, archive).unwrap();
            path
        })
        .collect();
    if let Some(differences) = differences(&files, "stand-in") {
        assert!(
            differences.is_empty(),
            "{} of {}\n{}",
            differences.len(),
            files.len(),
            differences.join("\n")
        );
    }
}
