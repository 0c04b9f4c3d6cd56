//! Names with quotes, backquotes, dollars, line breaks and signs that reorder text, in what code hosts and browsers show.

#![cfg(unix)]

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, process::Command};

use crate::support::{cli::run, repo::Repo, workflow::read};

const NAMES: &[&[u8]] = &[
    b"a`touch pwned`b.pkl",
    b"``c``.pkl",
    b"$(touch pwned).pkl",
    b"`$HOME`.pkl",
    b"a b;touch pwned.pkl",
    b"line\nbreak`.pkl",
    "\u{202e}lkp.pkl".as_bytes(),
    b"<img src=x>&amp;.pkl",
    b"[x](javascript:x)|@all #1.pkl",
    b"-`.pkl",
];

/// Instances of two classes that no policy lists.
const TWO: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b0capp.models\nHead\n)\x81}b.";

fn repository() -> Option<Repo> {
    let repo = Repo::new(&[])?;
    fs::create_dir(repo.root.join("m")).unwrap();
    for name in NAMES {
        // Not every file system takes every name.
        let _ = fs::write(repo.root.join("m").join(OsStr::from_bytes(name)), TWO);
    }
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n");
    Some(repo)
}

/// The spans of code in Markdown: what stands between two fences of the same length.
fn spans(markdown: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), markdown);
    while let Some(start) = rest.find('`') {
        let (_, after) = rest.split_at(start);
        let whole = after.trim_start_matches('`');
        let fence = after.len() - whole.len();
        let mut body = whole;
        let end = loop {
            let Some(at) = body.find('`') else { break None };
            let (_, ticks) = body.split_at(at);
            let place = whole.len() - ticks.len();
            body = ticks.trim_start_matches('`');
            if ticks.len() - body.len() == fence {
                break Some(place);
            }
        };
        rest = whole;
        if let Some(end) = end {
            found.push(whole.split_at(end).0.trim().to_owned());
            rest = whole.split_at(end + fence).1;
        }
    }
    found
}

/// What stands in `<code>` elements.
fn elements(page: &str) -> Vec<String> {
    let pieces = page.split("<code>").skip(1);
    let pieces = pieces.filter_map(|rest| rest.split_once("</code>"));
    pieces
        .map(|(text, _)| {
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&#96;", "`")
                .replace("&amp;", "&")
        })
        .collect()
}

/// The words that a shell makes of a command.
fn words(repo: &Repo, command: &str) -> Vec<Vec<u8>> {
    let script = format!("set -- {command}\nprintf '%s\\0' \"$@\"");
    let done = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&repo.root)
        .output()
        .unwrap();
    assert!(done.status.success(), "{command}: {done:?}");
    let words = done.stdout.split(|byte| *byte == 0);
    words.map(<[u8]>::to_vec).collect()
}

#[test]
fn commands_name_files_that_are_there_in_every_report_for_hosts_and_browsers() {
    let Some(repo) = repository() else { return };
    for format in ["markdown", "github", "html"] {
        let run = run(&repo.root, &["check", "--format", format]);
        assert_eq!(run.code, 1, "{run:?}");
        let code = match format {
            // A heading is HTML, in which a backquote is itself.
            "markdown" => {
                let lines = run.stdout.lines();
                let lines = lines.filter(|line| !line.starts_with("<details"));
                spans(&lines.collect::<Vec<_>>().join("\n"))
            }
            "html" => elements(&run.stdout),
            _ => {
                let (commands, others) = read(&run.stdout);
                assert!(
                    others.iter().all(|line| !line.contains("pwned")),
                    "{others:?}"
                );
                commands.iter().flat_map(|it| spans(&it.data)).collect()
            }
        };
        let mut named = 0;
        for command in code
            .iter()
            .filter(|it| it.starts_with("weighbridge policy allow "))
        {
            for word in words(&repo, command)
                .iter()
                .skip(3)
                .filter(|it| !it.is_empty())
            {
                assert!(
                    repo.root.join(OsStr::from_bytes(word)).is_file(),
                    "{format}: {command}: {word:?}"
                );
                named += 1;
            }
        }
        // Ten files are told by themselves, and what can be shown is named.
        assert!(named >= 4, "{format}: {code:#?}");
        assert!(!repo.root.join("pwned").exists(), "{format}");
        assert!(!run.stdout.contains('\u{202e}'), "{format}");
    }
}

/// A sentence keeps its end where a name in it has a backquote.
#[test]
fn no_name_ends_the_code_that_it_stands_in() {
    let Some(repo) = repository() else { return };
    let markdown = run(&repo.root, &["check", "--format", "markdown"]).stdout;
    for wild in ["<img", "](javascript", "| @all"] {
        // In a heading it is escaped, elsewhere it is code.
        let outside: String = markdown
            .lines()
            .filter(|line| !line.starts_with("<details"))
            .map(|line| {
                let mut line = line.to_owned();
                for span in spans(&line) {
                    line = line.replacen(&span, "", 1);
                }
                line
            })
            .collect();
        assert!(!outside.contains(wild), "{outside}");
    }
    let page = run(&repo.root, &["check", "--format", "html"]).stdout;
    assert!(!page.contains("<img") && page.contains("&lt;img src=x&gt;&amp;amp;.pkl"));
}
