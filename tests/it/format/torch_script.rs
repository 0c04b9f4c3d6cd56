//! TorchScript's code against torch itself: what torch compiles it to, we name.

use std::{collections::BTreeSet, path::Path};

use weighbridge::{
    bytes::{FileSource, Window},
    fact::{Fact, Native},
    record::Recorder,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Observed, facts, told},
        oracle,
        pickle::Pickle,
        zip::{Member, archive, deflated, stored},
    },
};

fn read(path: &Path) -> Observed {
    let mut recorder = Recorder::default();
    let window = Window::new(FileSource::open(path).unwrap());
    let name = path.file_name().unwrap().as_encoded_bytes();
    weighbridge::format::read(&window, name, &mut recorder);
    recorder.into()
}

/// Operators that reach further than tensors, as torch spells them.
fn reaches(kind: &str) -> bool {
    let Some((namespace, name)) = kind.split_once("::") else {
        return false;
    };
    Native::operator(namespace.as_bytes(), name.as_bytes())
        .reach()
        .is_some()
}

#[test]
fn operators_are_those_that_torch_compiles() {
    let Some(python) = oracle::python("torch.jit") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let answers = oracle::run(&python, "torch_script.py", &[dir.path().to_str().unwrap()]);
    let (mut refused, mut genuine) = (0, 0);
    for answer in &answers {
        let file = answer["file"].as_str().unwrap();
        let body = &answer["body"];
        let observed = read(&dir.path().join(file));
        let rules: BTreeSet<&str> = judge(file, &observed)
            .iter()
            .map(|finding| finding.rule.id)
            .collect();
        // Where the case of the folder of code is another one, the archive is refused as one with modules of Python.
        let says = rules.contains("unsafe-operator") || rules.contains("format-not-allowed");
        let Some(theirs) = answer["operators"].as_array() else {
            continue;
        };
        let theirs: BTreeSet<&str> = theirs.iter().map(|kind| kind.as_str().unwrap()).collect();
        if theirs.iter().any(|kind| reaches(kind)) {
            assert!(says, "{file}: {body}: torch compiles {theirs:?}");
            refused += 1;
        } else if !body.as_str().unwrap().contains("fork") && !file.contains("upper") {
            assert!(!says, "{file}: {body}: torch compiles {theirs:?}");
        }
        if answer["genuine"] == true {
            let known = BTreeSet::from(["torchscript-code"]);
            assert_eq!(rules, known, "{file}");
            let ours: BTreeSet<&str> = observed
                .iter()
                .filter_map(|o| match &o.fact {
                    Fact::Native(Native::Operator(name)) => name.as_str(),
                    _ => None,
                })
                .collect();
            // Those of other namespaces are printed by their names, whatever they do.
            let named = |kind: &&&str| !kind.starts_with("aten::") && !kind.starts_with("prim::");
            for kind in theirs.iter().filter(named) {
                assert!(ours.contains(kind), "{file}: {kind} is not in {ours:?}");
            }
            assert!(!ours.is_empty(), "{file}");
            genuine += 1;
        }
    }
    assert!(refused > 80 && genuine >= 9, "{refused} {genuine}");
}

fn script(code: &str) -> Vec<u8> {
    archive(&[
        stored("m/data.pkl", b"\x80\x02c__torch__\nM\n)\x81}b.").torch(),
        deflated("m/code/__torch__.py", code),
        stored("m/code/__torch__.py.debug_pkl", b"\x80\x02)."),
        stored("m/constants.pkl", b"\x80\x02)."),
    ])
}

