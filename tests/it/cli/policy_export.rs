//! `weighbridge policy export`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::support::{cli::run, oracle, repo::repo};

/// Runs a program in a folder.
fn execute(folder: &Path, program: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.output().unwrap()
}

#[test]
fn what_torch_cannot_limit_is_not_listed() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        r#"version: 1
extends: recommended
target: {torch: "2.6"}
globals:
  allow:
    - app.models.Net
    - {global: app.models.Released, paths: ["models/"]}
    - app.models:Outer.Inner
    - app.layers.*
    - {global: app.make, args: [{data: true}]}
    - {global: app.Named, as: [import]}
    - app.old.Gone
    - app.lambda.Net
    - app.ｎet.Net
    - numpy.core.multiarray.scalar
    - torch.Tensor
    - {global: posix.popen, dangerous: true, reason: the tool of 2018}
    - {global: os.system, dangerous: true, reason: the tool of 2019}
overrides:
  - paths: ["models/"]
    globals: {refuse: [app.old.Gone]}
"#,
    );
    let export = |path: &str| {
        let arguments = [
            "policy",
            "export",
            "--format",
            "safe-globals",
            "--path",
            path,
        ];
        run(&repo.root, &arguments)
    };
    let exported = export("models/a.pt");
    assert_eq!(exported.code, 0, "{exported:?}");
    insta::assert_snapshot!(exported.stdout, @r#"
    # What weighbridge.yaml allows at `models/a.pt` beyond what torch 2.6 lists itself.
    # torch compares names only: files can call what is listed with any arguments.
    # Names of packs are left out (deepspeed, joblib-arrays, keras-layers, mlflow-flavors, numpy-arrays, python-data, torch-distributed, torch-script, torch-weights, transformers-training): name the files to list what they need.
    # not listed: app.models.Outer.Inner is inside another name, and not every release of torch finds such names (weighbridge.yaml:8)
    # not listed: app.layers.* stands for many names, and torch takes single ones (weighbridge.yaml:9)
    # not listed: app.make has limits for its arguments in the policy, and torch has none (weighbridge.yaml:10)
    # not listed: app.Named may only be named, and a file could call what torch lists (weighbridge.yaml:11)
    # not listed: app.old.Gone is not allowed by the policy
    # not listed: app.lambda.Net is no plain name of Python (weighbridge.yaml:13)
    # not listed: app.ｎet.Net is no plain name of Python (weighbridge.yaml:14)
    # not listed: posix.popen is never listed: it runs a program or changes the system (weighbridge.yaml:17)
    # not listed: os.system is never listed: it runs a program or changes the system (weighbridge.yaml:18)
    import app.models
    import numpy.core.multiarray
    import torch

    with torch.serialization.safe_globals([
        app.models.Net,  # weighbridge.yaml:6
        app.models.Released,  # weighbridge.yaml:7
        (numpy.core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # weighbridge.yaml:15
    ]):
        state = torch.load(path, weights_only=True)
    "#);
    assert!(!export("a.pt").stdout.contains("Released"));
    repo.write(
        "weighbridge.yaml",
        "version: 1\ntarget: {torch: \"2.4\"}\nglobals: {allow: [app.models.Net]}\n",
    );
    insta::assert_snapshot!(export("a.pt").stdout, @"
    # What weighbridge.yaml allows at `a.pt` beyond what torch 2.4 lists itself.
    # torch compares names only: files can call what is listed with any arguments.
    import app.models
    import torch

    torch.serialization.add_safe_globals([
        app.models.Net,  # weighbridge.yaml:3
    ])
    state = torch.load(path, weights_only=True)
    ");
    repo.write(
        "weighbridge.yaml",
        "version: 1\ntarget: {torch: \"2.3\"}\nglobals: {allow: [app.models.Net]}\n",
    );
    insta::assert_snapshot!(export("a.pt").stdout, @"
    # What weighbridge.yaml allows at `a.pt` beyond what torch 2.3 lists itself.
    # torch compares names only: files can call what is listed with any arguments.
    # torch 2.3 has no list to add names to: load with torch 2.4 or newer.
    ");
}

/// A list for a file, run in the torch at hand: the file loads in the block, and neither before nor after it.
#[test]
fn torch_loads_a_file_with_its_list_only() {
    let Some(python) = oracle::python("torch") else {
        return;
    };
    let repo = repo!();
    repo.write("app/__init__.py", "")
        .write(
            "app/models.py",
            "class Net:\n    def __init__(self):\n        self.size = 3\n",
        )
        .write(
            "make.py",
            "import torch, app.models\ntorch.save({'net': app.models.Net()}, 'net.pt')\nprint('.'.join(torch.__version__.split('.')[:2]))\n",
        );
    let made = execute(&repo.root, &python, &["make.py"]);
    assert!(made.status.success(), "{made:?}");
    let version = String::from_utf8(made.stdout).unwrap();
    let version = version.trim();
    let policy = |allow: &str| {
        let text = format!(
            "version: 1\nextends: recommended\ntarget: {{torch: \"{version}\"}}\nformats: {{allow: [torch-zip]}}\nglobals: {{allow: [{allow}]}}\n"
        );
        repo.write("weighbridge.yaml", text.as_str());
    };
    let export = || {
        run(
            &repo.root,
            &["policy", "export", "--format", "safe-globals", "net.pt"],
        )
    };

    policy("");
    let refused = export();
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused
            .stdout
            .contains("# net.pt: the policy refuses it (global-not-allowed)"),
        "{}",
        refused.stdout
    );
    assert!(!refused.stdout.contains("import app"), "{}", refused.stdout);

    policy("app.models.Net");
    let exported = export();
    assert_eq!(exported.code, 0, "{exported:?}");
    repo.write("block.py", exported.stdout.as_str()).write(
        "load.py",
        "\
import torch
path = 'net.pt'
def loads():
    try:
        torch.load(path, weights_only=True)
        return True
    except Exception:
        return False
before = loads()
exec(open('block.py').read())
print(before, state['net'].size, loads())
",
    );
    let loaded = execute(&repo.root, &python, &["load.py"]);
    let said = String::from_utf8_lossy(&loaded.stdout);
    // Before 2.5 there is no block: what is listed stays.
    let after = if exported.stdout.contains("with torch") {
        "False"
    } else {
        "True"
    };
    assert_eq!(said.trim(), format!("False 3 {after}"), "{loaded:?}");
}

#[test]
fn no_name_of_a_file_gets_out_of_its_comment() {
    let repo = repo!();
    let name = "a\nimport os\r\u{2028}.pt";
    repo.write(name, "cos\nsystem\n(S'true'\ntR.");
    let exported = run(
        &repo.root,
        &["policy", "export", "--format", "safe-globals", name],
    );
    assert_eq!(exported.code, 1, "{exported:?}");
    let code: Vec<&str> = exported
        .stdout
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    assert_eq!(
        code,
        [
            "import torch",
            "",
            "state = torch.load(path, weights_only=True)"
        ]
    );
    assert!(
        !exported.stdout.contains(['\r', '\u{2028}']),
        "{exported:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_shell_sources_the_variables() {
    let repo = repo!();
    let export = |format: &str, to: &str| {
        let arguments = ["policy", "export", "--format", format, "--output", to];
        let exported = run(&repo.root, &arguments);
        assert_eq!(exported.code, 0, "{exported:?}");
        fs::read_to_string(repo.root.join(to)).unwrap()
    };
    let (shell, dotenv) = (export("env", "loaders.sh"), export("dotenv", ".env"));
    assert_eq!(shell.replace("export ", ""), dotenv);
    let sourced = execute(
        &repo.root,
        Path::new("sh"),
        &["-euc", ". ./loaders.sh; env"],
    );
    let sourced = String::from_utf8(sourced.stdout).unwrap();
    let lines: Vec<&str> = dotenv
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(lines.len(), 5, "{dotenv}");
    for line in lines {
        assert!(sourced.lines().any(|set| set == line), "{line}: {sourced}");
    }
}

#[test]
fn floors_follow_from_the_target_and_the_rules() {
    let repo = repo!();
    let floors = |policy: &str| {
        repo.write("weighbridge.yaml", policy);
        let run = run(
            &repo.root,
            &["policy", "export", "--format", "requirements"],
        );
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    insta::assert_snapshot!(floors("version: 1\nextends: recommended\n"), @"
    # The oldest releases for which weighbridge.yaml holds.
    # From 2.20 on, `datasets.load_dataset` has `trust_remote_code=False` by default
    datasets>=2.20
    # From 4.0 on, `jsonpickle.decode` has `safe=True` by default
    jsonpickle>=4.0
    # From 2.13 on, `keras.models.load_model` has `safe_mode=True` by default
    keras>=2.13
    # From 2.6 on, `lightning.LightningModule.load_from_checkpoint` has `weights_only=True` by default
    lightning>=2.6
    # From 1.16.3 on, `numpy.lib.format.read_array` has `allow_pickle=False` by default
    numpy>=1.16.3
    # From 5.4 on, `yaml.load` has `Loader=yaml.FullLoader` by default
    pyyaml>=5.4
    # From 2.6 on, `torch.load` has `weights_only=True` by default
    torch>=2.6
    ");
    insta::assert_snapshot!(floors("version: 1\nextends: recommended\ntarget: {torch: \">=2.9\"}\nrules: {numpy-allow-pickle: allow}\n"), @"
    # The oldest releases for which weighbridge.yaml holds.
    # From 2.20 on, `datasets.load_dataset` has `trust_remote_code=False` by default
    datasets>=2.20
    # From 4.0 on, `jsonpickle.decode` has `safe=True` by default
    jsonpickle>=4.0
    # From 2.13 on, `keras.models.load_model` has `safe_mode=True` by default
    keras>=2.13
    # From 2.6 on, `lightning.LightningModule.load_from_checkpoint` has `weights_only=True` by default
    lightning>=2.6
    # From 5.4 on, `yaml.load` has `Loader=yaml.FullLoader` by default
    pyyaml>=5.4
    # The policy has `target.torch: >=2.9`
    torch>=2.9
    ");
    insta::assert_snapshot!(floors("version: 1\ntarget: {torch: \"2.4\"}\n"), @"
    # The oldest releases for which weighbridge.yaml holds.
    # From 2.20 on, `datasets.load_dataset` has `trust_remote_code=False` by default
    datasets>=2.20
    # From 4.0 on, `jsonpickle.decode` has `safe=True` by default
    jsonpickle>=4.0
    # From 2.13 on, `keras.models.load_model` has `safe_mode=True` by default
    keras>=2.13
    # From 2.6 on, `lightning.LightningModule.load_from_checkpoint` has `weights_only=True` by default
    lightning>=2.6
    # From 1.16.3 on, `numpy.lib.format.read_array` has `allow_pickle=False` by default
    numpy>=1.16.3
    # From 5.4 on, `yaml.load` has `Loader=yaml.FullLoader` by default
    pyyaml>=5.4
    # The policy has `target.torch: 2.4`. From 2.6 on, `torch.load` has `weights_only=True` by default
    torch>=2.4
    ");
}

#[test]
fn what_a_format_does_not_depend_on_is_an_error() {
    let repo = repo!();
    repo.write("a.pt", "");
    for arguments in [
        ["--format", "env", "a.pt"],
        ["--format", "requirements", "a.pt"],
        ["--format", "dotenv", "--path=a.pt"],
        ["--format", "safe-globals", "missing.pt"],
        ["--format", "safe-globals", "--path=../a.pt"],
    ] {
        let mut all = vec!["policy", "export", "--output", "written"];
        all.extend(arguments);
        let failed = run(&repo.root, &all);
        assert_eq!(failed.code, 2, "{arguments:?}: {failed:?}");
        assert!(!repo.root.join("written").exists(), "{arguments:?}");
    }
}
