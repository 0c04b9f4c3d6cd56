//! `unusual-use` of what packs of whole objects list.

use super::{
    parts::{call, global, int, pair, pickle, text, tuple, with},
    policy, rules, told,
};

const RULE: &str = "unusual-use";

#[test]
fn a_default_is_made_by_a_listed_type() {
    let factory = |made: &[u8]| {
        let made = call(&global("collections", "defaultdict"), &[made]);
        rules(
            "x.pkl",
            &pickle(&[&made[..], &text("k"), &int(1), b"s"].concat()),
        )
    };
    for fine in [
        global("builtins", "list"),
        global("__builtin__", "dict"),
        global("collections", "OrderedDict"),
    ] {
        assert_eq!(factory(&fine), [""; 0]);
    }
    for odd in [
        global("numpy", "ndarray"),
        global("numpy", "dtype"),
        text("list"),
        int(1),
    ] {
        assert_eq!(factory(&odd), [RULE]);
    }
    assert_eq!(
        factory(&global("builtins", "input")),
        ["global-not-allowed"]
    );
    let made = call(
        &global("collections", "defaultdict"),
        &[&global("builtins", "int")],
    );
    assert_eq!(
        rules("x.pkl", &pickle(&with(&made, &pair("x", &int(1))))),
        [RULE]
    );
}

/// What `unusual-use` says of a body under a policy with these packs, after nothing else was said.
fn with_packs(packs: &str, body: &[u8]) -> String {
    let own = policy(&format!(
        "version: 1\nextends: recommended\nglobals: {{packs: [{packs}]}}\n"
    ));
    let bytes = pickle(body);
    assert_eq!(
        super::told_by(&own, "global-not-allowed", "x.pkl", &bytes),
        ""
    );
    super::told_by(&own, RULE, "x.pkl", &bytes)
}

#[test]
fn a_version_of_torch_is_made_of_a_text() {
    let version = |arguments: &[u8]| {
        let class = global("torch.torch_version", "TorchVersion");
        with_packs("torch-nn", &[&class[..], arguments, b"\x81"].concat())
    };
    assert_eq!(version(&tuple(&[&text("2.6.0")])), "");
    for odd in [
        b")".to_vec(),
        tuple(&[&int(2)]),
        tuple(&[&text("2"), &text("6")]),
    ] {
        assert!(
            version(&odd).contains("other arguments of NEWOBJ"),
            "{odd:?}"
        );
    }
}

#[test]
fn items_that_a_class_answers_as_attributes_have_plain_names() {
    let class = global("pytorch_lightning.utilities.parsing", "AttributeDict");
    let made = |items: &[u8]| with_packs("lightning", &[&class[..], b")\x81", items].concat());
    let item = |key: &[u8], value: &[u8]| made(&[key, value, b"s"].concat());
    assert_eq!(made(b""), "");
    assert_eq!(item(&text("lr"), &int(1)), "");
    assert_eq!(item(&text("dtype"), &global("torch", "float16")), "");
    assert_eq!(item(&text("dtype"), &global("numpy", "float32")), "");
    for said in [
        item(&text("__setstate__"), &int(1)),
        item(&text("__deepcopy__"), &int(1)),
        item(&int(1), &int(1)),
        item(&text("lr"), &global("numpy", "ndarray")),
        made(
            &[
                b"(",
                &text("lr")[..],
                &int(1),
                &text("__x__"),
                &int(1),
                b"u",
            ]
            .concat(),
        ),
        made(&[&pair("lr", &int(1))[..], b"b"].concat()),
    ] {
        assert!(said.starts_with(RULE), "{said}");
    }
}

#[test]
fn a_recurrent_network_has_few_layers() {
    let class = global("torch.nn.modules.rnn", "LSTM");
    let network = |attributes: &[Vec<u8>]| {
        let state = [&b"}("[..], &attributes.concat(), b"u"].concat();
        with_packs("torch-nn", &[&class[..], b")\x81", &state, b"b"].concat())
    };
    let layers = |number: &[u8]| [text("num_layers"), number.to_vec()].concat();
    let others: Vec<Vec<u8>> = (0..20)
        .map(|n| [text(&format!("a{n}")), int(n)].concat())
        .collect();
    let and = |more: &[Vec<u8>]| [&others[..], more].concat();
    assert_eq!(network(&and(&[layers(&int(4))])), "");
    for odd in [
        and(&[]),
        and(&[layers(&int(1 << 20))]),
        and(&[layers(b"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x01")]),
        and(&[layers(&int(2)), layers(&int(1 << 20))]),
        and(&[layers(&int(1 << 20)), layers(&int(2))]),
        and(&[layers(b"N")]),
    ] {
        assert!(
            network(&odd).contains("a small number as `num_layers`"),
            "{odd:?}"
        );
    }
}