#[test]
fn what_code_names_is_told_once_with_its_first_place() {
    let code = "class M(Module):\n  ops : List[int]\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    \
        y = torch.add(x, 1) # torch.save(x)\n    z = torch.add(y, torch.len(\"torch.save(x)\"))\n    \
        return ops.vision.nms(z, __torch__.torch.classes.tensorrt.Engine)\n";
    insta::assert_snapshot!(told(&script(code), "m.pt"), @"
    [] is torch-script
    [] member m/data.pkl, 20 bytes
    [m/data.pkl] is pickle
    [m/data.pkl] Payload { of: Calls(Named(GlobalName { module: Text(__torch__), name: Text(M) })), sha256: [18, 16, 164, 34, 152, 38, 184, 56, 133, 118, 222, 194, 68, 174, 119, 108, 46, 214, 62, 166, 131, 196, 5, 10, 238, 32, 91, 162, 107, 161, 97, 244] }
    [m/data.pkl] Payload { of: Contents(Named(GlobalName { module: Text(__torch__), name: Text(M) })), sha256: [15, 107, 39, 198, 90, 155, 150, 39, 8, 177, 242, 93, 40, 83, 239, 175, 208, 101, 53, 196, 187, 25, 149, 123, 220, 29, 232, 44, 128, 178, 55, 148] }
    [m/data.pkl @ 0x2 GLOBAL] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Import }
    [m/data.pkl @ 0x10 NEWOBJ] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Construct }
    [m/data.pkl @ 0x10 NEWOBJ] Call { callee: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Construct, given: CallArguments { positional: Container { kind: Tuple, items: [], length: Some(0) }, keywords: None }, arguments: [] }
    [m/data.pkl @ 0x12 BUILD] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Build }
    [] member m/code/__torch__.py, 249 bytes
    [] member m/code/__torch__.py.debug_pkl, 4 bytes
    [m/code/__torch__.py.debug_pkl] is pickle
    [] member m/constants.pkl, 4 bytes
    [m/constants.pkl] is pickle
    [m/code/__torch__.py 4:9] Native(Operator(Text(aten::add))) (x2)
    [m/code/__torch__.py 5:22] Native(Operator(Text(aten::len)))
    [m/code/__torch__.py 6:12] Native(Operator(Text(vision::nms)))
    [m/code/__torch__.py 6:30] Native(Class(Text(tensorrt.Engine)))
    [] TorchLoad(TorchLoad { form: Script, globals: [], built: [], obstacles: [Obstacle { when: [], site: Site { hops: [], at: Whole }, reason: Script }], dangers: [] })
    ");
    // A mobile program names its operators among its constants.
    let mobile = archive(&[
        stored("m/data.pkl", b"\x80\x02c__torch__\nM\n)\x81}b."),
        stored(
            "m/bytecode.pkl",
            b"\x80\x02X\x0a\x00\x00\x00aten::saveX\x00\x00\x00\x00\x86.",
        ),
        stored("m/constants.pkl", b"\x80\x02)."),
    ]);
    insta::assert_snapshot!(told(&mobile, "m.ptl"), @"
    [] is torch-script
    [] member m/data.pkl, 20 bytes
    [m/data.pkl] is pickle
    [m/data.pkl] Payload { of: Calls(Named(GlobalName { module: Text(__torch__), name: Text(M) })), sha256: [18, 16, 164, 34, 152, 38, 184, 56, 133, 118, 222, 194, 68, 174, 119, 108, 46, 214, 62, 166, 131, 196, 5, 10, 238, 32, 91, 162, 107, 161, 97, 244] }
    [m/data.pkl] Payload { of: Contents(Named(GlobalName { module: Text(__torch__), name: Text(M) })), sha256: [15, 107, 39, 198, 90, 155, 150, 39, 8, 177, 242, 93, 40, 83, 239, 175, 208, 101, 53, 196, 187, 25, 149, 123, 220, 29, 232, 44, 128, 178, 55, 148] }
    [m/data.pkl @ 0x2 GLOBAL] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Import }
    [m/data.pkl @ 0x10 NEWOBJ] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Construct }
    [m/data.pkl @ 0x10 NEWOBJ] Call { callee: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Construct, given: CallArguments { positional: Container { kind: Tuple, items: [], length: Some(0) }, keywords: None }, arguments: [] }
    [m/data.pkl @ 0x12 BUILD] Global { global: Named(GlobalName { module: Text(__torch__), name: Text(M) }), usage: Build }
    [] member m/bytecode.pkl, 24 bytes
    [m/bytecode.pkl] is pickle
    [] member m/constants.pkl, 4 bytes
    [m/constants.pkl] is pickle
    [m/bytecode.pkl @ 0x2 BINUNICODE] Native(Operator(Text(aten::save)))
    [] TorchLoad(TorchLoad { form: Script, globals: [], built: [], obstacles: [Obstacle { when: [], site: Site { hops: [], at: Whole }, reason: Script }], dangers: [] })
    ");
}

/// What `torch::save` of `LibTorch` writes: objects, and code that declares their attributes.
#[test]
fn an_archive_of_libtorch_is_torchscript_without_operators() {
    let code = "class Module(Module):\n  __parameters__ = [\"weight\", ]\n  __buffers__ = []\n  weight : Tensor\n";
    let file = archive(&[
        stored("module/data/0", [0; 16]),
        stored(
            "module/data.pkl",
            Pickle::proto(2)
                .global("__torch__", "Module")
                .op(b')')
                .op(0x81)
                .stop(),
        ),
        stored("module/code/__torch__.py", code),
        stored(
            "module/code/__torch__.py.debug_pkl",
            Pickle::proto(2).op(b'N').stop(),
        ),
        stored("module/constants.pkl", Pickle::proto(2).op(b')').stop()),
        stored("module/version", "3\n"),
    ]);
    let rules = |file: Vec<u8>| {
        let findings = judge("module.pt", &facts(file, "module.pt"));
        findings
            .iter()
            .map(|finding| finding.rule.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(file), ["torchscript-code"]);
    let class = Pickle::proto(2)
        .global("__torch__.torch.classes.mine", "Reader")
        .op(b')')
        .op(0x81);
    let file = archive(&[
        stored("module/data.pkl", class.op(b'N').op(b'b').stop()),
        stored("module/constants.pkl", Pickle::proto(2).op(b')').stop()),
    ]);
    assert_eq!(rules(file), ["custom-operator", "torchscript-code"]);
}

#[test]
fn code_that_torch_did_not_write_alone_is_refused() {
    let code = "class M(Module):\n  __parameters__ = []\n";
    let parts = |extra: Vec<Member>| {
        let mut all = vec![
            stored("m/data.pkl", b"\x80\x02c__torch__\nM\n)\x81}b."),
            stored("m/code/__torch__.py", code),
            stored("m/constants.pkl", b"\x80\x02)."),
            stored("m/version", "3\n"),
        ];
        all.extend(extra);
        archive(&all)
    };
    let refused = |file: Vec<u8>| {
        let findings = judge("m.pt", &facts(file, "m.pt"));
        let mut about = findings
            .iter()
            .filter(|finding| finding.rule.id == "anomalous-container");
        about.next().map(|finding| finding.message.clone())
    };
    insta::assert_snapshot!(refused(parts(Vec::new())).unwrap(), @"`m/code/__torch__.py` has no `.debug_pkl` beside it, which torch writes for each file of code: the archive was made or changed by something else");
    let places = || stored("m/code/__torch__.py.debug_pkl", b"\x80\x02).");
    assert_eq!(refused(parts(vec![places()])), None);
    // A file that somebody saves with a model is none of its code.
    let extra = stored("m/extra/run.py", "x = 1\n");
    assert_eq!(refused(parts(vec![places(), extra])), None);
}
