//! The embedded policies.

use weighbridge::{
    fact::{Text, Usage},
    finding::Level,
    policy::{FormatVerdict, GlobalVerdict, Policy},
    rule::RULES,
};

use super::{CATALOG, allows, name, policy, render};

#[test]
fn every_bundled_policy_passes_its_own_checks() {
    weighbridge::policy::check_bundled(&CATALOG)
        .unwrap_or_else(|errors| panic!("{}", render(&errors)));
    for name in Policy::bundled_names() {
        let policy = Policy::bundled(name).unwrap();
        assert_eq!(policy.name(), format!("{name} (built in)"));
        assert!(policy.notes().is_empty(), "{name}: {:?}", policy.notes());
    }
}

#[test]
fn json_says_what_the_yaml_says() {
    // Bundled policies are read from JSON; a policy that is read from the same YAML behaves the same.
    for bundled in Policy::bundled_names() {
        let yaml = std::fs::read_to_string(format!(
            "{}/policies/{bundled}.yaml",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let (ours, read) = (Policy::bundled(bundled).unwrap(), policy(&yaml));
        let (ours, read) = (ours.scope(&Text::from("a")), read.scope(&Text::from("a")));
        for format in CATALOG.formats {
            let allowed = |verdict: FormatVerdict| verdict.is_allowed();
            assert_eq!(
                allowed(ours.format(format)),
                allowed(read.format(format)),
                "{bundled}: {format}"
            );
        }
        for global in ["torch:Tensor", "numpy:ndarray", "os:system"] {
            assert_eq!(
                allows(&ours, global, Usage::Call),
                allows(&read, global, Usage::Call),
                "{bundled}: {global}"
            );
        }
    }
}

#[test]
fn recommended_lets_data_through() {
    let policy = Policy::recommended();
    let scope = policy.scope(&Text::from("model.pt"));
    for format in CATALOG.formats {
        // A package or a served model is code, whatever is in it; of a shard another file says what is loaded.
        let is_data = !matches!(*format, "torch-package" | "torchserve");
        let allowed = scope.format(format).is_allowed();
        assert_eq!(allowed, is_data, "{format}");
    }
    for global in [
        "torch._utils:_rebuild_tensor_v2",
        "collections:OrderedDict",
        "torch:Size",
        "numpy.core.multiarray:_reconstruct",
        "numpy._core.multiarray:scalar",
        "numpy:dtype",
    ] {
        assert!(allows(&scope, global, Usage::Call), "{global}");
    }
    for global in [
        "torch:FloatStorage",
        "torch:Tensor",
        "torch.nn.parameter:Parameter",
        "numpy:ndarray",
    ] {
        assert!(allows(&scope, global, Usage::Import), "{global}");
        assert!(!allows(&scope, global, Usage::Call), "{global}");
        assert!(!allows(&scope, global, Usage::Construct), "{global}");
    }
    let GlobalVerdict::Refused { decided_by, .. } =
        scope.globals().global(&name("posix:system"), Usage::Call)
    else {
        panic!()
    };
    let related = decided_by.unwrap();
    assert_eq!(
        (related.file.as_str(), related.text.as_str()),
        ("recommended.yaml (built in)", "globals:")
    );
    assert_eq!(
        (&related.text[related.range.clone()], related.label.as_str()),
        ("globals", "no entry here lists it")
    );
}

#[test]
fn strict_takes_no_pickle_and_warns_about_nothing() {
    let policy = Policy::bundled("strict").unwrap();
    let scope = policy.scope(&Text::from("model.pt"));
    let allowed: Vec<&str> = CATALOG
        .formats
        .iter()
        .copied()
        .filter(|format| scope.format(format).is_allowed())
        .collect();
    assert_eq!(
        allowed,
        [
            "ar",
            "compressed",
            "egg",
            "npy",
            "npz",
            "safetensors",
            "sdist",
            "tar",
            "wheel",
            "zip"
        ]
    );
    for rule in RULES {
        // A change brings a file with its pin: who reviews it is told, and nobody could approve what is refused.
        let level = match rule.meta.id {
            "pins-changed" => Level::Warn,
            _ => Level::Deny,
        };
        assert_eq!(scope.level(rule.meta), level, "{}", rule.meta.id);
    }
    assert!(!allows(&scope, "torch:Tensor", Usage::Import));
}

#[test]
fn audit_refuses_nothing_and_reports_everything() {
    let (audit, recommended) = (Policy::bundled("audit").unwrap(), Policy::recommended());
    let path = Text::from("model.pt");
    let (audit, recommended) = (audit.scope(&path), recommended.scope(&path));
    for rule in RULES {
        assert_eq!(audit.level(rule.meta), Level::Warn, "{}", rule.meta.id);
    }
    for format in CATALOG.formats {
        let (here, there) = (audit.format(format), recommended.format(format));
        assert_eq!(here.is_allowed(), there.is_allowed(), "{format}");
    }
}

#[test]
fn recommended_is_ready_at_once() {
    let began = std::time::Instant::now();
    let policy = Policy::recommended();
    let made = began.elapsed();
    let scope = policy.scope(&Text::from("model.pt"));
    assert!(allows(&scope, "torch:Size", Usage::Call));
    let asked = began.elapsed();
    let _ = scope.globals().global(&name("posix:system"), Usage::Call);
    eprintln!(
        "made in {made:?}, first answer after {asked:?}, first refusal after {:?}",
        began.elapsed()
    );
    // Measured well below a millisecond without optimisation; a bound that a busy machine still keeps.
    assert!(made.as_millis() < 50, "{made:?}");
}

#[test]
fn the_policy_in_the_readme_holds_together() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/README.md"))
            .unwrap();
    let text = readme
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let policy = policy(text);
    let scope = policy.scope(&Text::from("models/baseline/a.pkl"));
    assert!(allows(
        &scope,
        "sklearn.linear_model._logistic:LogisticRegression",
        Usage::Build
    ));
    assert!(!allows(
        &scope,
        "sklearn.linear_model._logistic:LogisticRegression",
        Usage::Call
    ));
    assert!(allows(&scope, "myapp:Outer.Inner", Usage::Call));
    assert!(matches!(
        scope.format("pickle"),
        FormatVerdict::Refused { .. }
    ));
}
