//! Files of data that other languages write: R, Lua's Torch7 and MATLAB.

use std::{io::Write as _, sync::atomic::Ordering};

use flate2::{Compression, write::ZlibEncoder};
use weighbridge::fact::{Fact, Unread};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        hdf5, oracle,
        sparse::Sparse,
    },
};

/// Words of four bytes, as R writes them.
fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// An object of R in version 3.
fn object(item: &[u8]) -> Vec<u8> {
    let head = words(&[3, 0x0004_0202, 0x0003_0500, 5]);
    [b"X\n", head.as_slice(), b"UTF-8", item].concat()
}

/// A text with its type.
fn characters(text: &str) -> Vec<u8> {
    let length = i32::try_from(text.len()).unwrap();
    [&words(&[0x0004_0009, length]), text.as_bytes()].concat()
}

fn symbol(name: &str) -> Vec<u8> {
    [words(&[1]), characters(name)].concat()
}

const NIL: i32 = 254;

/// A list of two integers with names.
fn list() -> Vec<u8> {
    let names = [
        words(&[0x402]),
        symbol("names"),
        words(&[16, 2]),
        characters("a"),
        characters("b"),
        words(&[NIL]),
    ];
    let items = words(&[0x213, 2, 13, 1, 7, 14, 1, 0x3ff0_0000, 0]);
    [items, names.concat()].concat()
}

/// `system("true")`, without running it.
fn call() -> Vec<u8> {
    let arguments = [words(&[2, 16, 1]), characters("true"), words(&[NIL])].concat();
    [words(&[6]), symbol("system"), arguments].concat()
}

/// An alternative vector of a class.
fn alternative(class: &str, package: &str) -> Vec<u8> {
    [
        words(&[238, 2]),
        symbol(class),
        words(&[2]),
        symbol(package),
        words(&[2, 13, 1, 13, NIL, 14, 1, 0x4008_0000, 0, NIL]),
    ]
    .concat()
}

const TEXT: &[u8] =
    b"A\n3\n262658\n197888\n5\nUTF-8\n531\n2\n262153\n3\na\\nb\n9\n-1\n1026\n1\n262153\n5\nnames\n16\n1\n262153\n1\nx\n254\n";

