//! An audit says of a repository what `check` says of it, and judging again says what auditing again would.

use serde_json::Value;

use super::{Clones, files};
use crate::support::cli::run;

/// What of a finding does not depend on whether its bytes were read.
fn bare(finding: &Value) -> Value {
    let mut finding = finding.clone();
    let fields = finding.as_object_mut().unwrap();
    for field in ["excerpt", "fix", "related", "fingerprint"] {
        fields.remove(field);
    }
    finding
}

#[test]
fn the_findings_of_an_audit_are_those_of_check() {
    let Some(clones) = Clones::new() else { return };
    for (view, arguments) in [
        (["--rev", "HEAD"].as_slice(), &[][..]),
        (&["--history"], &["--history"]),
        (&["--all-refs"], &["--all-refs"]),
    ] {
        assert_eq!(clones.audit("out", arguments).code, 1);
        let results = clones.results("out");
        for location in ["mirror.git", "team/deep/fork"] {
            let folder = clones.folder.join(location);
            let arguments = [&["check", "--format", "json"], view].concat();
            let check = run(&folder, &arguments);
            assert_eq!(check.stderr, "");
            let check: Value = serde_json::from_str(&check.stdout).unwrap();
            let (own, result) = (&check["findings"], &results[location]);
            let own: Vec<Value> = own.as_array().unwrap().iter().map(bare).collect();
            let said = result["findings"].as_array().unwrap();
            let said: Vec<Value> = said.iter().map(bare).collect();
            assert!(!said.is_empty());
            // `check` of the repository alone has its own policy.
            if result["versions"]["policy"] == check["policy"] {
                assert_eq!(said, own, "{location} {view:?}");
            }
            assert_eq!(result["coverage"]["entries"], check["coverage"]["entries"]);
        }
    }
}

/// Where two files differ first.
fn differs(one: &[u8], other: &[u8]) -> Option<String> {
    let at = one.iter().zip(other).position(|(a, b)| a != b);
    let at = at.or_else(|| (one.len() != other.len()).then_some(one.len().min(other.len())))?;
    let around = |bytes: &[u8]| {
        let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 200)];
        String::from_utf8_lossy(around).into_owned()
    };
    Some(format!("{}\n{}", around(one), around(other)))
}

#[test]
fn judging_again_is_auditing_again() {
    let Some(clones) = Clones::new() else { return };
    let lax = "version: 1\nextends: audit\nexclude: ['models/**']\n";
    let lists = "version: 1\nextends: recommended\nattributes: honour\nglobals: {allow: [my.module.Name]}\nrules: {pickle-load: warn}\n";
    std::fs::write(clones.repo.outside().join("lax.yaml"), lax).unwrap();
    std::fs::write(clones.repo.outside().join("lists.yaml"), lists).unwrap();
    for what in [&[][..], &["--history"]] {
        let out = |name: &str| format!("{name}{}", what.len());
        for policy in ["recommended", "strict", "lax.yaml", "lists.yaml", "audit"] {
            let arguments = [&["--policy", policy], what].concat();
            // The records of the first run are judged by the other policies.
            clones.audit(&out("again"), &arguments);
            let fresh = out(&format!("fresh-{policy}"));
            clones.audit(&fresh, &arguments);
            let results = |name: &str| files(&clones.repo.outside().join(name).join("results"));
            let (again, fresh) = (results(&out("again")), results(&fresh));
            assert_eq!(
                again.keys().collect::<Vec<_>>(),
                fresh.keys().collect::<Vec<_>>()
            );
            for (name, bytes) in &fresh {
                assert_eq!(differs(&again[name], bytes), None, "{policy} {name}");
            }
        }
    }
}
