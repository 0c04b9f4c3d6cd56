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
    insta::assert_snapshot!(told("import yaml\nc = yaml.load(f, Loader=yaml.Loader)"), @"unsafe-loading-option: `Loader=yaml.Loader` lets `yaml.load` run code of what it loads | use `yaml.safe_load`");
    insta::assert_snapshot!(told("from ruamel.yaml import YAML\nyaml = YAML(typ='unsafe')\nc = yaml.load(f)"), @r#"unsafe-loading-option: `typ='unsafe'` lets `YAML` run code of what it loads | use `YAML(typ="safe")`"#);
}

/// Every loader of YAML that calls what tags name, also where one of two is taken by what is installed.
#[test]
fn loaders_of_yaml_that_call_what_tags_name_are_refused() {
    for source in [
        "import yaml\nyaml.load(f, yaml.UnsafeLoader)",
        "import yaml\nyaml.load(f, yaml.CLoader)",
        "import yaml\nyaml.load(f, Loader=yaml.cyaml.CUnsafeLoader)",
        "import yaml\nL = yaml.Loader\nlist(yaml.load_all(f, Loader=L))",
        "import yaml\ntry:\n    from yaml import CLoader as Loader\nexcept ImportError:\n    from yaml import Loader\nyaml.load(f, Loader=Loader)",
        "import ruamel.yaml\nruamel.yaml.load(f, Loader=ruamel.yaml.Loader)",
        "import ruamel_yaml as yaml\nyaml.load(f, yaml.UnsafeLoader)",
        "import ruamel.yaml\nruamel.yaml.YAML(typ=['unsafe', 'pytypes'])",
        "from accelerate.utils import load\nload(p, weights_only=False)",
    ] {
        let said = told(source);
        assert!(
            said.starts_with("unsafe-loading-option: "),
            "{source}\n{said}"
        );
    }
}

/// The class is the user's, and where it is defined does not matter.
#[test]
fn a_loader_that_a_class_inherits_is_known_by_its_method() {
    for source in [
        "from model import Net\nNet.load_from_checkpoint('a.ckpt', weights_only=False)",
        "import lightning as L\nclass Net(L.LightningModule): pass\nn = Net.load_from_checkpoint(p, map_location='cpu', weights_only=False)",
        "from pytorch_lightning import LightningModule\nLightningModule.load_from_checkpoint(p, weights_only=False)",
        "class Net:\n    @classmethod\n    def load(cls, p): return cls.load_from_checkpoint(p, weights_only=False)",
        "def f(classes, p): return classes['a'].load_from_checkpoint(p, weights_only=False).eval()",
        "from model import Net\noptions = dict(weights_only=False)\nNet.load_from_checkpoint(p, **options)",
    ] {
        let said = told(source);
        assert!(
            said.starts_with("unsafe-loading-option: `weights_only=False` lets `"),
            "{source}\n{said}"
        );
    }
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
        "import yaml\nyaml.load(f, Loader=yaml.SafeLoader)",
        "import yaml\nyaml.load(f, yaml.FullLoader)",
        "import yaml\nyaml.load(f, Loader=yaml.CSafeLoader)",
        "import yaml\nclass L(yaml.SafeLoader): pass\nyaml.load(f, Loader=L)",
        "import yaml\ndef f(s, Loader=yaml.SafeLoader): return yaml.load(s, Loader=Loader)",
        // Since 6.0 it wants a loader.
        "import yaml\nyaml.load(f)",
        "from ruamel.yaml import YAML\nYAML().load(f)",
        "from ruamel.yaml import YAML\nYAML(typ='safe', pure=True).load(f)",
        "from accelerate.utils import load\nload(p)",
        "from model import Net\nNet.load_from_checkpoint(p)",
        "from model import Net\nNet.load_from_checkpoint(p, weights_only=True)",
        "from model import Net\nNet.load_from_checkpoint(p, weights_only=None)",
        "from model import Net\nNet.load_from_checkpoint(p, weights_only=args.safe)",
    ] {
        assert_eq!(told(source), "", "{source}");
    }
}
