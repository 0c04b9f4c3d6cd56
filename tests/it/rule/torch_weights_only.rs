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
    let script = archive(&[
        stored("m/data.pkl", b"\x80\x02)."),
        stored("m/constants.pkl", b"\x80\x02)."),
    ]);
    insta::assert_snapshot!(told("torch-weights-only", "x.pt", &script), @"
    torch-weights-only [deny] torch.load(weights_only=True) cannot load it: TorchScript archives are not loaded with weights_only=True
      at  about torch
      help: keep the weights as safetensors, and build the model in code
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
    // A bare pickle is torch's business only under torch's names.
    assert_eq!(
        rules(
            "x.pkl",
            &Pickle::proto(4)
                .stack_global("collections", "OrderedDict")
                .stop()
        ),
        [""; 0]
    );
}

#[test]
fn what_does_not_read_is_said_once() {
    let cut = Pickle::proto(2).op(b'N').unfinished();
    assert_eq!(rules("x.pt", &torch(&cut)), ["incomplete-read"]);
}
