//! Options with which a loader runs code of the file.

use crate::{python::observe, rule::judge};

fn told(source: &str) -> String {
    let findings = judge("a.py", &observe(source));
    let line = |f: &weighbridge::finding::Finding| {
        let help = f.help.first().map(ToString::to_string);
        format!(
            "{}: {} | {}",
            f.rule.id,
            f.message,
            help.unwrap_or_default()
        )
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn options_that_let_code_run_are_refused() {
    insta::assert_snapshot!(told("import tensorflow as tf\nm = tf.keras.models.load_model('m.keras', safe_mode=False)"), @"unsafe-loading-option: `safe_mode=False` lets `tf.keras.models.load_model` run code of what it loads | write `tf.keras.models.load_model('m.keras', safe_mode=True)`");
    insta::assert_snapshot!(told("from keras.saving import load_model\nm = load_model('m.keras', None, False, False)"), @"unsafe-loading-option: `safe_mode=False` lets `load_model` run code of what it loads | write `load_model('m.keras', None, False, safe_mode=True)`");
    insta::assert_snapshot!(told("import keras\nkeras.config.enable_unsafe_deserialization()"), @"unsafe-loading-option: `keras.config.enable_unsafe_deserialization` lets every load that follows run code of its file | use `safe_mode=False` at the one call that needs it");
    insta::assert_snapshot!(told("from transformers import AutoTokenizer\nt = AutoTokenizer.from_pretrained('a/b', trust_remote_code=True)"), @"unsafe-loading-option: `trust_remote_code=True` lets `AutoTokenizer.from_pretrained` run code of what it loads | write `AutoTokenizer.from_pretrained('a/b', trust_remote_code=False)`");
    insta::assert_snapshot!(told("import skops.io as sio\nm = sio.load('m.skops', trusted=sio.get_untrusted_types(file='m.skops'))"), @"unsafe-loading-option: `trusted=sio.get_untrusted_types(file='m.skops')` is not a constant: `sio.load` may run code of what it loads | use the same call with a list of the types that it needs");
    insta::assert_snapshot!(told("import skops.io as sio\nm = sio.load('m.skops', trusted=True)"), @"unsafe-loading-option: `trusted=True` lets `sio.load` run code of what it loads | use the same call with a list of the types that it needs");
    insta::assert_snapshot!(told("import jsonpickle\no = jsonpickle.decode(text, safe=False)"), @"unsafe-loading-option: `safe=False` lets `jsonpickle.decode` run code of what it loads | write `jsonpickle.decode(text, safe=True)`");
    insta::assert_snapshot!(told("import torch\nw = torch.hub.load_state_dict_from_url(url)"), @"unsafe-loading-option: `torch.hub.load_state_dict_from_url` runs code of what it loads unless `weights_only=True` is given | write `torch.hub.load_state_dict_from_url(url, weights_only=True)`");
}

#[test]
fn options_that_do_not_are_silent() {
    for source in [
        "import keras\nkeras.models.load_model('m.keras')",
        "import keras\nkeras.models.load_model('m.keras', safe_mode=True)",
        "import keras\nkeras.models.load_model('m.keras', **options)",
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=False)",
        // The option of a program, which is off unless its user says otherwise.
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=args.trust)",
        "from transformers import AutoModel\ndef f(trust=False): AutoModel.from_pretrained('a/b', trust_remote_code=trust)",
        "import skops.io as sio\nsio.load('m.skops', trusted=['a.B', 'c.D'])",
        "import skops.io as sio\nsio.load('m.skops')",
        "import jsonpickle\njsonpickle.decode(text)",
        "import torch\ntorch.hub.load_state_dict_from_url(url, weights_only=True)",
    ] {
        assert_eq!(told(source), "", "{source}");
    }
}
