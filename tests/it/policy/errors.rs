//! What a user reads when a policy does not hold together.

use weighbridge::policy::Policy;

use super::{CATALOG, parse, render};
use crate::support::{cli::run, repo::repo};

fn errors(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("it was accepted: {text}"),
        Err(errors) => render(&errors),
    }
}

/// Each error as `line:column message; help`.
fn brief(text: &str) -> Vec<String> {
    let Err(errors) = parse(text) else {
        panic!("it was accepted: {text}")
    };
    errors
        .0
        .iter()
        .map(|error| {
            format!(
                "{}:{} {error}; {}",
                error.line(),
                error.column(),
                error.help
            )
        })
        .collect()
}

#[test]
fn all_errors_are_told_at_once() {
    insta::assert_snapshot!(errors(
        "version: 1\nextend: recommended\nformats:\n  allow: [safetensor, pickle]\nglobals:\n  packs: [torch-weight]\n  allow:\n    - builtins.eval\n    - torch.*\n    - Net\nrules:\n  pickle-lod: deny\n  pickle-load: error\nwaivers: []\n"
    ), @"
    error: `extend` is not a key of the policy
       ╭─ weighbridge.yaml:2:1
     1 │ version: 1
     2 │ extend: recommended
       │ ━━━━━━
     3 │ formats:
       │
       │ help: did you mean `extends`?
       ╰──
    error: there is no format `safetensor`
       ╭─ weighbridge.yaml:4:11
     3 │ formats:
     4 │   allow: [safetensor, pickle]
       │           ━━━━━━━━━━
     5 │ globals:
       │
       │ help: did you mean `safetensors`?
       ╰──
    error: there is no pack `torch-weight`
       ╭─ weighbridge.yaml:6:11
     5 │ globals:
     6 │   packs: [torch-weight]
       │           ━━━━━━━━━━━━
     7 │   allow:
       │
       │ help: did you mean `torch-weights`?
       ╰──
    error: `builtins.eval` is dangerous: it runs text as code
       ╭─ weighbridge.yaml:8:7
     7 │   allow:
     8 │     - builtins.eval
       │       ━━━━━━━━━━━━━
     9 │     - torch.*
       │
       │ help: remove it, constrain what it may be called with (`args:`), or say
       │       `dangerous: true` with a `reason:`
       ╰──
    error: `torch.*` allows dangerous globals: `torch.from_file` reads or writes
      files
       ╭─ weighbridge.yaml:9:7
     8 │     - builtins.eval
     9 │     - torch.*
       │       ━━━━━━━
    10 │     - Net
       │
       │ help: list the globals that are needed by their full names
       ╰──
    error: `Net` is not a full name
       ╭─ weighbridge.yaml:10:7
     9 │     - torch.*
    10 │     - Net
       │       ━━━
    11 │ rules:
       │
       │ help: write the module as well, as the checkpoint stores it:
       │       `package.module.Name`
       ╰──
    error: there is no rule `pickle-lod`
       ╭─ weighbridge.yaml:12:3
    11 │ rules:
    12 │   pickle-lod: deny
       │   ━━━━━━━━━━
    13 │   pickle-load: error
       │
       │ help: did you mean `pickle-load`?
       ╰──
    error: `error` is not a level
       ╭─ weighbridge.yaml:13:16
    12 │   pickle-lod: deny
    13 │   pickle-load: error
       │                ━━━━━
    14 │ waivers: []
       │
       │ help: did you mean `deny`?
       ╰──
    ");
}

#[test]
fn a_key_that_occurs_twice_is_shown_where_it_does() {
    insta::assert_snapshot!(errors(
        "version: 1\nrules:\n  # rules: one\n  pickle-load: deny\n  persistent-id: warn\n  pickle-load: allow\n"
    ), @"
    error: `pickle-load` occurs twice in `rules`
       ╭─ weighbridge.yaml:6:3
     5 │   persistent-id: warn
     6 │   pickle-load: allow
       │   ━━━━━━━━━━━
       │
       │ help: keep one of them: readers of YAML disagree on which one counts
       ╰──
    ");
    assert_eq!(
        brief("version: 1\nrules: {pickle-load: deny, pickle-load: warn}\n")[0]
            .split(';')
            .next(),
        Some("2:28 `pickle-load` occurs twice in `rules`")
    );
    assert_eq!(
        brief("version: 1\nrules: {}\nversion: 1\n")[0]
            .split(';')
            .next(),
        Some("3:1 `version` occurs twice in the policy")
    );
}

#[test]
fn yaml_that_is_not_yaml() {
    insta::assert_snapshot!(errors("version: 1\nexclude: [*.pt]\n"), @"
    error: the policy is not valid YAML: did not find expected alphabetic or numeric
      character
       ╭─ weighbridge.yaml:2:11
     1 │ version: 1
     2 │ exclude: [*.pt]
       │           ━━━━━
       │
       │ help: put a pattern that begins with `*` in quotes: to YAML it is the name
       │       of an anchor
       ╰──
    ");
    insta::assert_snapshot!(errors("version: 1\nrules:\n\tpickle-load: deny\n"), @"
    error: the policy is not valid YAML: found character that cannot start any token
       ╭─ weighbridge.yaml:3:1
     2 │ rules:
     3 │     pickle-load: deny
       │ ━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: indent with spaces: YAML does not allow tabs
       ╰──
    ");
}

/// What YAML has and policies do not, or what YAML does not have: each with its place and what to do.
#[test]
fn yaml_that_policies_do_not_have() {
    let texts = [
        "version: 1\nrules: &b\n  pickle-load: warn\noverrides:\n  - paths: [a]\n    rules:\n      <<: *b\n      joblib-load: deny\n",
        "version: 1\n<<: {rules: {}}\n",
        "version: 1\nrules: *b\n",
        "version: 1\nrules: &b {x: *b}\n",
        "version: 1\nrules: {pickle-load: 2027-03-31}\n",
        "version: 2027-03-31\n",
        "version: 99999999999999999999999999\n",
        "version: 1\nwaivers: [{rule: pickle-load, paths: [a], expires: 20270331}]\n",
        "version: 1\nwaivers: [{rule: pickle-load, paths: [a], expires: 2027-02-30}]\n",
        "version: 1\nrules:\n\tpickle-load: deny\n",
        "version: 1\n# a\0b\n",
        "version: 1\nexclude: [\"a\u{7}\"]\n",
        "# policy\n---\nversion: 1\n---\nversion: 1\n",
        "version: 1\n...\n---\nversion: 1\n",
        "# a\n# b\n",
        "---\n",
        "version: 1\n? [a, b]\n: c\n",
        "version: 1\nexclude: [{{ folder }}]\n",
        "version: 1\nrules: {pickle-load: no}\n",
        "version: 1\nwaivers:\n  - rule: pickle-load\n    paths: [a]\n    owner: @ml\n",
        "version: 1\nwaivers:\n  - rule: pickle-load\n    paths: [a]\n    reason: see: that\n",
        "version: 1\nexclude: [!a]\n",
        "version: 1\nexclude: [\"a\n",
        "version: 1\n<<<<<<< HEAD\nrules: {}\n=======\nexclude: []\n>>>>>>> theirs\n",
    ];
    let told: Vec<String> = texts.iter().flat_map(|text| brief(text)).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    7:7 merge keys (`<<`) are not read; write the keys out; an alias (`*name`) can stand for a whole value, and `extends` merges policies
    2:1 merge keys (`<<`) are not read; write the keys out; an alias (`*name`) can stand for a whole value, and `extends` merges policies
    2:8 the policy is not valid YAML: unknown anchor; put a pattern that begins with `*` in quotes: to YAML it is the name of an anchor
    2:8 values are nested more than 16 levels deep; remove levels: a policy needs no more than seven
    2:22 `2027-03-31` is not a level; write `allow`, `warn` or `deny`
    1:10 `version` must be the number 1, not a text; write `version: 1`
    1:10 version 9223372036854775807 of the policy language is not known; this version of weighbridge reads `version: 1`; update it
    2:52 `expires` must be a day, not a number; write the last day as year, month and day: `2027-03-31`
    2:52 the calendar has no day `2027-02-30`; write the last day as year, month and day: `2027-03-31`
    3:1 the policy is not valid YAML: found character that cannot start any token; indent with spaces: YAML does not allow tabs
    2:4 the policy has a control character, U+0000; remove it
    2:13 the policy has a control character, U+0007; remove it
    4:1 the policy has more than one document; keep one document: remove the `---` in the middle
    3:1 the policy has more than one document; keep one document: remove the `---` in the middle
    1:1 the policy is empty; begin it with `version: 1`
    1:1 the policy is empty; begin it with `version: 1`
    2:3 a key of the policy is not a text; write `key: value`; a text that begins with `[` or `{` needs quotes
    2:12 a key of the policy is not a text; write `key: value`; a text that begins with `[` or `{` needs quotes
    2:22 `no` is not a level; write `allow`, `warn` or `deny`
    5:12 the policy is not valid YAML: found character that cannot start any token; put the value in quotes: YAML reserves this character at the beginning of one
    5:16 the policy is not valid YAML: mapping values are not allowed in this context; put a text that contains `: ` in quotes, or correct the indentation
    2:13 the policy is not valid YAML: did not find expected whitespace or line break; remove the tag (`!...`), or put a text that begins with `!` in quotes
    3:1 the policy is not valid YAML: found unexpected end of stream; close what is open: a quote, a `[` or a `{`
    2:1 the policy has a merge conflict; keep what is right of both sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`
    ");
    // An alias for a whole value is what it stands for; a text may begin behind a mark, and end with one.
    for text in [
        "version: 1\nrules: &b\n  pickle-load: warn\noverrides:\n  - paths: [a]\n    rules: *b\n",
        "%YAML 1.2\n---\nversion: 1\n...\n",
        "version:\t1\n",
        "# [[[[\nversion: 1\nexclude: [\"[a-z]*\"]\n",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", brief(text));
    }
}

#[test]
fn shapes_that_are_not_a_policy() {
    let table = [
        ("", "the policy `weighbridge.yaml` is empty"),
        ("\u{feff}  \n", "the policy `weighbridge.yaml` is empty"),
        ("# nothing\n", "the policy is empty"),
        ("- version: 1\n", "the policy must be a mapping, not a list"),
        ("just words\n", "the policy must be a mapping, not a text"),
        ("extends: recommended\n", "the policy has no `version`"),
        (
            "version: 2\n",
            "version 2 of the policy language is not known",
        ),
        (
            "version: \"1\"\n",
            "`version` must be the number 1, not a text",
        ),
        (
            "version: 1\nversion2: 1\n",
            "`version2` is not a key of the policy",
        ),
        (
            "version: 1\n---\nversion: 1\n",
            "the policy has more than one document",
        ),
        ("version: 1\nrules: !x {}\n", "the policy is not valid YAML"),
        (
            "version: 1\npins: {require: everything}\n",
            "`everything` is not a value of `pins.require`",
        ),
        (
            "version: 1\npins: {lock: ../weighbridge.lock}\n",
            "`../weighbridge.lock` is not a path in the repository",
        ),
        (
            "version: 1\nlocked: {}\n",
            "`locked` must be a list, not a mapping",
        ),
        (
            "version: 1\nextends: recomended\n",
            "there is no policy `recomended`",
        ),
        (
            "version: 1\nextends: nowhere.yaml\n",
            "the policy `nowhere.yaml` cannot be read",
        ),
        (
            "version: 1\ntarget: {torch: 2.10}\n",
            "the version of torch is not in quotes",
        ),
        (
            "version: 1\ntarget: {torch: \"9.9\"}\n",
            "no known release of torch is `9.9`",
        ),
        (
            "version: 1\ntarget: {torch: \"1.4\"}\n",
            "no known release of torch is `1.4`",
        ),
        (
            "version: 1\ntarget: {python: new}\n",
            "`target.python` is `new`, and nothing depends on it yet",
        ),
        (
            "version: 1\nexclude: third_party\n",
            "`exclude` must be a list, not a text",
        ),
        (
            "version: 1\nexclude: [\"!a\"]\n",
            "`!a` is not a pattern of paths: negation is not known here",
        ),
        (
            "version: 1\nformats: {allow: [npy], refuse: [npy]}\n",
            "`npy` is both allowed and refused",
        ),
        (
            "version: 1\noverrides: [{rules: {}}]\n",
            "an override has no `paths`",
        ),
        (
            "version: 1\noverrides: [{paths: [], rules: {}}]\n",
            "an override has no `paths`",
        ),
        (
            "version: 1\noverrides: [{paths: [a], version: 1}]\n",
            "`version` is not a key of an override",
        ),
        (
            "version: 1\nglobals: {allow: [{as: [call]}]}\n",
            "an entry has no `global`",
        ),
        (
            "version: 1\nglobals: {allow: [{global: a.b, as: [cal]}]}\n",
            "`cal` is not a use of a global",
        ),
        (
            "version: 1\nglobals: {allow: [{global: a.b, args: [{identifer: true}]}]}\n",
            "`identifer` is not a constraint on an argument",
        ),
        (
            "version: 1\nglobals: {allow: [{global: a.*, args: []}]}\n",
            "`a.*` constrains the arguments of many globals at once",
        ),
        (
            "version: 1\nglobals: {allow: [{global: os.system, dangerous: true}]}\n",
            "`os.system` is allowed as dangerous without a reason",
        ),
        (
            "version: 1\nglobals: {allow: [posix.system]}\n",
            "`posix.system` is dangerous: it runs a program or changes the system",
        ),
        (
            "version: 1\nglobals: {allow: [\"logging:os.system\"]}\n",
            "`logging:os.system` is dangerous: it runs a program or changes the system",
        ),
        (
            "version: 1\nglobals: {refuse: [{global: a.b, as: [call]}]}\n",
            "`as` is not a key of an entry of `globals`",
        ),
        (
            "version: 1\nglobals: {allow: [a.b], refuse: [a.b]}\n",
            "`a.b` is both allowed and refused",
        ),
        (
            "version: 1\nrules: {pickle-load: }\n",
            "a rule's level must be `allow`, `warn` or `deny`, not nothing",
        ),
    ];
    for (text, message) in table {
        let told = brief(text);
        assert!(
            told.iter().any(|told| told.contains(message)),
            "{text:?}: {told:#?}"
        );
        // Each says what to do next.
        assert!(
            told.iter().all(|told| !told.ends_with("; ")),
            "{text:?}: {told:#?}"
        );
    }
}

#[test]
fn policies_in_a_circle() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", "version: 1\nextends: b.yaml\n");
    write("b.yaml", "version: 1\nextends: [recommended, a.yaml]\n");
    let errors = Policy::load(&folder.path().join("a.yaml"), &CATALOG).unwrap_err();
    let [error] = errors.0.as_slice() else {
        panic!("{errors:?}")
    };
    assert!(error.file.ends_with("b.yaml"));
    assert_eq!((error.line(), error.column()), (2, 24));
    assert!(
        error
            .message
            .starts_with("policies extend each other in a circle: "),
        "{error}"
    );
    // Twice, but not in a circle.
    write("c.yaml", "version: 1\nextends: [d.yaml, e.yaml]\n");
    write("d.yaml", "version: 1\nextends: e.yaml\n");
    write("e.yaml", "version: 1\n");
    Policy::load(&folder.path().join("c.yaml"), &CATALOG).unwrap();
}

#[test]
fn files_that_cannot_be_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let load = |bytes: &[u8]| {
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, bytes).unwrap();
        Policy::load(&path, &CATALOG)
            .map(|_| ())
            .map_err(|errors| errors.0[0].message.clone())
    };
    assert!(load(b"version: 1\r\nextends: recommended\r\n").is_ok());
    assert!(load(b"\xef\xbb\xbfversion: 1\n").is_ok());
    assert!(
        load(b"version: 1\n# caf\xe9\n")
            .unwrap_err()
            .ends_with("is not UTF-8: line 2 holds byte 0xe9")
    );
    let text = "version: 1\n";
    let wide = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(bytes);
        load(&mark.iter().copied().chain(units).collect::<Vec<u8>>()).unwrap_err()
    };
    for told in [
        wide(b"\xff\xfe", u16::to_le_bytes),
        wide(b"\xfe\xff", u16::to_be_bytes),
        wide(b"", u16::to_le_bytes),
        wide(b"", u16::to_be_bytes),
    ] {
        assert!(told.contains("p.yaml` is in UTF-16"), "{told}");
        assert!(told.ends_with(", not in UTF-8"), "{told}");
    }
    assert!(
        load(&vec![b'#'; (4 << 20) + 1])
            .unwrap_err()
            .contains("it is larger than 4194304 bytes")
    );
    let errors = Policy::load(folder.path(), &CATALOG).unwrap_err();
    assert!(
        errors.0[0]
            .message
            .ends_with("cannot be read: not a regular file"),
        "{errors:?}"
    );
    let errors = Policy::load(&folder.path().join("none.yaml"), &CATALOG).unwrap_err();
    assert!(errors.0[0].message.contains("cannot be read"), "{errors:?}");
}

#[test]
fn a_policy_cannot_exhaust_the_reader() {
    use std::fmt::Write as _;
    // Nine levels of nine aliases each: half a billion values.
    let mut bomb = String::from("version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let row = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{row}]");
    }
    let deep = format!(
        "version: 1\nexclude: {}{}\n",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let many = format!("version: 1\nexclude: [{}]\n", "a, ".repeat(300_000));
    let open = format!("version: 1\nexclude: {}\n", "[".repeat(1_000_000));
    let mappings = format!(
        "version: 1\nrules: {}{}\n",
        "{a: ".repeat(100_000),
        "}".repeat(100_000)
    );
    let mut unknown = String::from("version: 1\nrules:\n");
    for at in 0..100_000 {
        let _ = writeln!(unknown, "  pickle-lo{at}: warn");
    }
    for text in [bomb, deep, many, open, mappings, unknown] {
        let began = std::time::Instant::now();
        assert!(parse(&text).is_err());
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}

#[test]
fn a_policy_cannot_forge_output() {
    let shown = errors("version: 1\nrules:\n  \"pickle\u{202e}-load\": deny # \u{2066}\u{200b}\n");
    assert!(
        !shown.contains(['\u{202e}', '\u{2066}', '\u{200b}']),
        "{shown}"
    );
}

#[test]
fn no_text_breaks_the_reader() {
    let whole = "version: 1\nextends: [recommended]\ntarget: {torch: \">=2.6\"}\nformats:\n  refuse: {pickle: é}\n\
                 globals:\n  allow:\n    - a.B\n    - &x {global: b:C.D, as: [call], args: [{one-of: [a]}], paths: [\"*.pt\"]}\n\
                 overrides:\n  - paths: [t/]\n    rules: {pickle-load: warn}\n";
    parse(whole).unwrap();
    let mut texts = Vec::new();
    for (at, c) in whole.char_indices() {
        texts.push(whole[..at].to_owned());
        let rest = &whole[at + c.len_utf8()..];
        for other in ["", "*", "\t", "\u{202e}", "\"", "{", ": ", "\n", "é"] {
            texts.push(format!("{}{other}{rest}", &whole[..at]));
        }
    }
    for text in texts {
        // Whatever is wrong, it can be shown.
        if let Err(errors) = parse(&text) {
            assert!(!errors.0.is_empty(), "{text}");
            assert!(
                !render(&errors).contains("[Failed to read contents"),
                "{text}\n{}",
                render(&errors)
            );
        }
    }
}

/// The policy that judges is broken: the run ends with 2 and says so, whatever is wrong, and never goes on without a policy.
#[cfg(unix)]
#[test]
fn a_broken_policy_is_never_no_policy() {
    use std::{fs, os::unix::fs::symlink, process::Command};

    let repo = repo!();
    let path = repo.root.join("weighbridge.yaml");
    let texts: &[&[u8]] = &[
        b"",
        b"# nothing\n",
        b"\xff\xfev\0",
        b"version: 1\n# \xe9\n",
        b"version: 1\n---\nversion: 1\n",
        b"version: 1\n\trules: {}\n",
        b"version: 1\nrules: {<<: {pickle-load: allow}}\n",
        &vec![b'#'; 10 << 20],
    ];
    let refused = |what: &str| {
        for arguments in [
            &["check"][..],
            &["policy", "check"],
            &["policy", "show"],
            &["check", "--policy", "weighbridge.yaml"],
        ] {
            let began = std::time::Instant::now();
            let run = run(&repo.root, arguments);
            assert_eq!(run.code, 2, "{what} {arguments:?} {run:?}");
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains("weighbridge.yaml"), "{what} {run:?}");
            assert!(told.contains("help: "), "{what} {run:?}");
            assert!(began.elapsed().as_secs() < 20, "{what}");
        }
    };
    for text in texts {
        fs::write(&path, text).unwrap();
        refused(&String::from_utf8_lossy(text.get(..20).unwrap_or(text)));
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("a folder");
    fs::remove_dir(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    refused("a pipe");
    fs::remove_file(&path).unwrap();
    for end in ["nowhere", "weighbridge.yaml", "/dev/zero"] {
        symlink(end, &path).unwrap();
        refused(end);
        fs::remove_file(&path).unwrap();
    }
}
