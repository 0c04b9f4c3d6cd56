//! `unsafe-operator`.

use super::told;
use crate::support::zip::{archive, stored};

/// A TorchScript archive with this body of `forward`.
pub(super) fn script(body: &str) -> Vec<u8> {
    let code = format!(
        "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    {body}\n    return x\n"
    );
    archive(&[
        stored("m/data.pkl", b"\x80\x02c__torch__\nM\n)\x81}b.").torch(),
        stored("m/code/__torch__.py", code),
        stored("m/code/__torch__.py.debug_pkl", b"\x80\x02)."),
        stored("m/constants.pkl", b"\x80\x02)."),
    ])
}

#[test]
fn what_reaches_files_or_other_processes_is_refused() {
    let save = script("torch.save(x, \"/home/me/.bashrc\")");
    insta::assert_snapshot!(told("unsafe-operator", "m.pt", &save), @"
    unsafe-operator [deny] the program uses the operator `aten::save`, which writes a file
      at m/code/__torch__.py 3:5 about aten::save
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, leave files and other processes to the code that calls the model, and export it again
    ");
    let exchange = script("y = ops.c10d.send(x, 1)");
    insta::assert_snapshot!(told("unsafe-operator", "m.pt", &exchange), @"
    unsafe-operator [deny] the program uses the operator `c10d::send`, which exchanges data with other processes, over the network
      at m/code/__torch__.py 3:9 about c10d::send
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, leave files and other processes to the code that calls the model, and export it again
    ");
    let hidden = script("t = torch\n    t.save(x, \"p\")");
    insta::assert_snapshot!(told("unsafe-operator", "m.pt", &hidden), @"
    unsafe-operator [deny] the program calls an operator through another name, so that it could be any of them
      at m/code/__torch__.py 3:9 about unresolved-operator
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, leave files and other processes to the code that calls the model, and export it again
    ");
}

#[test]
fn what_an_exported_program_has_python_do_is_refused() {
    let program = |json: &str| {
        archive(&[
            stored("m/models/m.json", json),
            stored("m/archive_format", "pt2"),
        ])
    };
    let code = program(r#"{"expr_str": "__import__('os').system('true')"}"#);
    insta::assert_snapshot!(told("unsafe-operator", "m.pt2", &code), @"
    unsafe-operator [deny] the program has Python evaluate `__import__('os').system('true')`, which is more than arithmetic of sizes
      at m/models/m.json about evaluated-expression
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, leave files and other processes to the code that calls the model, and export it again
    ");
    let guard = program(r#"{"guards_code": ["L['x'].size()[0] > 1", "print(1)"]}"#);
    assert!(told("unsafe-operator", "m.pt2", &guard).contains("has Python evaluate `print(1)`"));
    let function = program(r#"{"target": "torch.hub.load"}"#);
    insta::assert_snapshot!(told("unsafe-operator", "m.pt2", &function), @"
    unsafe-operator [deny] the program calls `torch.hub.load` in Python, which is no operator
      at m/models/m.json about torch.hub.load
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, leave files and other processes to the code that calls the model, and export it again
    ");
    let sizes = program(r#"{"expr_str": "Symbol('s0', integer=True)", "target": "_operator.mul"}"#);
    assert_eq!(told("unsafe-operator", "m.pt2", &sizes), "");
}
