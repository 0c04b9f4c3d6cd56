//! `custom-operator`.

use super::{told, unsafe_operator::script};

#[test]
fn what_a_library_has_to_bring_is_reported_once() {
    let custom = script(
        "y = ops.vision.nms(x)\n    z = ops.vision.roi(y)\n    e = __torch__.torch.classes.tensorrt.Engine(z)",
    );
    insta::assert_snapshot!(told("custom-operator", "m.pt", &custom), @"
    custom-operator [warn] the program uses the operator `vision::nms`: operators of `vision` are no part of torch, and run native code of a library
      at m/code/__torch__.py 3:9 about vision::nms
      help: find out which library registers `vision`, and whether its operators may be given what this file gives them
    custom-operator [warn] the program uses the class `torch.classes.tensorrt.Engine`: classes of `tensorrt` are no part of torch, and run native code of a library
      at m/code/__torch__.py 5:9 about tensorrt.Engine
      help: find out which library registers `tensorrt`, and whether its classes may be given what this file gives them
    ");
}
