//! What messages print is pasted, and works: in a policy that is not there yet, in each form of one that is, and in Python.

use std::fmt::Write as _;

use weighbridge::{finding::Finding, policy::Policy, rule::RULES};

use super::{findings, judge_by, policy};
use crate::support::{
    fixture::facts,
    oracle,
    pickle::{self, Pickle},
    torch, zip,
};

/// A policy with what a finding prints pasted where it says; `None` where it prints nothing to paste.
fn pasted(before: &str, help: &str) -> Option<String> {
    let (lead, paste) = help.split_once(":\n")?;
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    let line = || -> Option<usize> {
        let (_, place) = lead.split_once("(weighbridge.yaml:")?;
        place.split(')').next()?.parse().ok()
    };
    if lead.ends_with("write this to weighbridge.yaml") {
        return Some(paste.to_owned());
    } else if lead.ends_with("add to weighbridge.yaml") {
        lines.push(paste.to_owned());
    } else if lead.contains("add to the list `") || lead.contains("add under `") {
        lines.insert(line()?, paste.to_owned());
    } else if lead.contains("after a comma") {
        let close = if lead.contains("brackets") { ']' } else { '}' };
        let inside = lines.get_mut(line()?.checked_sub(1)?)?;
        let key = lead.split('`').nth(1)?.rsplit('.').next()?;
        let from = inside.find(&format!("{key}:"))?;
        let at = from + inside.get(from..)?.rfind(close)?;
        // Of several that are closed here, the one that was opened first after the key.
        let at = if close == ']' {
            from + inside.get(from..)?.find(close)?
        } else {
            at
        };
        inside.insert_str(at, &format!(", {paste}"));
    } else {
        return None;
    }
    Some(lines.join("\n"))
}

fn net() -> Pickle {
    Pickle::proto(2)
        .op(b']')
        .op(b'(')
        .global("app.models", "Net")
        .raw(b")\x81}b")
        .global("app.other", "Key")
        .global("app.make", "net")
        .raw(b")R")
        .op(b'e')
}

/// What a policy allows after all that is printed about a file has been pasted into it, as far as one finding prints it.
fn told_after(before: &str, path: &str, file: &[u8]) -> Vec<Finding> {
    let seen = facts(file.to_vec(), path);
    let judged = if before.is_empty() {
        findings(path, file)
    } else {
        judge_by(&policy(before), path, &seen)
    };
    let snippets: Vec<String> = judged
        .iter()
        .flat_map(|finding| finding.help.iter())
        .filter_map(|help| pasted(before, &help.to_string()))
        .collect();
    let [after] = snippets.as_slice() else {
        panic!("one block for a file, not {}: {judged:#?}", snippets.len());
    };
    judge_by(&policy(after), path, &seen)
}

#[test]
fn what_is_printed_is_pasted_into_any_policy_and_allows_the_file() {
    let head = "version: 1\nextends: recommended\n";
    for before in [
        String::new(),
        head.to_owned(),
        format!("{head}rules:\n  pickle-load: allow\n"),
        format!("{head}globals:\n"),
        format!("{head}globals:\n  packs: [numpy-arrays]\n"),
        format!("{head}globals:\n    packs: [numpy-arrays]\nexclude: [x]\n"),
        format!("{head}globals:\n  allow:\n    - a.B\n"),
        format!("{head}globals:\n  allow:\n  - a.B\n  refuse:\n  - c.D\n"),
        format!("{head}globals:\n  allow:\n        - a.B\nrules: {{}}\n"),
        format!("{head}globals:\n  allow:\n"),
        format!("{head}globals:\n  allow: [a.B]\n"),
        format!("{head}globals: {{allow: [a.B], packs: []}}\n"),
        format!("{head}globals: {{packs: [numpy-arrays]}}\n"),
        // What it lists is listed for less.
        format!("{head}globals:\n  allow:\n    - {{global: app.models.Net, as: [import]}}\n"),
    ] {
        let after = told_after(&before, "x.pkl", &net().stop());
        assert!(after.is_empty(), "{before}: {after:#?}");
    }
}

