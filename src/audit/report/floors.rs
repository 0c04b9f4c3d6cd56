//! The oldest versions of libraries for which the organisation's policy holds.

use std::path::Path;

use crate::{
    audit::folder::RunInfo,
    fact::Text,
    policy::{self, Floor, Policy},
    scan,
};

/// The floors of a policy.
#[derive(Debug)]
pub(super) struct Floors {
    /// What the policy is called.
    pub(super) of: String,
    all: Vec<Floor>,
}

impl Floors {
    /// Those of the run's policy, if it is still what it was; otherwise those of `recommended`.
    pub(super) fn of(info: &RunInfo) -> Self {
        let named = info.policy.trim_end_matches(" (built in)");
        let own = scan::load_policy(Path::new(named)).ok();
        let own = own.filter(|policy| policy::digest(policy) == info.policy_sha256);
        let policy = own.unwrap_or_else(Policy::recommended);
        Self {
            of: policy.name().to_owned(),
            all: policy::floors(&policy.scope(&Text::from("")), &scan::rules()),
        }
    }

    /// The floor of a library.
    pub(super) fn floor(&self, library: &str) -> Option<&Floor> {
        self.all.iter().find(|floor| floor.library == library)
    }
}