/// Objects of Torch7, each field as it is written.
enum T7<'t> {
    Int(i32),
    Long(i64),
    Double(f64),
    Text(&'t str),
    Bytes(&'t [u8]),
}
use T7::{Bytes, Double, Int, Long};

fn t7(fields: &[T7<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    for field in fields {
        match field {
            Int(number) => file.extend(number.to_le_bytes()),
            Long(number) => file.extend(number.to_le_bytes()),
            Double(number) => file.extend(number.to_le_bytes()),
            Bytes(bytes) => file.extend(*bytes),
            T7::Text(text) => {
                file.extend(i32::try_from(text.len()).unwrap().to_le_bytes());
                file.extend(text.as_bytes());
            }
        }
    }
    file
}

fn class(number: i32, name: &str) -> Vec<T7<'_>> {
    vec![Int(4), Int(number), T7::Text("V 1"), T7::Text(name)]
}

/// A tensor of three floats.
fn tensor() -> Vec<u8> {
    let head = t7(&class(1, "torch.FloatTensor"));
    let shape = t7(&[Int(1), Long(3), Long(1), Long(1)]);
    let storage = t7(&class(2, "torch.FloatStorage"));
    [head, shape, storage, t7(&[Long(3), Bytes(&[0; 12])])].concat()
}

/// A table that holds a value under a name.
fn table(value: &[u8]) -> Vec<u8> {
    [
        &t7(&[Int(3), Int(1), Int(1), Int(2), T7::Text("weight")]),
        value,
    ]
    .concat()
}

/// A function with bytecode of three bytes, and no values from outside.
fn function() -> Vec<u8> {
    t7(&[Int(8), Int(9), T7::Text("\u{1b}LJ"), Int(0)])
}

const T7_TEXT: &[u8] = b"4\n1\n3\nV 1\n17\ntorch.FloatTensor\n1\n2\n1\n1\n4\n2\n3\nV 1\n18\ntorch.FloatStorage\n2\n1.5 nan\n";

/// An element of MATLAB, padded.
pub(super) fn element(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    let mut element = [&kind.to_le_bytes(), &length.to_le_bytes(), bytes].concat();
    element.resize(element.len().next_multiple_of(8), 0);
    element
}

/// A matrix of a class, with its parts.
pub(super) fn matrix(class: u8, parts: &[&[u8]]) -> Vec<u8> {
    let flags = element(6, &[class, 0, 0, 0, 0, 0, 0, 0]);
    element(14, &[&flags, parts.concat().as_slice()].concat())
}

/// A file of variables.
pub(super) fn mat(variables: &[&[u8]]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, made here".to_vec();
    file.resize(124, b' ');
    file.extend(b"\0\x01IM");
    file.extend(variables.concat());
    file
}

/// A variable that is compressed.
pub(super) fn packed(variable: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(variable).unwrap();
    let packed = encoder.finish().unwrap();
    let length = u32::try_from(packed.len()).unwrap();
    [
        &15_u32.to_le_bytes(),
        &length.to_le_bytes(),
        packed.as_slice(),
    ]
    .concat()
}

/// A matrix of three doubles.
pub(super) fn doubles() -> Vec<u8> {
    let size = element(5, &[1, 0, 0, 0, 3, 0, 0, 0]);
    // A name that is small enough to stand in its tag.
    let name = [1, 0, 1, 0, b'x', 0, 0, 0];
    matrix(6, &[&size, &name, &element(9, &[0; 24])])
}

pub(super) fn opaque(class: &str) -> Vec<u8> {
    let name = element(1, b"obj");
    let system = element(1, b"MCOS");
    matrix(
        17,
        &[&name, &system, &element(1, class.as_bytes()), &doubles()],
    )
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("list.rds", object(&list())),
        ("call.rds", object(&call())),
        (
            "series.rds",
            object(&alternative("compact_realseq", "base")),
        ),
        ("text.rds", TEXT.to_vec()),
        ("table.t7", table(&tensor())),
        ("function.t7", table(&function())),
        ("text.t7", T7_TEXT.to_vec()),
        ("packed.mat", mat(&[&doubles(), &packed(&doubles())])),
        ("object.mat", mat(&[&opaque("string")])),
        ("part-00000", stage("com.example.Stage", "").into_bytes()),
    ]
}

/// Lua opens it whatever it is called and whatever comes first.
#[test]
fn bytecode_of_lua_is_found_under_any_name() {
    let as_key = t7(&[Int(3), Int(7), Int(1), Int(5), Int(1)]);
    for bytes in [
        function(),
        [as_key, function()].concat(),
        b"8\n1\n3\n\x1bLJ\n0\n".to_vec(),
    ] {
        let said = found("classifier.net", &bytes);
        assert!(said.contains("a function of Lua"), "{bytes:?}: {said}");
    }
}

/// What the rules say, each with its place.
pub(super) fn found(name: &str, bytes: &[u8]) -> String {
    placed(&judge(name, &facts(bytes.to_vec(), name)))
}

#[test]
fn data_passes_under_any_name() {
    let little = {
        let body = [3_u32, 0x0004_0202, 0x0003_0500, 5].map(u32::to_le_bytes);
        let item = [13_u32, 1, 7].map(u32::to_le_bytes);
        [b"B\n", body.as_flattened(), b"UTF-8", item.as_flattened()].concat()
    };
    let old = [b"RDX2\nX\n".to_vec(), words(&[2, 1, 0x0002_0300, NIL])].concat();
    for (id, bytes) in [
        ("r-data", object(&list())),
        ("r-data", object(&alternative("compact_intseq", "base"))),
        ("r-data", TEXT.to_vec()),
        ("r-data", little),
        ("r-data", old),
        ("lua-torch", tensor()),
        (
            "lua-torch",
            // Objects of one file have numbers of their own.
            table(&tensor().replace_first(&[4, 0, 0, 0, 1, 0], &[4, 0, 0, 0, 5, 0])),
        ),
        ("lua-torch", T7_TEXT.to_vec()),
        ("matlab", mat(&[])),
        ("matlab", mat(&[&doubles(), &packed(&doubles())])),
    ] {
        for name in ["model.bin", "weights.bin.1.bin"] {
            assert_eq!(told(&bytes, name), format!("[] is {id}"), "{name}");
        }
        // Data alone is no model.
        for name in ["data.rds", "x.mat", "data"] {
            let said = told(&bytes, name);
            assert!(said.is_empty() || id == "lua-torch", "{name}: {said}");
        }
        assert_eq!(found("model.bin", &bytes), "", "{id}");
    }
}

