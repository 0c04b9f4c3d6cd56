//! The JSON Schema of a policy says what the decoder says.

use regex_automata::hybrid::regex::Regex;
use serde_json::Value;
use weighbridge::{
    docs,
    pins::Lock,
    policy::{Policy, SchemaOf, keys},
};

use super::parse;

/// Whether a value is as a schema says: what of draft 7 the schema uses, and nothing else.
fn is_valid(schema: &Value, value: &Value) -> bool {
    let schema = schema.as_object().unwrap();
    schema.iter().all(|(key, says)| match key.as_str() {
        "$schema" | "title" | "description" | "examples" => true,
        "const" => says == value,
        "enum" => says.as_array().unwrap().contains(value),
        "anyOf" => says
            .as_array()
            .unwrap()
            .iter()
            .any(|one| is_valid(one, value)),
        "type" => {
            let is = |name: &Value| match name.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                other => panic!("{other}"),
            };
            says.as_array()
                .map_or_else(|| is(says), |names| names.iter().any(is))
        }
        "pattern" => value.as_str().is_none_or(|text| {
            let regex = Regex::new(says.as_str().unwrap()).unwrap();
            regex.is_match(&mut regex.create_cache(), text)
        }),
        "minimum" => value.as_i64().is_none_or(|n| n >= says.as_i64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|all| all.len() as u64 >= says.as_u64().unwrap()),
        "items" => value
            .as_array()
            .is_none_or(|all| all.iter().all(|one| is_valid(says, one))),
        "properties" => value.as_object().is_none_or(|all| {
            all.iter()
                .all(|(key, value)| says.get(key).is_none_or(|says| is_valid(says, value)))
        }),
        "additionalProperties" => {
            assert_eq!(says, false);
            let known = schema["properties"].as_object().unwrap();
            value
                .as_object()
                .is_none_or(|all| all.keys().all(|key| known.contains_key(key)))
        }
        "required" => value.as_object().is_none_or(|all| {
            says.as_array()
                .unwrap()
                .iter()
                .all(|key| all.contains_key(key.as_str().unwrap()))
        }),
        other => panic!("the validator of this test does not know `{other}`"),
    })
}

fn schema() -> Value {
    serde_json::from_str(&docs::schema(SchemaOf::Policy)).unwrap()
}

fn is_valid_text(schema: &Value, text: &str) -> bool {
    is_valid(schema, &serde_yaml::from_str(text).unwrap())
}

/// The part of the schema for a key.
fn part<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    let mut part = schema;
    for step in path.split('.') {
        let name = step.trim_end_matches("[]");
        part = part.get("properties")?.get(name)?;
        if step.ends_with("[]") {
            let items = part.get("items")?;
            let forms = items.get("anyOf").and_then(Value::as_array);
            let object = |form: &&Value| form.get("properties").is_some();
            part = forms.map_or(Some(items), |forms| forms.iter().find(object))?;
        }
    }
    Some(part)
}

#[test]
fn every_key_has_a_form_and_a_description() {
    let schema = schema();
    for key in keys() {
        let part = part(&schema, &key.path);
        let part = part.unwrap_or_else(|| panic!("{} is not in the schema", key.path));
        let said = part.as_object().unwrap();
        assert!(said.contains_key("description"), "{}", key.path);
        assert!(
            said.len() > 1,
            "the schema does not know the value of {}: {}",
            key.path,
            key.value
        );
        assert!(
            !said["description"].as_str().unwrap().contains("]("),
            "{}",
            key.path
        );
    }
}

#[test]
fn what_holds_together_is_valid() {
    let schema = schema();
    for name in Policy::bundled_names() {
        let path = format!("{}/policies/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        assert!(
            is_valid_text(&schema, &std::fs::read_to_string(path).unwrap()),
            "{name}"
        );
    }
    for text in [
        "version: 1\n",
        "version: 1\nextends: [recommended, strict]\nformats: {allow: , refuse: {npy: text, npz: }}\n",
        "version: 1\nglobals:\n  allow:\n    - a.B\n    - a:B.C\n    - a.*\n    - {global: a.f, as: [import, call], args: [{data: true}, {one-of: [a]}, {allowed-global: any}], paths: [a/], reason: r}\n  refuse: [{global: a.**, reason: r}]\n",
        "version: 1\noverrides:\n  - paths: [a/]\n    dangerous: true\n    reason: r\n    formats: {allow: [npy]}\n    globals: {packs: [numpy-arrays], refuse: [a.B]}\n    rules: {pickle-load: warn}\n    pins: {require: all}\n",
        "version: 1\nexclude: [a/, {paths: [b/], reason: r}]\nattributes: honour\ntarget: {torch: \">=2.6\", python: auto}\nlocked: [exclude]\n",
        "version: 1\nwaivers: [{rule: pickle-load, paths: [a.py], reason: r, owner: o, expires: 2027-01-31}]\nwaiver-terms: {max-days: 90, require: [reason]}\npins: {lock: a.lock, require: never}\nbaseline: b.json\n",
    ] {
        assert!(parse(text).is_ok(), "{text}");
        assert!(is_valid_text(&schema, text), "{text}");
    }
}

