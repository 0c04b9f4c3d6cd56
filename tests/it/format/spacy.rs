//! Pipelines of spaCy: which functions their configurations have called.

use std::collections::BTreeSet;

use weighbridge::fact::{Fact, Global};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts},
        oracle,
    },
};

const PIPELINE: &str = "[nlp]\nlang = \"en\"\npipeline = [\"ner\"]\n\n[nlp.tokenizer]\n@tokenizers = \"spacy.Tokenizer.v1\"\n\n[components]\n\n[components.ner]\nfactory = \"ner\"\n\n[components.ner.model]\n@architectures = \"spacy.HashEmbedCNN.v1\"\n";

/// What is reported, each with its place.
fn said(name: &str, text: &str) -> String {
    placed(&judge(name, &facts(text.as_bytes().to_vec(), name)))
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let with = |text: &str| format!("{PIPELINE}{text}").into_bytes();
    vec![
        ("config.cfg", with("[x]\n@misc = \"${nlp.lang}.x\"\n")),
        (
            "base_config.cfg",
            with("[x]\ny = [{\"@misc\": \"a\"}, ${z}]\n"),
        ),
    ]
}

#[test]
fn a_function_that_no_package_of_spacy_registers_is_refused_where_it_is_named() {
    assert_eq!(said("config.cfg", PIPELINE), "");
    insta::assert_snapshot!(said("config.cfg", &PIPELINE.replace("spacy.Tokenizer.v1", "acme.tokenizer.v1")), @"6:15 global-not-allowed: loading runs `spacy.registry.tokenizers.acme.tokenizer.v1(...)`; the policy does not list `spacy.registry.tokenizers:acme.tokenizer.v1`");
    insta::assert_snapshot!(said("config.cfg", &PIPELINE.replace("factory = \"ner\"", "factory = \"my_component\"")), @"11:11 global-not-allowed: loading runs `spacy.registry.factories.my_component(...)`; the policy does not list `spacy.registry.factories.my_component`");
    insta::assert_snapshot!(said("config.cfg", &format!("{PIPELINE}[nlp.x]\nafter_creation = {{\"@callbacks\": \"mine\"}}\n[v]\nbefore = ${{v.none}}\n@misc = ${{v.before}}\n")), @"
    16:18 global-not-allowed: loading runs `spacy.registry.callbacks.mine(...)`; the policy does not list `spacy.registry.callbacks.mine`
    19:9 unresolved-global: loading calls what a configuration computes: no policy can allow that
    ");
    insta::assert_snapshot!(said("base_config.cfg", "[training.optimizer]\n@optimizers = \"mine.v1\"\n"), @"2:15 global-not-allowed: loading runs `spacy.registry.optimizers.mine.v1(...)`; the policy does not list `spacy.registry.optimizers:mine.v1`");
    insta::assert_snapshot!(said("config.cfg", &format!("{PIPELINE}[components.trf.model]\nname = \"org/model\"\n[components.trf.model.transformer_config]\ntrust_remote_code = true\n")), @"18:21 remote-code: `components.trf.model.transformer_config.trust_remote_code` names `trust_remote_code` of the repository `org/model`: loading the model fetches and runs it");
    insta::assert_snapshot!(said("meta.json", r#"{"spacy_version": ">=2.0", "lang": "en", "name": "../up", "version": "1", "factories": {"ner": "ner", "a": "mine"}}"#), @"
    1:50 file-outside: loading it opens the model `../up`, which is outside of its folder: the path has a part `..`
    1:108 global-not-allowed: loading runs `spacy.registry.factories.mine(...)`; the policy does not list `spacy.registry.factories.mine`
    ");
}

#[test]
fn other_configurations_are_not_reported() {
    for (name, text) in [
        ("setup.cfg", "[metadata]\nemail = a@b.c\n@include = x\n"),
        ("setup.cfg", "[options]\nfactory = mine\n"),
        (
            "config.cfg",
            "[nlp]\n; @misc = mine\nx = \"@misc\"\ny = ${none}\n",
        ),
        ("config.txt", "[nlp]\n@misc = mine\n"),
        (
            "meta.json",
            r#"{"name": "../up", "factories": {"a": "mine"}}"#,
        ),
    ] {
        assert_eq!(said(name, text), "", "{name} {text}");
    }
}

/// Names of one content.
fn named(text: &str) -> BTreeSet<String> {
    let seen = facts(text.as_bytes().to_vec(), "config.cfg");
    let names = seen.observations.iter().filter_map(|it| match &it.fact {
        Fact::Global {
            global: Global::Named(name),
            ..
        } => Some(format!("{}:{}", name.module, name.name)),
        _ => None,
    });
    names
        .map(|name| name.replace("spacy.registry.", ""))
        .collect()
}

/// What spaCy writes passes; the functions that it and we find in a configuration are the same, and its own are those that are listed.
#[test]
fn pipelines_of_spacy_pass_and_are_read_as_spacy_does() {
    let Some(python) = oracle::python("spacy") else {
        return;
    };
    let (mut files, mut compared, mut listed) = (0, 0, 0);
    for line in oracle::run(&python, "spacy_pipelines.py", &[]) {
        if let Some(text) = line["configuration"].as_str() {
            let Some(names) = line["names"].as_array() else {
                continue;
            };
            let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
            assert_eq!(named(text), names.collect(), "{text}");
            compared += 1;
        } else if let Some(file) = line["file"].as_str() {
            let path = line["path"].as_str().unwrap();
            let bytes = data_encoding::HEXLOWER.decode(file.as_bytes()).unwrap();
            let last = path.rsplit('/').next().unwrap();
            assert_eq!(
                placed(&judge(path, &facts(bytes.clone(), last))),
                "",
                "{path}"
            );
            if let Ok(text) = String::from_utf8(bytes)
                && last == "config.cfg"
            {
                let hostile = text.replace("spacy.Tokenizer.v1", "mine.v1");
                let found = said(path, &hostile);
                assert!(found.contains("tokenizers:mine.v1"), "{found}");
                assert_eq!(found.lines().count(), 1, "{found}");
            }
            files += 1;
        } else {
            for (registry, names) in line["registered"].as_object().unwrap() {
                // What the functions of these make is no part of a configuration.
                if matches!(registry.as_str(), "cli" | "displacy_colors" | "languages") {
                    continue;
                }
                for name in names.as_array().unwrap() {
                    let name = name.as_str().unwrap();
                    let text = if registry == "factories" {
                        let name = name.rsplit('.').next().unwrap();
                        format!("[nlp]\n[components.x]\nfactory = \"{name}\"\n")
                    } else {
                        format!("[nlp]\n[x]\n@{registry} = \"{name}\"\n")
                    };
                    assert_eq!(named(&text), BTreeSet::new(), "{registry} {name}");
                    listed += 1;
                }
            }
        }
    }
    assert!(
        files > 20 && compared > 15 && listed > 200,
        "{files} {compared} {listed}"
    );
}
