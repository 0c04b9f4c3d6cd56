//! What real writers write passes; what passes does no harm to real loaders.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use weighbridge::policy::pack_names;

use crate::support::{cli, oracle};

/// Rules that a genuine file may break: a name that no pack lists, and an object that torch itself would not take.
const MAY_SAY: [&str; 2] = ["global-not-allowed", "torch-weights-only"];

/// The findings that refuse files of a folder: path, rule and message.
fn refusals(folder: &Path) -> Vec<[String; 3]> {
    refusals_of(folder, &[])
}

fn refusals_of(folder: &Path, more: &[&str]) -> Vec<[String; 3]> {
    let run = cli::run(
        folder,
        &[&["check", "--format", "json", "."], more].concat(),
    );
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "deny")
        .map(|finding| {
            [
                text(&finding["path"]),
                text(&finding["rule"]),
                text(&finding["message"]),
            ]
        })
        .collect()
}

#[test]
#[allow(
    clippy::print_stderr,
    reason = "a comparison says of how many files it was"
)]
fn what_real_writers_write_passes() {
    let Some(python) = oracle::python("numpy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_FILES", 1500);
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1);
    oracle::write(
        &python,
        "policies/generate/genuine.py",
        &[
            dir.path().to_str().unwrap(),
            &count.to_string(),
            &seed.to_string(),
        ],
    );
    let refusals = refusals(dir.path());
    let wrong: Vec<String> = refusals
        .iter()
        .filter(|[_, rule, _]| !MAY_SAY.contains(&rule.as_str()))
        .map(|refusal| refusal.join(": "))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} genuine files are refused:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    let files: BTreeSet<&str> = refusals.iter().map(|[path, ..]| path.as_str()).collect();
    assert!(
        files.len() as u64 * 4 < count,
        "{} of {count} are refused for names that no pack lists",
        files.len()
    );
    eprintln!("{count} files of real writers, {} refused", files.len());
}

#[test]
#[allow(
    clippy::print_stderr,
    reason = "a comparison says of how many files it was"
)]
fn what_passes_does_no_harm_to_real_loaders() {
    let Some(python) = oracle::python("numpy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_FILES", 1500);
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1);
    // With every pack more passes than with some of them.
    let policy = dir.path().join("policy.yaml");
    std::fs::write(&policy, of_packs(pack_names())).unwrap();
    let by = ["--policy", policy.to_str().unwrap()];
    let whole = dir.path().join("whole");
    let whole = whole.to_str().unwrap();
    oracle::write(&python, "policies/generate/pack_files.py", &[whole]);
    // Many at a time, because each time the libraries are imported again; not all, so that a long run needs no more room.
    let (mut done, mut passed, mut part) = (0, 0, 0);
    while done < count {
        let some = (count - done).min(20_000);
        let folder = dir.path().join("forged");
        let told = oracle::write(
            &python,
            "tests/it/oracle/forge.py",
            &[
                folder.to_str().unwrap(),
                &some.to_string(),
                &(seed * 1000 + part).to_string(),
                whole,
            ],
        );
        let forged: BTreeMap<&str, &str> =
            told.lines().map(|l| l.split_once('\t').unwrap()).collect();
        let refused: BTreeSet<String> = refusals_of(&folder, &by)
            .into_iter()
            .map(|[path, ..]| path)
            .collect();
        let passing: Vec<String> = forged
            .keys()
            .filter(|name| !refused.contains(**name))
            .map(|name| folder.join(name).to_str().unwrap().to_owned())
            .collect();
        let list = dir.path().join("list");
        std::fs::write(&list, passing.join("\n")).unwrap();
        let mut lines = oracle::run(&python, "prove.py", &[list.to_str().unwrap()]);
        let summary = lines.pop().unwrap();
        assert_eq!(summary["files"].as_u64().unwrap(), passing.len() as u64);
        // Each is loaded in two ways.
        let loaded: u64 = summary["counts"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(what, _)| what.starts_with("loaded by"))
            .map(|(_, times)| times.as_u64().unwrap())
            .sum();
        let holes: Vec<String> = lines
            .iter()
            .map(|line| {
                let path = Path::new(line["file"].as_str().unwrap());
                let what = forged[path.file_name().unwrap().to_str().unwrap()];
                let kept = std::env::temp_dir().join(path.file_name().unwrap());
                std::fs::copy(path, &kept).unwrap();
                format!("{}: {what}: {}", kept.display(), line["hole"])
            })
            .collect();
        assert!(
            holes.is_empty(),
            "{} files pass and do harm (kept where they can be looked at):\n{}",
            holes.len(),
            holes.join("\n")
        );
        assert!(
            loaded > passing.len() as u64,
            "{loaded} loads of {} files came to an end",
            passing.len()
        );
        std::fs::remove_dir_all(&folder).unwrap();
        done += some;
        passed += passing.len() as u64;
        part += 1;
    }
    assert!(
        passed * 5 > count,
        "only {passed} of {count} forgeries pass"
    );
    eprintln!("{passed} of {count} forged files pass, and none does harm");
}

