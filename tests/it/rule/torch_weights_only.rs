//! `torch-weights-only`.

use super::{rules, told};
use crate::support::{
    pickle::Pickle,
    zip::{archive, stored},
};

fn torch(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        stored("m/data.pkl", pickle).torch(),
        stored("m/version", "3\n").torch(),
    ])
}

#[test]
fn what_no_list_of_globals_can_mend_is_refused() {
    let protocol4 = Pickle::proto(4)
        .stack_global("collections", "OrderedDict")
        .op(b')')
        .reduce()
        .stop();
    insta::assert_snapshot!(told("torch-weights-only", "x.pt", &torch(&protocol4)), @r"
torch-weights-only [deny] torch.load(weights_only=True) cannot load it: opcode SHORT_BINUNICODE (protocol 4) is not supported
  at m/data.pkl @ 0x2 SHORT_BINUNICODE about torch
  help: save the state dict again with torch's defaults: `torch.save(model.state_dict(), path)`
  help: or as safetensors: `safetensors.torch.save_file(model.state_dict(), path)`
");
    insta::assert_snapshot!(told("torch-weights-only", "x.pt", &Pickle::proto(2).op(b'N').stop()), @r"
torch-weights-only [deny] torch.load(weights_only=True) cannot load it: it has no magic number: torch.load runs the pickle first and complains afterwards
  at  about torch
  help: save it with `torch.save`, which writes a file that torch can check
  help: or as safetensors: `safetensors.torch.save_file(model.state_dict(), path)`
");
}

#[test]
fn a_state_dict_is_not_nor_a_class_that_could_be_listed() {
    let plain = Pickle::proto(2)
        .global("collections", "OrderedDict")
        .op(b')')
        .reduce()
        .stop();
    assert_eq!(rules("x.pt", &torch(&plain)), [""; 0]);
    let class = Pickle::proto(2)
        .global("app", "Net")
        .op(b')')
        .op(0x81)
        .stop();
    assert_eq!(rules("x.pt", &torch(&class)), ["global-not-allowed"]);
    // A bare pickle is torch's business only under torch's own names: any data may be in a file `.bin`.
    let bare = Pickle::proto(4)
        .stack_global("collections", "OrderedDict")
        .stop();
    for name in ["x.pkl", "x.bin"] {
        assert_eq!(rules(name, &bare), [""; 0], "{name}");
    }
    for name in ["x.pt", "x.pth", "x.ckpt"] {
        assert_eq!(rules(name, &bare), ["torch-weights-only"], "{name}");
    }
}

#[test]
fn what_does_not_read_is_said_once() {
    let cut = Pickle::proto(2).op(b'N').unfinished();
    assert_eq!(rules("x.pt", &torch(&cut)), ["incomplete-read"]);
}

#[test]
fn memory_outside_the_file_is_refused_for_a_release_that_does_not_look() {
    let file = archive(&[
        stored("m/data.pkl", crate::support::torch::tensor()).torch(),
        stored("m/version", "3\n").torch(),
        stored("m/data/0", [0; 4]).torch(),
    ]);
    let told = |torch: &str| {
        let policy = crate::format::policy_for(torch);
        let findings = super::judge_by(
            &policy,
            "x.pt",
            &crate::support::fixture::facts(file.clone(), "x.pt"),
        );
        let messages: Vec<String> = findings
            .into_iter()
            .map(|finding| finding.message)
            .collect();
        messages.join("\n")
    };
    insta::assert_snapshot!(told("2.6.0"), @r#"torch 2.6 loads memory that is not the file's: record data/0 has 4 bytes, its storage has 16"#);
    insta::assert_snapshot!(told("2.15.0"), @r#"torch.load(weights_only=True) cannot load it: record data/0 has 4 bytes, its storage has 16"#);
}

#[test]
fn type_marks_of_torch_script_are_data() {
    let marked = Pickle::proto(2)
        .global("torch.jit._pickle", "build_intlist")
        .raw(b"]K\x01a\x85R")
        .stop();
    let script = archive(&[
        stored("m/data.pkl", marked),
        stored("m/constants.pkl", b"\x80\x02)."),
    ]);
    assert_eq!(rules("x.pt", &script), ["torchscript-code"]);
}

#[test]
fn exported_programs_are_read() {
    let inputs = torch(&Pickle::proto(2).op(b')').stop());
    let program = |more: &[(&str, &[u8])]| {
        let mut members = vec![
            stored("m/data/weights/weight_0", [0; 24]),
            stored("m/data/weights/model_weights_config.json", "{}"),
            stored("m/models/model.json", "{}"),
            stored("m/data/sample_inputs/model.pt", &inputs),
            stored("m/archive_format", "pt2"),
            stored("m/archive_version", "0"),
            stored("m/.data/version", "3\n"),
            stored("m/byteorder", "little"),
        ];
        members.extend(more.iter().map(|(name, body)| stored(name, body)));
        archive(&members)
    };
    assert_eq!(rules("x.pt2", &program(&[])), [""; 0]);
    let code = program(&[("m/data/aotinductor/model/a.so", b"\x7fELF")]);
    assert_eq!(rules("x.pt2", &code), ["incomplete-read"]);
    let older = archive(&[
        stored("serialized_exported_program.json", "{}"),
        stored("serialized_state_dict.pt", &inputs),
        stored("version", "5.1"),
    ]);
    assert_eq!(rules("x.pt2", &older), [""; 0]);
}