#[test]
fn what_leaves_a_path_out_can_be_pasted_too() {
    let head = "version: 1\nextends: recommended\n";
    for before in [
        String::new(),
        head.to_owned(),
        format!("{head}exclude: [a, b]\n"),
        format!("{head}exclude:\n  - a\n"),
        format!("{head}exclude:\n- paths: [a]\n  reason: not ours\n"),
    ] {
        let path = "models/old [1].joblib";
        let seen = facts(b"\x78\x9cnothing".to_vec(), path);
        let judged = if before.is_empty() {
            findings(path, b"\x78\x9cnothing")
        } else {
            judge_by(&policy(&before), path, &seen)
        };
        let help = judged.iter().flat_map(|finding| finding.help.iter());
        let help = help.map(ToString::to_string);
        let after: Vec<String> = help.filter_map(|help| pasted(&before, &help)).collect();
        assert_eq!(after.len(), 1, "{before}");
        let after = policy(&after[0]);
        assert!(after.excludes(&path.into()), "{before}");
        assert!(!after.excludes(&"models/old 1.joblib".into()));
    }
}

/// Whatever a rule prints, of every file that the tests have: it is a policy, or Python, and there is one block for a file.
#[test]
fn everything_printed_is_a_policy_or_python() {
    let mut python = String::from("import ast\n");
    let fixtures = [pickle::fixtures(), torch::fixtures(), zip::fixtures()].concat();
    let mut policies = 0;
    for fixture in fixtures {
        for name in ["x.pkl", "x.pt", "x.keras"] {
            let mut blocks = 0;
            for finding in findings(name, &fixture.1) {
                for help in finding.help.iter().map(ToString::to_string) {
                    if let Some(after) = pasted("", &help) {
                        policies += 1;
                        blocks += usize::from(after.contains("globals:"));
                        policy(&after);
                    } else if let Some((_, code)) = help.split_once(":\nimport ") {
                        writeln!(python, "ast.parse({:?})", format!("import {code}")).unwrap();
                    }
                }
            }
            assert!(blocks <= 1, "{}: {blocks} blocks", fixture.0);
        }
    }
    assert!(policies >= 10, "{policies}");
    oracle::piped("ast", &python, b"");
}

/// The documentation of every rule: what it proposes for a policy is one.
#[test]
fn policies_in_the_documentation_hold_together() {
    let mut count = 0;
    for rule in RULES {
        for block in rule.meta.doc.split("```yaml").skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            // A doc comment's lines begin with the space after its slashes.
            let text: Vec<&str> = text
                .lines()
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect();
            policy(text.join("\n").trim_start());
            count += 1;
        }
    }
    assert!(count >= 3);
}

const LOAD: &str = r#"
import io, sys, types
for module, names in (("app", ""), ("app.models", "Net"), ("app.other", "Key")):
    sys.modules[module] = types.ModuleType(module)
    if "." in module: setattr(sys.modules["app"], module.split(".")[1], sys.modules[module])
    if names:
        made = type(names, (), {})
        made.__module__ = module
        setattr(sys.modules[module], names, made)
path = io.BytesIO(sys.stdin.buffer.read())
"#;

#[test]
fn what_is_printed_for_python_makes_torch_load_the_file() {
    let object = Pickle::proto(2)
        .op(b']')
        .op(b'(')
        .global("app.models", "Net")
        .raw(b")\x81}b")
        .global("app.other", "Key")
        .op(b'e')
        .stop();
    let file = torch::zip(&object);
    let Some(release) = oracle::piped(
        "torch",
        "import torch; print('.'.join(torch.__version__.split('.')[:2]), end='')",
        b"",
    ) else {
        return;
    };
    let policy = Policy::parse(
        "weighbridge.yaml",
        &format!("version: 1\nextends: recommended\ntarget: {{torch: \"{release}\"}}\n"),
        &weighbridge::policy::Catalog {
            rules: &[],
            formats: &[],
        },
    );
    // A release newer than the newest known one takes what that takes.
    let judged = match policy {
        Ok(policy) => judge_by(&policy, "x.pt", &facts(file.clone(), "x.pt")),
        Err(_) => findings("x.pt", &file),
    };
    let code = judged
        .iter()
        .flat_map(|finding| finding.help.iter())
        .find_map(|help| {
            let help = help.to_string();
            let (_, code) = help.split_once(":\nimport ")?;
            Some(format!("{LOAD}import {code}\nprint(len(state))"))
        })
        .unwrap();
    assert_eq!(
        oracle::piped("torch", &code, &file).as_deref(),
        Some("2\n"),
        "{code}"
    );
}

