//! What holds for every policy: properties over policies at random, and names compared with a model of a few lines.

use serde_json::{Map, Value, json};
use weighbridge::fact::{GlobalName, Text, Usage};

use super::{
    Memory,
    generated::{self, PATHS, Random, document, family, judged, looser, random, yaml},
    policy,
};

/// How many policies are tried.
const TRIED: usize = 300;

#[test]
fn adding_a_refusal_never_allows_more() {
    let mut random = random(2);
    for _ in 0..TRIED {
        let mut files = family(&mut random);
        let Ok(before) = files.load() else {
            continue;
        };
        let (refused, module, name) = random.of(&[
            ("app.models.Net", "app.models", "Net"),
            ("app.models.*", "app.models", "Net"),
            ("lib.**", "lib", "f"),
            ("numpy.*", "numpy", "dtype"),
        ]);
        let format = random.of(&["npy", "pickle", "joblib"]);
        // By a nearer policy everywhere, or in an override that comes last.
        let body = json!({"globals": {"refuse": [refused]}, "formats": {"refuse": [format]}});
        let Value::Object(mut child) = body else {
            panic!("a mapping is written above")
        };
        let in_override = random.one_in(2);
        if in_override {
            child.insert("paths".into(), json!(["models/"]));
            let over = Value::Object(child);
            child = Map::new();
            child.insert("overrides".into(), json!([over]));
        }
        child.insert("version".into(), json!(1));
        child.insert("extends".into(), json!("before.yaml"));
        let own = files.0.insert("weighbridge.yaml", yaml(&child)).unwrap();
        files.0.insert("before.yaml", own);
        let after = files.load().unwrap();
        let found = looser(&before, &after, |_| true);
        assert!(found.is_empty(), "{found:?} {files:?}");
        // What comes last is not beaten.
        let scope = after.scope(&Text::from("models/a.pt"));
        let name = GlobalName::new(module, name);
        let passes =
            scope.globals().allows(&name, Usage::Import) || scope.format(format).is_allowed();
        assert!(!(in_override && passes), "{refused} {format} {files:?}");
    }
}

#[test]
fn what_is_locked_is_never_looser_below() {
    let groups = generated::LOCKED;
    let mut random = random(3);
    let (mut held, mut refused) = ([0; 9], [0; 9]);
    for _ in 0..TRIED * 6 {
        let mut files = family(&mut random);
        let at = random.below(groups.len());
        let (key, about) = groups[at];
        let mut org = document(&mut random, &[]);
        let without = yaml(&org);
        org.insert("locked".into(), json!(generated::locks(key)));
        files.0.insert("org.yaml", yaml(&org));
        // The policy extends it in any case, perhaps through others.
        let extends = random.of(&[
            &["org.yaml"][..],
            &["team.yaml", "org.yaml"],
            &["org.yaml", "division.yaml"],
        ]);
        let own = document(&mut random, extends);
        files.0.insert("weighbridge.yaml", yaml(&own));
        match files.load() {
            Ok(below) => {
                held[at] += 1;
                let found = looser(&policy(&without), &below, about);
                assert!(found.is_empty(), "{key}: {found:?} {files:?}");
            }
            Err(_) => refused[at] += 1,
        }
    }
    // Each happens often enough to mean something.
    assert!(
        held.iter().chain(&refused).all(|n| *n > 5),
        "{held:?} {refused:?}"
    );
}

