//! NeMo's models: what their configuration has called, against hydra itself.

use std::{collections::BTreeSet, fmt::Write as _};

use weighbridge::fact::{Fact, Global, Malformed, Unread, Unresolved};

use super::wrapped::gzip;
use crate::{
    rule::{judge, judge_by, policy},
    support::{
        fixture::{Fixture, Observed, facts},
        oracle,
        pickle::payload,
        tar, torch,
    },
};

/// A genuine configuration, as NeMo writes it.
const CONFIGURATION: &str = "\
sample_rate: 16000
train_ds:
  manifest_filepath: ???
  labels: &labels [' ', a, b]
preprocessor:
  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
  window_size: 0.02
decoder:
  _target_: nemo.collections.asr.modules.ConvASRDecoder
  num_classes: 28
  vocabulary: *labels
target: nemo.collections.asr.models.ctc_models.EncDecCTCModel
nemo_version: 1.23.0
";

fn model(configuration: &str, weights: Vec<u8>) -> Vec<u8> {
    tar::archive(&[
        ("./model_config.yaml", configuration.as_bytes().to_vec()),
        ("./model_weights.ckpt", weights),
    ])
}

fn weights() -> Vec<u8> {
    torch::zip(&torch::tensor())
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let computed = "a: {_target_: '${b}', x: \"${oc.create:{_target_:m.f}}\"}\nb: [*c, {";
    vec![
        ("model.nemo", model(CONFIGURATION, weights())),
        ("computed.nemo", model(computed, b"text\n".to_vec())),
    ]
}

fn rules(observed: &Observed) -> Vec<String> {
    let findings = judge("model.nemo", observed);
    let told = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    told.collect()
}

