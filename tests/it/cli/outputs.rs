//! Several reports of one run: which goes where, and what is refused before anything is checked.

use std::fs;

use crate::support::{
    cli::{Run, finish, program, run},
    repo::{Repo, repo},
    workflow,
};

/// A repository with something to refuse.
macro_rules! shop {
    () => {{
        let repo = repo!();
        repo.write(
            "load.py",
            "import torch\ntorch.load('x', weights_only=False)\n",
        );
        repo
    }};
}

fn read(repo: &Repo, path: &str) -> String {
    fs::read_to_string(repo.root.join(path)).unwrap_or_default()
}

/// The files that were not there before.
fn new_files(repo: &Repo) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(&repo.root)
        .unwrap()
        .map(|child| child.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".git" && name != "load.py")
        .collect();
    names.sort();
    names
}

fn with(repo: &Repo, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    finish(
        program(&repo.root)
            .envs(variables.iter().copied())
            .args(arguments),
    )
}

#[test]
fn files_beside_standard_output() {
    let repo = shop!();
    let alone = run(&repo.root, &["check"]);
    let arguments = [
        "check",
        "--output",
        "json=a.out",
        "-o",
        "junit=b.out",
        "-o",
        "gitlab=c.out",
    ];
    let all = run(&repo.root, &arguments);
    assert_eq!((all.code, &all.stdout), (1, &alone.stdout));
    assert!(read(&repo, "a.out").starts_with("{\n  \"version\": 1"));
    assert!(read(&repo, "b.out").starts_with("<?xml"));
    assert!(read(&repo, "c.out").starts_with("[\n"));
    assert_eq!(new_files(&repo), ["a.out", "b.out", "c.out"]);
    // `--format` is standard output's.
    let concise = run(
        &repo.root,
        &["check", "--format", "concise", "-o", "json=a.out"],
    );
    assert!(
        concise.stdout.starts_with("load.py:2:1: error["),
        "{concise:?}"
    );
    assert!(read(&repo, "a.out").starts_with('{'));
}

/// A file without a format takes standard output's place.
#[test]
fn a_file_instead_of_standard_output() {
    for (arguments, file, begins) in [
        (&["-o", "x.txt"][..], "x.txt", "── load.py"),
        (&["-o", "x"], "x", "── load.py"),
        (&["--format", "json", "-o", "x.txt"], "x.txt", "{\n"),
        (&["-o", "x.json"], "x.json", "{\n  \"version\""),
        (&["-o", "x.JSONL"], "x.JSONL", "{\"kind\""),
        (&["-o", "x.md"], "x.md", "## weighbridge"),
        (&["-o", "x.xml"], "x.xml", "<?xml"),
        (&["--format", "gitlab", "-o", "x.json"], "x.json", "[\n"),
        (&["-o", "./a=b.json"], "a=b.json", "{\n"),
        (&["-o", ".json"], ".json", "── load.py"),
    ] {
        let repo = shop!();
        let run = run(&repo.root, &[&["check"], arguments].concat());
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (1, ""),
            "{arguments:?}: {run:?}"
        );
        assert!(
            read(&repo, file).starts_with(begins),
            "{arguments:?}: {}",
            read(&repo, file)
        );
        assert_eq!(new_files(&repo), [file]);
    }
    // Standard output can be asked for beside it.
    let repo = shop!();
    let arguments = [
        "check",
        "--format",
        "json",
        "-o",
        "x.json",
        "-o",
        "concise=-",
    ];
    let both = run(&repo.root, &arguments);
    assert!(both.stdout.starts_with("load.py:2:1: "), "{both:?}");
    assert!(read(&repo, "x.json").starts_with('{'));
    for arguments in [&["-o", "json=-"][..], &["--format", "json", "-o", "-"]] {
        let run = run(&repo.root, &[&["check"], arguments].concat());
        assert!(run.stdout.starts_with('{'), "{run:?}");
    }
}

