//! `OpenVINO`: which operators layers name, what breaks a graph, and what the real library says.

use std::collections::BTreeSet;

use weighbridge::{
    bytes::Window,
    fact::{Fact, Native},
    finding::Level,
    record::Recorder,
};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
    },
};

const NAME: &str = "model.xml";

fn layer(name: &str, operator: &str, set: &str, inside: &str) -> String {
    format!(
        "\t\t<layer id=\"0\" name=\"{name}\" type=\"{operator}\" version=\"{set}\">{inside}</layer>\n"
    )
}

pub(crate) fn constant(dtype: &str, shape: &str, offset: &str, size: &str) -> String {
    let data = format!(
        "<data element_type=\"{dtype}\" shape=\"{shape}\" offset=\"{offset}\" size=\"{size}\" />"
    );
    layer("c", "Const", "opset1", &data)
}

pub(crate) fn net(layers: &[String]) -> Vec<u8> {
    let layers = layers.concat();
    format!("<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">\n\t<layers>\n{layers}\t</layers>\n\t<edges />\n</net>\n").into_bytes()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let body = format!(
        "<body><layers>{}</layers></body>",
        layer("b", "Mine", "extension", "")
    );
    let layers = [
        layer(
            "x",
            "Parameter",
            "opset1",
            "<data shape=\"1,3\" element_type=\"f32\" />",
        ),
        constant("f32", "3, 2", "0", "24"),
        layer("l", "Loop", "opset5", &body),
    ];
    vec![(NAME, net(&layers))]
}

fn about(file: Vec<u8>) -> String {
    placed(&judge(NAME, &facts(file, NAME)))
}

