//! Limits read as phrases, and names lead to them.

use super::{Id, all, by_name};

#[test]
fn a_limit_reads_as_a_phrase() {
    let text = |id: Id| id.to_string();
    assert_eq!(
        text(Id::MEMBERS),
        "200,000 members of an archive and of the archives inside it"
    );
    assert_eq!(
        text(Id::SAFETENSORS_HEADER),
        "100,000,000 bytes of a safetensors header"
    );
    assert_eq!(text(Id::POLICY_BYTES), "4 MiB of a policy file");
    assert_eq!(
        text(Id::OBJECT_MEMORY),
        "1,100 MiB of memory for one git object"
    );
}

#[test]
fn names_lead_to_their_limits() {
    for limit in all() {
        assert_eq!(
            by_name(limit.id.name()).map(|found| found.id),
            Some(limit.id)
        );
        let json = serde_json::to_string(&limit.id).unwrap();
        assert_eq!(json, format!("\"{}\"", limit.id.name()));
        assert_eq!(serde_json::from_str::<Id>(&json).unwrap(), limit.id);
    }
    assert_eq!(Id::ZIP_GAP_BYTES.name(), "zip-gap-bytes");
    assert!(serde_json::from_str::<Id>("\"no-such-limit\"").is_err());
}