#[test]
fn what_has_another_structure_is_neither() {
    let schema = schema();
    for text in [
        "{}",
        "[]",
        "version: 2\n",
        "version: one\n",
        "version: 1\nfrmats: {}\n",
        "version: 1\nextends: 3\n",
        "version: 1\nextends: recomended\n",
        "version: 1\nformats: {allow: npy}\n",
        "version: 1\nformats: {allow: [nppy]}\n",
        "version: 1\nformats: {refuse: {npy: [a]}}\n",
        "version: 1\nglobals: {packs: [numpy]}\n",
        "version: 1\nglobals: {allow: [Net]}\n",
        "version: 1\nglobals: {allow: [{as: [import]}]}\n",
        "version: 1\nglobals: {allow: [{global: a.B, as: [use]}]}\n",
        "version: 1\nglobals: {allow: [{global: a.B, args: [{}]}]}\n",
        "version: 1\nglobals: {allow: [{global: a.B, args: [{data: yes please}]}]}\n",
        "version: 1\nglobals: {refuse: [{global: a.B, as: [import]}]}\n",
        "version: 1\nrules: {pickle-loaded: deny}\n",
        "version: 1\nrules: {pickle-load: error}\n",
        "version: 1\noverrides: [{formats: {allow: [npy]}}]\n",
        "version: 1\noverrides: [{paths: [a/], exclude: [b/]}]\n",
        "version: 1\nexclude: a/\n",
        "version: 1\nexclude: [{reason: r}]\n",
        "version: 1\nattributes: maybe\n",
        "version: 1\ntarget: {torch: 2.10}\n",
        "version: 1\npins: {require: some}\n",
        "version: 1\nwaivers: [{paths: [a/], reason: r}]\n",
        "version: 1\nwaivers: [{rule: pickle-load, paths: [a/], sha256: abc, reason: r}]\n",
        "version: 1\nwaiver-terms: {max-days: many}\n",
    ] {
        assert!(parse(text).is_err(), "{text}");
        assert!(!is_valid_text(&schema, text), "{text}");
    }
}

/// Cases are valid exactly where they can be read.
#[test]
fn the_schema_of_cases_knows_the_structure_that_is_read() {
    let schema: Value = serde_json::from_str(&docs::schema(SchemaOf::Cases)).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let bundled = std::fs::read_dir(format!("{root}/policies/tests")).unwrap();
    for file in bundled {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(is_valid_text(&schema, &text), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.yaml");
    let is_read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        weighbridge::scan::policy_cases(&path).is_ok()
    };
    for text in [
        "cases: []\n",
        "cases:\n  - {name: n, global: a.B, as: [import, call], path: a.pt, expect: allowed}\n",
        "cases:\n  - {global: a.b, args: [data, {text: t}, {global: c.D}], expect: refused}\n",
        "cases:\n  - {format: npy, expect: allowed}\n  - {rule: pickle-load, expect: deny}\n  - {artifact: a.pt, expect: refused, by: global-not-allowed}\n  - {source: x, path: a.py, expect: allowed}\n",
    ] {
        assert!(is_read(text), "{text}");
        assert!(is_valid_text(&schema, text), "{text}");
    }
    for text in [
        "{}\n",
        "case: []\n",
        "cases: 3\n",
        "cases:\n  - {global: a.B}\n",
        "cases:\n  - {global: B, expect: allowed}\n",
        "cases:\n  - {global: a.*, expect: allowed}\n",
        "cases:\n  - {global: a.B, as: [use], expect: allowed}\n",
        "cases:\n  - {global: a.b, args: [text], expect: allowed}\n",
        "cases:\n  - {global: a.b, args: [{txt: a}], expect: allowed}\n",
        "cases:\n  - {format: nppy, expect: allowed}\n",
        "cases:\n  - {rule: pickle-loaded, expect: deny}\n",
        "cases:\n  - {rule: pickle-load, expect: error}\n",
        "cases:\n  - {source: 3, expect: allowed}\n",
        "cases:\n  - {artifact: a, expect: refused, by: nothing}\n",
        "cases:\n  - {globl: a.B, expect: allowed}\n",
    ] {
        assert!(!is_read(text), "{text}");
        assert!(!is_valid_text(&schema, text), "{text}");
    }
}

/// What `freeze` writes is valid, and what no lock file holds is not.
#[test]
fn the_schema_of_a_lock_file_knows_the_structure_that_is_read() {
    let schema: Value = serde_json::from_str(&docs::schema(SchemaOf::Lock)).unwrap();
    let digest = "0".repeat(63) + "a";
    let digits = "1".repeat(64);
    for pins in [
        format!("  - path: a.pt\n    sha256: {digest}\n    size: 3\n"),
        format!(
            "  - path: 'a b.pt'\n    sha256: '{digits}'\n    size: 3\n    formats:\n      - pickle\n    globals:\n      - a.B\n    more-globals: 2\n    loaded-by:\n      - 'load.py: torch.load'\n"
        ),
    ] {
        let text = format!("version: 1\nartifacts:\n{pins}");
        let lock = Lock::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        assert!(is_valid_text(&schema, &text), "{text}");
        assert!(is_valid_text(&schema, &lock.text()), "{}", lock.text());
    }
    assert!(is_valid_text(&schema, &Lock::default().text()));
    for text in [
        String::from("artifacts: []\n"),
        String::from("version: 2\nartifacts: []\n"),
        format!("version: 1\nartifacts:\n  - sha256: {digest}\n    size: 3\n"),
        String::from("version: 1\nartifacts:\n  - path: a.pt\n    sha256: abc\n    size: 3\n"),
        format!("version: 1\nartifacts:\n  - path: a.pt\n    sha256: {digest}\n    size: many\n"),
        format!(
            "version: 1\nartifacts:\n  - path: a.pt\n    sha256: {digest}\n    size: 3\n    frmats:\n      - npy\n"
        ),
    ] {
        assert!(Lock::parse(&text).is_err(), "{text}");
        assert!(!is_valid_text(&schema, &text), "{text}");
    }
}
