//! `policy allow --reason` and `--paths`: what entries say besides what they allow.

use std::fs;

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
const HEAD: &str = "version: 1\nextends: recommended\n";

fn text(repo: &Repo) -> String {
    fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap()
}

#[test]
fn a_reason_is_part_of_each_entry() {
    let repo = repo!();
    repo.write("m/net.pkl", NET);
    let odd = "\"ours\": {x}, # \u{202e}, see\nML-482";
    let allow = ["policy", "allow", "m", "--reason", odd];
    let added = run(&repo.root, &allow);
    assert_eq!(added.code, 0, "{added:?}");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # m/net.pkl
        - {global: "app.models.Net", as: [import, construct, build], reason: "\"ours\": {x}, # \U0000202E, see\nML-482"}
    "#);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    let again = run(&repo.root, &allow);
    assert!(again.stdout.starts_with("nothing is added"), "{again:?}");
    for blank in ["", "  "] {
        let said = run(&repo.root, &["policy", "allow", "m", "--reason", blank]);
        assert_eq!(said.code, 2, "{said:?}");
    }
}

#[test]
fn entries_hold_only_in_the_files_that_are_named() {
    let repo = repo!();
    repo.write("old/net.pkl", NET).write("new/net.pkl", NET);
    let allow = ["policy", "allow", ".", "--paths", "old/**"];
    let added = run(&repo.root, &allow);
    insta::assert_snapshot!(added.stdout, @"
    weighbridge.yaml: written, 6 lines
    new/net.pkl: is still refused
      global-not-allowed: loading creates `app.models.Net()`; the policy does not list `app.models.Net`
    `weighbridge check` says what to do about what is refused
    1 of 2 artifacts now pass
    new/net.pkl: `--paths` does not match it, so nothing is added for it
    ");
    assert_eq!(added.code, 1);
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # old/net.pkl
        - {global: "app.models.Net", as: [import, construct, build], paths: [old/**]}
    "#);
    let checked = run(&repo.root, &["check", "--format", "concise", "--quiet"]);
    assert!(!checked.stdout.contains("old/net.pkl"), "{checked:?}");
    assert!(checked.stdout.contains("new/net.pkl"), "{checked:?}");
    for wrong in ["!a", "../x", "a[", ""] {
        let said = run(&repo.root, &["policy", "allow", ".", "--paths", wrong]);
        assert_eq!(said.code, 2, "{wrong}: {said:?}");
    }
}

/// Packs and formats have no key for paths: they stand in an override, and say where there is no key for a reason.
#[test]
fn packs_and_formats_have_an_override_for_some_files() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nformats:\n  allow: [npy]\n");
    let array = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02c_codecs\nencode\nq\x03X\x01\x00\x00\x00bq\x04X\x06\x00\x00\x00latin1q\x05\x86q\x06Rq\x07\x87q\x08Rq\t(K\x01K\x02\x85q\ncnumpy\ndtype\nq\x0bX\x02\x00\x00\x00f4q\x0c\x89\x88\x87q\rRq\x0e(K\x03X\x01\x00\x00\x00<q\x0fNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x10b\x89h\x03X\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00q\x11h\x05\x86q\x12Rq\x13tq\x14b.";
    repo.write("data/a.pkl", array);
    let why = ["--reason", "written by the old pipeline"];
    let all = run(
        &repo.root,
        &[&["policy", "allow", "data", "--dry-run"][..], &why].concat(),
    );
    insta::assert_snapshot!(all.stdout, @"
    --- a/weighbridge.yaml
    +++ b/weighbridge.yaml
    @@ -1,3 +1,7 @@
     version: 1
     formats:
    -  allow: [npy]
    +  allow: [npy, pickle]
    +globals:
    +  packs:
    +    # data/a.pkl: written by the old pipeline
    +    - numpy-arrays
    ");
    let some = [
        &[
            "policy",
            "allow",
            "data",
            "--paths",
            "data/**",
            "--paths",
            "*.{npz,pkl}",
        ][..],
        &why,
    ]
    .concat();
    let added = run(&repo.root, &some);
    assert_eq!(added.code, 0, "{added:?}");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    formats:
      allow: [npy]
    overrides:
      # data/a.pkl
      - {paths: [data/**, "*.{npz,pkl}"], reason: "written by the old pipeline", formats: {allow: [pickle]}, globals: {packs: [numpy-arrays]}}
    "#);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    // A pack in an override would allow what the policy refuses by name.
    let refuses = "version: 1\nformats: {allow: [pickle]}\nglobals: {refuse: [numpy.matrix]}\n";
    repo.write("weighbridge.yaml", refuses);
    let narrow = run(&repo.root, &some);
    assert_eq!(narrow.code, 0, "{narrow:?}");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    formats: {allow: [pickle]}
    globals: {refuse: [numpy.matrix], allow: [{global: "_codecs.encode", paths: [data/**, "*.{npz,pkl}"], reason: "written by the old pipeline"}, {global: "numpy.dtype", as: [import, call, build], paths: [data/**, "*.{npz,pkl}"], reason: "written by the old pipeline"}, {global: "numpy.ndarray", as: [import], paths: [data/**, "*.{npz,pkl}"], reason: "written by the old pipeline"}, {global: "numpy.core.multiarray._reconstruct", as: [import, call, build], paths: [data/**, "*.{npz,pkl}"], reason: "written by the old pipeline"}]}
    "#);
}

#[test]
fn a_patch_from_a_folder_has_the_path_from_the_root_and_git_applies_it() {
    let repo = repo!();
    repo.write("deep/in/net.pkl", NET)
        .write("weighbridge.yaml", HEAD);
    let deep = repo.root.join("deep/in");
    let dry = run(&deep, &["policy", "allow", "--dry-run", "net.pkl"]);
    assert!(
        dry.stdout
            .starts_with("--- a/weighbridge.yaml\n+++ b/weighbridge.yaml\n@@"),
        "{dry:?}"
    );
    repo.git_with_input(&["apply"], &dry.stdout);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    for odd in ["our \"policy\" é.yaml", "our policy.yaml"] {
        let path = format!("deep/{odd}");
        repo.write(&path, HEAD);
        let named = format!("../{odd}");
        let dry = [
            "policy",
            "allow",
            "--dry-run",
            "net.pkl",
            "--policy",
            &named,
        ];
        repo.git_with_input(&["apply"], &run(&deep, &dry).stdout);
        assert_ne!(fs::read_to_string(repo.root.join(&path)).unwrap(), HEAD);
    }
}
