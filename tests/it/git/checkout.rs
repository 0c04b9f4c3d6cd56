//! What git would write to disk is what is judged: differential against `git cat-file --filters`.

use std::fs;

use crate::support::{
    cli::run,
    pickle::payload,
    random::Random,
    repo::{Repo, repo, scrub},
};
use weighbridge::git::{Content, View};

const ATTRIBUTES: &[&str] = &[
    "text",
    "-text",
    "text=auto",
    "text=input",
    "text=nonsense",
    "crlf",
    "-crlf",
    "crlf=input",
    "eol=crlf",
    "eol=lf",
    "eol=nonsense",
    "ident",
    "-ident",
    "ident=yes",
    "binary",
    "working-tree-encoding=UTF-8",
    "working-tree-encoding=utf-16le",
    "working-tree-encoding=UTF-16BE",
    "working-tree-encoding=UTF-16LE-BOM",
    "working-tree-encoding=ISO-8859-1",
    "working-tree-encoding=latin1",
    "-working-tree-encoding",
];

const PIECES: &[&[u8]] = &[
    b"a line\n",
    b"\n",
    b"a line\r\n",
    b"\r",
    b"\r\r\n",
    b"$Id$",
    b"$Id: 1234 $",
    b"$Id: of another system $",
    b"$Id:$",
    b"$Id:x\ny$",
    b"$Id",
    b"$",
    "\u{e9}".as_bytes(),
    "\u{80}".as_bytes(),
    "\u{504b}\u{1f600}".as_bytes(),
    b"\xff",
    b"\0",
    b"\x7f",
    b"\x1a",
    b"some more plain text so that it looks like a text, and some more, and some more, and some more, and some more, and yet more",
];

fn contents(view: &View) -> Vec<(String, Vec<u8>)> {
    let mut reader = view.reader();
    let mut found = Vec::new();
    for item in &view.items {
        let opened = reader.open(item);
        let bytes = match opened.content {
            Content::Bytes(window) => window
                .bytes_at(0, usize::try_from(window.len()).unwrap())
                .unwrap()
                .clone(),
            other => panic!("{:?}: {other:?}", item.entry.path),
        };
        found.push((item.entry.path.to_string(), bytes));
    }
    found
}

#[test]
fn every_view_of_one_state_has_what_git_would_check_out() {
    let repo = repo!();
    let mut random = Random::new(7);
    for folder in ["", "d/", "d/e/"] {
        let mut lines = String::from("[attr]mine eol=crlf -ident\n");
        for n in 0..40 {
            let mut line = format!("f{}{}*", random.below(10), random.below(10));
            for _ in 0..=random.below(3) {
                line = format!("{line} {}", random.pick(ATTRIBUTES));
            }
            if n % 7 == 0 {
                line.push_str(" mine");
            }
            lines = format!("{lines}{line}\n");
        }
        repo.write(&format!("{folder}.gitattributes"), lines);
    }
    // Exactly these bytes: adding them would change them the other way.
    let mut index = String::new();
    for n in 0..300 {
        let mut bytes = Vec::new();
        for _ in 0..random.below(9) {
            bytes.extend_from_slice(random.pick::<&[u8]>(PIECES));
        }
        let id = repo.git_with_input(&["hash-object", "-w", "--stdin"], bytes);
        let folder = *random.pick(&["", "d/", "d/e/"]);
        index = format!("{index}100644 {id}\t{folder}f{n:03}\n");
    }
    repo.git(&["add", "-A"]);
    repo.git_with_input(&["update-index", "--add", "--index-info"], index);
    let staged = contents(&repo.staged());
    repo.git(&["commit", "-q", "-m", "x"]);
    let rev = contents(&weighbridge::git::revision(&repo.root, "HEAD", &[]).unwrap());
    assert_eq!(staged, rev);
    let mut changed = 0;
    for (path, ours) in &rev {
        // Where git cannot encode, it fails here and writes what is stored on checkout.
        let mut command = std::process::Command::new("git");
        scrub(&mut command, &repo.outside());
        let spec = format!("HEAD:{path}");
        let output = command
            .current_dir(&repo.root)
            .args(["cat-file", "--filters", &spec])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(ours),
            "{path} {}",
            repo.git(&["check-attr", "-a", "--", path])
        );
        assert_eq!(&output.stdout, ours, "{path}");
        changed += usize::from(repo.git(&["cat-file", "-s", &spec]) != ours.len().to_string());
    }
    assert!(changed > 30, "{changed}");
}

