//! What a report holds beside findings, for outputs that ask for it.

use weighbridge::{
    finding::{Disposition, Finding},
    limits,
    link::Match,
    policy::Policy,
    scan::{self, Needs, Report, Request},
};

use crate::support::{
    pickle::{self, Pickle},
    repo::{Repo, repo},
    torch,
};

const ALL: Needs = Needs {
    evidence: false,
    artifacts: true,
    digests: true,
    listings: true,
    date: true,
};

fn check(repo: &Repo, policy: &str, needs: Needs) -> Report {
    let view = scan::work_tree(&repo.root, &[]).unwrap();
    let (rules, formats) = (scan::rules(), scan::format_ids());
    let catalog = weighbridge::policy::Catalog {
        rules: &rules,
        formats: &formats,
    };
    let policy = Policy::parse("weighbridge.yaml", policy, &catalog).unwrap();
    let request = Request {
        threads: Some(1),
        needs,
        ..Request::default()
    };
    scan::check(&view, &policy, "p".to_owned(), request, &()).unwrap()
}

const RECOMMENDED: &str = "version: 1\nextends: recommended\n";

#[test]
fn nothing_is_collected_unasked() {
    let repo = repo!();
    repo.write("a.pkl", pickle::payload());
    let report = check(&repo, RECOMMENDED, Needs::default());
    assert!(report.artifacts.is_empty() && !report.findings.is_empty());
    let report = check(
        &repo,
        RECOMMENDED,
        Needs {
            artifacts: true,
            ..Needs::default()
        },
    );
    assert_eq!(report.artifacts.len(), 1);
    assert!(report.artifacts[0].sha256.is_none() && report.artifacts[0].listing.is_none());
    assert_eq!(report.root.to_string(), "repo");
}

#[test]
fn who_loads_an_artifact_is_told_with_how_it_was_found() {
    let repo = repo!();
    let model = torch::zip(&torch::tensor());
    for path in ["m/a.pt", "m/b.pt", "n/b.pt", "src/c.pt", "c.pt"] {
        repo.write(path, &model);
    }
    for (source, path) in [
        ("src/one.py", "../m/a.pt"),
        ("two.py", "./m//a.pt"),
        ("src/three.py", "m/a.pt"),
        ("src/four.py", "/data/../a.pt"),
        ("src/five.py", "b.pt"),
        ("src/six.py", "x/../c.pt"),
        ("src/seven.py", "../../a.pt"),
        ("src/eight.py", "A.pt"),
    ] {
        repo.write(
            source,
            format!("import torch\nx = torch.load('{path}', weights_only=True)\n"),
        );
    }
    repo.write("nine.py", "import torch\np = 'm/' + 'b.pt'\nx = torch.load(f=p, weights_only=True)\ny = torch.load(z, weights_only=True)\n");
    let report = check(&repo, RECOMMENDED, ALL);
    let told: Vec<(String, String, Match)> = report
        .artifacts
        .iter()
        .flat_map(|artifact| {
            let path = artifact.path.to_string();
            artifact
                .loaded_by
                .iter()
                .map(move |load| (path.clone(), load.source.to_string(), load.matched))
        })
        .collect();
    let expected = [
        ("m/a.pt", "src/four.py", Match::End),
        ("m/a.pt", "src/one.py", Match::FromSource),
        ("m/a.pt", "src/three.py", Match::FromRoot),
        ("m/a.pt", "two.py", Match::FromSource),
        ("m/b.pt", "nine.py", Match::FromSource),
        ("src/c.pt", "src/six.py", Match::FromSource),
    ];
    let expected: Vec<_> = expected
        .map(|(a, b, c)| (a.to_owned(), b.to_owned(), c))
        .into();
    assert_eq!(told, expected);
}

#[test]
fn libraries_are_those_that_are_said_or_allowed() {
    let repo = repo!();
    repo.write("t.pt", torch::zip(&torch::tensor()));
    let forged = Pickle::proto(2)
        .global("transformers.evil", "run")
        .unicode("x")
        .tuple1()
        .reduce()
        .stop();
    repo.write("forged.pkl", forged);
    let state = Pickle::proto(2)
        .raw(b"}")
        .unicode("_sklearn_version")
        .unicode("1.4.2")
        .raw(b"s")
        .stop();
    repo.write("state.pkl", state);
    let report = check(&repo, RECOMMENDED, ALL);
    let told: Vec<String> = report
        .artifacts
        .iter()
        .map(|artifact| {
            let libraries = artifact
                .libraries
                .iter()
                .map(|library| match &library.version {
                    Some(version) => format!("{} {version}", library.name),
                    None => library.name.clone(),
                });
            format!(
                "{}: {}",
                artifact.path,
                libraries.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "forged.pkl: ",
            "state.pkl: scikit-learn 1.4.2",
            "t.pt: torch"
        ]
    );
}

#[test]
fn a_listing_is_bounded() {
    let repo = repo!();
    let long = b"N0".repeat(limits::LISTING_LINES);
    repo.write("a.pkl", [long, pickle::payload()].concat());
    repo.write("fine.pkl", Pickle::proto(2).unicode("x").stop());
    let report = check(&repo, RECOMMENDED, ALL);
    let listing = report.artifacts[0].listing.as_ref().unwrap();
    assert!(
        listing.len() <= limits::LISTING_LINES + 3,
        "{}",
        listing.len()
    );
    assert!(
        report.artifacts[1].listing.is_none(),
        "nothing was found in it"
    );
}

/// What is not fetched has the digest that its pointer says.
#[test]
fn a_pointer_knows_the_digest() {
    let repo = repo!();
    let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    repo.write(
        "a.pt",
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n"),
    );
    let report = check(&repo, RECOMMENDED, ALL);
    assert_eq!(report.artifacts[0].sha256.as_deref(), Some(oid));
}

#[test]
fn what_an_override_allows_is_kept_apart() {
    let repo = repo!();
    let call = "import torch\nx = torch.load('x', weights_only=False)\n";
    repo.write("tests/a.py", call)
        .write("src/a.py", call)
        .write("docs/a.py", call);
    let policy = "version: 1\nextends: recommended\noverrides:\n\
        - paths: [\"tests/**\", \"docs/**\"]\n  reason: they are fixtures\n  rules: {torch-load-unsafe: allow}\n\
        - paths: [\"docs/**\"]\n  rules: {torch-load-unsafe: warn}\n";
    let report = check(&repo, policy, Needs::default());
    let told: Vec<String> = report
        .active()
        .map(|f| format!("{} {}", f.primary.path, f.level))
        .collect();
    assert_eq!(told, ["docs/a.py warn", "src/a.py deny"]);
    let overridden: Vec<&Finding> = report.set_aside().collect();
    let [finding] = overridden.as_slice() else {
        panic!("{overridden:?}")
    };
    assert_eq!(finding.primary.path.to_string(), "tests/a.py");
    let Disposition::Overridden { by, reason } = &finding.disposition else {
        panic!("{finding:?}")
    };
    assert_eq!((by.file.as_str(), by.line), ("weighbridge.yaml", 6));
    assert_eq!(reason.as_deref(), Some("they are fixtures"));
    // What the policy allows everywhere is what it is about, not an exception.
    let everywhere = format!("{RECOMMENDED}rules: {{torch-load-unsafe: allow}}\n");
    let report = check(&repo, &everywhere, Needs::default());
    assert!(report.findings.is_empty());
}