#[test]
fn names_of_a_configuration_are_allowed_by_the_policy_alone() {
    let observed = facts(model(CONFIGURATION, weights()), "model.nemo");
    insta::assert_snapshot!(rules(&observed).join("\n"), @"
    global-not-allowed: loading runs `nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor(...)`; the policy does not list `nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor`
    global-not-allowed: loading runs `nemo.collections.asr.modules.ConvASRDecoder(...)`; the policy does not list `nemo.collections.asr.modules.ConvASRDecoder`
    global-not-allowed: loading runs `nemo.collections.asr.models.ctc_models.EncDecCTCModel(...)`; the policy does not list `nemo.collections.asr.models.ctc_models.EncDecCTCModel`
    ");
    let listed = policy(
        "version: 1\nextends: recommended\nglobals: {allow: ['nemo.collections.asr.modules.*', 'nemo.collections.asr.models.ctc_models.*']}\n",
    );
    let told: Vec<_> = judge_by(&listed, "model.nemo", &observed)
        .iter()
        .map(|finding| finding.message.clone())
        .collect();
    assert_eq!(told, [""; 0]);
}

/// A pack lists what libraries write into pickles, and `_rebuild_tensor_v2` is harmless only with such arguments.
#[test]
fn a_pack_allows_no_name_of_a_configuration() {
    let configuration = "a:\n  _target_: collections.OrderedDict\n  x: 1\n";
    let observed = facts(model(configuration, weights()), "model.nemo");
    insta::assert_snapshot!(rules(&observed).join("\n"), @"global-not-allowed: loading runs `collections.OrderedDict(...)`; the policy lists `collections.OrderedDict` for import and call and construct and build only, not for configure");
    let listed =
        policy("version: 1\nextends: recommended\nglobals: {allow: [collections.OrderedDict]}\n");
    assert_eq!(judge_by(&listed, "model.nemo", &observed).len(), 0);
}

#[test]
fn what_a_configuration_computes_cannot_be_allowed() {
    for value in [
        "{_target_: '${b}'}",
        "{_target_: 'torch.${b}'}",
        "'${oc.create:{_target_:os.system}}'",
        "'${oc.decode:${text}}'",
        "'${oc.select:x,{_target_:os.system}}'",
        "'${eval:1}'",
        "'a ${ my.resolver : 1 }'",
        "'${${x}:1}'",
    ] {
        let observed = facts(model(&format!("a: {value}\n"), weights()), "model.nemo");
        let told = rules(&observed);
        let is_told = told
            .iter()
            .any(|told| told.starts_with("unresolved-global"));
        assert!(is_told, "{value}: {told:?}");
    }
    for value in [
        "'${a.b}'",
        "'${.b}'",
        "'${oc.env:HOME}'",
        "'${oc.select:${a},1}'",
        "'$ {x}'",
        "'${'",
    ] {
        let observed = facts(model(&format!("a: {value}\n"), weights()), "model.nemo");
        assert_eq!(rules(&observed), [""; 0], "{value}");
    }
}

#[test]
fn what_stands_in_the_place_of_a_part_is_refused() {
    let told = |members: &[Vec<u8>]| {
        let mut file = members.concat();
        file.extend([0; 1024]);
        rules(&facts(file, "model.nemo")).join("\n")
    };
    let weights = tar::member("model_weights.ckpt", b'0', &weights(), tar::octal);
    let configuration = tar::member("model_config.yaml", b'0', b"a: 1\n", tar::octal);
    let called = b"a: {_target_: os.system, command: 'true'}\n";
    let other = tar::member("other", b'0', called, tar::octal);
    let link = |name: &str| tar::header(name, b'2', 0, tar::octal);
    insta::assert_snapshot!(told(&[other.clone(), link("model_config.yaml"), weights.clone()]), @"incomplete-read: it is in a form that is not read: a link in place of a member that the loader opens");
    insta::assert_snapshot!(told(&[configuration.clone(), link("./model_weights.ckpt")]), @"incomplete-read: it is in a form that is not read: a link in place of a member that the loader opens");
    // The last of several members of a name is the one that is there in the end.
    let second = tar::member("x/../MODEL_CONFIG.yaml", b'0', called, tar::octal);
    insta::assert_snapshot!(told(&[configuration, weights, second]), @"global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)");
}

#[test]
fn weights_are_judged_as_what_they_are() {
    let hostile = torch::zip(&payload());
    for file in [
        model("a: 1\n", hostile.clone()),
        gzip(&model("a: 1\n", hostile)),
    ] {
        let told = rules(&facts(file, "model.nemo"));
        assert!(
            told.iter()
                .any(|told| told.starts_with("global-not-allowed")),
            "{told:?}"
        );
    }
}

/// Aliases of aliases, and a bracket in a bracket, cost no more than their limits.
#[test]
fn a_configuration_is_read_within_its_limits() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        writeln!(laughs, "a{n}: &a{n} [{items}]").unwrap();
    }
    for (yaml, limit) in [
        (laughs, "repetition limit exceeded"),
        (
            format!(
                "a: &a [{}]\nb: [{}]\n",
                "x, ".repeat(1000),
                "*a , ".repeat(2000)
            ),
            "values in the configuration",
        ),
        ("[".repeat(100_000), "lists and mappings in brackets"),
        (
            format!("a: {}", "x".repeat(3 << 20)),
            "of YAML in the configuration",
        ),
        (
            (0..300)
                .map(|n| format!("a{n}: {{_target_: m.f{n}}}\n"))
                .collect::<Vec<_>>()
                .concat(),
            "classes and functions that a configuration has called",
        ),
    ] {
        let told = rules(&facts(model(&yaml, weights()), "model.nemo"));
        assert!(
            told.iter().any(|told| told.contains(limit)),
            "{limit}: {told:?}"
        );
    }
}

