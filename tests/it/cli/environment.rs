//! Files that set the environment of the programs they start.

use crate::support::{cli::run, repo::Repo};

const NAME: &str = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD";

#[test]
fn a_switch_in_an_image_or_a_workflow_is_refused() {
    let Some(repo) = Repo::new(&[]) else { return };
    repo.write(
        "Dockerfile",
        format!("FROM python:3.11\n# {NAME}=1 would be wrong\nENV A=b \\\n    {NAME}=1\n"),
    );
    repo.write("ok.Dockerfile", format!("FROM python:3.11\nENV {NAME}=0\n"));
    repo.write(
        ".github/workflows/train.yml",
        format!("env:\n  {NAME}: ${{{{ inputs.unsafe }}}}\n"),
    );
    repo.write(
        "train",
        format!("#!/bin/sh\nexport {NAME}=yes\nexec python train.py\n"),
    );
    repo.write("README.md", format!("Never set `{NAME}=1`.\n"));
    repo.commit();
    insta::assert_snapshot!(run(&repo.root, &["check"]).shown(&repo.root), @r"
    ── .github/workflows/train.yml ────────────────────────────────────── 1 error ──

    error[no-weights-only-env]: `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` is set to a value
      that is not a constant: if torch takes it for true, loading runs any code a
      file names
       ╭─ .github/workflows/train.yml:2:3
     1 │ env:
     2 │   TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD: ${{ inputs.unsafe }}
       │   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: remove it, and list what the one file needs with `with
       │       torch.serialization.safe_globals([...]):` around its `torch.load`
       │ help: to guard against `weights_only=False` anywhere, set
       │       `TORCH_FORCE_WEIGHTS_ONLY_LOAD=1`
       ╰──

    ── Dockerfile ─────────────────────────────────────────────────────── 1 error ──

    error[no-weights-only-env]: `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1` makes every
      `torch.load` that leaves `weights_only` out run any code its file names
       ╭─ Dockerfile:4:5
     2 │ # TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 would be wrong
     3 │ ENV A=b \
     4 │     TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
       │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
       │
       │ help: remove it, and list what the one file needs with `with
       │       torch.serialization.safe_globals([...]):` around its `torch.load`
       │ help: to guard against `weights_only=False` anywhere, set
       │       `TORCH_FORCE_WEIGHTS_ONLY_LOAD=1`
       ╰──

    ── train ──────────────────────────────────────────────────────────── 1 error ──

    error[no-weights-only-env]: `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=yes` makes every
      `torch.load` that leaves `weights_only` out run any code its file names
       ╭─ train:2:8
     1 │ #!/bin/sh
     2 │ export TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=yes
       │        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     3 │ exec python train.py
       │
       │ help: remove it, and list what the one file needs with `with
       │       torch.serialization.safe_globals([...]):` around its `torch.load`
       │ help: to guard against `weights_only=False` anywhere, set
       │       `TORCH_FORCE_WEIGHTS_ONLY_LOAD=1`
       ╰──

    refused: 3 errors in 3 files
    checked: 4 source files in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain no-weights-only-env  why, and what to use instead
    exit 1
    ");
    // Files that set nothing are no source.
    let Some(repo) = Repo::new(&[]) else { return };
    repo.write("Dockerfile", "FROM python:3.11\n");
    repo.commit();
    assert_eq!(run(&repo.root, &["check"]).code, 3);
}