/// `Dictionary.__setstate__` stores the dict itself, so what is put into it later are attributes.
#[test]
fn a_state_that_an_instance_keeps_is_not_changed_later() {
    let class = global("flair.data", "Dictionary");
    let made = [&class[..], b")\x81"].concat();
    let state = [&b"}q\x07"[..], &text("add_unk"), b"\x89s"].concat();
    let whole = [&made[..], &state, b"b"].concat();
    assert_eq!(with_packs("flair", &whole), "");
    let later = |value: &[u8]| {
        let again = [&b"h\x07"[..], &text("get_items"), value, b"s"].concat();
        with_packs("flair", &tuple(&[&whole, &again]))
    };
    for value in [int(1), global("numpy", "ndarray")] {
        let said = later(&value);
        assert!(said.contains("the instance keeps it"), "{said}");
    }
}

#[test]
fn a_model_keeps_the_class_of_its_layers_where_models_do() {
    let class = global("torchvision.models.resnet", "ResNet");
    let keeps = |key: &str, value: &[u8]| {
        with_packs(
            "torchvision, torch-nn",
            &with(&[&class[..], b")\x81"].concat(), &pair(key, value)),
        )
    };
    let norm = global("torch.nn.modules.batchnorm", "BatchNorm2d");
    assert_eq!(keeps("_norm_layer", &norm), "");
    for said in [
        keeps("forward", &norm),
        keeps("_make_layer", &norm),
        keeps("norm_layer", &global("numpy", "ndarray")),
        keeps("norm_layer", &global("torch._utils", "_rebuild_tensor_v2")),
    ] {
        assert!(said.starts_with(RULE), "{said}");
    }
}

/// A function could take the place of a method, so each may stand where its library keeps it and nowhere else.
#[test]
fn a_library_keeps_its_functions_under_its_names_for_them() {
    let class = global("gensim.models.word2vec", "Word2Vec");
    let keeps = |key: &str, module: &str, name: &str| {
        with_packs(
            "gensim, nltk",
            &with(
                &[&class[..], b")\x81"].concat(),
                &pair(key, &global(module, name)),
            ),
        )
    };
    assert_eq!(keeps("hashfxn", "builtins", "hash"), "");
    assert_eq!(keeps("load", "gensim.utils", "call_on_class_only"), "");
    for said in [
        keeps("load", "builtins", "hash"),
        keeps("train", "gensim.utils", "call_on_class_only"),
        keeps("hashfxn", "gensim.utils", "identity"),
        keeps("hashfxn", "numpy", "ndarray"),
        keeps("_Token", "nltk.probability", "FreqDist"),
    ] {
        assert!(said.starts_with(RULE), "{said}");
    }
}

/// A transformer's layer holds the function that it computes with.
#[test]
fn a_layer_keeps_its_activation_where_transformers_do() {
    let class = global("torch.nn.modules.transformer", "TransformerEncoderLayer");
    let keeps = |key: &str, value: &[u8]| {
        let made = [&class[..], b")\x81"].concat();
        with_packs("torch-nn", &with(&made, &pair(key, value)))
    };
    assert_eq!(
        keeps("activation", &global("torch.nn.functional", "relu")),
        ""
    );
    assert_eq!(keeps("activation", &global("torch._C._nn", "gelu")), "");
    for said in [
        keeps("forward", &global("torch.nn.functional", "relu")),
        keeps("activation", &global("numpy", "ndarray")),
        keeps("activation", &global("torch._utils", "_rebuild_tensor_v2")),
    ] {
        assert!(said.starts_with(RULE), "{said}");
    }
}

/// A graph of networkx keeps copies of itself under a name that looks like one of Python's.
#[test]
fn a_graph_keeps_its_cache() {
    let class = global("networkx.classes.graph", "Graph");
    let keeps = |key: &str, value: &[u8]| {
        let made = [&class[..], b")\x81"].concat();
        with_packs("networkx", &with(&made, &pair(key, value)))
    };
    assert_eq!(keeps("__networkx_cache__", b"}"), "");
    for said in [
        keeps("__networkx_backend__", b"}"),
        keeps("__setstate__", b"}"),
        keeps("__networkx_cache__", &global("numpy", "ndarray")),
    ] {
        assert!(said.starts_with(RULE), "{said}");
    }
}

