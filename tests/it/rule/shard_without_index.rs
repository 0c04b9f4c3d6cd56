//! `shard-without-index`: a rule over the run, so that it is seen where files are checked together.

use super::distributed_index::checked;
use crate::support::{
    pickle::{Pickle, payload},
    repo::repo,
    torch,
};

#[test]
fn a_shard_belongs_to_an_index() {
    let repo = repo!();
    repo.write("c/__0_0.distcp", torch::zip(&torch::tensor()));
    insta::assert_snapshot!(checked(&repo).join("\n"), @"c/__0_0.distcp: warning[shard-without-index] no index beside this shard is checked with it: which of its bytes are loaded is unknown");
    // Another pickle of that name is none.
    repo.write("c/.metadata", Pickle::proto(2).int(1).stop());
    assert_eq!(checked(&repo).len(), 1);
    repo.write("c/.metadata", payload());
    assert!(
        checked(&repo)
            .iter()
            .any(|line| line.contains("global-not-allowed"))
    );
}