/// What cannot be meant is said before anything is checked or written.
#[test]
fn contradictions_are_errors() {
    let repo = shop!();
    fs::create_dir(repo.root.join("folder")).unwrap();
    for (arguments, says) in [
        (&["-o", "jsn=x"][..], "unknown format `jsn`"),
        (&["-o", "jsn=x"], "./jsn=x"),
        (&["-o", "json="], "names no file"),
        (
            &["-o", "json=-", "-o", "junit=-"],
            "two reports would be written to standard output",
        ),
        (&["--format", "plain", "-o", "json=-"], "`plain` and `json`"),
        (&["--format", "json", "-o", "x.md"], "--output json=x.md"),
        (
            &["--format", "markdown", "-o", "x.json"],
            "--output json=x.json",
        ),
        (
            &["-o", "json=x", "-o", "junit=x"],
            "two reports would be written to `x`",
        ),
        (&["-o", "json=x", "-o", "junit=folder/../x"], "two reports"),
        (
            &["-o", "json=ok.json", "-o", "absent/x.json"],
            "absent/x.json",
        ),
        (&["-o", "json=ok.json", "-o", "json=folder"], "folder"),
        (&["-o", "json=ok.json", "-o", "json=absent/"], "absent/"),
        (&["-o", "json=ok.json", "-o", "json=load.py/x"], "load.py/x"),
    ] {
        let run = run(&repo.root, &[&["check"], arguments].concat());
        let stderr = run.stderr.replace("\n   │       ", " ");
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {run:?}"
        );
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert_eq!(new_files(&repo), ["folder"], "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_are_bytes_and_devices_take_what_comes() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = shop!();
    let given = std::ffi::OsStr::from_bytes(b"json=caf\xe9.out");
    let ran = finish(program(&repo.root).args(["check", "-o"]).arg(given));
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.out");
    // Some file systems take no such name, and say so.
    assert!(ran.code == 2 || repo.root.join(name).is_file(), "{ran:?}");

    // A device takes as many as come.
    let arguments = ["check", "-o", "json=/dev/null", "-o", "junit=/dev/null"];
    assert_eq!(run(&repo.root, &arguments).code, 1);
}

/// What is checked does not choose which file a report goes to.
#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let repo = shop!();
    let outside = repo.outside().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("script"), "as it was").unwrap();
    repo.write("inside/kept", "as it was");
    let link = |target: &str, name: &str| symlink(target, repo.root.join(name)).unwrap();
    link("../outside/script", "file");
    link("../outside", "folder");
    link("inside", "within");
    link("inside/kept", "to-a-file-within");
    link("../outside/new", "dangling");
    link("folder", "chain");
    link("itself", "itself");
    link("/dev/null", "null");
    for name in [
        "file",
        "folder/x",
        "folder/script",
        "within/x",
        "within/kept",
        "to-a-file-within",
        "dangling",
        "chain/x",
        "inside/../folder/x",
        "itself",
        "itself/x",
        "null",
    ] {
        for path in [
            String::from(name),
            repo.root.join(name).display().to_string(),
        ] {
            let run = run(&repo.root, &["check", "-o", &format!("json={path}")]);
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{path}: {run:?}");
            let stderr = run.stderr.replace("\n  ", " ");
            assert!(stderr.contains("symbolic link"), "{path}: {run:?}");
            assert!(stderr.contains("remove the link"), "{path}: {run:?}");
        }
    }
    for arguments in [
        &["policy", "init", "-o", "folder/policy.yaml"][..],
        &["inspect", "load.py", "-o", "file"],
        &["inspect", "load.py", "-o", "folder/x"],
        &["man", "--dir", "folder"],
        &["man", "--dir", "folder/man1"],
    ] {
        let run = run(&repo.root, arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        let stderr = run.stderr.replace("\n  ", " ");
        assert!(stderr.contains("symbolic link"), "{run:?}");
    }
    let names = |folder: &std::path::Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((names(&outside), names(&repo.root.join("inside"))), (1, 1));
    assert_eq!(
        fs::read_to_string(outside.join("script")).unwrap(),
        "as it was"
    );
    assert_eq!(read(&repo, "inside/kept"), "as it was");

    // A folder that is checked is trusted as little where there is no repository.
    let download = repo.outside().join("download");
    fs::create_dir(&download).unwrap();
    symlink("../outside", download.join("folder")).unwrap();
    for arguments in [
        &["check", "download", "-o", "json=download/folder/x"][..],
        &[
            "check",
            "download",
            "-o",
            "json=outside/../download/folder/x",
        ],
    ] {
        let run = run(&repo.outside(), arguments);
        assert_eq!(run.code, 2, "{run:?}");
    }
    let here = run(&download, &["check", "-o", "json=folder/x"]);
    assert_eq!(here.code, 2, "{here:?}");
    // What the user made elsewhere is theirs, but for the file itself.
    symlink("outside", repo.outside().join("mine")).unwrap();
    let target = format!("json={}", repo.outside().join("mine/x.json").display());
    assert_eq!(run(&repo.root, &["check", "-o", &target]).code, 1);
    assert!(outside.join("x.json").is_file());
    let arguments = ["check", "repo/load.py", "-o", "json=mine/y.json"];
    assert_eq!(run(&repo.outside(), &arguments).code, 1);
    symlink("script", outside.join("link")).unwrap();
    let target = format!("json={}", outside.join("link").display());
    assert_eq!(run(&repo.root, &["check", "-o", &target]).code, 2);
    assert_eq!(
        fs::read_to_string(outside.join("script")).unwrap(),
        "as it was"
    );
}

