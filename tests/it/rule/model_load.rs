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
    insta::assert_snapshot!(one("import joblib\nmemory = joblib.Memory('cache')"), @"model-load: `joblib.Memory` runs any code that the file names");
}

/// A method of an instance, however that is made.
#[test]
fn methods_that_load_are_told() {
    for source in [
        "import onnxruntime\nonnxruntime.SessionOptions().register_custom_ops_library('a.so')",
        "import onnxruntime as ort\nso = ort.SessionOptions()\nso.register_custom_ops_library(p)",
        "from onnxruntime import SessionOptions as O\nclass A:\n    def __init__(self): self.o = O()\n    def f(self): self.o.register_custom_ops_library(p)",
        "import openvino.runtime as ov\ncore = ov.Core()\ncore.add_extension('e.so')",
        "import tensorrt as trt\nengine = trt.Runtime(logger).deserialize_cuda_engine(data)",
    ] {
        let said = told(source).join("\n");
        assert!(said.starts_with("model-load: "), "{source}\n{said}");
        assert!(said.contains("runs native code"), "{source}\n{said}");
    }
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
        "import joblib\njoblib.Memory(None)",
        "import joblib\njoblib.Memory(location=None, verbose=0)",
        "import onnxruntime as ort\nso = ort.SessionOptions()\nso.graph_optimization_level = 1",
        "import other\nother.SessionOptions().register_custom_ops_library('a.so')",
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
