//! Loaders of other libraries than torch and pickle, which have no safe mode.

use std::collections::BTreeSet;

use crate::{python::observe, rule::judge};

fn told(source: &str) -> Vec<String> {
    let findings = judge("a.py", &observe(source));
    let line = |f: &weighbridge::finding::Finding| format!("{}: {}", f.rule.id, f.message);
    findings.iter().map(line).collect()
}

#[test]
fn loaders_are_told_with_what_they_run() {
    let one = |source: &str| told(source).join("\n");
    insta::assert_snapshot!(one("import spacy\nnlp = spacy.load('models/pipeline')"), @"model-load: `spacy.load` runs any code that the file names");
    insta::assert_snapshot!(one("import tensorflow as tf\ntf.load_op_library('ops.so')"), @"model-load: `tensorflow.load_op_library` runs native code, or a graph of operators, that the file brings");
    insta::assert_snapshot!(one("import tensorflow as tf\nm = tf.compat.v1.saved_model.load('m')"), @"model-load: `tensorflow.saved_model.load` runs native code, or a graph of operators, that the file brings");
    insta::assert_snapshot!(one("import tensorflow_hub as hub\nlayer = hub.KerasLayer('https://example.org/1')"), @"model-load: `tensorflow_hub.KerasLayer` fetches a model that nothing pins, and runs what that brings");
    insta::assert_snapshot!(one("from hydra.utils import instantiate\nmodel = instantiate(cfg.model)"), @"model-load: `hydra.utils.instantiate` runs any code that the file names");
    insta::assert_snapshot!(one("import mlflow\nmodels = map(mlflow.pyfunc.load_model, uris)"), @"model-load: `mlflow.pyfunc.load_model` is passed on: it runs any code that the file names");
    insta::assert_snapshot!(one("import pandas as pd\nframe = pd.read_hdf('frame.h5', 'frame')"), @"model-load: `pandas.read_hdf` runs any code that the file names");
}

/// What reads data alone is no loader of the catalogue.
#[test]
fn readers_of_data_are_silent() {
    for source in [
        "import xgboost\nxgboost.Booster(model_file='m.ubj')",
        "import lightgbm\nlightgbm.Booster(model_file='m.txt')",
        "import onnx\nonnx.load('m.onnx')",
        "import h5py\nh5py.File('m.h5')",
        "from gensim.models import KeyedVectors\nKeyedVectors.load_word2vec_format('v.bin', binary=True)",
        "from safetensors.torch import load_file\nload_file('m.safetensors')",
        "import json\njson.load(f)",
    ] {
        assert_eq!(told(source), [""; 0], "{source}");
    }
}

/// Whatever the rows of the catalogue are, each library of them says where its risk is.
#[test]
fn every_library_has_a_row_that_says_what_to_do_instead() {
    let loaders = weighbridge::loader::LOADERS;
    let libraries: BTreeSet<_> = loaders.iter().map(|loader| loader.library).collect();
    assert!(libraries.len() > 25, "{libraries:?}");
    for loader in loaders {
        assert!(!loader.instead.is_empty(), "{}", loader.name);
    }
}
