//! What a policy that extends another may waive, if that one locks keys.

use super::{Memory, told};

/// What is told of a policy that extends one which locks some keys.
fn attempts(locked: &str, own: &str) -> Vec<String> {
    let org = format!(
        "version: 1\nextends: recommended\nwaiver-terms: {{max-days: 90, require: [reason, owner]}}\nwaivers: [{{rule: pickle-load, paths: [a.py], reason: x, owner: y}}]\nlocked: [{locked}]\n"
    );
    let own = format!("version: 1\nextends: org.yaml\n{own}");
    let files = Memory::new(&[("org.yaml", &org), ("weighbridge.yaml", &own)]);
    match files.load() {
        Ok(_) => Vec::new(),
        Err(errors) => told(&errors),
    }
}

#[test]
fn a_locked_key_is_not_loosened_by_a_waiver() {
    let waiver = "waivers: [{rule: pickle-load, paths: [b.py]}]\n";
    let none: Vec<String> = Vec::new();
    for lock in ["waivers", "rules", "rules.pickle-load"] {
        let told = attempts(lock, waiver);
        let expected = format!("this waives `pickle-load`, and org.yaml:5 locks `{lock}`");
        assert!(told.len() == 1 && told[0].contains(&expected), "{told:?}");
    }
    for lock in ["rules.joblib-load", "waiver-terms", "globals"] {
        assert_eq!(attempts(lock, waiver), none, "{lock}");
    }
}

#[test]
fn locked_terms_may_be_tightened_and_not_loosened() {
    let none: Vec<String> = Vec::new();
    for tighter in [
        "waiver-terms: {max-days: 30}\n",
        "waiver-terms: {require: [reason, owner, expires]}\n",
        "waiver-terms: {max-days: 90}\n",
    ] {
        assert_eq!(attempts("waiver-terms", tighter), none, "{tighter}");
    }
    let told = attempts(
        "waiver-terms",
        "waiver-terms: {max-days: 91, require: [reason]}\n",
    );
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("lets waivers hold for 91 days instead of 90"),
        "{told:?}"
    );
    assert!(
        told[1].contains("does not require `owner` of waivers"),
        "{told:?}"
    );
    assert_eq!(attempts("waivers", "waiver-terms: {max-days: 91}\n"), none);
}
