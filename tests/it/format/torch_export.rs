//! Exported programs against torch itself: what loading runs is refused, and what torch writes is not.

use std::path::Path;

use weighbridge::finding::Level;

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        oracle,
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
    [m/data/aotinductor/m/lib.so] unread: not supported: it is compiled code, which loading the archive runs
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
    [m/data/aotinductor/m/lib.so] unread: not supported: it is compiled code, which loading the archive runs
    ");
}
