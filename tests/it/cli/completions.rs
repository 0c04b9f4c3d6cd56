//! Completions and manual pages, as the real shells and the real formatters take them.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    cli::run,
    comparison::{Needs, made, not_made},
};

/// What `program` says with `input`, or nothing if it is not installed.
#[track_caller]
fn ask(program: &str, args: &[&str], input: &str) -> Option<(bool, String)> {
    let needs = Needs::Program(program);
    let child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        not_made(needs, format_args!("there is no {program}"));
        return None;
    };
    made(needs);
    // Pages and scripts are larger than a pipe: written from a thread of its own.
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

fn script(shell: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
    run.stdout
}

#[test]
fn bash_completes_commands_options_and_what_can_be_explained() {
    let script = script("bash");
    // What bash offers for a line, by calling the function that the script registers as readline would.
    let offers = |line: &[&str]| {
        let words: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
        let program = format!(
            "{script}\n\
             COMP_WORDS=({}) COMP_CWORD={} COMP_LINE='{}' COMP_POINT={}\n\
             _weighbridge weighbridge '{}' '{}'\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n\
             complete -p weighbridge",
            words.join(" "),
            line.len() - 1,
            line.join(" "),
            line.join(" ").len(),
            line[line.len() - 1],
            line[line.len() - 2],
        );
        ask("bash", &["--noprofile", "--norc"], &program)
    };
    let Some((fine, text)) = offers(&["weighbridge", "chec"]) else {
        return;
    };
    assert!(fine, "{text}");
    assert_eq!(text.lines().next(), Some("check"), "{text}");
    assert!(text.contains("-F _weighbridge weighbridge"), "{text}");
    for (line, word) in [
        (&["weighbridge", "check", "--sta"][..], "--staged"),
        (&["weighbridge", "check", "--format", "js"], "json"),
        (&["weighbridge", "explain", "torch-z"], "torch-zip"),
        (&["weighbridge", "explain", "pickle-l"], "pickle-load"),
        (&["weighbridge", "completions", "po"], "powershell"),
    ] {
        let (fine, text) = offers(line).unwrap();
        assert!(fine && text.lines().any(|offer| offer == word), "{text}");
    }
}

#[test]
fn every_shell_that_is_here_takes_its_script() {
    for (shell, args) in [
        ("bash", &["-n"][..]),
        ("zsh", &["-n"]),
        ("fish", &["--no-execute"]),
    ] {
        let script = script(shell);
        assert!(script.contains("staged"), "{shell}");
        if let Some((fine, text)) = ask(shell, args, &script) {
            assert!(fine && text.is_empty(), "{shell}: {text}");
        }
    }
    let offers = format!("{}\ncomplete -C 'weighbridge check --stag'", script("fish"));
    if let Some((fine, text)) = ask("fish", &["--no-config"], &offers) {
        assert!(fine && text.starts_with("--staged\t"), "{text}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(script(shell).contains("staged"), "{shell}");
    }
}

#[test]
fn an_unknown_shell_leads_to_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["completions", "bsh"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("'bash'"), "{}", run.stderr);
}

#[test]
fn every_command_has_a_manual_page_that_formatters_take_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["man", "--dir", "share/man1"]);
    assert_eq!(
        (made.code, made.stdout, made.stderr),
        (0, String::new(), String::new())
    );
    let pages = folder.path().join("share/man1");
    let mut names: Vec<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut wanted = vec![String::from("weighbridge.1")];
    every_command(&mut weighbridge::cli::command(), "weighbridge", &mut wanted);
    wanted.sort();
    assert_eq!(names, wanted);
    for name in &names {
        let text = std::fs::read_to_string(pages.join(name)).unwrap();
        for heading in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(text.contains(heading), "{name} has no {heading}");
        }
        formatted(name, &text);
    }
    let printed = run(folder.path(), &["man"]);
    let page = std::fs::read_to_string(pages.join("weighbridge.1")).unwrap();
    assert_eq!((printed.code, printed.stdout), (0, page));
}

fn every_command(command: &mut clap::Command, name: &str, all: &mut Vec<String>) {
    for sub in command.get_subcommands_mut() {
        let name = format!("{name}-{}", sub.get_name());
        all.push(format!("{name}.1"));
        every_command(sub, &name, all);
    }
}

fn formatted(name: &str, text: &str) {
    let groff = ["-man", "-Tutf8", "-ww", "-Kutf8", "-P-c"];
    if let Some((fine, shown)) = ask("groff", &groff, text) {
        assert!(fine && !shown.contains("warning"), "{name}: {shown}");
        assert!(!shown.contains("\\-") && !shown.contains("\\e"), "{shown}");
        if name == "weighbridge-check.1" {
            // Examples can be pasted: a dash is the dash of the keyboard, and lines are kept.
            assert!(shown.contains("weighbridge check --staged "), "{shown}");
        }
    }
    if let Some((_, shown)) = ask("mandoc", &["-Tlint", "-Wwarning"], text) {
        // A page that is made has no date of its own; a line too much between paragraphs is shown by none.
        let known = ["missing date", "skipping paragraph macro"];
        let told: Vec<&str> = shown
            .lines()
            .filter(|line| !known.iter().any(|known| line.contains(known)))
            .collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
    }
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let run = run(folder.path(), &["man", "--dir", "taken"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("`taken`"), "{}", run.stderr);
    assert!(Path::new(&folder.path().join("taken")).is_file());
}
