//! The Python that `check`, `inspect` and `policy export` print for a release of torch, run in that release.

use std::{path::Path, process::Command};

use crate::support::{
    cli::run,
    oracle,
    pickle::Pickle,
    repo::{Repo, repo},
    torch,
};

/// The releases with another call or another form of list each.
const RELEASES: &[&str] = &["2.4", "2.6"];

const LOAD: &str = "\
import torch
path = 'net.pt'
def loads():
    try:
        torch.load(path, weights_only=True)
        return True
    except Exception:
        return False
before = loads()
exec(open('printed.py').read())
print(before, type(state[0]).__name__, [it.__name__ for it in state[1:]], loads())
";

/// A file with an object, a class, and, for releases that can list it, a function under an old name of its module.
fn net(renames: bool) -> Vec<u8> {
    let object = Pickle::proto(2)
        .op(b']')
        .op(b'(')
        .global("app.models", "Net")
        .raw(b")\x81}b")
        .global("app.other", "Key");
    let object = if renames {
        object.global("numpy.core.multiarray", "scalar")
    } else {
        object
    };
    torch::zip(&object.op(b'e').stop())
}

/// Lines without the indent of the first one.
fn dedent<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut indent = None;
    let lines = lines.map(|line| {
        let spaces = line.len() - line.trim_start().len();
        let cut = *indent.get_or_insert(spaces);
        format!("{}\n", line.get(cut..).unwrap_or_default())
    });
    lines.collect()
}

/// The Python of a report: from its first import to the empty line.
fn python_in(report: &str) -> String {
    let lines = report
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("import "))
        .take_while(|line| !line.is_empty());
    dedent(lines)
}

/// Runs what was printed: the file does not load before it, and afterwards only where the list has no end.
fn loads_with(printed: &str, renames: bool, python: &Path, repo: &Repo) {
    repo.write("printed.py", printed).write("load.py", LOAD);
    let mut command = Command::new(python);
    command.arg("load.py").current_dir(&repo.root);
    let out = command.output().unwrap();
    let names = if renames {
        "['Key', 'scalar']"
    } else {
        "['Key']"
    };
    let after = if printed.contains("with torch") {
        "False"
    } else {
        "True"
    };
    assert_eq!(
        String::from_utf8_lossy(&out.stdout).trim(),
        format!("False Net {names} {after}"),
        "{printed}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn what_is_printed_for_a_release_runs_in_it() {
    for release in RELEASES {
        let Some(python) = oracle::python_of_torch(release) else {
            continue;
        };
        let renames = *release != "2.4";
        let repo = repo!();
        repo.write("app/__init__.py", "")
            .write("app/models.py", "class Net:\n    pass\n")
            .write("app/other.py", "class Key:\n    pass\n")
            .write("net.pt", net(renames));
        let policy = |allow: &str| {
            let text = format!(
                "version: 1\nextends: recommended\ntarget: {{torch: \"{release}\"}}\nformats: {{allow: [torch-zip]}}\nglobals: {{allow: [{allow}]}}\n"
            );
            repo.write("weighbridge.yaml", text.as_str());
        };
        policy("");
        let checked = run(&repo.root, &["check", "net.pt"]);
        loads_with(&python_in(&checked.stdout), renames, &python, &repo);

        policy("app.models.Net, app.other.Key, numpy.core.multiarray.scalar");
        let inspected = run(&repo.root, &["inspect", "net.pt"]);
        let mut printed = python_in(&inspected.stdout);
        // The page leaves it to the reader what to do there.
        let load = "state = torch.load(path, weights_only=True)\n";
        printed = if printed.contains("    ...\n") {
            printed.replace("...\n", load)
        } else {
            printed + load
        };
        loads_with(&printed, renames, &python, &repo);

        for whose in [&["net.pt"][..], &["--path", "net.pt"]] {
            let arguments = [&["policy", "export", "--format", "safe-globals"], whose].concat();
            let exported = run(&repo.root, &arguments);
            assert_eq!(exported.code, 0, "{exported:?}");
            loads_with(&exported.stdout, renames, &python, &repo);
        }
    }
}

/// What a report of `check` and a page of `inspect` say of a file, on one line each.
fn said(repo: &Repo, release: &str, file: &[u8]) -> [String; 2] {
    let policy = format!("version: 1\nextends: recommended\ntarget: {{torch: \"{release}\"}}\n");
    repo.write("net.pt", file).write("weighbridge.yaml", policy);
    ["check", "inspect"].map(|command| {
        let stdout = run(&repo.root, &[command, "net.pt"]).stdout;
        assert_eq!(python_in(&stdout), "", "{stdout}");
        stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

/// No release before 2.4 has a list, which is said instead of Python that cannot run.
#[test]
fn nothing_to_run_is_printed_for_a_release_without_a_list() {
    let repo = repo!();
    for said in said(&repo, "2.3", &net(false)) {
        assert!(said.contains("torch 2.4 or newer"), "{said}");
    }
}

/// torch finds what is listed under its plain name only.
#[test]
fn a_class_inside_another_is_not_listed() {
    let repo = repo!();
    let object = Pickle::proto(2).global("app.models", "Outer.Inner").stop();
    for said in said(&repo, "2.6", &torch::zip(&object)) {
        assert!(said.contains("Outer.Inner"), "{said}");
    }
}
