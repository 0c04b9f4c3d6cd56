//! `torchscript-code`.

use super::{rules, told, unsafe_operator::script};

#[test]
fn code_is_reported_as_code_and_nothing_else() {
    let plain = script("y = torch.add(x, ops.prim.dtype(x))");
    insta::assert_snapshot!(told("torchscript-code", "m.pt", &plain), @"
    torchscript-code [warn] this TorchScript archive is a program: loading it compiles code that names 2 operators, and runs its `__setstate__` methods
      at  about torch-script
      help: load it only if you would run a program of its author; keep the weights as safetensors, and the model's code in the repository
      help: `torch.jit.load` loads it, and so does `torch.load`: only newer releases of torch refuse it there with `weights_only=True`
    ");
    assert_eq!(rules("m.pt", &plain), ["torchscript-code"]);
}
