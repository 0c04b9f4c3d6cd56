//! What a report prints to be pasted is taken out of it as it is printed, and pasted where it says: the next check passes.

use std::fs;

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

/// What a report prints about the policy file: where to put it, and lines to put there, in the order in which they are printed.
fn printed(report: &str) -> Vec<(String, String)> {
    let mut lines = report.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("help: ") else {
            continue;
        };
        let mut said = first.to_owned();
        while !said.ends_with(':') || !said.contains("weighbridge.yaml") {
            match lines.next().and_then(|line| line.strip_prefix("      ")) {
                Some(more) => said.extend([" ", more]),
                None => break,
            }
        }
        if said.ends_with(':') && said.contains("weighbridge.yaml") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            found.push((said, code.join("\n")));
        }
    }
    found
}

fn paste(before: &str, said: &str, code: &str) -> String {
    if said.contains("write this to ") {
        return format!("{code}\n");
    }
    let end = if before.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    let line: Option<usize> = said
        .rsplit_once("weighbridge.yaml:")
        .and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
    let Some(line) = line else {
        lines.push(code.to_owned());
        return lines.join(end) + end;
    };
    let close = match (said.contains("brackets"), said.contains("braces")) {
        (true, _) => Some(']'),
        (_, true) => Some('}'),
        _ => None,
    };
    if let Some(close) = close {
        let inside = &mut lines[line - 1];
        let at = match close {
            ']' => inside.find(close).unwrap(),
            _ => inside.rfind(close).unwrap(),
        };
        inside.insert_str(at, &format!(", {code}"));
    } else if said.contains("instead of the empty one") {
        let of = &mut lines[line - 1];
        let key = of.find(':').unwrap();
        of.truncate(key + 1);
        let is_block = code.contains('\n') || code.trim_start().starts_with('-');
        of.extend([if is_block { "\n" } else { " " }, code]);
    } else {
        lines.insert(line, code.to_owned());
    }
    lines.join(end) + end
}

const HEAD: &str = "version: 1\nextends: recommended\n";

fn shapes() -> Vec<String> {
    vec![
        String::new(),
        HEAD.to_owned(),
        format!("{HEAD}rules:\n  pickle-load: allow\n"),
        format!("{HEAD}globals:\n"),
        format!("{HEAD}globals: {{}}\n"),
        format!("{HEAD}globals:\n  allow: []\n"),
        format!("{HEAD}globals:\n  packs: [numpy-arrays]\n"),
        format!("{HEAD}globals:\n    allow:\n    - a.B\n    packs:\n    - numpy-arrays\n"),
        format!("{HEAD}globals:\n    allow: [a.B] # ours\nexclude:\n  - old\n"),
        format!("{HEAD}globals: {{allow: [a.B], packs: [numpy-arrays]}}\nexclude: [old]\n"),
        format!("{HEAD}globals:\n  allow:\n    - a.B\n").replace('\n', "\r\n"),
    ]
}

/// Two files that need different names, one that needs a pack as well, and one that is left out.
fn several(repo: &Repo) {
    repo.write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
        .write(
            "b.pkl",
            b"\x80\x02]((capp.other\nKey\ncapp.make\nnet\n)Rle.",
        )
        .write("models/x.pt", "\u{1}\u{2}");
}

#[test]
fn what_a_report_prints_is_pasted_and_the_check_passes() {
    for place in ["weighbridge.yaml", ".github/weighbridge.yaml"] {
        for before in shapes() {
            for write in [several, |repo: &Repo| {
                repo.write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.");
            }] {
                let repo = repo!();
                write(&repo);
                let place = repo.root.join(place);
                fs::create_dir_all(place.parent().unwrap()).unwrap();
                if !before.is_empty() {
                    fs::write(&place, &before).unwrap();
                }
                let refused = run(&repo.root, &["check"]);
                assert_eq!(refused.code, 1, "{refused:?}");
                let mut text = before.clone();
                let printed = printed(&refused.stdout);
                assert!(!printed.is_empty(), "{before}\n{}", refused.stdout);
                for (said, code) in printed {
                    text = paste(&text, &said, &code);
                }
                fs::write(&place, &text).unwrap();
                let passed = run(&repo.root, &["check"]);
                assert_eq!(passed.code, 0, "{before}\n{text}\n{passed:?}");
            }
        }
    }
}

/// Nothing is there to copy for a file in which something is dangerous, however many other names it has.
#[test]
fn what_is_dangerous_is_told_first_and_nothing_is_proposed() {
    let repo = repo!();
    let mut file = b"\x80\x02(".to_vec();
    for n in 0..12 {
        file.extend(format!("capp.models\nNet{n}\n").bytes());
    }
    file.extend(b"cos\nsystem\nX\x04\x00\x00\x00true\x85Rl.");
    repo.write("a.pkl", &file);
    let text = run(&repo.root, &["check"]).stdout;
    let (_, first) = text.split_at(text.find("error[").unwrap());
    assert!(first.starts_with("error[global-not-allowed]: loading runs `os.system('true')`"));
    assert!(!text.contains("version: 1"), "{text}");
    assert!(
        text.contains("no entry is proposed while the file uses `os.system`"),
        "{text}"
    );
    repo.write("b.pkl", payload());
    assert!(printed(&run(&repo.root, &["check"]).stdout).is_empty());
}

#[test]
fn files_that_need_the_same_say_it_once() {
    let repo = repo!();
    for n in 0..5 {
        repo.write(&format!("a{n}.pkl"), b"\x80\x02capp.models\nNet\n)\x81}b.");
    }
    let text = run(&repo.root, &["check"]).stdout;
    assert_eq!(printed(&text).len(), 1, "{text}");
    assert!(
        text.contains("and 4 more files need the same as a0.pkl (4 errors)"),
        "{text}"
    );
}

#[test]
fn what_an_organisation_locks_is_asked_of_its_owners() {
    let repo = repo!();
    repo.write(
        "org.yaml",
        "version: 1\nextends: recommended\nlocked: [globals]\n",
    );
    repo.write("weighbridge.yaml", "version: 1\nextends: org.yaml\n");
    repo.write("a.pkl", b"capp.models\nNet\n.");
    let text = run(&repo.root, &["check"]).stdout;
    assert!(
        text.contains("owners of org.yaml, which locks `globals` in line 3"),
        "{text}"
    );
    assert!(!text.contains("policy allow"), "{text}");
}
