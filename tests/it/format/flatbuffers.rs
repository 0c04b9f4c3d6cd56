//! Programs in flatbuffers: mobile programs of torch and programs of ExecuTorch, against what their writers say is in them.

use std::collections::BTreeSet;

use weighbridge::{
    bytes::ByteSource,
    fact::{Fact, Native},
    finding::Level,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts, told},
        flatbuffer::{Field, Table, file},
        oracle,
        pickle::payload,
    },
};

fn operator(name: &'static str) -> Table {
    Table(vec![(0, Field::Text(name))])
}

/// A mobile program with a function that calls these, a class of native code and source.
fn mobile(operators: &[&'static str], code: &'static str) -> Vec<u8> {
    let function = Table(vec![
        (0, Field::Text("__torch__.M.forward")),
        (
            2,
            Field::Tables(operators.iter().map(|name| operator(name)).collect()),
        ),
        (
            4,
            Field::Texts(vec!["Tensor", "List[__torch__.torch.classes.mine.Reader]"]),
        ),
    ]);
    let value = |kind, value| Table(vec![(0, Field::U8(kind)), (1, Field::Table(value))]);
    file(
        *b"PTMF",
        Table(vec![
            (0, Field::U32(9)),
            (
                4,
                Field::Tables(vec![value(6, operator("text")), value(16, function)]),
            ),
            (
                7,
                Field::Tables(vec![operator(
                    "__torch__.torch.classes.quantized.LinearPackedParamsBase",
                )]),
            ),
            (
                8,
                Field::Tables(vec![Table(vec![
                    (0, Field::Text("__torch__.py")),
                    (1, Field::Text(code)),
                ])]),
            ),
        ]),
    )
}

/// A program of ExecuTorch with these operators, and delegates with payloads.
fn executorch(operators: &[&'static str], delegates: Vec<(&'static str, Vec<u8>)>) -> Vec<u8> {
    let reference = |n| Table(vec![(0, Field::U8(0)), (1, Field::U32(n))]);
    let ids = delegates.iter().enumerate().map(|(n, (id, _))| {
        let n = u32::try_from(n).unwrap();
        Table(vec![(0, Field::Text(id)), (1, Field::Table(reference(n)))])
    });
    let plan = Table(vec![
        (0, Field::Text("forward")),
        (
            6,
            Field::Tables(operators.iter().map(|name| operator(name)).collect()),
        ),
        (7, Field::Tables(ids.collect())),
    ]);
    let payloads = delegates
        .into_iter()
        .map(|(_, payload)| Table(vec![(0, Field::Bytes(payload))]));
    file(
        *b"ET12",
        Table(vec![
            (1, Field::Tables(vec![plan])),
            (3, Field::Tables(payloads.collect())),
        ]),
    )
}

/// A file of data whose segments are behind it.
fn data(segments: &[(&'static str, &[u8])]) -> Vec<u8> {
    let root = |base: u64| {
        let mut start = base;
        let mut places = Vec::new();
        for (_, bytes) in segments {
            let size = bytes.len();
            places.push(Table(vec![(0, Field::U64(start)), (1, Field::U64(size))]));
            start += size;
        }
        let named = segments.iter().enumerate().map(|(n, (name, _))| {
            Table(vec![
                (0, Field::Text(name)),
                (1, Field::U32(u32::try_from(n).unwrap())),
            ])
        });
        file(
            *b"FT01",
            Table(vec![
                (1, Field::Tables(places)),
                (2, Field::Tables(named.collect())),
            ]),
        )
    };
    let length = root(0).len() as u64;
    let mut file = root(length);
    file.extend(segments.iter().flat_map(|(_, bytes)| bytes.iter()));
    file
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let code = "def forward(self, x):\n  return ops.mine.f(torch.relu(x))\n";
    let delegates = vec![
        ("XnnpackBackend", b"payload".to_vec()),
        ("CudaBackend", b"\x7fELF".to_vec()),
    ];
    vec![
        ("model.ptl", mobile(&["aten::linear", "aten::save"], code)),
        (
            "model.pte",
            executorch(&["aten::add", "mine::f"], delegates),
        ),
        (
            "model.ptd",
            data(&[("weights", b"0123"), ("library", b"\x7fELF\x02")]),
        ),
        (
            "tests.bpte",
            file(
                *b"BP08",
                Table(vec![(
                    2,
                    Field::Bytes(executorch(&["aten::add"], Vec::new())),
                )]),
            ),
        ),
    ]
}

fn rules(name: &str, observed: &Observed) -> String {
    let findings = judge(name, observed);
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_mobile_program_is_judged_as_torchscript_is() {
    let code = "def forward(self, x):\n  torch.save(x, \"f\")\n  return ops.mine.f(x)\n";
    let program = mobile(&["aten::linear", "aten::from_file", "mine::f"], code);
    insta::assert_snapshot!(told(&program, "model.ptl"), @"
    [] is torch-mobile
    [__torch__.M.forward] Native(Operator(Text(aten::linear)))
    [__torch__.M.forward] Native(Operator(Text(aten::from_file)))
    [__torch__.M.forward] Native(Operator(Text(mine::f))) (x2)
    [__torch__.M.forward] Native(Class(Text(mine.Reader)))
    [__torch__.torch.classes.quantized.LinearPackedParamsBase] Native(Class(Text(quantized.LinearPackedParamsBase)))
    [__torch__.py 2:3] Native(Operator(Text(aten::save)))
    ");
    insta::assert_snapshot!(rules("model.ptl", &facts(program, "model.ptl")), @"
    custom-operator: the program uses the operator `mine::f`: operators of `mine` are no part of torch, and run native code of a library
    torchscript-code: this TorchScript file is a program: loading it compiles code that names 4 operators, and runs its `__setstate__` methods
    unsafe-operator: the program uses the operator `aten::from_file`, which maps a file into memory, and creates it if it is told to share it
    unsafe-operator: the program uses the operator `aten::save`, which writes a file
    ");
}

#[test]
fn a_program_of_executorch_is_judged_by_its_operators_and_delegates() {
    let native = executorch(&["aten::add", "executorch_prim::et_view"], Vec::new());
    assert_eq!(rules("model.pte", &facts(native, "model.pte")), "");
    let delegates = vec![
        ("XnnpackBackend", b"XH00".to_vec()),
        ("CudaBackend", b"\x7fELF\x02\x01\x01\0".to_vec()),
        ("ExecutorBackend", payload()),
    ];
    let program = executorch(&["aten::add", "aten::from_file", "llama::sdpa"], delegates);
    insta::assert_snapshot!(rules("model.pte", &facts(program, "model.pte")), @"
    custom-operator: the program uses the operator `llama::sdpa`: operators of `llama` are no part of torch, and run native code of a library
    custom-operator: the program hands a part of itself to the delegate `XnnpackBackend`: its payload is in a form of its own, which is not read
    custom-operator: the program hands a part of itself to the delegate `ExecutorBackend`: its payload is in a form of its own, which is not read
    global-not-allowed: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
    incomplete-read: it is in a form that is not read: it is compiled code, which loading the file runs
    unsafe-operator: the program uses the operator `aten::from_file`, which maps a file into memory, and creates it if it is told to share it
    unsafe-operator: the program uses the delegate `CudaBackend`, which runs machine code that the file carries
    ");
    let data = data(&[("weights", b"0123"), ("library", b"\xcf\xfa\xed\xfe\x02")]);
    insta::assert_snapshot!(rules("model.ptd", &facts(data, "model.ptd")), @"incomplete-read: it is in a form that is not read: it is compiled code, which loading the file runs");
    let inner = executorch(&["mine::f"], Vec::new());
    let bundled = file(*b"BP08", Table(vec![(2, Field::Bytes(inner))]));
    insta::assert_snapshot!(rules("tests.bpte", &facts(bundled, "tests.bpte")), @"custom-operator: the program uses the operator `mine::f`: operators of `mine` are no part of torch, and run native code of a library");
}

#[test]
fn offsets_that_lead_outside_break_the_file() {
    let mut far = executorch(&["aten::add"], Vec::new());
    let root = usize::from(far[0]);
    far[root + 8..root + 12].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    insta::assert_snapshot!(rules("model.pte", &facts(far, "model.pte")), @"incomplete-read: it does not read to its end: what an offset leads to needs 1073741857 bytes, 188 are left");
    let mut short = data(&[("weights", b"0123")]);
    short.pop();
    insta::assert_snapshot!(rules("model.ptd", &facts(short, "model.ptd")), @"incomplete-read: it does not read to its end: a segment needs 4 bytes, 3 are left");
    let missing = Table(vec![(
        2,
        Field::Tables(vec![Table(vec![(0, Field::Text("a")), (1, Field::U32(7))])]),
    )]);
    insta::assert_snapshot!(rules("model.ptd", &facts(file(*b"FT01", missing), "model.ptd")), @"incomplete-read: it does not read to its end: the list of segments needs 8 bytes, 0 are left");
}

/// A file whose header, behind its identifier, says at this offset of its own where the segments begin.
fn with_header(mut file: Vec<u8>, magic: [u8; 4], at: usize, base: u64) -> Vec<u8> {
    let mut header = [0; 32];
    header[..4].copy_from_slice(&magic);
    header[at..at + 8].copy_from_slice(&base.to_le_bytes());
    file.splice(8..8, header);
    // The root is so much farther away.
    file[0] += 32;
    file
}

/// Segments begin where a header says, and a program has payloads, and data with names, in them.
#[test]
fn segments_begin_where_the_header_says() {
    let machine = b"\x7fELF\x02\x01\x01\0";
    let segment =
        |start: u64, size: u64| Table(vec![(0, Field::U64(start)), (1, Field::U64(size))]);
    let named = |number: u32, is_tensor: bool| {
        let mut fields = vec![(0, Field::Text("data")), (1, Field::U32(number))];
        if is_tensor {
            fields.push((2, Field::Table(Table(vec![(0, Field::U8(6))]))));
        }
        Table(fields)
    };
    let built = |magic: [u8; 4], header: ([u8; 4], usize), root: &dyn Fn() -> Table| {
        let (name, at) = header;
        let length = file(magic, root()).len() + 32;
        let base = length.next_multiple_of(16);
        let mut file = with_header(file(magic, root()), name, at, u64::try_from(base).unwrap());
        file.resize(base, 0);
        file.extend(b"text");
        file.extend(machine);
        let name = if magic == *b"FT01" {
            "model.ptd"
        } else {
            "model.pte"
        };
        rules(name, &facts(file, name))
    };
    let segments = || Field::Tables(vec![segment(0, 4), segment(4, 8)]);
    let compiled = "incomplete-read: it is in a form that is not read: it is compiled code, which loading the file runs";
    // The data of a file, by its segment: a tensor is not looked at.
    for (number, is_tensor, expected) in [(0, false, ""), (1, false, compiled), (1, true, "")] {
        let root = || {
            let named = Field::Tables(vec![named(number, is_tensor)]);
            Table(vec![(1, segments()), (2, named)])
        };
        assert_eq!(
            built(*b"FT01", (*b"FH01", 24), &root),
            expected,
            "{number} {is_tensor}"
        );
        let root = || {
            let named = Field::Tables(vec![named(number, is_tensor)]);
            Table(vec![(4, segments()), (7, named)])
        };
        assert_eq!(
            built(*b"ET12", (*b"eh00", 16), &root),
            expected,
            "{number} {is_tensor}"
        );
    }
    // The payload of a delegate, in a segment.
    let payload = |number: u32| {
        let place = Table(vec![(0, Field::U8(1)), (1, Field::U32(number))]);
        let delegate = Table(vec![
            (0, Field::Text("XnnpackBackend")),
            (1, Field::Table(place)),
        ]);
        Table(vec![
            (
                1,
                Field::Tables(vec![Table(vec![(7, Field::Tables(vec![delegate]))])]),
            ),
            (4, segments()),
        ])
    };
    for (number, is_code) in [(0, false), (1, true)] {
        let said = built(*b"ET12", (*b"eh00", 16), &|| payload(number));
        assert_eq!(said.contains(compiled), is_code, "{number} {said}");
        assert!(said.contains("the delegate `XnnpackBackend`"), "{said}");
    }
}

/// Machine code of every system.
#[test]
fn payloads_of_machine_code_are_known_by_their_first_bytes() {
    for front in [
        &b"\x7fELF\x02"[..],
        b"\xcf\xfa\xed\xfe\x07",
        b"\xce\xfa\xed\xfe\x07",
        b"\xca\xfe\xba\xbe\0",
        b"MZ\x90\0\x03",
    ] {
        let file = data(&[("library", front)]);
        let said = rules("model.ptd", &facts(file, "model.ptd"));
        assert!(said.contains("compiled code"), "{front:?} {said}");
    }
}

/// One type may name several classes.
#[test]
fn each_class_of_a_type_is_named() {
    let classes = "Dict[__torch__.torch.classes.a.B, __torch__.torch.classes.c.D]";
    let program = file(
        *b"PTMF",
        Table(vec![(7, Field::Tables(vec![operator(classes)]))]),
    );
    let said = told(&program, "model.ptl");
    assert!(said.contains("a.B") && said.contains("c.D"), "{said}");
}

#[test]
fn text_is_no_program() {
    for text in [
        "The ET12 engine\n",
        "The BP08 and\n",
        "Get FT01 now\n",
        "See PTMF\n",
    ] {
        assert_eq!(told(text.as_bytes(), "README"), "", "{text}");
    }
}

/// What operators an observed program names, without overloads.
fn operators(observed: &Observed) -> BTreeSet<String> {
    let named = observed.iter().filter_map(|o| match &o.fact {
        Fact::Native(Native::Operator(name) | Native::Delegate(name)) => Some(name.to_string()),
        _ => None,
    });
    named.collect()
}

fn named(answer: &serde_json::Value) -> BTreeSet<String> {
    let names = answer["names"].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Whatever torch's interpreter finds in a mobile program, also in one that was changed, is among what is recorded.
#[test]
fn operators_of_mobile_programs_are_those_that_torch_finds() {
    let Some(python) = oracle::python("torch") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_PROGRAMS", 300).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let answers = oracle::run(
        &python,
        "torch_mobile.py",
        &[dir.path().to_str().unwrap(), &count, &seed],
    );
    let (mut genuine, mut changed) = (0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        let observed = facts(bytes, name);
        let (known, found) = (operators(&observed), named(answer));
        if answer["genuine"] == true {
            assert_eq!(answer["answer"], "loads", "{name}");
            let findings = judge(name, &observed);
            let denied: Vec<_> = findings
                .iter()
                .filter(|f| f.level == Level::Deny)
                .map(|f| &f.message)
                .collect();
            assert_eq!(denied, [""; 0], "{name}");
            assert!(
                known.is_superset(&found) && !found.is_empty(),
                "{name}: {known:?} {found:?}"
            );
            genuine += 1;
        } else if answer["answer"] == "loads" {
            assert!(
                known.is_superset(&found),
                "{name}: {found:?} {}",
                rules(name, &observed)
            );
            changed += 1;
        }
    }
    assert!(genuine >= 8 && changed >= 20, "{genuine} {changed}");
}

#[test]
fn programs_that_executorch_writes_pass_with_what_it_says_is_in_them() {
    let Some(python) = oracle::python("torch, executorch.exir") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let answers = oracle::run(
        &python,
        "executorch_programs.py",
        &[dir.path().to_str().unwrap()],
    );
    assert!(answers.len() >= 7, "{}", answers.len());
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        assert_eq!(operators(&observed), named(answer), "{name}");
        let denied: Vec<_> = judge(name, &observed)
            .into_iter()
            .filter(|f| f.level == Level::Deny)
            .collect();
        assert_eq!(denied.len(), 0, "{name}: {denied:?}");
    }
}

/// A program whose weights stand between its tables.
struct Sparse {
    front: Vec<u8>,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl ByteSource for Sparse {
    fn len(&self) -> u64 {
        10 << 30
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let at = usize::try_from(offset).unwrap();
        for (n, byte) in buf.iter_mut().enumerate() {
            *byte = self.front.get(at + n).copied().unwrap_or(0);
        }
        let read = buf.len() as u64;
        self.read
            .fetch_add(read, std::sync::atomic::Ordering::Relaxed);
        Ok(buf.len())
    }
}

#[test]
fn weights_in_a_program_are_not_read() {
    let read = std::sync::Arc::default();
    let front = mobile(&["aten::linear"], "");
    let source = Sparse {
        front,
        read: std::sync::Arc::clone(&read),
    };
    let observed = facts(source, "model.ptl");
    assert_eq!(
        operators(&observed),
        BTreeSet::from(["aten::linear".to_owned()])
    );
    let read = read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 1 << 20, "{read}");
}