/// A file is replaced: another name of the old one keeps what it had. Pipes and what is open already are written to.
#[cfg(target_os = "linux")]
#[test]
fn other_names_of_a_file_keep_what_they_had() {
    let repo = shop!();
    repo.write("other", "as it was");
    fs::hard_link(repo.root.join("other"), repo.root.join("x.json")).unwrap();
    assert_eq!(run(&repo.root, &["check", "-o", "x.json"]).code, 1);
    assert_eq!(read(&repo, "other"), "as it was");
    assert!(read(&repo, "x.json").starts_with('{'));

    let program = env!("CARGO_BIN_EXE_weighbridge");
    for script in [
        "mkfifo pipe && cat pipe >got & while ! [ -p pipe ]; do :; done; PROGRAM check -o json=pipe; wait",
        "PROGRAM check -o json=/dev/stdout -o concise=/dev/stderr 2>err | cat >got",
        "echo before >got; PROGRAM check --format json -o /dev/fd/3 3>>got; sed -i 1d got",
        "PROGRAM check --format json -o /dev/stdout >got",
        "PROGRAM check --format json -o /proc/self/fd/1 >got",
    ] {
        let mut shell = std::process::Command::new("sh");
        let script = script.replace("PROGRAM", &format!("'{program}'"));
        shell.current_dir(&repo.root).args(["-c", &script]);
        let ran = finish(&mut shell);
        let got = read(&repo, "got");
        assert!(
            got.starts_with("{\n  \"version\": 1"),
            "{script}: {ran:?} {got}"
        );
        let _ = fs::remove_file(repo.root.join("got"));
    }
}

/// A report that cannot be written keeps no other from being written, and the run has not done its job.
#[cfg(target_os = "linux")]
#[test]
fn one_failure_is_not_the_end_of_the_others() {
    let repo = shop!();
    let arguments = [
        "check",
        "-o",
        "json=/dev/full",
        "-o",
        "junit=b.xml",
        "-o",
        "markdown=/dev/full",
        "-o",
        "gitlab=c.json",
    ];
    let run = run(&repo.root, &arguments);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("refused: 1 error"), "{run:?}");
    assert_eq!(
        run.stderr
            .matches("cannot write the report to `/dev/full`")
            .count(),
        2
    );
    assert!(read(&repo, "b.xml").ends_with("</testsuites>\n"));
    assert!(read(&repo, "c.json").ends_with("]\n"));
    assert_eq!(new_files(&repo), ["b.xml", "c.json"]);
}

#[test]
fn the_exit_code_is_the_verdict_unless_asked_otherwise() {
    let repo = shop!();
    for reporter in weighbridge::report::REPORTERS {
        let code = |more: &[&str]| {
            let arguments = [&["check", "--format", reporter.name()], more].concat();
            run(&repo.root, &arguments).code
        };
        assert_eq!(
            (code(&[]), code(&["--exit-zero"])),
            (1, 0),
            "{}",
            reporter.name()
        );
    }
    let zero = run(&repo.root, &["check", "--exit-zero", "--format", "json"]);
    assert!(zero.stdout.contains("\"outcome\": \"refused\""), "{zero:?}");
    assert_eq!(run(&repo.root, &["check", "--exit-zero", "absent"]).code, 2);
    let empty = repo.outside();
    fs::remove_file(repo.root.join("load.py")).unwrap();
    assert_eq!(run(&empty, &["check", "--exit-zero"]).code, 3);
}

/// Programs read reports; people must still hear that there was nothing.
#[test]
fn nothing_to_check_is_said() {
    let repo = repo!();
    repo.write("notes.txt", "x");
    for reporter in weighbridge::report::REPORTERS {
        let run = run(&repo.root, &["check", "--format", reporter.name()]);
        let said = format!("{}{}", run.stdout, run.stderr).to_lowercase();
        assert_eq!(run.code, 3, "{}", reporter.name());
        assert!(
            said.contains("nothing to check"),
            "{}: {run:?}",
            reporter.name()
        );
    }
}

#[test]
fn in_actions_annotations_come_with_the_report() {
    let repo = shop!();
    let plain = run(&repo.root, &["check"]).stdout;
    let actions = [("GITHUB_ACTIONS", "true")];
    let log = with(&repo, &actions, &["check"]);
    assert_eq!(log.code, 1);
    assert!(log.stdout.ends_with(&plain), "{log:?}");
    let (commands, _) = workflow::read(&log.stdout);
    let [command] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(command.properties["file"], "load.py");
    // Asked for something else, it is that alone; beside files, it is as without them.
    for format in ["human", "json", "concise"] {
        let run = with(&repo, &actions, &["check", "--format", format]);
        assert_eq!(workflow::read(&run.stdout).0, [], "{format}");
    }
    let beside = with(&repo, &actions, &["check", "-o", "json=x.json"]);
    assert_eq!(beside.stdout, log.stdout);
    assert_eq!(
        with(&repo, &[("GITHUB_ACTIONS", "false")], &["check"]).stdout,
        plain
    );
}