/// A document of `LangChain` is a model of pydantic, whose state holds its attributes.
#[test]
fn a_model_of_pydantic_has_the_state_that_pydantic_writes() {
    let class = global("langchain_core.documents.base", "Document");
    let dict = |pairs: &[Vec<u8>]| [&b"}("[..], &pairs.concat(), b"u"].concat();
    let item = |key: &str, value: &[u8]| [text(key), value.to_vec()].concat();
    let made =
        |state: &[u8]| with_packs("langchain", &[&class[..], b")\x81", state, b"b"].concat());
    let fields = dict(&[
        item("page_content", &text("x")),
        item("metadata", &dict(&[item("__init__", &int(1))])),
    ]);
    let given = [b"(", &text("page_content")[..], b"l"].concat();
    let whole = |fields: &[u8], private: &[u8]| {
        dict(&[
            item("__dict__", fields),
            item("__pydantic_extra__", b"N"),
            item("__pydantic_fields_set__", &given),
            item("__pydantic_private__", private),
        ])
    };
    assert_eq!(made(&whole(&fields, b"N")), "");
    // Version 1.
    let old = |private: &[u8]| {
        dict(&[
            item("__dict__", &fields),
            item("__fields_set__", &given),
            item("__private_attribute_values__", private),
        ])
    };
    assert_eq!(made(&old(b"}")), "");
    assert_eq!(made(&old(&dict(&[item("_lc_kwargs", &fields)]))), "");
    let numpy = global("numpy", "ndarray");
    let special = dict(&[item("__class__", &int(1))]);
    let method = dict(&[item("copy", &numpy)]);
    for (what, said) in [
        ("no state of pydantic", made(&fields)),
        ("no attributes", made(&whole(b"N", b"N"))),
        ("a special attribute", made(&whole(&special, b"N"))),
        ("a method", made(&whole(&method, b"N"))),
        ("a private one", made(&whole(&fields, &special))),
        ("one of version 1", made(&old(&method))),
        (
            "twice",
            made(&dict(&[
                item("__dict__", &fields),
                item("__dict__", &fields),
            ])),
        ),
        (
            "more",
            made(&dict(&[
                item("__dict__", &fields),
                item("__class__", &int(1)),
            ])),
        ),
        ("a pair", made(&tuple(&[b"N", &whole(&fields, b"N")]))),
    ] {
        assert!(said.starts_with(RULE), "{what}: {said}");
    }
    // So has a model of the application, which its policy lists.
    let own = policy("version: 1\nextends: recommended\nglobals: {allow: [app.models.Settings]}\n");
    let settings = |state: &[u8]| {
        let class = global("app.models", "Settings");
        let body = pickle(&[&class[..], b")\x81", state, b"b"].concat());
        super::told_by(&own, RULE, "x.pkl", &body)
    };
    assert_eq!(settings(&whole(&fields, b"N")), "");
    assert_ne!(settings(&whole(&special, b"N")), "");
    // What the instance keeps is not filled later.
    let kept = [&fields[..], b"q\x05"].concat();
    let filled = [
        &class[..],
        b")\x81",
        &whole(&kept, b"N"),
        b"bh\x05",
        &text("copy"),
        &numpy,
        b"s0",
    ]
    .concat();
    let said = with_packs("langchain", &filled);
    assert!(said.contains("the instance keeps it"), "{said}");
}

/// The block that a refusal proposes is a policy under which the file passes.
#[test]
fn the_packs_that_a_refusal_names_suffice_as_printed() {
    let instance = |module: &str, name: &str| [&global(module, name)[..], b")\x81"].concat();
    for (pack, object) in [
        ("coqui-tts", instance("TTS.tts.models.xtts", "XttsArgs")),
        ("flair", instance("flair.data", "Dictionary")),
        (
            "gensim",
            instance("gensim.models.keyedvectors", "KeyedVectors"),
        ),
        ("nltk", instance("nltk.tag.perceptron", "PerceptronTagger")),
        ("networkx", instance("networkx.classes.graph", "Graph")),
        (
            "imbalanced-learn",
            instance("imblearn.over_sampling._smote.base", "SMOTE"),
        ),
        (
            "keras-text",
            instance("keras_preprocessing.text", "Tokenizer"),
        ),
        (
            "langchain",
            instance("langchain_core.documents.base", "Document"),
        ),
        (
            "lightning",
            instance("pytorch_lightning.utilities.parsing", "AttributeDict"),
        ),
        (
            "pyannote-audio",
            instance("pyannote.audio.core.task", "Specifications"),
        ),
        (
            "simpletransformers",
            instance("simpletransformers.config.model_args", "T5Args"),
        ),
        ("timm", instance("timm.models.resnet", "ResNet")),
        (
            "torchvision",
            instance("torchvision.models.resnet", "ResNet"),
        ),
        ("torch-nn", instance("torch.nn.modules.rnn", "LSTM")),
        (
            "ultralytics",
            instance("ultralytics.nn.tasks", "DetectionModel"),
        ),
    ] {
        let bytes = pickle(&object);
        let said = told("global-not-allowed", "x.pkl", &bytes);
        assert!(
            said.contains(&format!("the pack `{pack}` lists every name")),
            "{said}"
        );
        let block = said
            .split("write this to weighbridge.yaml:\n")
            .nth(1)
            .unwrap();
        let indent = " ".repeat(block.len() - block.trim_start().len());
        let lines = block.lines().map_while(|line| line.strip_prefix(&indent));
        let printed: String = lines.flat_map(|line| [line, "\n"]).collect();
        let observed = crate::support::fixture::facts(bytes, "x.pkl");
        let left = super::judge_by(&policy(&printed), "x.pkl", &observed);
        let denied: Vec<&str> = left
            .iter()
            .filter(|finding| finding.level == weighbridge::finding::Level::Deny)
            .map(|finding| finding.rule.id)
            .collect();
        assert_eq!(denied, [""; 0], "{pack}");
    }
}