#[test]
fn layers_name_operators() {
    let body = format!(
        "<body>\n<layers>{}</layers></body>",
        layer("b", "Add", "opset1", "")
    );
    let layers = [
        layer("x", "Parameter", "opset1", ""),
        layer("r", "ReLU", "opset1", ""),
        layer("l", "Loop", "opset5", &body),
    ];
    let file = net(&layers);
    insta::assert_snapshot!(told(&file, "any.name"), @"
    [] is openvino
    [4:32] Native(GraphOperator { runtime: OpenVino, name: Text(opset1::Parameter) })
    [5:32] Native(GraphOperator { runtime: OpenVino, name: Text(opset1::ReLU) })
    [6:32] Native(GraphOperator { runtime: OpenVino, name: Text(opset5::Loop) })
    [7:40] Native(GraphOperator { runtime: OpenVino, name: Text(opset1::Add) })
    ");
    assert_eq!(about(file), "");
    let custom = [
        layer("m", "MyLayer", "extension", ""),
        layer("n", "My&lt;Other", "extension", ""),
        layer("o", "Einsum", "opset1", ""),
        layer("p", "NoSuch", "opset13", ""),
    ];
    insta::assert_snapshot!(about(net(&custom)), @"
    4:32 custom-operator: the program uses the operator `extension::MyLayer`: operators of `extension` are no part of OpenVINO, and run native code of a library
    6:32 custom-operator: the program uses the operator `opset1::Einsum`, which is no part of OpenVINO and runs native code of a library
    7:32 custom-operator: the program uses the operator `opset13::NoSuch`, which is no part of OpenVINO and runs native code of a library
    ");
}

#[test]
fn constants_have_the_size_of_their_shape() {
    for fine in [
        constant("f32", "4, 3, 3, 3", "0", "432"),
        constant("i64", "", "8", "8"),
        constant("u4", "3", "8", "2"),
        constant("string", "2", "8", "40"),
    ] {
        assert_eq!(about(net(&[fine])), "");
    }
    let all = [
        constant("f32", "4", "0", "15"),
        constant("f32", "-1", "0", "4"),
        constant("f32", "4", "-1", "16"),
        constant("f32", "4", "9223372036854775807", "16"),
        constant("f32", "4294967296, 4294967296, 4294967296", "0", "16"),
    ]
    .map(|one| about(net(&[one])));
    insta::assert_snapshot!(all.join("\n"), @"
    incomplete-read: it does not read to its end: the tensor `c` needs 16 bytes of data and has 15
    incomplete-read: it does not read to its end: the tensor `c` has a shape that no data can have
    incomplete-read: it does not read to its end: the tensor `c` has its data at an offset in another file that is no number
    incomplete-read: it does not read to its end: the tensor `c` has its data at an offset in another file that is no number
    incomplete-read: it does not read to its end: the tensor `c` has a shape that no data can have
    ");
    let mut recorder = Recorder::with_listing(0);
    let file = net(&[constant("f16", "2, 3", "0", "12")]);
    weighbridge::format::read(&Window::new(file), NAME.as_bytes(), &mut recorder);
    let tensors = recorder.take_tensors();
    let listed = &tensors[0].listed[0];
    assert_eq!(
        (listed.name.to_string(), listed.bytes),
        ("c".to_owned(), 12)
    );
}

#[test]
fn what_breaks_a_graph_is_said() {
    let good = String::from_utf8(net(&[layer("x", "Parameter", "opset1", "")])).unwrap();
    let with = |from: &str, to: &str| about(good.replacen(from, to, 1).into_bytes());
    let deep = format!("{}{}", "<body>".repeat(300), "</body>".repeat(300));
    let all = [
        with(
            "<net",
            "<!DOCTYPE net [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<net",
        ),
        with("version=\"11\"", "version=\"7\""),
        with("</layers>", ""),
        with("</layer>", "</other>"),
        with("id=\"0\"", "type=\"Result\""),
        with("\"opset1\">", "\"opset1>"),
        with(" type=\"Parameter\"", ""),
        with("<edges />", "<!ENTITY x \"y\">"),
        with("<edges />", &deep),
        with("<edges />", "<edges"),
    ];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    2:35 file-outside: loading it opens the entity `file:///etc/passwd`, which is outside of its folder: it is a URL
    2:1 incomplete-read: it does not read to its end: a document type, which no writer of OpenVINO writes at line 2 column 1
    --
     incomplete-read: it is in a form that is not read: version `7` of OpenVINO's graphs
    --
    7:1 incomplete-read: it does not read to its end: an element ends that did not begin at line 7 column 1
    --
    4:1 incomplete-read: it does not read to its end: an element ends that did not begin at line 4 column 1
    --
    4:1 incomplete-read: it does not read to its end: an attribute that is there twice at line 4 column 1
    --
    4:1 incomplete-read: it does not read to its end: a value that does not end at line 4 column 1
    --
    4:1 incomplete-read: it does not read to its end: a layer without a type at line 4 column 1
    --
    6:1 incomplete-read: it does not read to its end: a declaration between elements at line 6 column 1
    --
     incomplete-read: it is too complex to analyse: more than 256 elements of XML inside one another
    --
    7:1 incomplete-read: it does not read to its end: a tag without a name at line 7 column 1
    ");
    assert_eq!(
        with("<edges />", "<!-- <layer> --><![CDATA[<layer>]]>text"),
        ""
    );
}

/// The runtime reads its root in upper case as well, elements before the layers, and text in other encodings.
#[test]
fn a_graph_is_known_however_it_begins() {
    let custom = layer("x", "Evil", "extension", "");
    let good = String::from_utf8(net(&[custom])).unwrap();
    let with = |from: &str, to: &str| about(good.replacen(from, to, 1).into_bytes());
    let comment = format!("<!--{}--><net", "x".repeat(100_000));
    for said in [
        with("<layers>", "<rt_info><a value=\"1\"/></rt_info><layers>"),
        with("<net", &comment),
        with("<net", "text <net"),
    ] {
        assert!(said.contains("custom-operator"), "{said}");
    }
    insta::assert_snapshot!(with("<net", "<Net"), @"1:1 incomplete-read: it does not read to its end: the first element is not `net` at line 1 column 1");
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wider: Vec<u8> = good
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    for encoded in [wide.clone(), [vec![0xff, 0xfe], wide].concat(), wider] {
        assert_eq!(
            about(encoded),
            "1:1 incomplete-read: it does not read to its end: an encoding that is not read at line 1 column 1"
        );
    }
}

#[test]
fn other_xml_is_passed_over() {
    for text in [
        "<net version=\"1.9\"><location /></net>",
        "<?xml version=\"1.0\"?><html><layers/></html>",
        "<net name=\"layers\"",
        "net layers",
    ] {
        assert_eq!(told(text.as_bytes(), NAME), "", "{text}");
    }
}

/// Every graph that the library writes passes with the operators that the library finds in it. A changed one that the library reads has those
/// as well here, or is refused as broken.
#[test]
fn operators_are_those_that_the_library_finds() {
    let Some(python) = oracle::python("openvino") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_GRAPHS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "openvino_models.py", &[folder, &count, &seed]);
    let (mut genuine, mut taken, mut broken_ones) = (0, 0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let broken = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        let is_one = observed
            .iter()
            .any(|o| matches!(&o.fact, Fact::Is(id) if id.as_str() == "openvino"));
        let known: BTreeSet<String> = observed
            .iter()
            .filter_map(|o| match &o.fact {
                Fact::Native(Native::GraphOperator { name, .. }) => {
                    let name = name.to_string();
                    Some(name.rsplit("::").next().unwrap().to_owned())
                }
                _ => None,
            })
            .collect();
        let found: BTreeSet<String> = answer["operators"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        if answer["genuine"] == true {
            let said: Vec<_> = judge(name, &observed)
                .into_iter()
                .filter(|f| f.level == Level::Deny || f.rule.id == "custom-operator")
                .map(|f| f.message)
                .collect();
            assert_eq!(said, [""; 0], "{name}");
            assert!(is_one, "{name}");
            assert_eq!(known, found, "{name}");
            genuine += 1;
        } else if answer["loads"] == true {
            if is_one && !broken {
                assert!(known.is_superset(&found), "{name}: {known:?} {found:?}");
                taken += 1;
            }
        } else if broken {
            broken_ones += 1;
        }
    }
    assert!(
        genuine >= 10 && taken + broken_ones >= 40,
        "{genuine} {taken} {broken_ones}"
    );
}
