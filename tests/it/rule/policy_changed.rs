//! `policy-changed`.

use weighbridge::fact::Circumstance;

use super::{judge_noted, tell};

fn edited(judges: bool, deleted: bool) -> Circumstance {
    Circumstance::PolicyEdited {
        judge: "weighbridge.yaml at 1a2b3c4 (main)".into(),
        judges,
        deleted,
    }
}

#[test]
fn who_judges_is_said() {
    insta::assert_snapshot!(tell(&judge_noted("weighbridge.yaml", edited(false, false)), "policy-changed"), @"
    policy-changed [warn] the change edits the policy; weighbridge.yaml at 1a2b3c4 (main) judges it, not the new one
      at  about edits
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
    insta::assert_snapshot!(tell(&judge_noted("weighbridge.yaml", edited(true, true)), "policy-changed"), @"
    policy-changed [warn] the change deletes the policy and is judged by weighbridge.yaml at 1a2b3c4 (main)
      at  about deletes
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
}
