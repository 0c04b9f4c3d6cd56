//! The packs, and the tables that aliases come from, against the real things.

use weighbridge::{
    fact::{TorchBehaviour, Usage},
    policy::{Policy, alias, pack_by_name, pack_names},
};

use super::{allows, policy};
use crate::support::{
    comparison::{Needs, skip},
    oracle,
};

#[test]
fn every_pack_is_whole_and_lists_nothing_dangerous() {
    for name in pack_names() {
        let pack = pack_by_name(name).unwrap_or_else(|| panic!("{name} cannot be read"));
        assert_eq!(pack.pack, name);
        for text in [&pack.title, &pack.library, &pack.provenance] {
            assert!(!text.is_empty(), "{name}");
        }
        let mut seen = std::collections::BTreeSet::new();
        for entry in &pack.entries {
            assert!(
                seen.insert(&entry.global),
                "{name} lists {} twice",
                entry.global
            );
            // Their shapes say with which factories and classes they may be called; a class of arrays may not be called at all.
            if [
                "collections.defaultdict",
                "numpy.core.memmap.memmap",
                "numpy.ma.core._mareconstruct",
                "numpy.memmap",
            ]
            .contains(&entry.global.as_str())
            {
                continue;
            }
            // As an entry of a policy it would have to say that it is dangerous, if it were.
            policy(&format!(
                "version: 1\nglobals: {{allow: [{:?}]}}\n",
                entry.global
            ));
        }
    }
}

#[test]
fn the_releases_of_torch_are_in_order_and_entries_are_within_them() {
    let pack = pack_by_name("torch-weights").unwrap();
    let releases: Vec<&str> = pack
        .releases
        .iter()
        .map(|release| release.release.as_str())
        .collect();
    assert_eq!(
        (releases.first(), releases.last()),
        (Some(&"1.13"), Some(&"2.15"))
    );
    let number = |text: &str| {
        text.split('.')
            .map(|part| part.parse().unwrap())
            .collect::<Vec<u32>>()
    };
    assert!(
        releases
            .windows(2)
            .all(|pair| number(pair[0]) < number(pair[1]))
    );
    for entry in &pack.entries {
        assert!(releases.contains(&entry.since.as_str()), "{}", entry.global);
        assert!(
            entry.until.as_deref().is_none_or(
                |until| releases.contains(&until) && number(until) > number(&entry.since)
            )
        );
    }
    // What each change of torch was about.
    let first = |test: fn(&weighbridge::policy::Release) -> bool| {
        pack.releases
            .iter()
            .find(|r| test(r))
            .unwrap()
            .release
            .as_str()
    };
    assert_eq!(first(|release| release.weights_only_by_default), "2.6");
    assert_eq!(
        first(|release| !release.behaves(TorchBehaviour::SetitemOnAnything)),
        "2.10"
    );
    assert_eq!(first(|release| !release.blocked_modules.is_empty()), "2.5");
    assert!(
        pack.opcodes
            .iter()
            .all(|op| op != "STACK_GLOBAL" && op != "INST")
    );
}

#[test]
fn the_newest_list_is_that_of_the_torch_at_hand() {
    let code = "import torch, torch._weights_only_unpickler as w\nprint(torch.__version__)\nprint('\\n'.join(sorted(w._get_allowed_globals())))";
    let Some(printed) = oracle::piped("torch._weights_only_unpickler", code, b"") else {
        return;
    };
    let mut lines = printed.lines();
    let version = lines.next().unwrap().split('+').next().unwrap();
    let Ok(policy) = super::parse(&format!(
        "version: 1\nextends: recommended\ntarget: {{torch: \"{version}\"}}\n"
    )) else {
        skip!(
            Needs::Machine,
            "torch {version} is not among the releases of the pack"
        );
    };
    let scope = policy.scope(&"a.pt".into());
    let theirs: Vec<&str> = lines.collect();
    for global in &theirs {
        let (module, name) = global.rsplit_once('.').unwrap();
        assert!(
            scope
                .torch()
                .lists(&weighbridge::fact::GlobalName::new(module, name)),
            "{global}"
        );
    }
    let release = scope.torch().release();
    let held = pack_by_name("torch-weights")
        .unwrap()
        .entries
        .iter()
        .filter(|entry| {
            let (module, name) = entry.global.rsplit_once('.').unwrap();
            scope
                .torch()
                .lists(&weighbridge::fact::GlobalName::new(module, name))
        });
    assert_eq!(held.count(), theirs.len(), "{release}");
}