/// Whatever hydra looks up in a configuration is recorded, or said not to be known.
#[test]
fn what_hydra_looks_up_is_recorded() {
    let Some(python) = oracle::python("hydra, omegaconf") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_CONFIGURATIONS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "hydra_targets.py", &[folder, &count, &seed]);
    let mut named = 0;
    for answer in &answers {
        if answer["reads"] == false {
            continue;
        }
        let file = answer["file"].as_str().unwrap();
        let yaml = std::fs::read_to_string(dir.path().join(file)).unwrap();
        let observed = facts(model(&yaml, weights()), "model.nemo");
        let mut recorded: BTreeSet<String> = BTreeSet::new();
        let mut computed = false;
        for observation in observed.iter() {
            match &observation.fact {
                Fact::Global {
                    global: Global::Named(name),
                    ..
                } => {
                    recorded.insert(name.to_string());
                }
                Fact::Global {
                    global: Global::Unresolved(Unresolved::Configured),
                    ..
                } => computed = true,
                Fact::Unread(Unread::Malformed(how)) => {
                    assert!(
                        !matches!(**how, Malformed::Configuration(_)),
                        "{file}: {how}\n{yaml}"
                    );
                }
                _ => {}
            }
        }
        for name in answer["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(
                computed || recorded.contains(name),
                "{file}: {name}\n{yaml}"
            );
            named += 1;
        }
    }
    assert!(named > answers.len(), "{named}");
}

/// A large compressed model is read once: what its configurations say is known once its weights are met.
#[test]
fn a_large_compressed_model_is_recognised_on_the_way() {
    let called = b"a: {_target_: os.system, command: 'true'}\n".to_vec();
    let large = ("large.bin", vec![0; 20 << 20]);
    let told =
        |members: &[(&str, Vec<u8>)]| rules(&facts(gzip(&tar::archive(members)), "model.nemo"));
    let configuration = ("model_config.yaml", called);
    let weights = ("model_weights.ckpt", weights());
    for members in [
        vec![configuration.clone(), large.clone(), weights.clone()],
        vec![weights.clone(), large.clone(), configuration.clone()],
    ] {
        let told = told(&members);
        assert!(
            told.iter().any(|told| told.contains("os.system")),
            "{told:?}"
        );
    }
    let mut members = vec![("model_config.yaml", b"a: 1\n".to_vec()); 6];
    members.extend([configuration, large, weights]);
    let told = told(&members);
    assert!(
        told.iter()
            .any(|told| told.contains("files with the name of a configuration")),
        "{told:?}"
    );
}

/// What Megatron's distributed checkpoints are in an archive: a folder instead of a file.
#[test]
fn weights_in_a_folder_make_a_model_as_well() {
    let with = |members: &[(&str, Vec<u8>)]| {
        let configuration = ("./model_config.yaml", CONFIGURATION.as_bytes().to_vec());
        tar::archive(&[&[configuration], members].concat())
    };
    let shards = with(&[
        ("./model_weights/common.pt", weights()),
        ("./model_weights/metadata.json", b"{}".to_vec()),
    ]);
    let observed = facts(shards, "model.nemo");
    let told = rules(&observed);
    assert!(
        told.len() == 3 && told.iter().all(|it| it.starts_with("global-not-allowed")),
        "{told:?}"
    );
    let hostile = with(&[("./model_weights/common.pt", torch::zip(&payload()))]);
    let told = rules(&facts(hostile, "model.nemo"));
    assert!(told.iter().any(|it| it.contains("system")), "{told:?}");
    let lone = tar::archive(&[("./model_config.yaml", CONFIGURATION.as_bytes().to_vec())]);
    assert!(
        !rules(&facts(lone, "model.nemo"))
            .iter()
            .any(|it| it.contains("ConvASRDecoder"))
    );
}

/// What a configuration has called is told once, by the policy of globals.
#[test]
fn a_hostile_target_is_told_once() {
    let hostile = CONFIGURATION.replace("nemo.collections.asr.modules.ConvASRDecoder", "os.system");
    let told = rules(&facts(model(&hostile, weights()), "model.nemo"));
    let told: Vec<_> = told.iter().filter(|it| it.contains("os.system")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
}