#[test]
fn what_only_a_checkout_makes_a_checkpoint_is_refused() {
    let repo = repo!();
    repo.write("honest", "x").commit();
    repo.write(".gitattributes", "*.dat working-tree-encoding=latin1\n");
    repo.write("weights.dat", payload());
    repo.git(&["add", "-A"]);
    let stored = repo.git(&["cat-file", "-s", ":weights.dat"]);
    assert_ne!(stored, payload().len().to_string());
    assert_eq!(run(&repo.root, &["check", "--staged"]).code, 1);
    repo.git(&["commit", "-q", "-m", "x"]);
    // What is on disk counts nowhere here.
    fs::remove_file(repo.root.join(".gitattributes")).unwrap();
    fs::remove_file(repo.root.join("weights.dat")).unwrap();
    for view in ["--rev=HEAD", "--diff=HEAD~1"] {
        let run = run(&repo.root, &["check", view]);
        assert_eq!(run.code, 1, "{view}: {run:?}");
    }
}

#[test]
fn a_character_set_that_is_not_followed_is_said() {
    let repo = repo!();
    repo.write("honest", "x").commit();
    repo.write("weights.dat", "honest").commit();
    repo.write(".gitattributes", "*.dat working-tree-encoding=IBM037\n");
    repo.git(&["add", ".gitattributes"]);
    repo.git(&["commit", "-q", "-m", "x"]);
    let run = run(&repo.root, &["check", "--rev=HEAD", "--format=concise"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("working-tree-encoding=IBM037"),
        "{run:?}"
    );
}

#[test]
fn a_link_that_would_be_a_file_with_a_payload_is_refused() {
    let repo = repo!();
    let id = repo.git_with_input(&["hash-object", "-w", "--stdin"], payload());
    let entry = format!("120000 {id}\tweights.dat\n");
    repo.git_with_input(&["update-index", "--add", "--index-info"], entry);
    assert_eq!(run(&repo.root, &["check", "--staged"]).code, 1);
    repo.git(&["commit", "-q", "-m", "x"]);
    for view in ["--rev=HEAD", "--history"] {
        assert_eq!(run(&repo.root, &["check", view]).code, 1, "{view}");
    }
}

/// A text that is harmless as it is stored, and a pickle that calls something once it is written in UTF-16.
fn in_disguise() -> Vec<u8> {
    let mut bytes = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.".to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b'.');
    }
    let units = bytes
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(Result::unwrap)
        .collect::<String>()
        .into_bytes()
}

/// Records bytes as they are, whatever the attributes say.
fn add_as_it_is(repo: &Repo, path: &str, bytes: impl AsRef<[u8]>) {
    let id = repo.git_with_input(&["hash-object", "-w", "--stdin", "--no-filters"], bytes);
    let entry = format!("100644,{id},{path}");
    repo.git(&["update-index", "--add", "--cacheinfo", &entry]);
}

