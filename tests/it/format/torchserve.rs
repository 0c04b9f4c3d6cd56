//! TorchServe's archives.

use crate::{
    rule::judge,
    support::{
        fixture::facts,
        pickle::payload,
        torch,
        zip::{archive, stored},
    },
};

#[test]
fn weights_in_it_are_judged_and_the_archive_is_code() {
    let rules = |weights: &[u8]| {
        let served = archive(&[
            stored("MAR-INF/MANIFEST.json", "{}"),
            stored("handler.py", "import torch\n"),
            stored("model.pt", weights),
        ]);
        let findings = judge("serve.mar", &facts(served, "serve.mar"));
        findings
            .iter()
            .map(|finding| finding.rule.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&torch::zip(&torch::tensor())), ["format-not-allowed"]);
    assert_eq!(
        rules(&torch::zip(&payload())),
        ["format-not-allowed", "global-not-allowed"]
    );
}
