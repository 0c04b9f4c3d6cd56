//! Files beside a model: what they name, and that those which name nothing are not reported.

use crate::{
    rule::judge,
    support::{fixture::facts, oracle},
};

/// What is reported of a file: one line for each finding.
fn said(name: &str, text: &str) -> String {
    let last = name.rsplit('/').next().unwrap();
    let findings = judge(name, &facts(text.as_bytes().to_vec(), last));
    let lines: Vec<String> = findings
        .iter()
        .map(|it| format!("{} {}: {}", it.primary.site, it.rule.id, it.message))
        .collect();
    lines.join("\n")
}

#[test]
fn code_that_a_configuration_names_is_reported_at_its_key() {
    let config = r#"{
  "architectures": ["AModel"],
  "auto_map": {
    "AutoConfig": "configuration_a.AConfig",
    "AutoModel": "org/other--modeling_a.AModel",
    "AutoTokenizer": ["tokenization_a.ATokenizer", null]
  },
  "custom_pipelines": {"text": {"impl": "pipe.Pipe", "pt": ["AutoModel"]}},
  "text_config": {"attn_implementation": "org/kernel"},
  "activation_function": "os.system"
}"#;
    insta::assert_snapshot!(said("m/config.json", config), @"
    10:26 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)
    5:18 remote-code: `auto_map.AutoModel` names `modeling_a.AModel` of the repository `org/other`: loading the model fetches and runs it
    9:42 remote-code: `text_config.attn_implementation` names `kernel` of the repository `org/kernel`: loading the model fetches and runs it
    4:19 repository-code: `auto_map.AutoConfig` names `configuration_a.AConfig`, code of this repository that loading the model runs if it is trusted
    6:23 repository-code: `auto_map.AutoTokenizer` names `tokenization_a.ATokenizer`, code of this repository that loading the model runs if it is trusted
    8:41 repository-code: `custom_pipelines.text` names `pipe.Pipe`, code of this repository that loading the model runs if it is trusted
    ");
    insta::assert_snapshot!(said("tokenizer_config.json", r#"{"auto_map": ["a.B", "a.C"], "chat_template": "{{ x.__class__ }}"}"#), @"
    1:15 repository-code: `auto_map` names `a.B`, code of this repository that loading the model runs if it is trusted
    1:22 repository-code: `auto_map` names `a.C`, code of this repository that loading the model runs if it is trusted
    chat_template 1:6 template-reach: the chat template looks up `__class__`, which belongs to Python's own objects
    ");
    insta::assert_snapshot!(said("tokenizer_config.json", r#"{"chat_template": [{"name": "tool_use", "template": "a\n{{ x['__class__'] }}"}]}"#), @"chat_template.tool_use 2:6 template-reach: the chat template looks up `__class__`, which belongs to Python's own objects");
    insta::assert_snapshot!(said("adapter_config.json", r#"{"peft_type": "LORA", "megatron_core": "os", "auto_mapping": {"base_model_class": "system", "parent_library": "posix"}}"#), @"
    1:40 global-not-allowed: loading runs `os.(...)`; the policy does not list `os.` (it runs a program or changes the system)
    1:111 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)
    ");
    insta::assert_snapshot!(said("model_index.json", r#"{"_class_name": ["pipeline_a", "Pipe"], "unet": ["os", "system"], "vae": ["diffusers", "Vae"]}"#), @"
    1:50 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)
    1:17 repository-code: `_class_name` names `pipeline_a.Pipe`, code of this repository that loading the model runs if it is trusted
    ");
    insta::assert_snapshot!(said("modules.json", r#"[{"idx": 0, "name": "0", "path": "../up", "type": "posix.system"}]"#), @"
    1:34 file-outside: loading it opens the model `../up`, which is outside of its folder: the path has a part `..`
    1:51 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)
    ");
    insta::assert_snapshot!(said("modules.json", r#"[{"path": "", "type": "posix.system"}, {"type": "sentence_transformers.util.torch"}, 1]"#), @"
    1:23 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)
    1:49 global-not-allowed: loading runs `sentence_transformers.util.torch(...)`; the policy does not list `sentence_transformers.util.torch`
    ");
    insta::assert_snapshot!(said("modular_model_index.json", r#"{"_class_name": "P", "unet": ["diffusers", "U", {"type_hint": ["os", "system"], "repo": "a/b"}], "x": [null, null, {"type_hint": ["posix", "system"]}]}"#), @"
    1:64 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)
    1:131 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)
    ");
    insta::assert_snapshot!(said("model_index.json", r#"{"unet": ["posix", "system"]}"#), @"1:11 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(said("modular_config.json", r#"{"auto_map": {"ModularPipelineBlocks": "org/x--a.B"}}"#), @"1:40 remote-code: `auto_map.ModularPipelineBlocks` names `a.B` of the repository `org/x`: loading the model fetches and runs it");
    insta::assert_snapshot!(said("processor_config.json", r#"{"image_processor": {"auto_map": {"AutoImageProcessor": "org/x--a.B"}}}"#), @"1:57 remote-code: `auto_map.AutoImageProcessor` names `a.B` of the repository `org/x`: loading the model fetches and runs it");
    insta::assert_snapshot!(said("router_config.json", r#"{"types": {"query_0": "sentence_transformers.models.Transformer", "document_0": "posix.system", "b": "org/x--a.B"}, "structure": {"query": ["query_0"]}}"#), @"
    1:81 global-not-allowed: loading runs `posix.system(...)`; the policy does not list `posix.system` (it runs a program or changes the system)
    1:102 remote-code: `types.b` names `a.B` of the repository `org/x`: loading the model fetches and runs it
    ");
    insta::assert_snapshot!(said("model.safetensors.index.fp16.json", r#"{"weight_map": {"a": "../x.safetensors"}}"#), @"1:22 file-outside: loading it opens the weights in `../x.safetensors`, which is outside of its folder: the path has a part `..`");
    insta::assert_snapshot!(said("model.safetensors.index.json", r#"{"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "/etc/shadow", "c": "/etc/shadow"}}"#), @"1:66 file-outside: loading it opens the weights in `/etc/shadow`, which is outside of its folder: the path begins at the root");
    insta::assert_snapshot!(said("chat_template.jinja", "{% include '/etc/passwd' %}"), @"1:12 template-reach: the chat template loads another template: `'/etc/passwd'`");
    insta::assert_snapshot!(said("additional_chat_templates/tool_use.jinja", "{% for m in messages %}{{ m.__class__ }}{% endfor %}{% if add_generation_prompt %}a{% endif %}"), @"1:29 template-reach: the chat template looks up `__class__`, which belongs to Python's own objects");
    insta::assert_snapshot!(said("config.json", "{\"a\": \"\\ud800\", \"auto_map\": {\"A\": \"a.B\"}}"), @"1:14 incomplete-read: it does not read to its end: unexpected end of hex escape at line 1 column 14");
    // The first of two keys of one name may count for another reader.
    insta::assert_snapshot!(said("config.json", r#"{"auto\u005fmap": {"A": "a.B"}, "auto_map": {}}"#), @"1:25 repository-code: `auto_map.A` names `a.B`, code of this repository that loading the model runs if it is trusted");
}

#[test]
fn a_file_of_that_name_that_names_nothing_is_not_reported() {
    for (name, text) in [
        (
            "config.json",
            r#"{"type": "module", "scripts": {"a": "b"}}"#,
        ),
        ("config.json", "// no JSON { auto_map"),
        (
            "config.json",
            r#"{"auto_map": true, "activation_function": "gelu_new"}"#,
        ),
        (
            "config.json",
            r#"{"attn_implementation": "flash_attention_2"}"#,
        ),
        (
            "modules.json",
            r#"[{"type": "os.system", "name": "no path"}]"#,
        ),
        ("modules.json", r#"{"type": "commonjs"}"#),
        ("model_index.json", r#"{"pages": ["os", "system"]}"#),
        (
            "search.index.json",
            r#"{"weight_map": ["/etc"], "a": "../b"}"#,
        ),
        ("page.jinja", "{% extends 'layout' %}"),
        (
            "page.jinja",
            "{% extends 'layout' %}{% for m in get_flashed_messages() %}{{ m.__class__ }}{% endfor %}",
        ),
        ("other.json", r#"{"auto_map": {"A": "a.B"}}"#),
    ] {
        assert_eq!(said(name, text), "", "{name} {text}");
    }
}

/// Folders as transformers, diffusers, sentence-transformers and peft write them pass.
#[test]
fn folders_of_the_libraries_pass() {
    let Some(python) = oracle::python("diffusers, peft, sentence_transformers, transformers")
    else {
        return;
    };
    let mut files = 0;
    for line in oracle::run(&python, "model_folders.py", &[]) {
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        let bytes = data_encoding::HEXLOWER
            .decode(text("file").as_bytes())
            .unwrap();
        let path = text("path");
        let file = String::from_utf8(bytes).unwrap();
        assert_eq!(said(&path, &file), "", "{path}");
        let last = path.rsplit('/').next().unwrap();
        let hostile = match last {
            "config.json" | "tokenizer_config.json" | "generation_config.json" => {
                "\"auto_map\": {\"AutoModel\": \"org/evil--m.M\"},"
            }
            "adapter_config.json" => "\"megatron_core\": \"os\",",
            "model_index.json" => "\"extra\": [\"os\", \"system\"],",
            _ => "",
        };
        if let (Some((_, rest)), false) = (file.split_once('{'), hostile.is_empty()) {
            let found = said(&path, &format!("{{\n{hostile}{rest}"));
            assert!(found.starts_with("2:"), "{path} {found}");
            assert_eq!(found.lines().count(), 1, "{path} {found}");
        }
        files += 1;
    }
    assert!(files > 30, "{files}");
}