#[test]
fn releases_without_a_context_are_told_what_they_have() {
    let object = Pickle::proto(2).global("app.models", "Net").stop();
    let file = torch::zip(&object);
    let told = |torch: &str| {
        let policy = policy(&format!(
            "version: 1\nextends: recommended\ntarget: {{torch: \"{torch}\"}}\n"
        ));
        let judged = judge_by(&policy, "x.pt", &facts(file.clone(), "x.pt"));
        judged
            .iter()
            .flat_map(|it| it.help.iter().map(ToString::to_string))
            .collect::<String>()
    };
    assert!(told("2.4").contains("torch.serialization.add_safe_globals([app.models.Net])\n"));
    assert!(told("2.6").contains("with torch.serialization.safe_globals([app.models.Net]):\n"));
    assert!(told("2.2").contains("torch 2.2 has no list of names to add to"));
}

#[test]
fn a_few_classes_that_are_only_named_need_no_pack() {
    let key = |pickle: Pickle| {
        pickle.global(
            "pytorch_lightning.callbacks.model_checkpoint",
            "ModelCheckpoint",
        )
    };
    let advice = |pickle: Pickle| findings("x.pkl", &pickle.stop())[0].help[0].to_string();
    insta::assert_snapshot!(advice(key(Pickle::proto(2))), @r#"
    if you trust `pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint` with the contents of any file, write this to weighbridge.yaml:
    version: 1
    extends: recommended
    globals:
      allow:
        - {global: "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint", as: [import]}
    "#);
    insta::assert_snapshot!(advice(key(Pickle::proto(2)).raw(b")\x81")), @"
    the pack `lightning` lists every name that this file needs, in the shapes that its library writes (`weighbridge explain lightning`): write this to weighbridge.yaml:
    version: 1
    extends: recommended
    globals:
      packs:
        - lightning
    ");
}

#[test]
fn many_names_are_told_at_once_and_counted() {
    let mut many = Pickle::proto(2).op(b'(');
    for n in 0..3_000 {
        many = many.global(&format!("mod{}", n % 50), &format!("Name{n}"));
    }
    // What is dangerous is told, however many others there are.
    let file = many.global("os", "system").op(b'l').stop();
    let judged = findings("x.pkl", &file);
    assert_eq!(judged.len(), weighbridge::limits::FINDINGS + 1);
    assert!(judged.iter().any(|it| it.message.contains("os.system")));
    let last = judged.last().unwrap();
    assert_eq!(
        last.message,
        "and 2801 more findings of global-not-allowed in this file"
    );
}

/// Nested classes, factories and objects of protocol 0: dangerous names in the one shape in which they make what is listed.
#[test]
fn what_picklers_call_for_ordinary_objects_is_proposed_with_its_arguments() {
    let getattr = |class: (&str, &str), name: &str| {
        Pickle::proto(2)
            .global("__builtin__", "getattr")
            .global(class.0, class.1)
            .unicode(name)
            .op(0x86)
            .reduce()
            .stop()
    };
    let factory = Pickle::proto(2)
        .global("collections", "defaultdict")
        .global("app.models", "Net")
        .tuple1()
        .reduce()
        .stop();
    let protocol_0 = Pickle::proto(0)
        .raw("ccopy_reg\n_reconstructor\n(capp.models\nNet\nc__builtin__\nobject\nNtR.")
        .unfinished();
    // What it is given could be called: the entry says that it is a class.
    let given = Pickle::proto(2)
        .global("app.frames", "_new_index")
        .global("app.frames", "Index")
        .op(b'}')
        .op(0x86)
        .reduce()
        .stop();
    let with_state = Pickle::proto(0)
        .raw("ccopy_reg\n_reconstructor\n(capp.models\nNet\nc__builtin__\nobject\nNtR(dS'a'\nI1\nsb.")
        .unfinished();
    for file in [
        getattr(("app.models", "Net"), "Inner"),
        factory,
        protocol_0,
        given,
        with_state,
    ] {
        let after = told_after("", "x.pkl", &file);
        assert!(after.is_empty(), "{after:#?}");
    }
    for (class, name, refused, help) in [
        ("Net", "__subclasses__", "getattr", "do not load this file"),
        ("net", "run", "app.models:net.run", "no entry is proposed"),
    ] {
        let judged = findings("x.pkl", &getattr(("app.models", class), name));
        let first = judged.iter().find(|it| it.message.contains(refused));
        assert!(
            first.unwrap().help[0].to_string().starts_with(help),
            "{judged:#?}"
        );
    }
    // What the entry for one file lets through is no more in another.
    let entry = "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.models.Net\n    - {global: builtins.getattr, args: [{allowed-global: class}, {identifier: true}]}\n";
    let hostile = getattr(("os", "Popen"), "run");
    let judged = judge_by(&policy(entry), "x.pkl", &facts(hostile, "x.pkl"));
    assert!(!judged.is_empty());
}
