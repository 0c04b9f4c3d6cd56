//! `weighbridge inspect`: what loading one file would do.

use weighbridge::{
    finding::{Finding, Level, Subject},
    policy::{Catalog, Policy},
    scan,
};

use crate::{
    format::evasions::evasions,
    support::{cli::run, repo::repo},
};

#[test]
fn a_page_about_two_pickles_in_one_file() {
    let repo = repo!();
    repo.write(
        "a.pkl",
        "ccollections\nOrderedDict\n(tR.cos\nsystem\n(S'true'\ntR.",
    );
    let page = run(&repo.root, &["inspect", "--disassemble", "a.pkl"]);
    insta::assert_snapshot!(page.shown(&repo.root), @"
    a.pkl  52 bytes
      pickle

    Loading it would import 2 globals: recommended (built in) refuses 1 and allows
      1.

    Refused
      os.system  call; no list names it; runs a program or changes the system
                 (recommended.yaml (built in):9)

    Allowed
      collections.OrderedDict  call; allowed by globals/torch-weights.yaml:136
                               (built in)

    Calls of what is refused
      os.system('true')
          pickle 2 @ 0x32 REDUCE

    `weighbridge check` reports 1 error
      error[global-not-allowed]  loading runs `os.system('true')`; the policy does
                                 not list `os.system` (it runs a program or changes
                                 the system)

    Disassembly
      0x0000  GLOBAL            collections OrderedDict
                                ; imports collections.OrderedDict
      0x0019  MARK
      0x001a  TUPLE                           ; ()
      0x001b  REDUCE                          ; calls collections.OrderedDict()
      0x001c  STOP                            ; returns collections.OrderedDict(...)

      in pickle 2
      0x001d  GLOBAL            os system     ; imports os.system
      0x0028  MARK
      0x0029  STRING            'true'
      0x0031  TUPLE                           ; ('true',)
      0x0032  REDUCE                          ; calls os.system('true')
      0x0033  STOP                            ; returns os.system(...)
    exit 0
    ");
}

/// Nothing read is not nothing imported.
#[test]
fn a_pointer_says_nothing_about_what_is_not_here() {
    let repo = repo!();
    repo.write(
        "a.pt",
        "version https://git-lfs.github.com/spec/v1\n\
         oid sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\nsize 30\n",
    );
    let page = run(&repo.root, &["inspect", "a.pt"]);
    assert_eq!(page.code, 0, "{page:?}");
    assert!(!page.stdout.contains("imports nothing"), "{page:?}");
    assert!(
        page.stdout.contains("git lfs pull --include=a.pt"),
        "{page:?}"
    );
}

/// All that the page says, for programs.
#[test]
fn json_is_read_by_its_own_types() {
    use weighbridge::report::json::inspection::Inspection;

    let repo = repo!();
    repo.write(
        "a.pkl",
        "ccollections\nOrderedDict\n(tR.cos\nsystem\n(S'true'\ntR.",
    );
    let arguments = ["inspect", "--format", "json", "--disassemble", "a.pkl"];
    let run = run(&repo.root, &arguments);
    assert_eq!(run.code, 0, "{run:?}");
    let read: Inspection = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((read.version, read.size), (1, Some(52)));
    assert_eq!(read.formats[0].format, "pickle");
    let judged: Vec<(&str, bool)> = read
        .globals
        .iter()
        .map(|global| (global.global.name.as_str(), global.allowed))
        .collect();
    assert_eq!(
        judged,
        [("collections.OrderedDict", true), ("os.system", false)]
    );
    assert_eq!(read.calls[1].text, "os.system('true')");
    assert_eq!(read.disassembly.unwrap().len(), 13);
}

#[test]
fn a_safetensors_shows_its_tensors() {
    let repo = repo!();
    let header = r#"{"__metadata__":{"format":"pt"},"head.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"head.bias":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}"#;
    let mut bytes = u64::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&[0; 26]);
    std::fs::write(repo.root.join("a.safetensors"), bytes).unwrap();
    let page = run(&repo.root, &["inspect", "a.safetensors"]);
    insta::assert_snapshot!(page.shown(&repo.root), @"
    a.safetensors  195 bytes
      safetensors

    Loading it imports nothing by name.

    Tensors (2, 26 bytes)
      head.weight  F32 [2, 3]  24 bytes
      head.bias    BF16 []  2 bytes
    exit 0
    ");
}

/// Every fixture and evasion, under the built-in policy and under one with overrides: what `inspect` says is what `check` says.
#[test]
fn the_findings_are_those_of_check() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<(String, Vec<u8>)> = evasions()
        .into_iter()
        .enumerate()
        .map(|(n, (_, bytes))| (format!("evasion{n}.pkl"), bytes))
        .collect();
    for file in std::fs::read_dir(corpus).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        files.push((name, std::fs::read(file.path()).unwrap()));
    }
    let (rules, formats) = (scan::rules(), scan::format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    let lenient = "version: 1\nextends: recommended\noverrides:\n  - {paths: [\"*.pkl\"], reason: old, dangerous: true, rules: {global-not-allowed: allow, pickle-anomaly: warn}}\n";
    let policies = [
        Policy::recommended(),
        Policy::parse("weighbridge.yaml", lenient, &catalog).unwrap(),
    ];
    let repo = repo!();
    let (mut refused, mut overridden) = (0, 0);
    for (name, bytes) in &files {
        std::fs::write(repo.root.join(name), bytes).unwrap();
        for policy in &policies {
            let path = std::path::Path::new(name);
            let view = scan::file(&repo.root, path).unwrap();
            let checked =
                scan::check(&view, policy, "p".into(), scan::Request::default(), &()).unwrap();
            let inspected = scan::inspect(
                &view,
                path,
                policy,
                "p".into(),
                scan::Listing::None,
                jiff::civil::Date::MAX,
            )
            .unwrap();
            let said = |findings: &[Finding]| -> Vec<String> {
                findings
                    .iter()
                    .map(|finding| format!("{finding:?}"))
                    .collect()
            };
            assert_eq!(said(&inspected.findings), said(&checked.findings), "{name}");
            for global in &inspected.globals {
                let about =
                    |finding: &&Finding| finding.subject == Subject::Global(global.global.clone());
                let denied = checked
                    .active()
                    .filter(about)
                    .any(|finding| finding.level == Level::Deny);
                assert_eq!(global.is_refused, denied, "{name}: {}", global.global);
                if !global.is_refused && global.refusal.is_none() {
                    assert!(
                        !global.allowed_by.is_empty()
                            && global.allowed_by.iter().all(|line| line.line > 0),
                        "{name}: who allows {}?",
                        global.global
                    );
                }
                refused += usize::from(global.is_refused);
            }
            overridden += checked.set_aside().count();
        }
    }
    assert!(refused > 50 && overridden > 50, "{refused} {overridden}");
}

#[test]
fn an_excluded_file_is_shown_and_has_no_findings() {
    let repo = repo!();
    repo.write("a.pkl", "cos\nsystem\n(S'true'\ntR.");
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nexclude:\n  - {paths: [a.pkl], reason: kept for a test}\n",
    );
    let page = run(&repo.root, &["inspect", "a.pkl"]);
    let page = page.shown(&repo.root);
    assert!(
        page.contains("`weighbridge check` does not check it: the policy excludes it"),
        "{page}"
    );
    assert!(
        page.contains("os.system('true')") && !page.contains("error["),
        "{page}"
    );
    let json = run(&repo.root, &["inspect", "--format", "json", "a.pkl"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["excluded"], true);
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
    assert_eq!(json["globals"][0]["allowed"], false);
}
