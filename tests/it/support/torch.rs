//! Assembles what torch writes and wrote: its zip, TorchScript archives, the stream of pickles, the tar.

use super::{
    fixture::Fixture,
    pickle::{Pickle, payload},
    zip::{archive, deflated, stored},
};

/// A tensor of four floats in storage `0`: what `data.pkl` holds of it.
pub(crate) fn tensor() -> Vec<u8> {
    Pickle::proto(2)
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw(b"((X\x07\0\0\0storage")
        .global("torch", "FloatStorage")
        .raw(b"X\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\0K\x04\x85K\x01\x85\x89")
        .global("collections", "OrderedDict")
        .raw(b")RtR")
        .stop()
}

/// Today's zip around a pickle.
pub(crate) fn zip(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        stored("m/data.pkl", pickle).torch(),
        stored("m/version", "3\n").torch(),
        stored("m/data/0", [0; 16]).torch(),
    ])
}

/// A TorchScript archive.
pub(crate) fn script() -> Vec<u8> {
    let object = Pickle::proto(2)
        .global("__torch__.net", "Net")
        .raw(b")\x81}b")
        .stop();
    archive(&[
        stored("m/data.pkl", object).torch(),
        stored("m/code/__torch__/net.py", "class Net(Module):\n").torch(),
        stored("m/code/__torch__/net.py.debug_pkl", b"\x80\x02).").torch(),
        stored("m/constants.pkl", b"\x80\x02).").torch(),
        stored("m/version", "3\n").torch(),
    ])
}

/// An exported program that names operators, with a weight that is a pickle.
fn exported() -> Vec<u8> {
    let program = r#"{"target": "torch.ops.aten.add.Tensor", "expr_str": "Symbol('s0') + 1", "a": [{"target": "torch.hub.load"}]}"#;
    let weights = r#"{"config": {"w": {"path_name": "weight_0", "use_pickle": true}}}"#;
    archive(&[
        stored("m/data/weights/weight_0", b"K\x010cos\nabort\n(tR."),
        stored("m/data/weights/m_weights_config.json", weights),
        deflated("m/models/m.json", program),
        stored("m/archive_format", "pt2"),
    ])
}

/// A mobile TorchScript archive whose code names operators and classes.
fn program() -> Vec<u8> {
    let code = "class Net(Module):\n  ops : int\n  def forward(self, x: Tensor) -> Tensor:\n    \
        y = torch.add(x, 'a', \"\"\"b\"\"\") # torch\n    t = ops\n    \
        return ops.vision.nms(y, __torch__.torch.classes.a.B)\n";
    archive(&[
        stored("m/data.pkl", b"\x80\x02)."),
        deflated("m/code/__torch__.py", code),
        stored("m/code/__torch__.py.debug_pkl", b"\x80\x02)."),
        stored(
            "m/bytecode.pkl",
            b"\x80\x02X\x09\x00\x00\x00aten::addX\x00\x00\x00\x00\x86.",
        ),
        stored("m/constants.pkl", b"\x80\x02)."),
    ])
}

/// What torch wrote before 1.6, with this in place of the object.
pub(crate) fn legacy(object: &[u8], storages: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    let keys = b"\x80\x02]X\x01\0\0\x000a.";
    [magic.as_slice(), object, keys, storages].concat()
}

/// A tar of these members.
pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, body) in members {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(*body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let storages = [4_u64.to_le_bytes().as_slice(), &[0; 16]].concat();
    let number = Pickle::proto(2).int(0).stop();
    vec![
        ("model.pt", zip(&tensor())),
        ("script.pt", script()),
        ("program.ptl", program()),
        ("__0_0.distcp", [zip(&tensor()), zip(&payload())].concat()),
        ("exported.pt2", exported()),
        ("legacy.pt", legacy(&tensor(), &storages)),
        ("bare.pth", payload()),
        (
            "old.pt",
            tar(&[
                ("sys_info", &Pickle::proto(2).op(b'}').stop()),
                ("pickle", &payload()),
                ("storages", &number),
                ("tensors", &number),
            ]),
        ),
    ]
}