/// Real files with names that speak to the runner, and what all of the program says about them.
#[cfg(unix)]
#[test]
fn names_of_real_files_are_no_commands() {
    let repo = repo!();
    let pickle = "cposix\nsystem\n(S'::error::x ##[add-mask]x'\ntR.";
    for name in [
        "\n::add-mask::a\n.pt",
        "::set-env name=PATH::b.pt",
        "##[add-mask]c.pt",
        "\r::stop-commands::d\r.pt",
        "e%0A::warning::e,file=z:.pt",
    ] {
        repo.write(name, pickle);
    }
    for format in [
        None,
        Some("github"),
        Some("human"),
        Some("concise"),
        Some("json"),
        Some("markdown"),
    ] {
        let arguments = match format {
            Some(format) => vec!["check", "--format", format],
            None => vec!["check"],
        };
        let run = with(&repo, &[("GITHUB_ACTIONS", "true")], &arguments);
        assert_eq!(run.code, 1, "{run:?}");
        let (commands, _) = workflow::read(&format!("{}\n{}", run.stdout, run.stderr));
        for command in &commands {
            assert_eq!(command.name, "error", "{command:?}");
            assert!(
                command.properties["title"].starts_with("weighbridge: "),
                "{command:?}"
            );
        }
        let expected = matches!(format, None | Some("github"));
        assert_eq!(!commands.is_empty(), expected, "{format:?}: {commands:?}");
    }
}

/// A folder that is no repository is named from the checkout that the service shows.
#[test]
fn outside_a_repository_paths_begin_at_the_checkout() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(
        models.join("load.py"),
        "import torch\ntorch.load('x', weights_only=False)\n",
    )
    .unwrap();
    let mut program = program(&models);
    program
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", folder.path())
        .args(["check", "--format", "github"]);
    let ran = finish(&mut program);
    let (commands, _) = workflow::read(&ran.stdout);
    assert_eq!(commands[0].properties["file"], "models/load.py", "{ran:?}");
}

#[test]
fn in_gitlab_people_are_told_of_the_report() {
    let repo = shop!();
    let gitlab = [("GITLAB_CI", "true")];
    let plain = run(&repo.root, &["check"]);
    let told = with(&repo, &gitlab, &["check"]);
    assert_eq!((told.code, &told.stdout), (1, &plain.stdout));
    assert!(
        told.stderr
            .contains("--output gitlab=gl-code-quality-report.json"),
        "{told:?}"
    );
    assert_eq!(new_files(&repo), [""; 0], "nothing is written unasked");
    let asked = with(
        &repo,
        &gitlab,
        &["check", "-o", "gitlab=gl-code-quality-report.json"],
    );
    assert_eq!(asked.stderr, "");
    assert!(read(&repo, "gl-code-quality-report.json").starts_with('['));
}

#[test]
fn a_variable_says_how_it_looks() {
    let repo = shop!();
    let concise = [("WEIGHBRIDGE_FORMAT", "concise")];
    let text = with(&repo, &concise, &["check"]).stdout;
    assert!(text.starts_with("load.py:2:1: "), "{text}");
    let asked = with(&repo, &concise, &["check", "--format", "json"]).stdout;
    assert!(asked.starts_with('{'), "{asked}");
    // It says nothing about files whose names do.
    with(&repo, &concise, &["check", "-o", "x.json"]);
    assert!(read(&repo, "x.json").starts_with('{'));
    let wrong = with(&repo, &[("WEIGHBRIDGE_FORMAT", "jsn")], &["check"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("WEIGHBRIDGE_FORMAT is `jsn`"),
        "{wrong:?}"
    );
}

/// The name may be as long as names may be, and what a killed run left is in nobody's way.
#[cfg(target_os = "linux")]
#[test]
fn a_file_needs_no_more_room_than_its_name() {
    let repo = shop!();
    let name = format!("{}.json", "x".repeat(250));
    let ran = run(&repo.root, &["check", "-o", &name]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(read(&repo, &name).starts_with('{'));
    // A shell that becomes the program has its id.
    let script = format!(
        "touch .weighbridge.$$.0.tmp .weighbridge.$$.1.tmp; exec '{}' check -o json=y.json",
        env!("CARGO_BIN_EXE_weighbridge")
    );
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(&repo.root).args(["-c", &script]);
    let ran = finish(&mut shell);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(read(&repo, "y.json").starts_with('{'));
    assert_eq!(new_files(&repo).len(), 4, "{:?}", new_files(&repo));
}
