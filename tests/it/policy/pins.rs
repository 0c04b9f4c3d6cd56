//! The key `pins`, and lock files.

use weighbridge::{
    fact::Text,
    pins::{Lock, Pin, Required},
};

use super::{parse, policy, render};
use crate::support::random::Random;

#[test]
fn the_nearest_value_and_the_last_override_count() {
    let required = |text: &str, path: &str| policy(text).scope(&Text::from(path)).pins();
    let head = "version: 1\n";
    assert_eq!(required(head, "a"), Required::Never);
    assert_eq!(
        required("version: 1\nextends: recommended\n", "a"),
        Required::Executable
    );
    assert_eq!(
        required("version: 1\nextends: strict\n", "a"),
        Required::All
    );
    let text = "version: 1\nextends: strict\npins: {require: executable}\noverrides:\n  - {paths: [a], pins: {require: never}}\n  - {paths: [b], pins: {require: all}}\n";
    assert_eq!(required(text, "a"), Required::Never);
    assert_eq!(required(text, "b"), Required::All);
    assert_eq!(required(text, "c"), Required::Executable);
    assert_eq!(policy(head).lock_path(), "weighbridge.lock");
    let text = "version: 1\npins: {lock: ci/models.lock}\n";
    assert_eq!(policy(text).lock_path(), "ci/models.lock");
}

#[test]
fn errors_say_what_to_write() {
    let text = "version: 1\npins:\n  lock: /etc/lock\n  require: exectable\n  required: all\noverrides:\n  - {paths: [a], pins: {lock: x, require: true}}\n";
    insta::assert_snapshot!(render(&parse(text).unwrap_err()), @"
    error: `/etc/lock` is not a path in the repository
       ╭─ weighbridge.yaml:3:9
     2 │ pins:
     3 │   lock: /etc/lock
       │         ━━━━━━━━━
     4 │   require: exectable
       │
       │ help: name it from the root, with slashes: `weighbridge.lock`
       ╰──
    error: `exectable` is not a value of `pins.require`
       ╭─ weighbridge.yaml:4:12
     3 │   lock: /etc/lock
     4 │   require: exectable
       │            ━━━━━━━━━
     5 │   required: all
       │
       │ help: did you mean `executable`?
       ╰──
    error: `required` is not a key of `pins`
       ╭─ weighbridge.yaml:5:3
     4 │   require: exectable
     5 │   required: all
       │   ━━━━━━━━
     6 │ overrides:
       │
       │ help: did you mean `require`?
       ╰──
    error: `lock` is not a key of `pins`
       ╭─ weighbridge.yaml:7:25
     6 │ overrides:
     7 │   - {paths: [a], pins: {lock: x, require: true}}
       │                         ━━━━
       │
       │ help: `pins` may hold `require`
       ╰──
    error: `pins.require` must be `never`, `executable` or `all`, not a truth value
       ╭─ weighbridge.yaml:7:43
     6 │ overrides:
     7 │   - {paths: [a], pins: {lock: x, require: true}}
       │                                           ━━━━
       │
       │ help: write `never`, `executable` or `all`
       ╰──
    ");
}

#[test]
fn a_locked_key_is_not_loosened() {
    let text = "version: 1\nextends: strict\nlocked: [pins]\n";
    assert!(parse(text).is_ok());
    for (below, message) in [
        (
            "pins: {require: executable}",
            "lowers `pins.require` from `all` to `executable`",
        ),
        (
            "overrides: [{paths: [a], pins: {require: never}}]",
            "lowers `pins.require` from `all` to `never`",
        ),
        (
            "pins: {lock: other.lock}",
            "takes pins from `other.lock` instead of `weighbridge.lock`",
        ),
    ] {
        let files = super::Memory::new(&[
            ("org.yaml", text),
            (
                "weighbridge.yaml",
                &format!("version: 1\nextends: org.yaml\n{below}\n"),
            ),
        ]);
        let path = std::path::Path::new("weighbridge.yaml");
        let loaded = weighbridge::policy::Policy::load_from(&files, path, &super::CATALOG);
        let errors = render(&loaded.unwrap_err()).replace('\n', " ");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words(&errors.replace('│', "")).contains(message),
            "{errors}"
        );
    }
}

fn error(text: &str) -> String {
    let errors = Lock::parse(text).unwrap_err();
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let told = errors.iter();
    let told: Vec<String> = told
        .map(|error| format!("{}: {}", line(error.range.start), error.message))
        .collect();
    told.join("; ")
}