/// The same value with the keys of every mapping in another order, `overrides` and lists as they are.
fn reordered(value: &Value, random: &mut Random) -> String {
    match value {
        Value::Object(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().collect();
            random.shuffle(&mut pairs);
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", json!(key), reordered(value, random)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| reordered(item, random)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn the_order_of_keys_and_of_questions_means_nothing() {
    let mut random = random(4);
    for _ in 0..TRIED {
        let own = document(&mut random, &[]);
        let text = yaml(&own);
        let Ok(before) = super::parse(&text) else {
            continue;
        };
        let after = policy(&reordered(&Value::Object(own), &mut random));
        // Scopes are made when they are asked for.
        for path in PATHS.iter().rev() {
            after.scope(&Text::from(*path));
        }
        assert_eq!(judged(&before), judged(&after), "{text}");
    }
}

#[test]
fn inheritance_is_associative() {
    let mut random = random(5);
    for _ in 0..TRIED {
        let mut files = Memory::new(&[]);
        for name in ["a.yaml", "b.yaml", "c.yaml"] {
            files.0.insert(name, yaml(&document(&mut random, &[])));
        }
        files.0.insert("ab.yaml", yaml_of(&["a.yaml", "b.yaml"]));
        files.0.insert("bc.yaml", yaml_of(&["b.yaml", "c.yaml"]));
        let mut by = |extends: &[&str]| {
            files.0.insert("weighbridge.yaml", yaml_of(extends));
            files.load().ok().map(|policy| judged(&policy))
        };
        let flat = by(&["a.yaml", "b.yaml", "c.yaml"]);
        assert!(flat.is_some());
        for others in [
            &["ab.yaml", "c.yaml"][..],
            &["a.yaml", "bc.yaml"],
            // One that is reached again counts once.
            &["ab.yaml", "bc.yaml"],
            &["a.yaml", "ab.yaml", "b.yaml", "c.yaml"],
        ] {
            assert_eq!(by(others), flat, "{others:?}");
        }
    }
}

fn yaml_of(extends: &[&str]) -> String {
    json!({"version": 1, "extends": extends}).to_string()
}

/// What an entry matches, as the page says it, in a few lines.
fn model_allows(entry: &str, module: &str, name: &str) -> bool {
    let one = |module: &str| {
        let module = match module {
            "__builtin__" => "builtins",
            "copy_reg" => "copyreg",
            "posix" | "nt" => "os",
            other => other,
        };
        if module == "numpy.core" || module.starts_with("numpy.core.") {
            return module.replacen("numpy.core", "numpy._core", 1);
        }
        module.to_owned()
    };
    let plain = !(name.contains('.') || name.starts_with("__") && name.ends_with("__"));
    if let Some(package) = entry.strip_suffix(".**") {
        let (package, module) = (one(package), one(module));
        return plain && (module == package || module.starts_with(&format!("{package}.")));
    }
    if let Some(of) = entry.strip_suffix(".*") {
        return plain && one(of) == one(module);
    }
    let (of, wanted) = entry
        .split_once(':')
        .or_else(|| entry.rsplit_once('.'))
        .unwrap();
    one(of) == one(module) && wanted == name
}

/// The same for an entry under `refuse`, which also matches what is reached through the name.
fn model_refuses(entry: &str, module: &str, name: &str) -> bool {
    match entry.split_once(".*") {
        // Whatever the name, dots and dunders too.
        Some(_) => model_allows(entry, module, "plain"),
        None => name
            .match_indices('.')
            .map(|(at, _)| &name[..at])
            .chain([name])
            .any(|inner| model_allows(entry, module, inner)),
    }
}

#[test]
fn names_match_as_in_the_model() {
    const MODULES: &[&str] = &[
        "pkg",
        "pkg.mod",
        "pkg.mod.sub",
        "pkgs",
        "builtins",
        "__builtin__",
        "copy_reg",
        "copyreg",
        "numpy.core",
        "numpy._core",
        "numpy.core.multiarray",
        "numpy._core.multiarray",
        "numpy.corex",
        "numpy._corex",
        "posix",
        "os",
        "nt",
        "__main__",
        "mod",
    ];
    const NAMES: &[&str] = &[
        "Net",
        "net",
        "Net.Block",
        "Net.Block.Inner",
        "mod.Net",
        "__init__",
        "_private",
        "__half",
        "sub.Net",
        "set",
        "É",
    ];
    let mut random = random(6);
    let mut both = [0, 0];
    for _ in 0..4_000 {
        let entry = |random: &mut Random| {
            let module = random.of(MODULES);
            match random.below(5) {
                0 => format!("{module}.*"),
                1 => format!("{module}.**"),
                2 => format!("{module}:{}", random.of(NAMES)),
                _ => format!("{module}.{}", random.of(NAMES)),
            }
        };
        let allow: Vec<String> = (0..random.below(3)).map(|_| entry(&mut random)).collect();
        let refuse: Vec<String> = (0..random.below(3)).map(|_| entry(&mut random)).collect();
        let allowed: Vec<Value> = allow
            .iter()
            // Some of these are dangerous; intent is not what is compared here.
            .map(|entry| json!({"global": entry, "dangerous": true, "reason": "a test", "as": ["import"]}))
            .collect();
        let text =
            json!({"version": 1, "globals": {"allow": allowed, "refuse": refuse}}).to_string();
        // The same entry in both lists is an error.
        let Ok(policy) = super::parse(&text) else {
            continue;
        };
        let scope = policy.scope(&Text::from("a.pt"));
        for _ in 0..20 {
            let (module, name) = (random.of(MODULES), random.of(NAMES));
            let wanted = allow.iter().any(|entry| model_allows(entry, module, name))
                && !refuse
                    .iter()
                    .any(|entry| model_refuses(entry, module, name));
            let found = scope
                .globals()
                .allows(&GlobalName::new(module, name), Usage::Import);
            assert_eq!(found, wanted, "{module}:{name} by {text}");
            both[usize::from(found)] += 1;
        }
    }
    assert!(both[0] > 1_000 && both[1] > 1_000, "{both:?}");
}
