//! Standard input: what is given without a file.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    cli::{Run, program, run},
    repo::repo,
};

const HOSTILE: &[u8] = b"cposix\nsystem\n(S'true'\ntR.";

fn piped(folder: &Path, arguments: &[&str], input: &[u8]) -> Run {
    fed(program(folder).args(arguments), input)
}

fn fed(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_pipe_is_checked() {
    let repo = repo!();
    let refused = piped(&repo.root, &["check", "-"], HOSTILE);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stdout.contains("<stdin>"), "{refused:?}");
    assert!(refused.stdout.contains("posix.system"), "{refused:?}");
    let clean = piped(&repo.root, &["check", "-"], b"\x80\x02]q\x00.");
    assert_eq!(clean.code, 0, "{clean:?}");
    assert!(clean.stdout.contains("standard input"), "{clean:?}");
    let nothing = piped(&repo.root, &["check", "-"], b"");
    assert_eq!(nothing.code, 3, "{nothing:?}");
}

#[test]
fn a_redirected_file_is_read_like_a_file() {
    let repo = repo!();
    repo.write("a.pkl", "cposix\nsystem\n(S'true'\ntR.");
    let file = std::fs::File::open(repo.root.join("a.pkl")).unwrap();
    let output = program(&repo.root)
        .args(["check", "-"])
        .stdin(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_name_says_what_it_is_and_which_rules_hold() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nexclude: [\"vendor/**\"]\n",
    );
    let source = b"import torch\ntorch.load('a.pt', weights_only=False)\n";
    let named = ["check", "-", "--stdin-filename", "train.py"];
    let refused = piped(&repo.root, &named, source);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stdout.contains("train.py:2:1"), "{refused:?}");
    let excluded = ["check", "-", "--stdin-filename", "vendor/a.pkl"];
    let excluded = piped(&repo.root, &excluded, HOSTILE);
    assert!(
        excluded.stdout.contains("1 excluded by the policy"),
        "{excluded:?}"
    );
}

#[test]
fn standard_input_is_checked_by_itself() {
    let repo = repo!();
    repo.write("a.pkl", "N.");
    for arguments in [
        &["check", "-", "a.pkl"][..],
        &["check", "--staged", "-"],
        &["check", "--stdin-filename", "a.pkl", "a.pkl"],
    ] {
        let run = piped(&repo.root, arguments, HOSTILE);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(
            run.stderr
                .contains("standard input cannot be combined with other paths or views"),
            "{run:?}"
        );
    }
}

#[test]
fn a_pipe_is_inspected() {
    let repo = repo!();
    let page = piped(&repo.root, &["inspect", "-"], HOSTILE);
    assert_eq!(page.code, 0, "{page:?}");
    assert!(page.stdout.starts_with("<stdin>  26 bytes"), "{page:?}");
    assert!(page.stdout.contains("posix.system('true')"), "{page:?}");
}

#[test]
fn no_command_is_proposed_for_what_cannot_be_read_again() {
    let repo = repo!();
    for arguments in [
        &["check", "-"][..],
        &["check", "-", "--stdin-filename", "a.pkl"],
    ] {
        let run = piped(&repo.root, arguments, HOSTILE);
        assert!(run.stdout.contains("weighbridge explain "), "{run:?}");
        assert!(!run.stdout.contains("weighbridge inspect"), "{run:?}");
    }
}

#[test]
fn a_file_called_so_is_named_with_its_folder() {
    let repo = repo!();
    repo.write("-", "cposix\nsystem\n(S'true'\ntR.");
    assert_eq!(run(&repo.root, &["check", "./-"]).code, 1);
}

/// What says no to colour counts before what says yes, and a terminal only where nothing is said.
#[test]
fn colour_is_what_the_first_variable_says() {
    let repo = repo!();
    repo.write("a.pkl", "cposix\nsystem\n(S'true'\ntR.");
    for (variables, colored) in [
        (&[][..], false),
        (&[("FORCE_COLOR", "1")], true),
        (&[("FORCE_COLOR", "0"), ("CLICOLOR_FORCE", "1")], false),
        (&[("FORCE_COLOR", "1"), ("CLICOLOR", "0")], true),
        (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true),
        (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], false),
    ] {
        let mut command = program(&repo.root);
        command
            .args(["check", "a.pkl"])
            .envs(variables.iter().copied());
        let run = crate::support::cli::finish(&mut command);
        assert_eq!(run.stdout.contains('\u{1b}'), colored, "{variables:?}");
    }
}

/// A few bytes of an archive must not come to gigabytes of stack.
#[test]
fn a_stack_without_end_is_a_limit() {
    let repo = repo!();
    let mut file = b"\x80\x02".to_vec();
    file.resize(weighbridge::limits::STACK + 64, b'N');
    let run = piped(&repo.root, &["check", "-"], &file);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("too complex to analyse"), "{run:?}");
}