#[test]
fn what_is_wrong_with_a_lock_file_is_said_at_its_line() {
    let digest = "a".repeat(64);
    let pin = |path: &str| format!("  - path: {path}\n    sha256: {digest}\n    size: 1\n");
    let head = "version: 1\nartifacts:\n";
    for (text, expected) in [
        (String::new(), "1: the lock file has no `version`"),
        (
            "version: 2\n".into(),
            "1: this version of the lock file is not known",
        ),
        (
            format!("{head}{}{}", pin("a"), pin("a")),
            "6: `a` is pinned in line 3 already",
        ),
        (
            format!("{head}{}", pin("'../a'")),
            "3: this path leads out of the repository",
        ),
        (
            format!("{head}{}", pin("'/a'")),
            "3: this path leads out of the repository",
        ),
        (
            format!("{head}{}", pin("a/.git/x")),
            "3: this path leads out of the repository",
        ),
        (format!("{head}{}", pin("[a]")), "3: this is not a path"),
        (
            format!("{head}{}", pin("a").replace(&digest, "abc")),
            "4: a sha256 has 64 hexadecimal digits",
        ),
        (
            format!("{head}{}", pin("a").replace(&digest, &"A".repeat(64))),
            "4: a sha256 is written with lower-case digits",
        ),
        (
            format!("{head}{}", pin("a").replace("size: 1", "size: -1")),
            "5: this is not a number",
        ),
        (
            format!("{head}{}", pin("a").replace("size: 1", "siez: 1")),
            "3: this pin has no `size`; 5: this line is none of a lock file",
        ),
        (
            format!("{head}{}    size: 1\n", pin("a")),
            "6: `size` occurs twice in a pin",
        ),
        (
            format!("{head}{}   size: 1\n", pin("a")),
            "6: this line is none of a lock file",
        ),
        (
            format!("{head}      - x\n"),
            "3: this line is none of a lock file",
        ),
        (
            format!("version: 1\n{}", pin("a")),
            "2: there is no `artifacts:` above the pins",
        ),
        (
            format!("{head}{}<<<<<<< HEAD\n", pin("a")),
            "6: git could not merge the lock file: two branches changed it",
        ),
    ] {
        assert_eq!(error(&text), expected, "{text}");
    }
    // Line ends of Windows, comments and another order are no matter.
    let text = format!("# x\n{head}\n  # y\n{}{}", pin("b"), pin("a"));
    let lock = Lock::parse(&text.replace('\n', "\r\n")).unwrap();
    let paths: Vec<String> = lock.pins().iter().map(|pin| pin.path.to_string()).collect();
    assert_eq!(paths, ["a", "b"]);
}

/// Locks of random texts.
fn locks() -> Vec<Lock> {
    let mut random = Random::new(7);
    let pieces: &[&[u8]] = &[
        b"a",
        b"models",
        b"/",
        b".pt",
        b" ",
        b"'",
        b"\"",
        b"\\",
        b": ",
        b"#",
        b"-",
        b"\xff",
        b"\n",
        "é".as_bytes(),
        "\u{202e}".as_bytes(),
        b"0",
        b"true",
        b"{",
        b"*",
        b"&",
        b"!",
        b"%",
        b"|",
    ];
    let mut text = || {
        let n = random.below(6) + 1;
        let parts = (0..n).map(|_| pieces[random.below(pieces.len())]);
        Text::new(parts.collect::<Vec<_>>().concat())
    };
    (0..300)
        .map(|n| {
            Lock::new((0..3).filter_map(|at| {
                let path = text();
                weighbridge::pins::is_path(&path).then(|| Pin {
                    path,
                    sha256: format!("{:064x}", n * 3 + at),
                    size: n,
                    formats: vec!["pickle".into()],
                    globals: vec![text(), text()],
                    more_globals: n % 2,
                    loaded_by: vec![text()],
                    line: 0,
                })
            }))
        })
        .collect()
}

#[test]
fn what_is_written_is_read_and_yaml_says_the_same() {
    for lock in locks() {
        let written = lock.text();
        assert_eq!(Lock::parse(&written).as_ref(), Ok(&lock), "{written}");
        let yaml: serde_json::Value = serde_yaml::from_str(&written).unwrap();
        let pins = yaml["artifacts"].as_array().unwrap();
        assert_eq!(pins.len(), lock.pins().len(), "{written}");
        for (pin, yaml) in lock.pins().iter().zip(pins) {
            assert_eq!(yaml["path"], pin.path.to_string(), "{written}");
            assert_eq!(yaml["sha256"], pin.sha256.as_str(), "{written}");
            assert_eq!(yaml["size"], pin.size, "{written}");
            let globals = pin.globals.iter().map(ToString::to_string);
            assert_eq!(
                yaml["globals"],
                serde_json::json!(globals.collect::<Vec<_>>()),
                "{written}"
            );
        }
    }
}

#[test]
fn no_text_breaks_the_reader() {
    let whole = locks().iter().map(Lock::text).collect::<String>();
    let mut random = Random::new(11);
    for _ in 0..2000 {
        let mut bytes = whole.as_bytes().to_vec();
        let from = random.below(bytes.len());
        bytes.drain(..from);
        bytes.truncate(random.below(400));
        if !bytes.is_empty() {
            let at = random.below(bytes.len());
            bytes[at] = u8::try_from(random.below(256)).unwrap();
        }
        if let Err(errors) = Lock::parse(&String::from_utf8_lossy(&bytes)) {
            assert!(!errors.is_empty());
        }
    }
}
