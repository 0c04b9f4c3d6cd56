//! `unpinned-artifact`: more of it is in `tests/it/cli/freeze.rs`.

use crate::support::{
    cli::run,
    pickle::{Pickle, payload},
    repo::repo,
};

#[test]
fn files_that_can_run_code_and_pass_are_to_be_pinned() {
    let repo = repo!();
    let told = || {
        let told = run(&repo.root, &["check", "--format", "concise"]).stdout;
        let lines = told.lines().filter(|line| line.contains("unpinned"));
        lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\n",
    );
    // Data, what packs list, and what is refused anyway.
    repo.write("data.pkl", Pickle::proto(2).int(1).stop());
    let set = Pickle::proto(2).global("__builtin__", "set").raw(b"]\x85R");
    repo.write("set.pkl", set.stop());
    repo.write("evil.pkl", payload());
    assert_eq!(told(), "");
    repo.write(
        "net.pkl",
        Pickle::proto(2).global("app", "Net").raw(b")\x81").stop(),
    );
    assert_eq!(
        told(),
        "net.pkl: warning[unpinned-artifact] this file can run code, and there is no lock file that pins it"
    );
    repo.write("weighbridge.lock", "version: 1\nartifacts: []\n");
    assert_eq!(
        told(),
        "net.pkl: warning[unpinned-artifact] this file can run code, and weighbridge.lock does not pin it"
    );
    assert_eq!(run(&repo.root, &["freeze", "net.pkl"]).code, 0);
    assert_eq!(told(), "");
}
