//! Exported programs against torch itself: what loading runs is refused, and what torch writes is not.

use std::path::Path;

use weighbridge::finding::Level;

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        oracle,
        pickle::{Pickle, payload},
        torch,
        zip::{archive, stored},
    },
};

#[test]
fn what_runs_when_a_program_is_loaded_is_refused() {
    let Some(python) = oracle::python("torch.export, sympy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let answers = oracle::run(&python, "torch_export.py", &[dir.path().to_str().unwrap()]);
    let (mut ran, mut genuine) = (0, 0);
    for answer in &answers {
        let file = answer["file"].as_str().unwrap();
        let bytes = std::fs::read(Path::new(dir.path()).join(file)).unwrap();
        let findings = judge(file, &facts(bytes, file));
        let told: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
            .collect();
        if answer["genuine"] == true {
            assert_eq!(answer["answer"], "loads", "{file}");
            assert_eq!(told, [""; 0], "{file}");
            genuine += 1;
        }
        if answer["answer"] == "runs" {
            let denied = findings.iter().any(|finding| finding.level == Level::Deny);
            assert!(denied, "{file}: {}: {told:?}", answer["change"]);
            ran += 1;
        }
    }
    assert!(ran >= 3 && genuine >= 5, "{ran} {genuine}");
}

/// An archive with this program, and this configuration of its weights.
fn exported(program: &str, weights: &str) -> Vec<u8> {
    archive(&[
        stored("m/data/weights/weight_0", b"K\x010cos\nabort\n(tR."),
        stored("m/data/weights/m_weights_config.json", weights),
        stored("m/models/m.json", program),
        stored("m/archive_format", "pt2"),
        stored("m/extra/notes.json", "{ no json"),
        stored("m/data/aotinductor/m/lib.so", b"\x7fELF\x02"),
    ])
}

#[test]
fn programs_are_read_for_what_they_call() {
    let program = r#"{"nodes": [{"target": "torch.ops.aten.add.Tensor"}, {"target": "torch.ops.vision.nms.default"},
        {"target": "_operator.add"}, {"target": "torch.hub.load"}, {"t\u0061rget": "torch.ops.aten.save.default"}],
        "expr_str": "s0 + 1", "a": [{"expr_str": "\u005f_import__('os')"}]}"#;
    let weights = r#"{"config": {"w": {"path_name": "weight_0", "use_pickle": true}}}"#;
    insta::assert_snapshot!(told(&exported(program, weights), "m.pt2"), @"
    [] is torch-export
    [] member m/data/weights/weight_0, 17 bytes
    [m/data/weights/weight_0] is pickle
    [m/data/weights/weight_0] Payload { of: Calls(Named(GlobalName { module: Text(os), name: Text(abort) })), sha256: [40, 165, 32, 182, 137, 14, 186, 246, 218, 44, 21, 158, 136, 72, 174, 111, 30, 238, 42, 130, 129, 208, 104, 231, 230, 232, 98, 167, 14, 61, 71, 93] }
    [m/data/weights/weight_0 @ 0x3 GLOBAL] Global { global: Named(GlobalName { module: Text(os), name: Text(abort) }), usage: Import }
    [m/data/weights/weight_0 @ 0xf REDUCE] Global { global: Named(GlobalName { module: Text(os), name: Text(abort) }), usage: Call }
    [m/data/weights/weight_0 @ 0xf REDUCE] Call { callee: Named(GlobalName { module: Text(os), name: Text(abort) }), usage: Call, given: CallArguments { positional: Container { kind: Tuple, items: [], length: Some(0) }, keywords: None }, arguments: [] }
    [] member m/data/weights/m_weights_config.json, 64 bytes
    [] member m/models/m.json, 287 bytes
    [] member m/archive_format, 3 bytes
    [] member m/extra/notes.json, 9 bytes
    [] member m/data/aotinductor/m/lib.so, 5 bytes
    [m/models/m.json] Native(Operator(Text(aten::add)))
    [m/models/m.json] Native(Operator(Text(vision::nms)))
    [m/models/m.json] Native(Function(Text(_operator.add)))
    [m/models/m.json] Native(Function(Text(torch.hub.load)))
    [m/models/m.json] Native(Operator(Text(aten::save)))
    [m/models/m.json] Native(Expression(Short { front: Text(__import__('os')), cut: false }))
    [m/data/aotinductor/m/lib.so] unread: not supported: it is compiled code, which loading the file runs
    ");
    let data = r#"{"config": {"w": {"path_name": "weight_0", "use_pickle": false}}}"#;
    insta::assert_snapshot!(told(&exported("{", data), "m.pt2"), @"
    [] is torch-export
    [m/models/m.json] unread: malformed: not a program: EOF while parsing an object at line 1 column 1
    [] member m/data/weights/weight_0, 17 bytes
    [] member m/data/weights/m_weights_config.json, 65 bytes
    [] member m/models/m.json, 1 bytes
    [] member m/archive_format, 3 bytes
    [] member m/extra/notes.json, 9 bytes
    [] member m/data/aotinductor/m/lib.so, 5 bytes
    [m/data/aotinductor/m/lib.so] unread: not supported: it is compiled code, which loading the file runs
    ");
}

/// A custom object that torch saves: a pickle of a class of native code and its state.
fn object(class: &str) -> Vec<u8> {
    let (namespace, name) = class.split_once('.').unwrap();
    let module = format!("__torch__.torch.classes.{namespace}");
    let pickle = Pickle::proto(2)
        .global(&module, name)
        .op(b')')
        .op(0x81)
        .op(b'(')
        .unicode("storage")
        .global("torch", "FloatStorage")
        .unicode("0")
        .unicode("cpu")
        .op(b'K')
        .op(4)
        .op(b't')
        .op(b'Q')
        .op(b'b')
        .stop();
    archive(&[
        stored("archive/data.pkl", pickle),
        stored("archive/version", "3\n"),
    ])
}

#[test]
fn custom_objects_are_judged_by_their_class() {
    let config = r#"{"config": {"o": {"path_name": "custom_obj_0", "is_param": false, "use_pickle": true}}}"#;
    let program = |object: Vec<u8>| {
        let file = archive(&[
            stored("m/data/constants/custom_obj_0", object),
            stored("m/data/constants/m_constants_config.json", config),
            stored("m/models/m.json", "{}"),
            stored("m/archive_format", "pt2"),
        ]);
        let findings = judge("m.pt2", &facts(file, "m.pt2"));
        let lines = findings
            .iter()
            .map(|f| format!("{}: {}", f.rule.id, f.message));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(program(object("quantized.LinearPackedParamsBase")), "");
    insta::assert_snapshot!(program(object("mine.Reader")), @"custom-operator: the program uses the class `torch.classes.mine.Reader`: classes of `mine` are no part of torch, and run native code of a library");
    insta::assert_snapshot!(program(object("dist_rpc.WorkerInfo")), @"unsafe-operator: the program uses the class `torch.classes.dist_rpc.WorkerInfo`, which calls functions in other processes, over the network");
    insta::assert_snapshot!(program(archive(&[stored("archive/data.pkl", payload())])), @"global-not-allowed: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(program(payload()), @"global-not-allowed: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)");
}

/// Torch 2.1 gave the state a name of JSON, and `torch.load` opens it.
#[test]
fn a_state_that_is_called_json_is_a_pickle() {
    let program = |state: Vec<u8>| {
        let file = archive(&[
            stored("serialized_exported_program.json", "{}"),
            stored("serialized_state_dict.json", state),
            stored("version", "1"),
        ]);
        let findings = judge("m.pt2", &facts(file, "m.pt2"));
        findings
            .iter()
            .map(|finding| finding.rule.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(program(torch::zip(&torch::tensor())), [""; 0]);
    assert_eq!(program(torch::zip(&payload())), ["global-not-allowed"]);
    assert_eq!(program(payload()), ["global-not-allowed"]);
}