#[test]
fn numpy_stores_only_what_the_pack_lists() {
    let generator = format!(
        "{}/policies/generate/numpy_arrays.py",
        env!("CARGO_MANIFEST_DIR")
    );
    let code = format!("import runpy; runpy.run_path({generator:?}, run_name='__main__')");
    let Some(printed) = oracle::piped("numpy", &code, b"") else {
        return;
    };
    let scope = policy("version: 1\nglobals: {packs: [numpy-arrays]}\n").scope(&"a.npy".into());
    assert!(printed.lines().count() > 10, "{printed}");
    for global in printed.lines() {
        assert!(allows(&scope, global, Usage::Import), "{global}");
        if global.ends_with("_reconstruct")
            || global.ends_with(":scalar")
            || global.ends_with(":dtype")
        {
            assert!(allows(&scope, global, Usage::Call), "{global}");
        }
    }
}

#[test]
fn numpy_names_that_do_more_than_rebuild_data_are_not_listed() {
    let scope = Policy::recommended().scope(&"a.npy".into());
    // Its constructor opens a file. A pickle of an array that was mapped names the class, and nothing calls it.
    for usage in [Usage::Call, Usage::Construct, Usage::Build] {
        for global in ["numpy:memmap", "numpy.core.memmap:memmap"] {
            assert!(!allows(&scope, global, usage), "{global}");
        }
    }
    for global in [
        "numpy:load",
        "numpy:fromfile",
        "numpy.random:default_rng",
        "numpy.testing._private.utils:runstring",
        "numpy:core.multiarray._reconstruct",
        "numpy:os.system",
    ] {
        assert!(!allows(&scope, global, Usage::Import), "{global}");
    }
}

#[test]
fn the_alias_tables_are_those_of_cpython() {
    let code = "import _compat_pickle as c\nfor (m, n), (a, b) in c.NAME_MAPPING.items(): print(m, n, a, b)\nfor m, a in c.IMPORT_MAPPING.items(): print(m, a)";
    let Some(printed) = oracle::piped("_compat_pickle", code, b"") else {
        return;
    };
    let mut count = 0;
    for line in printed.lines() {
        count += 1;
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            [module, name, to, into] => {
                assert_eq!(
                    alias::from_python2(module, name),
                    ((*to).into(), (*into).into()),
                    "{line}"
                );
            }
            [module, to] => {
                assert_eq!(
                    alias::from_python2(module, "weighbridge"),
                    ((*to).into(), "weighbridge".into()),
                    "{line}"
                );
            }
            _ => panic!("{line}"),
        }
    }
    let yaml = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/policies/python2-names.yaml"
    ))
    .unwrap();
    assert_eq!(
        yaml.lines().filter(|line| line.starts_with("  - ")).count(),
        count
    );
}

/// The classes of packs of whole objects run no function that was not reviewed, as far as their libraries are at hand.
#[test]
fn instances_of_packs_run_reviewed_code_alone() {
    for (pack, library) in [
        ("deepspeed", "deepspeed"),
        ("fairseq", "fairseq"),
        ("sklearn-estimators", "sklearn"),
        ("flair", "flair"),
        ("gensim", "gensim"),
        ("nltk", "nltk"),
        ("lightning", "pytorch_lightning"),
        ("imbalanced-learn", "imblearn"),
        ("keras-text", "keras"),
        ("networkx", "networkx"),
        ("simpletransformers", "simpletransformers"),
        ("speechbrain", "speechbrain"),
        ("timm", "timm"),
        ("torch-nn", "torch"),
        ("torchvision", "torchvision"),
        ("transformers-training", "transformers"),
        ("ultralytics", "ultralytics"),
    ] {
        let Some(python) = oracle::python(library) else {
            continue;
        };
        let said = oracle::write(&python, "policies/generate/classes.py", &["prove", pack]);
        assert!(
            said.contains(" 0 failed") && !said.starts_with("0 classes"),
            "{said}"
        );
    }
}
