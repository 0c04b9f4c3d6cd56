//! `policy-changed`.

use weighbridge::fact::{Fact, Observation, Site};

use super::{judge, tell};

fn edited(judges: bool, deleted: bool) -> Observation {
    Observation {
        fact: Fact::PolicyEdited {
            judge: "weighbridge.yaml at 1a2b3c4 (main)".into(),
            judges,
            deleted,
        },
        site: Site::default(),
        count: 1,
        excerpt: None,
    }
}

#[test]
fn who_judges_is_said() {
    insta::assert_snapshot!(tell(&judge("weighbridge.yaml", &[edited(false, false)]), "policy-changed"), @"
    policy-changed [warn] the change edits the policy; weighbridge.yaml at 1a2b3c4 (main) judges it, not the new one
      at  about edits
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
    insta::assert_snapshot!(tell(&judge("weighbridge.yaml", &[edited(true, true)]), "policy-changed"), @"
    policy-changed [warn] the change deletes the policy and is judged by weighbridge.yaml at 1a2b3c4 (main)
      at  about deletes
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
}
