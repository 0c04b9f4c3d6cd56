//! Ways to hide a call from a reader that is not an unpickler, assembled: each is a class of problem, with the harmless
//! payload `true`.

use weighbridge::finding::Level;

use crate::{
    rule::judge,
    support::{
        fixture::facts,
        pickle::{Pickle, payload},
    },
};

/// The call, after its callee: `('true',)` and REDUCE.
fn run(pickle: Pickle) -> Pickle {
    pickle.unicode("true").tuple1().reduce()
}

fn named(operands: Pickle) -> Vec<u8> {
    run(operands.op(0x93)).stop()
}

fn frame(body: Pickle) -> Vec<u8> {
    let body = body.unfinished();
    Pickle::proto(4)
        .op(0x95)
        .raw((body.len() as u64).to_le_bytes())
        .raw(body)
        .unfinished()
}

/// Each with what it does.
pub(crate) fn evasions() -> Vec<(&'static str, Vec<u8>)> {
    let p = Pickle::proto;
    let new = Pickle::new;
    let text =
        |module: &'static str, name: &'static str| p(4).short_unicode(module).short_unicode(name);
    let system = || p(2).global("posix", "system");
    let after = |payload: Pickle, tail: &[u8]| payload.op(b'0').raw(tail).unfinished();
    let embedded = payload();
    vec![
        (
            "GLOBAL without PROTO",
            run(new().global("posix", "system")).stop(),
        ),
        ("STACK_GLOBAL", named(text("posix", "system"))),
        (
            "STACK_GLOBAL without PROTO",
            named(new().short_unicode("posix").short_unicode("system")),
        ),
        (
            "operands from the memo, decoys beside",
            named(
                p(4).short_unicode("a")
                    .raw(b"q\0")
                    .short_unicode("b")
                    .raw(b"q\x01")
                    .short_unicode("posix")
                    .raw(b"q\x02")
                    .short_unicode("system")
                    .raw(b"q\x03")
                    .raw(b"h\x02h\x03"),
            ),
        ),
        ("STRING operands", named(p(4).raw(b"S'posix'\nS'system'\n"))),
        (
            "STRING operands with escapes",
            named(p(4).raw(b"S'p\\x6fsix'\nS'syst\\145m'\n")),
        ),
        (
            "SHORT_BINSTRING operands",
            named(p(4).raw(b"U\x05posixU\x06system")),
        ),
        (
            "BINSTRING operands",
            named(p(4).raw(b"T\x05\0\0\0posixT\x06\0\0\0system")),
        ),
        (
            "UNICODE operands with escapes",
            named(p(4).raw(b"Vp\\u006fsix\nVsyst\\U00000065m\n")),
        ),
        (
            "BINUNICODE8 operands",
            named(p(4).raw(b"\x8d\x05\0\0\0\0\0\0\0posix\x8d\x06\0\0\0\0\0\0\0system")),
        ),
        (
            "INST",
            new().raw(b"(S'true'\niposix\nsystem\n.").unfinished(),
        ),
        (
            "OBJ",
            new().raw(b"(cposix\nsystem\nS'true'\no.").unfinished(),
        ),
        (
            "NEWOBJ",
            p(2).global("subprocess", "Popen")
                .unicode("true")
                .tuple1()
                .op(0x81)
                .stop(),
        ),
        (
            "NEWOBJ_EX",
            p(4).global("subprocess", "Popen")
                .unicode("true")
                .tuple1()
                .op(b'}')
                .op(0x92)
                .stop(),
        ),
        ("a dotted name", named(text("collections", "_sys.modules"))),
        (
            "a dotted name of an allowed module",
            named(text("torch.serialization", "os.system")),
        ),
        ("a payload, then no opcode", after(run(system()), b"\xff")),
        (
            "a payload, then a cut operand",
            after(run(system()), b"X\xff\xff\xff\x7fabc"),
        ),
        (
            "a payload, then a memo entry that is not set",
            after(run(system()), b"h\xc8."),
        ),
        ("a payload, then nothing", after(run(system()), b"")),
        (
            "a second pickle",
            [p(2).op(b'N').stop(), embedded.clone()].concat(),
        ),
        (
            "a second pickle after zeros",
            [p(2).op(b'N').stop(), vec![0; 64], embedded.clone()].concat(),
        ),
        (
            "a second pickle after an archive's magic",
            [
                p(2).op(b'N').stop(),
                b"PK\x05\x06".to_vec(),
                vec![0; 18],
                embedded.clone(),
            ]
            .concat(),
        ),
        (
            "a second pickle that needs the memo of the first",
            [
                p(4).short_unicode("posix")
                    .memoize()
                    .op(b'0')
                    .short_unicode("system")
                    .memoize()
                    .stop(),
                named(p(4).raw(b"h\0h\x01")),
            ]
            .concat(),
        ),
        (
            "an extension code",
            p(2).global("copyreg", "add_extension")
                .unicode("posix")
                .unicode("system")
                .int(240)
                .op(0x87)
                .reduce()
                .raw([b'0', 0x82, 240])
                .unicode("true")
                .tuple1()
                .reduce()
                .stop(),
        ),
        ("only an extension code", run(p(2).raw([0x82, 240])).stop()),
        (
            "getattr of an import",
            run(p(2)
                .global("builtins", "getattr")
                .global("builtins", "__import__")
                .unicode("os")
                .tuple1()
                .reduce()
                .unicode("system")
                .op(0x86)
                .reduce())
            .stop(),
        ),
        ("PERSID", new().raw(b"Pposix.system\n.").unfinished()),
        ("BINPERSID", p(2).global("posix", "system").op(b'Q').stop()),
        (
            "a persistent id that is called",
            run(p(2).unicode("posix.system").op(b'Q')).stop(),
        ),
        ("protocol 6", p(6).raw(&embedded[2..]).unfinished()),
        (
            "noise under a mark",
            named(
                p(4).short_unicode("posix")
                    .raw(b"(NK\x01S'x'\n1")
                    .short_unicode("system"),
            ),
        ),
        (
            "DUP and POP between operands",
            named(
                p(4).short_unicode("posix")
                    .raw(b"20")
                    .short_unicode("system")
                    .raw(b"20"),
            ),
        ),
        (
            "INT in hexadecimal before",
            run(new().raw(b"I0x10\n0").global("posix", "system")).stop(),
        ),
        (
            "LONG in hexadecimal before",
            run(new().raw(b"L0x10L\n0").global("posix", "system")).stop(),
        ),
        (
            "INT in octal before",
            run(new().raw(b"I010\n0").global("posix", "system")).stop(),
        ),
        (
            "a number that is none before",
            run(new().raw(b"Ione\n0").global("posix", "system")).stop(),
        ),
        (
            "a string that is not ASCII before",
            run(new().raw(b"S'\\xe9'\n0").global("posix", "system")).stop(),
        ),
        (
            "a pickle in a pickle",
            p(3).global("_pickle", "loads")
                .bytes(&embedded)
                .tuple1()
                .reduce()
                .stop(),
        ),
        (
            "torch's own way to do that",
            p(2).global("torch.storage", "_load_from_bytes")
                .bytes(&embedded)
                .tuple1()
                .reduce()
                .stop(),
        ),
        (
            "importlib",
            run(p(2).global("importlib", "import_module")).stop(),
        ),
        (
            "a function of the library that runs programs",
            run(p(2).global("multiprocessing.util", "spawnv_passfds")).stop(),
        ),
        (
            "a package nobody has heard of",
            run(p(2).global("some_pkg.util", "helper")).stop(),
        ),
        (
            "a name of Python 2",
            run(new().global("__builtin__", "eval")).stop(),
        ),
        (
            "a module of Python 2",
            run(new().global("commands", "getoutput")).stop(),
        ),
        (
            "functools.partial",
            p(2).global("functools", "partial")
                .global("posix", "system")
                .unicode("true")
                .op(0x86)
                .reduce()
                .op(b')')
                .reduce()
                .stop(),
        ),
        (
            "map",
            p(2).global("builtins", "map")
                .global("posix", "system")
                .raw(b"]X\x04\0\0\0truea")
                .op(0x86)
                .reduce()
                .stop(),
        ),
        (
            "numpy's runstring",
            run(p(2).global("numpy.testing._private.utils", "runstring")).stop(),
        ),
        ("torch.hub", run(p(2).global("torch.hub", "load")).stop()),
        (
            "memo indexes with underscores",
            named(new().raw(b"S'posix'\np1_0\n0S'system'\np1_1\n0g10\ng0011\n")),
        ),
        (
            "memo indexes with signs and spaces",
            named(new().raw(b"S'posix'\np+7\n0S'system'\np 8 \n0g7\ng8\n")),
        ),
        (
            "MEMOIZE after GET",
            named(
                p(4).short_unicode("posix")
                    .memoize()
                    .short_unicode("x")
                    .memoize()
                    .raw(b"0h\0\x940")
                    .short_unicode("system")
                    .memoize()
                    .raw(b"0h\x02h\x03"),
            ),
        ),
        (
            "PUT after POP",
            named(
                p(4).short_unicode("posix")
                    .short_unicode("decoy")
                    .raw(b"0q\x05")
                    .short_unicode("system")
                    .raw(b"q\x060h\x05h\x06"),
            ),
        ),
        (
            "an item of a module's dictionary",
            p(4).stack_global("builtins", "__dict__")
                .short_unicode("len")
                .stack_global("posix", "system")
                .op(b's')
                .stop(),
        ),
        (
            "state on a class",
            p(2).global("collections", "OrderedDict")
                .raw(b"N}")
                .unicode("get")
                .global("posix", "system")
                .raw(b"s\x86b.")
                .unfinished(),
        ),
        (
            "a frame",
            frame(run(new().global("posix", "system")).op(b'.')),
        ),
        (
            "a name that crosses its frame",
            Pickle::proto(4)
                .op(0x95)
                .raw(8_u64.to_le_bytes())
                .raw(b"cos\nsystem\n")
                .unicode("true")
                .tuple1()
                .reduce()
                .stop(),
        ),
        (
            "a callee that another call returned",
            run(p(2).global("collections", "OrderedDict").op(b')').reduce()).stop(),
        ),
        (
            "a name that is computed",
            named(
                p(4).global("collections", "OrderedDict")
                    .op(b')')
                    .reduce()
                    .short_unicode("system"),
            ),
        ),
        (
            "a GLOBAL cut before its line feed",
            new().raw(b"cposix\nsystem").unfinished(),
        ),
        (
            "a module with a carriage return",
            run(p(2).raw(b"cposix\r\nsystem\r\n")).stop(),
        ),
        (
            "a huge memo index before",
            run(p(2)
                .op(b'N')
                .op(b'r')
                .raw(0x7fff_ffff_u32.to_le_bytes())
                .op(b'0')
                .global("posix", "system"))
            .stop(),
        ),
        (
            "a thousand marks before",
            run((0..1000)
                .fold(p(2), |pickle, _| pickle.op(b'('))
                .global("posix", "system"))
            .stop(),
        ),
        (
            "a class with two faces",
            p(2).global("numpy", "object_")
                .global("collections", "Counter")
                .raw(b"\x85RN}")
                .unicode("update")
                .global("builtins", "bytearray")
                .raw(b"s\x86b.")
                .unfinished(),
        ),
    ]
}

#[test]
fn every_evasion_is_refused_under_any_name() {
    for name in ["model.pkl", "notes.txt", "model"] {
        for (what, file) in evasions() {
            let findings = judge(name, &facts(file, name));
            let says_what = |rule: &str| !matches!(rule, "unknown-artifact" | "misleading-suffix");
            let refused = findings
                .iter()
                .any(|f| f.level == Level::Deny && says_what(f.rule.id));
            // What runs nothing and reads as nothing is only a model's business.
            let tame = name != "model.pkl"
                && matches!(
                    what,
                    "PERSID"
                        | "a GLOBAL cut before its line feed"
                        | "a number that is none before"
                        | "protocol 6"
                );
            assert!(refused || tame, "{what}, as {name}: {findings:?}");
        }
    }
}
