//! `dangerous-target`.

use super::{rules, told};

#[test]
fn what_runs_programs_or_text_in_a_configuration_is_refused() {
    insta::assert_snapshot!(told("dangerous-target", "config.yaml", b"model:\n  _target_: os.system\n  command: id\n"), @"
    dangerous-target [deny] the configuration has `os.system` called, which runs a program or changes the system
      at 2:13 about os.system
      help: do not use this configuration; find out who wrote that line, and name a function of the repository there
    ");
    insta::assert_snapshot!(told("dangerous-target", "a.yaml", b"a: !!python/object/apply:os.system ['id']\nb: !!python/name:exec\n"), @"
    dangerous-target [deny] the configuration has `os.system` called, which runs a program or changes the system
      at 1:4 about os.system
      help: do not use this configuration; find out who wrote that line, and name a function of the repository there
    dangerous-target [deny] the configuration has `builtins.exec` called, which runs text as code
      at 2:4 about builtins.exec
      help: do not use this configuration; find out who wrote that line, and name a function of the repository there
    ");
    for (name, text) in [
        ("a.yml", "a: 1\n---\nb: {c: [{_target_: builtins.eval}]}\n"),
        ("b.yml", "1.5: a\nb: {_target_: posix.system}\n"),
        ("a.yaml", "x: &x os.system\nm: {_target_: *x}\n"),
        ("a.yaml", "\"\\x5ftarget_\": os.system\n"),
        ("a.yaml", "_target_: logging.os.system\n"),
        ("a.yaml", "_target_: os.path.os.system\n"),
        ("a.yaml", "_target_: shutil.os.system\n"),
        ("a.yaml", "_target_: importlib.import_module\nname: a\n"),
        (
            "a.yaml",
            "_target_: torch.utils.cpp_extension.load_inline\n",
        ),
        (
            "train.json",
            r#"{"initialize": ["$import os as o"], "run": "$o.system('id')"}"#,
        ),
        (
            "train.json",
            r#"{"run": ["$__import__('os').system('id')"]}"#,
        ),
        (
            "train.json",
            r#"{"a": "$os", "imports": "$import os", "run": "$@a.system('id')"}"#,
        ),
        (
            "train.json",
            r#"{"imports": ["$import os"], "run": "$getattr(os, 'system')('id')"}"#,
        ),
        (
            "bundle.json",
            r#"{"net": {"_target_": "subprocess.Popen"}}"#,
        ),
        (
            "a.yaml",
            "b: !<tag:yaml.org,2002:python/object/new:posix.system> []\n",
        ),
        ("a.yaml", "b: !!python/object/apply:os%2Esystem [id]\n"),
        (
            "a.yaml",
            "b: ['x #', !!python/object/apply:os.system [id]]\n",
        ),
        (
            "a.yaml",
            "%TAG !p! tag:yaml.org,2002:python/object/apply:\n---\nb: !p!os.system [id]\n",
        ),
        (
            "a.yaml",
            "%TAG !! tag:yaml.org,2002:python/\n--- !!object/apply:os.system [id]\n",
        ),
        ("a.yaml", "f: system\na: {_target_: 'os.${f}'}\n"),
        (
            "a.yaml",
            "m: {n: posix.system}\na: {b: {_target_: '${oc.select:m.n}'}}\n",
        ),
        (
            "inference.json",
            r#"{"imports": ["$import os as o"], "x": "$o.system('id')"}"#,
        ),
        (
            "train.yaml",
            "bundle_root: .\nnet: {_target_: UNet, channels: \"$__import__('os').getpid()\"}\n",
        ),
        (
            "catalog.yml",
            "sources:\n  a:\n    driver: csv\n    args: {urlpath: \"{{ shell('id') }}\"}\n",
        ),
        (
            "catalog.yml",
            "sources:\n  a:\n    driver: subprocess.Popen\n    args: {args: id}\n",
        ),
        ("catalog.yml", "sources: {a: {driver: ['os:system']}}\n"),
    ] {
        assert_eq!(
            rules(name, text.as_bytes()),
            ["dangerous-target"],
            "{name} {text}"
        );
    }
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    for text in [
        "_target_: os.system",
        "a: !!python/object/apply:os.system [id]",
    ] {
        assert_eq!(
            rules("a.yaml", &utf16(text)),
            ["dangerous-target"],
            "{text}"
        );
    }
}

/// A parser looks at all brackets that are open for each token.
#[test]
fn brackets_that_go_deep_are_not_followed() {
    let text = format!("_target_: os.system\n{}", "a: [\n".repeat(1 << 18));
    let start = std::time::Instant::now();
    assert_eq!(rules("a.yaml", text.as_bytes()), ["incomplete-read"]);
    let tagged = format!("a: !!python/name:os.system\n{}", "{".repeat(2 << 19));
    assert_eq!(rules("a.yaml", tagged.as_bytes()), ["incomplete-read"]);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn other_names_are_code_of_the_repository() {
    for (name, text) in [
        (
            "conf.yaml",
            "net: {_target_: myapp.Net, width: 3}\noptimizer: {_target_: functools.partial, _args_: [x]}",
        ),
        (
            "conf.yaml",
            "version: {_target_: importlib.metadata.version}\nnet: {_target_: myapp.platform.models.Net}\nworkers: {_target_: os.cpu_count}\nroot: {_target_: os.path.join, _args_: [a, b]}\nhome: {_target_: os.environ.get, key: HOME}",
        ),
        (
            "conf.yaml",
            "a: {_target_: test.models.Net}\nb: {_target_: parser.Parser}\nc: {_target_: torch.fx.symbolic_trace}\nd: {_target_: builtins.dict}",
        ),
        (
            "conf.yaml",
            "note: call os.system\n# _target_: os.system\nlist: [_target_, os.system]",
        ),
        (
            "mkdocs.yml",
            "slugify: !!python/object/apply:pymdownx.slugs.slugify {}\nicon: !!python/name:material.emoji.twemoji",
        ),
        (
            "conf.yaml",
            "# !!python/object/apply:os.system\na: 1 # !!python/object/apply:os.system",
        ),
        (
            "semgrep.yaml",
            "rules:\n- pattern: 'yaml.load(\"!!python/object/apply:os.system\")'\n  message: |\n    a\n    !!python/object/apply:os.system\n",
        ),
        ("conf.yaml", "} _target_: os.system"),
        (
            "conf.yaml",
            "f: $os.system\nhome: $HOME/eval\na: {_target_: myapp.Net, c: \"{{ shell('id') }}\"}",
        ),
        (
            "inference.json",
            r#"{"imports": ["$import glob", "$import os"], "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')", "data": "$list(sorted(glob.glob(os.path.join(@dir, '*.nii'))))", "net": {"_target_": "UNet", "n": "$@a + 1"}}"#,
        ),
        (
            "catalog.yml",
            "sources: {a: {driver: csv}, b: {driver: intake_xarray.netcdf.NetCDFSource}}",
        ),
        ("conf.yaml", "driver: subprocess.Popen"),
        ("notes.txt", "_target_: os.system"),
        ("conf.yaml", "a: ${_target_}"),
    ] {
        assert_eq!(rules(name, text.as_bytes()), [""; 0], "{name} {text}");
    }
}