/// The paths that are refused.
fn refused(repo: &Repo, view: &[&str]) -> Vec<String> {
    let run = run(&repo.root, &[&["check", "--format=json"], view].concat());
    let report: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let findings = report["findings"].as_array().unwrap().iter();
    let mut paths: Vec<String> = findings
        .map(|finding| finding["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

const UTF16: &str = "weights.dat working-tree-encoding=UTF-16LE\n";

#[test]
fn a_change_of_the_attributes_judges_what_they_change() {
    let repo = repo!();
    repo.write("README", "x\n").commit();
    add_as_it_is(&repo, "d/weights.dat", in_disguise());
    add_as_it_is(&repo, "d/other.dat", in_disguise());
    repo.git(&["commit", "-q", "-m", "data"]);
    assert_eq!(refused(&repo, &["--history"]), [""; 0]);
    // The second change touches no data.
    add_as_it_is(&repo, "d/.gitattributes", UTF16);
    assert_eq!(refused(&repo, &["--staged"]), ["d/weights.dat"]);
    repo.git(&["commit", "-q", "-m", "attributes"]);
    for view in [
        "--diff=HEAD~1",
        "--history=HEAD~1..HEAD",
        "--history",
        "--all-refs",
        "--rev=HEAD",
    ] {
        assert_eq!(refused(&repo, &[view]), ["d/weights.dat"], "{view}");
    }
    for path in ["d/weights.dat", "d"] {
        let arguments = ["--diff=HEAD~1", path];
        assert_eq!(refused(&repo, &arguments), ["d/weights.dat"], "{path}");
    }
    // What is taken away changes bytes as well.
    repo.git(&["rm", "-q", "--cached", "d/.gitattributes"]);
    repo.git(&["commit", "-q", "-m", "no attributes"]);
    assert_eq!(refused(&repo, &["--diff=HEAD~1"]), [""; 0]);
    repo.git(&["revert", "-n", "HEAD"]);
    assert_eq!(refused(&repo, &["--staged"]), ["d/weights.dat"]);
}

#[test]
fn a_merge_of_a_file_with_attributes_from_elsewhere_is_what_brings_it() {
    let repo = repo!();
    repo.write("README", "x\n").commit();
    repo.git(&["checkout", "-q", "-b", "data"]);
    add_as_it_is(&repo, "weights.dat", in_disguise());
    repo.git(&["commit", "-q", "-m", "data"]);
    repo.git(&["checkout", "-q", "-f", "main"]);
    add_as_it_is(&repo, ".gitattributes", UTF16);
    repo.git(&["commit", "-q", "-m", "attributes"]);
    assert_eq!(refused(&repo, &["--all-refs"]), [""; 0]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "data"]);
    for view in ["--history", "--all-refs", "--diff=HEAD^1", "--diff=HEAD^2"] {
        assert_eq!(refused(&repo, &[view]), ["weights.dat"], "{view}");
    }
    let told = run(&repo.root, &["check", "--history", "--format=json"]);
    let merge = repo.git(&["rev-parse", "HEAD"]);
    assert!(told.stdout.contains(&merge), "{told:?}");
}

/// A pickle that is bytes and nothing else, until its line feeds become CRLF: then what is in them is run.
fn by_line_ends() -> Vec<u8> {
    let run = b"\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.";
    let inside = [b"\n".repeat(run.len()), b"-".repeat(11), run.to_vec()].concat();
    let length = u32::try_from(inside.len()).unwrap().to_le_bytes();
    [
        b"\x80\x04B".to_vec(),
        length.to_vec(),
        inside,
        b".".to_vec(),
    ]
    .concat()
}

#[test]
fn line_ends_are_followed_in_every_view() {
    let repo = repo!();
    repo.write("README", "x\n").commit();
    add_as_it_is(&repo, "a.pkl", by_line_ends());
    add_as_it_is(&repo, "b.pkl", by_line_ends());
    add_as_it_is(&repo, ".gitattributes", "a.pkl eol=crlf\nB.* eol=crlf\n");
    repo.git(&["commit", "-q", "-m", "x"]);
    // The second where letters are compared without their case, as on other systems.
    for view in [
        "--rev=HEAD",
        "--diff=HEAD~1",
        "--history",
        "--history=HEAD~1..HEAD",
    ] {
        assert_eq!(refused(&repo, &[view]), ["a.pkl", "b.pkl"], "{view}");
    }
}

const PATTERNS: &[&str] = &[
    "*",
    "*.a",
    "f1*",
    "/f*",
    "f[0-4]*",
    "f[!0-4]*",
    "f[[:digit:]]?",
    "f[[:foo:]]",
    "f[0",
    "F*",
    "*.A",
    "d/*",
    "d/**",
    "**/f2*",
    "**/e/f*",
    "d/e/f0?",
    "/d/f*",
    "d*/f3",
    "f**1",
    "d/e**",
    "\"f\\060*\"",
    "\"f0*",
    "\"d\"/f1",
    "f\\1*",
    "f1\\",
    "!f*",
    "f2/",
    "\\!f",
    "[attr]m",
    "[attr]binary",
    "[attr] m",
    "[attr]n",
    "f0*\\ ",
    "?1",
    "[]f]*",
    "d/**/**/f*",
    "***/f4*",
    "e/",
    "d/e/",
];

const STATES: &[&str] = &[
    "text",
    "-text",
    "!text",
    "text=auto",
    "text=input",
    "eol=crlf",
    "eol=lf",
    "!eol",
    "-eol",
    "ident",
    "-ident",
    "m",
    "-m",
    "!m",
    "n",
    "binary",
    "-binary",
    "crlf",
    "-crlf",
    "b@d",
    "builtin_x",
    "--x",
    "working-tree-encoding=UTF-16LE",
    "diff=x",
    "text\u{c}",
    "=x",
];

/// A file as somebody could write it who wants git to read it and nobody else to.
fn attribute_file(random: &mut Random) -> Vec<u8> {
    let mut file = Vec::new();
    if random.below(8) == 0 {
        file.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..random.below(12) {
        file.extend_from_slice(
            random
                .pick::<&str>(&["", "", "", " ", "\t", "#", "\u{c}"])
                .as_bytes(),
        );
        file.extend_from_slice(random.pick::<&str>(PATTERNS).as_bytes());
        for _ in 0..random.below(4) {
            let blank = random.pick::<&str>(&[" ", " ", "\t", "  ", "\r", "\u{b}"]);
            file.extend_from_slice(blank.as_bytes());
            file.extend_from_slice(random.pick::<&str>(STATES).as_bytes());
        }
        match random.below(40) {
            0 => file.push(0),
            1 => file.extend_from_slice(&b" x".repeat(1100)),
            2 => file.push(b'\r'),
            _ => {}
        }
        file.push(b'\n');
    }
    file
}

#[test]
fn a_clone_has_what_is_judged_whatever_the_attributes() {
    let rounds = std::env::var("WEIGHBRIDGE_ORACLE_FILES").ok();
    let rounds = rounds.and_then(|it| it.parse::<usize>().ok());
    let rounds = rounds.unwrap_or(6000) / 600;
    let mut random = Random::new(11);
    let mut changed = 0;
    for round in 0..rounds {
        let repo = repo!();
        let mut index = String::new();
        let mut add = |repo: &Repo, mode: &str, path: &str, bytes: Vec<u8>| {
            let id = repo.git_with_input(&["hash-object", "-w", "--stdin", "--no-filters"], bytes);
            index = format!("{index}{mode} {id}\t{path}\n");
        };
        for folder in ["", "d/", "d/e/"] {
            let mode = if random.below(9) == 0 {
                "120000"
            } else {
                "100644"
            };
            let file = attribute_file(&mut random);
            if !(mode == "120000" && (file.is_empty() || file.contains(&0))) {
                add(&repo, mode, &format!("{folder}.gitattributes"), file);
            }
            for n in 0..8 {
                let end = random.pick::<&str>(&["", "", ".a", ".A"]);
                let path = format!("{folder}f{}{n}{end}", random.below(4));
                add(&repo, "100644", &path, b"a $Id$\nb\n".to_vec());
            }
        }
        repo.git_with_input(&["update-index", "--add", "--index-info"], index);
        repo.git(&["commit", "-q", "-m", "x"]);
        let view = weighbridge::git::revision(&repo.root, "HEAD", &[]).unwrap();
        let mut reader = view.reader();
        let clones: Vec<_> = [[false, false], [false, true], [true, false], [true, true]]
            .iter()
            .map(|[fold, autocrlf]| {
                let folder = repo.outside().join(format!("{fold}{autocrlf}"));
                let path = folder.to_str().unwrap();
                repo.git(&["clone", "-q", "-n", ".", path]);
                repo.git_in(&folder, &["config", "core.ignoreCase", &fold.to_string()]);
                repo.git_in(&folder, &["config", "core.autocrlf", &autocrlf.to_string()]);
                let status = repo.try_git(&folder, &["checkout", "-q", "main"]);
                (folder, status.status.success())
            })
            .collect();
        for item in &view.items {
            let path = item.entry.path.to_string();
            if path.ends_with(".gitattributes") {
                continue;
            }
            let opened = reader.open(item);
            let Content::Bytes(window) = &opened.content else {
                panic!("{path}");
            };
            let ours = window.bytes_at(0, 1000).unwrap();
            // A character set that is not followed is refused.
            if !opened.noted.is_empty() || opened.other_forms.iter().any(Result::is_err) {
                continue;
            }
            let others = opened.other_forms.iter().flatten();
            let others: Vec<Vec<u8>> = others
                .map(|window| window.bytes_at(0, 1000).unwrap())
                .collect();
            for (n, (clone, whole)) in clones.iter().enumerate() {
                // Of an encoding that is none git makes no checkout at all.
                let Ok(theirs) = fs::read(clone.join(&path)) else {
                    assert!(!whole, "{round} {path}");
                    continue;
                };
                let all = || {
                    let mut all = String::new();
                    for folder in ["", "d/", "d/e/"] {
                        let file = format!("HEAD:{folder}.gitattributes");
                        let output = repo.try_git(&repo.root, &["cat-file", "-p", &file]);
                        all = format!("{all}{folder}:\n{}\n", output.stdout.escape_ascii());
                    }
                    all
                };
                if n == 0 {
                    assert_eq!(ours, theirs, "{round} {path}\n{}", all());
                    changed += usize::from(theirs != b"a $Id$\nb\n");
                } else {
                    assert!(
                        ours == theirs || others.contains(&theirs),
                        "{round} {n} {path}\n{}",
                        all()
                    );
                }
            }
        }
    }
    assert!(changed > rounds, "{changed}");
}

#[test]
fn an_honest_pickle_in_text_form_is_not_refused_for_its_line_ends() {
    let repo = repo!();
    // As protocol 0 writes an array: names, numbers, truth values and strings, a line each.
    let array = "cnumpy._core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nc_codecs\nencode\np3\n(Vb\np4\nVlatin1\np5\ntp6\nRp7\ntp8\nRp9\n(I1\n(I2\ntp10\ncnumpy\ndtype\np11\n(Vi2\np12\nI00\nI01\ntp13\nRp14\n(I3\nV<\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\ng3\n(V\x01\\u0000\x02\\u0000\np17\ng5\ntp18\nRp19\ntp20\nb.";
    add_as_it_is(&repo, "array.pkl", array);
    let told = run(&repo.root, &["check", "--staged", "--format=concise"]);
    assert_eq!(told.code, 0, "{told:?}");
    // A string that ends earlier once its line feeds are two bytes, and what is in it is run: in a file that is a text to git.
    let act: &[u8] = b"\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.";
    let length = u8::try_from(2 * act.len()).unwrap();
    let mut hostile = format!("V{}\n0U", "plain text. ".repeat(60)).into_bytes();
    hostile.push(length);
    hostile.extend_from_slice(&b"\n".repeat(act.len()));
    hostile.extend_from_slice(act);
    hostile.push(b'.');
    add_as_it_is(&repo, "array.pkl", hostile);
    assert_eq!(refused(&repo, &["--staged"]), ["array.pkl"]);
    add_as_it_is(&repo, ".gitattributes", "*.pkl binary\n");
    assert_eq!(refused(&repo, &["--staged"]), [""; 0]);
}