#[test]
fn what_r_evaluates_is_refused_where_it_stands() {
    insta::assert_snapshot!(found("m.rds", &object(&call())), @"@ 0x17..0x1b code-by-value: loading makes a call of `system` in R");
    let promise = [words(&[5, NIL]), call()].concat();
    insta::assert_snapshot!(found("m.rds", &object(&promise)), @"
    @ 0x17..0x1b code-by-value: loading makes a promise of R, which is evaluated as soon as its value is used
    @ 0x1f..0x23 code-by-value: loading makes a call of `system` in R
    ");
    let closure = words(&[0x403, 253, NIL, NIL]);
    insta::assert_snapshot!(found("m.rds", &object(&closure)), @"@ 0x17..0x1b code-by-value: loading makes a function of R");
    let builtin = [&words(&[8, 4]), b"eval".as_slice()].concat();
    insta::assert_snapshot!(found("m.rds", &object(&builtin)), @"@ 0x17..0x1b code-by-value: loading makes R's function `eval`");
    let namespace = [words(&[249, 0, 1]), characters("evil")].concat();
    insta::assert_snapshot!(found("m.rds", &object(&namespace)), @"@ 0x17..0x1b code-by-value: loading makes the namespace of the package `evil`, which R loads");
    insta::assert_snapshot!(found("m.rds", &object(&alternative("mmap_real", "base"))), @"@ 0x17..0x1b code-by-value: loading makes alternative vectors of the class `base::mmap_real`, whose package R loads to rebuild them");
    // Bytecode of one instruction, with a call among its constants.
    let constants = [words(&[2, 6, 254, 1]), symbol("x")].concat();
    let constants = [constants, words(&[254, NIL, 14, 14, 1, 0, 0])].concat();
    let bytecode = [words(&[21, 1, 13, 1, 1]), constants].concat();
    insta::assert_snapshot!(found("m.rds", &object(&bytecode)), @"@ 0x17..0x1b code-by-value: loading makes bytecode of R");
}

/// R reads the version, and looks neither at what releases are noted nor at what ends the line of the letter.
#[test]
fn what_r_takes_for_a_beginning_is_one() {
    let head = |versions: &[i32]| [words(versions), b"UTF-8".to_vec(), call()].concat();
    let text = |head: &str| {
        let call = "6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n";
        format!("{head}\n5\nUTF-8\n{call}").into_bytes()
    };
    for bytes in [
        [b"X\n".to_vec(), head(&[3, 0, 0, 5])].concat(),
        [
            b"RDX3\nXz".to_vec(),
            head(&[3, 0x0004_0202, 0x0003_0500, 5]),
        ]
        .concat(),
        [b"RDA2\nX\n".to_vec(), words(&[2, 7, -1]), call()].concat(),
        text("\nA\n3\n262658\n197888"),
        text("A\n\n 3\t262658\n\n197888"),
    ] {
        let said = found("m.rds", &bytes);
        assert!(
            said.contains("a call of `system` in R"),
            "{bytes:?}: {said}"
        );
    }
    let forged = [
        b"X\n".to_vec(),
        words(&[3, 0, 0, 5]),
        b"UTF-8".to_vec(),
        words(&[NIL]),
    ]
    .concat();
    insta::assert_snapshot!(told(&forged, "m.rds"), @"
    [] is r-data
    [] unread: malformed: byte 2: no writer of the format writes such a `version`
    ");
    // Numbers that go on as none do are said to be wrong.
    let half = text("Az3abc\n262658.5\n197888");
    assert!(found("m.rds", &half).contains("incomplete-read"));
    insta::assert_snapshot!(told(b"RDX1\n\0\0\0\x01", "m.RData"), @"
    [] is r-data
    [] unread: not supported: version 1 of R's files, which R wrote before 1.4.0
    ");
    let other = [b"X\n".to_vec(), head(&[3, 0, 0, 5])].concat();
    assert!(found("model", &other).contains("a call of `system` in R"));
    // Columns of numbers are none of these.
    assert_eq!(told(b"A\n3\n4\n5\n", "table.csv"), "");
}

#[test]
fn what_does_not_fit_in_an_object_of_r_is_said() {
    let of = |item: &[u8]| told(&object(item), "m.rds");
    insta::assert_snapshot!(of(&words(&[0x1ff])), @"
    [] is r-data
    [] unread: malformed: byte 23: a reference to what has not come before
    ");
    insta::assert_snapshot!(of(&words(&[77])), @"
    [] is r-data
    [] unread: malformed: byte 27: no writer of the format writes such a `type`
    ");
    insta::assert_snapshot!(of(&words(&[14, 100])), @"
    [] is r-data
    [] unread: malformed: its content needs 800 bytes, 0 are left
    ");
    insta::assert_snapshot!(of(&words(&[14, -7])), @"
    [] is r-data
    [] unread: malformed: byte 31: no writer of the format writes such a `length`
    ");
    insta::assert_snapshot!(of(&words(&[NIL, NIL])), @"
    [] is r-data
    [] trailing-data: 4 bytes after the object
    ");
    insta::assert_snapshot!(of(&[words(&[247, 0, 1]), characters("id")].concat()), @"
    [] is r-data
    [] PersistentId { id: Elided, torch_storage: false }
    ");
    // A list of any length is no depth, and lists in lists are.
    let long: Vec<u8> = [words(&[2, NIL]).repeat(100_000), words(&[NIL])].concat();
    assert_eq!(of(&long), "");
    insta::assert_snapshot!(of(&words(&[19, 2]).repeat(100_000)), @"
    [] is r-data
    [] unread: past the limit of 10,000 items inside one another in an object of R
    ");
}

#[test]
fn what_lua_brings_is_refused_where_it_stands() {
    insta::assert_snapshot!(found("m.t7", &table(&function())), @"@ 0x1a..0x1e code-by-value: loading makes a function of Lua from bytecode");
    let module = [t7(&class(20, "nn.Linear")), table(&tensor())].concat();
    let module = module.replace_first(&[3, 0, 0, 0, 1, 0], &[3, 0, 0, 0, 7, 0]);
    assert_eq!(found("m.t7", &module), "");
    let thread = [t7(&class(2, "threads.Threads")), t7(&[Int(0)])].concat();
    insta::assert_snapshot!(found("m.t7", &thread), @"@ 0x0..0x4 code-by-value: loading makes an object of the class `threads.Threads` of Lua, which reads what follows itself");
    let hash = [
        t7(&class(1, "tds.Hash")),
        t7(&[Int(1), Int(0), Int(1), Double(1.0), Int(5), Int(1)]),
    ];
    assert_eq!(found("m.t7", &hash.concat()), "");
    insta::assert_snapshot!(told(&t7(&[Int(9)]), "m.t7"), @"[] unread: of no known format: bytes that begin 09 00 00 00, which is not read");
    insta::assert_snapshot!(told(&t7(&[Int(3), Int(1), Int(-1)]), "m.t7"), @"
    [] is lua-torch
    [] unread: malformed: byte 8: no writer of the format writes such a `size`
    ");
    insta::assert_snapshot!(told(&[tensor(), vec![0; 4]].concat(), "m.t7"), @"
    [] is lua-torch
    [] trailing-data: 4 bytes after the object
    ");
    insta::assert_snapshot!(told(b"\x80\x05X", "m.t7"), @"
    [] is pickle
    [@ 0x2 BINUNICODE] unread: malformed: an operand needs 4 bytes, 0 are left
    [] misleading-suffix: its name says Lua Torch7 file, its content is a Python pickle
    ");
}

trait ReplaceFirst {
    fn replace_first(self, from: &[u8], to: &[u8]) -> Self;
}

impl ReplaceFirst for Vec<u8> {
    fn replace_first(mut self, from: &[u8], to: &[u8]) -> Self {
        let at = memchr::memmem::find(&self, from).unwrap();
        self.splice(at..at + from.len(), to.iter().copied());
        self
    }
}

#[test]
fn what_matlab_restores_is_refused_where_it_stands() {
    insta::assert_snapshot!(found("m.mat", &mat(&[&opaque("string")])), @"@ 0x80..0x118 code-by-value: loading makes an object of the class `string` of MATLAB, which restores itself");
    insta::assert_snapshot!(found("m.mat", &mat(&[&packed(&opaque("my.Model"))])), @"variable at 0x80 @ 0x0..0x98 code-by-value: loading makes an object of the class `my.Model` of MATLAB, which restores itself");
    let size = element(5, &[1, 0, 0, 0, 1, 0, 0, 0]);
    let handle = matrix(16, &[&size, &element(1, b"f"), &doubles()]);
    let cell = matrix(1, &[&size, &element(1, b"c"), &doubles(), &handle]);
    insta::assert_snapshot!(found("m.mat", &mat(&[&cell])), @"@ 0x108..0x190 code-by-value: loading makes a function handle of MATLAB");
    insta::assert_snapshot!(told(&mat(&[&element(77, b"x")]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: byte 128: no writer of the format writes such a `element`
    ");
    insta::assert_snapshot!(told(&mat(&[&element(9, b"x")]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: byte 128: no writer of the format writes such a `variable`
    ");
    insta::assert_snapshot!(told(&mat(&[&matrix(99, &[])]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: byte 136: no writer of the format writes such a `class`
    ");
    let mut long = doubles();
    long[4] = 200;
    insta::assert_snapshot!(told(&mat(&[&long]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: its content needs 200 bytes, 72 are left
    ");
    let mut inner = doubles();
    inner[52] = 200;
    insta::assert_snapshot!(told(&mat(&[&inner]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: byte 176: no writer of the format writes such a `size`
    ");
    let mut deep = doubles();
    for _ in 0..100 {
        deep = matrix(1, &[&deep]);
    }
    insta::assert_snapshot!(told(&mat(&[&deep]), "m.mat"), @"
    [] is matlab
    [] unread: past the limit of 64 matrices inside one another in a file of MATLAB
    ");
}

/// Files of version 7.3 are HDF5.
#[test]
fn what_matlab_marks_in_hdf5_is_refused_as_well() {
    let of = |class: &[u8]| found("m.mat", &hdf5::model(&[("MATLAB_class", class)]));
    assert_eq!(of(b"double"), "");
    assert_eq!(of(b"cell"), "");
    insta::assert_snapshot!(of(b"function_handle"), @"MATLAB_class code-by-value: loading makes a function handle of MATLAB");
    insta::assert_snapshot!(of(b"my.Model"), @"MATLAB_class code-by-value: loading makes an object of the class `my.Model` of MATLAB, which restores itself");
}

/// Numbers are stepped over.
#[test]
fn data_of_any_length_costs_its_items() {
    const LONG: u64 = 40 << 30;
    let count = i32::try_from((LONG >> 3) >> 32).unwrap();
    let rds = object(&words(&[14, -1, count, 0]));
    let mut storage = t7(&class(1, "torch.DoubleStorage"));
    storage.extend(i64::try_from(LONG >> 3).unwrap().to_le_bytes());
    for (name, front) in [("m.rds", rds), ("m.t7", storage)] {
        let length = front.len() as u64 + ((LONG >> 3) << 3);
        let source = Sparse::new(length, vec![(0, front)]);
        let read = source.counter();
        let seen = facts(source, name);
        assert!(
            !seen
                .iter()
                .any(|o| matches!(o.fact, Fact::Unread(Unread::Malformed(_)))),
            "{name}: {seen:?}"
        );
        assert!(read.load(Ordering::Relaxed) < 2 << 20, "{name}");
    }
}

/// What R, Torch7's and MATLAB's readers in Python write or read.
#[test]
fn libraries_agree() {
    let Some(python) = oracle::python("rdata, scipy, pandas") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let mut judged = 0;
    for answer in oracle::run(&python, "foreign_tables.py", &[path]) {
        let name = answer["file"].as_str().unwrap();
        let is_data = answer["data"].as_bool().unwrap();
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let seen = facts(bytes.clone(), name);
        assert_eq!(seen.is_empty(), is_data, "{name}: {seen:?}");
        let as_model = facts(bytes.clone(), "model.bin");
        assert!(!as_model.is_empty(), "{name} is not recognised");
        let unread = seen.iter().find(|o| matches!(o.fact, Fact::Unread(_)));
        assert!(unread.is_none(), "{name}: {unread:?}");
        let findings = found(name, &bytes);
        assert_eq!(findings.is_empty(), is_data, "{name}: {findings}");
        judged += 1;
    }
    assert!(judged > 40);
}

/// Metadata of a stage as Spark writes it.
fn stage(class: &str, stages: &str) -> String {
    format!(
        r#"{{"class":"{class}","timestamp":1700000000000,"sparkVersion":"3.5.1","uid":"PipelineModel_1a2b","paramMap":{{"stageUids":[{stages}]}},"defaultParamMap":{{}}}}"#
    )
}

#[test]
fn classes_of_stages_are_names_of_code() {
    let of = |class: &str, stages: &str| found("part-00000", stage(class, stages).as_bytes());
    for class in [
        "org.apache.spark.ml.PipelineModel",
        "pyspark.ml.pipeline.PipelineModel",
    ] {
        assert_eq!(of(class, "\"LogisticRegression_3c4d\""), "");
        assert_eq!(told(stage(class, "").as_bytes(), "part-00000"), "");
    }
    insta::assert_snapshot!(of("com.example.Stage", ""), @"1:10 global-not-allowed: loading runs `com.example.Stage(...)`; the policy does not list `com.example.Stage`");
    insta::assert_snapshot!(of("os.system", ""), @"1:10 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(of("org.apache.spark.ml.Pipeline", "\"a\",\"../../../other\""), @"1:146 file-outside: loading it opens the model `stages/1_../../../other`, which is outside of its folder: the path has a part `..`");
    let other = r#"{"cl\u0061ss": "subprocess.Popen", "uid": "a"}"#;
    assert!(found("part-00000", other.as_bytes()).contains("subprocess.Popen"));
    assert!(found("metadata.txt", stage("a.B", "").as_bytes()).contains("a.B"));
    // Spark 4 names it so. It runs whatever stands in the statement of this stage.
    let spark_4 = "part-00000-0f0e0d0c-c000.txt";
    assert!(found(spark_4, stage("a.B", "").as_bytes()).contains("a.B"));
    let row = r#"{"class": "positive", "uid": "a"}"#;
    assert_eq!(told(row.as_bytes(), "part-00000-0f0e-c000.json"), "");
    insta::assert_snapshot!(of("org.apache.spark.ml.feature.SQLTransformer", ""), @"1:10 global-not-allowed: loading runs `org.apache.spark.ml.feature.SQLTransformer(...)`; the policy does not list `org.apache.spark.ml.feature.SQLTransformer`");
    // Whatever its loaders take: spaces, a mark of UTF-8, escapes, a line that ends otherwise, half a character.
    let keys = r#"{ "uid" : "a", "class" : "a.B", "paramMap" : {"x": NaN} }"#;
    let escaped = r#"{"u\u0069d":"a","cl\u0061ss":"a.B","\u0070aramMap":{}}"#;
    for text in [
        keys.to_owned(),
        escaped.to_owned(),
        format!("\u{feff}{keys}"),
        format!("{keys}\r{{"),
    ] {
        let said = found("metadata", text.as_bytes());
        assert!(said.contains("a.B"), "{text}: {said}");
    }
    let half = r#"{"uid":"\ud800","class":"a.B","paramMap":{}}"#;
    assert!(found("metadata", half.as_bytes()).contains("incomplete-read"));
    for text in [r#"{"class": "a.B"}"#, "{", r#"{"rows": [1, 2]}"#] {
        assert_eq!(told(text.as_bytes(), "part-00000"), "", "{text}");
    }
}