/// A policy that names packs.
fn of_packs(packs: impl Iterator<Item = &'static str>) -> String {
    let packs: Vec<&str> = packs.collect();
    let packs = packs.join(", ");
    format!("version: 1\nextends: recommended\nglobals: {{packs: [{packs}]}}\n")
}

/// Packs that consist of modules of torch: what they list is of use with `torch-nn`.
const OF_MODULES: [&str; 4] = ["timm", "torch-nn", "torchvision", "ultralytics"];

/// Estimators whose own code does more than to keep what they are given, or that hold a function.
const LEFT_OUT: [&str; 11] = [
    "new-FeatureAgglomeration-",
    "new-FrozenEstimator-",
    "new-GenericUnivariateSelect-",
    "new-IsotonicRegression-",
    "new-PassiveAggressiveClassifier-",
    "new-PassiveAggressiveRegressor-",
    "new-SelectFdr-",
    "new-SelectFpr-",
    "new-SelectFwe-",
    "new-SelectKBest-",
    "new-SelectPercentile-",
];

/// Every pack of whole objects against files that the libraries at hand write.
#[test]
fn what_a_pack_is_for_passes_with_it() {
    let Some(python) = oracle::python("numpy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let script = "policies/generate/pack_files.py";
    oracle::write(&python, script, &[root.to_str().unwrap()]);
    let policy = root.join("policy.yaml");
    for pack in pack_names() {
        let folder = root.join(pack);
        let Ok(files) = std::fs::read_dir(&folder) else {
            continue;
        };
        let of_modules = OF_MODULES.contains(&pack);
        // Callbacks of Lightning keep scores in tensors.
        let holds_tensors = of_modules || pack == "lightning";
        let needed = match pack {
            "imbalanced-learn" => Some("sklearn-estimators"),
            _ => of_modules.then_some("torch-nn"),
        };
        let needed = needed.into_iter();
        std::fs::write(&policy, of_packs(needed.chain([pack]))).unwrap();
        let mut written = files.count();
        if written == 0 {
            continue;
        }
        let by = ["--policy", policy.to_str().unwrap()];
        let mut refused = BTreeSet::new();
        for [path, rule, message] in refusals_of(&folder, &by) {
            // Outside of an archive a tensor brings an archive of its own, and torch's old format the source of its modules.
            if holds_tensors
                && (Path::new(&path).extension().is_some_and(|end| end == "pkl")
                    || path.ends_with("-legacy.pt"))
            {
                written -= usize::from(refused.insert(path));
                continue;
            }
            // `weights_only=True` adds no items to hyper parameters, whatever is listed: the pack says so.
            let is_told = pack == "lightning" && rule == "torch-weights-only";
            if is_told && message.contains("AttributeDict") {
                continue;
            }
            let ordinary = pack == "sklearn-estimators"
                && (path.starts_with("fitted-") && rule == "global-not-allowed"
                    || LEFT_OUT.iter().any(|name| path.starts_with(name))
                    || LEFT_OUT
                        .iter()
                        .any(|name| path.starts_with(&name.replace("new-", "fitted-"))));
            assert!(ordinary, "{pack}/{path}: {rule}: {message}");
            refused.insert(path);
        }
        if pack == "sklearn-estimators" {
            assert!(
                refused.len() * 4 < written,
                "{} of {written} files of {pack} are refused",
                refused.len()
            );
        } else {
            assert!(written > 0, "{pack}");
        }
    }
}
