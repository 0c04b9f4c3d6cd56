//! Descriptions of models and arrays: zarr, PMML.

use weighbridge::fact::Fact;

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
    },
};

const ZARRAY: &str = r#"{
    "chunks": [2],
    "compressor": {"blocksize": 0, "clevel": 5, "cname": "lz4", "id": "blosc", "shuffle": 1},
    "dtype": "|O",
    "fill_value": null,
    "filters": [{"id": "vlen-utf8"}],
    "order": "C",
    "shape": [2],
    "zarr_format": 2
}"#;

const PMML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- it's a model -->\n<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">\n  <Header/>\n</PMML>\n";

/// A document type in front of the first element.
fn with_type(of: &str) -> String {
    PMML.replace("<PMML xmlns", &format!("<!DOCTYPE PMML {of}>\n<PMML xmlns"))
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let entity = with_type("[<!ENTITY a SYSTEM \"file:///etc/hostname\"> <!-- ' -->]");
    vec![
        (
            ".zarray",
            ZARRAY.replace("vlen-utf8", "pickle").into_bytes(),
        ),
        ("model.pmml", PMML.as_bytes().to_vec()),
        ("entity.pmml", entity.into_bytes()),
    ]
}

/// The findings, with their places.
fn found(name: &str, text: &str) -> String {
    placed(&judge(name, &facts(text.as_bytes().to_vec(), name)))
}

#[test]
fn a_codec_that_unpickles_is_refused_where_it_is_named() {
    assert_eq!(found(".zarray", ZARRAY), "");
    insta::assert_snapshot!(found(".zarray", &ZARRAY.replace("vlen-utf8", "pickle")), @"6:24 global-not-allowed: loading runs `numcodecs.pickles.Pickle(...)`; the policy does not list `numcodecs.pickles.Pickle`");
    insta::assert_snapshot!(found(".zarray", &ZARRAY.replace("blosc", "my.codec")), @"3:71 global-not-allowed: loading runs `numcodecs.registry.my.codec(...)`; the policy does not list `numcodecs.registry:my.codec`");
    let all = format!(
        "{{\"metadata\": {{\"a/.zarray\": {}, \"a/.zattrs\": {{\"filters\": [\"mine\"]}}}}, \"zarr_consolidated_format\": 1}}",
        ZARRAY.replace("vlen-utf8", "pickle")
    );
    assert!(found(".zmetadata", &all).contains("numcodecs.pickles.Pickle"));
    // As zarr 2 writes N5; what a user keeps there is nothing to zarr.
    let n5 = |codec: &str| {
        found(
            "attributes.json",
            &format!(
                "{{\"dimensions\": [4], \"blockSize\": [2], \"dataType\": \"int32\", \"filters\": [\"mine\"],\n\"compression\": {{\"type\": \"{codec}\"}}}}"
            ),
        )
    };
    for codec in ["gzip", "raw", "xz", "blosc", "zstd"] {
        assert_eq!(n5(codec), "");
    }
    insta::assert_snapshot!(n5("pickle"), @"2:25 global-not-allowed: loading runs `numcodecs.pickles.Pickle(...)`; the policy does not list `numcodecs.pickles.Pickle`");
    insta::assert_snapshot!(n5("my.codec"), @"2:25 global-not-allowed: loading runs `numcodecs.registry.my.codec(...)`; the policy does not list `numcodecs.registry:my.codec`");
    assert_eq!(
        found(
            "attributes.json",
            "{\"compression\": {\"type\": \"pickle\"}}"
        ),
        ""
    );
    let third = r#"{"zarr_format": 3, "node_type": "array", "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "sharding_indexed", "configuration": {"codecs": [{"name": "numcodecs.pickle"}]}}]}"#;
    assert!(found("zarr.json", third).contains("numcodecs.pickles.Pickle"));
    // Each version of zarr has a key of its own for the name.
    let both = r#"{"zarr_format": 3, "node_type": "array", "codecs": [{"id": "bytes", "name": "numcodecs.pickle"}]}"#;
    assert!(found("zarr.json", both).contains("numcodecs.pickles.Pickle"));
    let escaped = ZARRAY
        .replace("vlen-utf8", "pickle")
        .replace("zarr_", "zarr\\u005f");
    assert!(found(".zarray", &escaped).contains("numcodecs.pickles.Pickle"));
    let wide: Vec<u8> = ZARRAY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(told(&wide, ".zarray").contains("unread"));
    for (name, text) in [
        ("zarr.json", "{\"name\": \"a project\"}"),
        ("config.json", ZARRAY),
        (".zattrs", "{\"filters\": [\"pickle\"]}"),
    ] {
        assert_eq!(told(text.as_bytes(), name), "", "{name}");
    }
}

#[test]
fn a_document_type_is_refused_and_its_files_are_named() {
    assert_eq!(told(PMML.as_bytes(), "model.xml"), "[] is pmml");
    insta::assert_snapshot!(found("model.xml", &with_type("[<!ENTITY a SYSTEM \"file:///etc/hostname\"> <!-- ' -->]")), @"
    3:36 file-outside: loading it opens the entity `file:///etc/hostname`, which is outside of its folder: it is a URL
    3:1 incomplete-read: it does not read to its end: a document type, which no writer of PMML writes at line 3 column 1
    ");
    insta::assert_snapshot!(found("model.pmml", &with_type("PUBLIC \"-//DMG//PMML\" \"http://example.org/pmml.dtd\"")), @"
    3:39 file-outside: loading it opens the entity `http://example.org/pmml.dtd`, which is outside of its folder: it is a URL
    3:1 incomplete-read: it does not read to its end: a document type, which no writer of PMML writes at line 3 column 1
    ");
    insta::assert_snapshot!(found("model.pmml", &with_type("[<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]")), @"3:1 incomplete-read: it does not read to its end: a document type, which no writer of PMML writes at line 3 column 1");
    insta::assert_snapshot!(found("model.pmml", &PMML.replace("UTF-8", "UTF-7")), @"1:1 incomplete-read: it does not read to its end: an encoding that is not read at line 1 column 1");
    insta::assert_snapshot!(found("model.pmml", "<html></html>"), @" unknown-artifact: it is named like a model file and holds an HTML page: a download that failed");
    let wide: Vec<u8> = PMML.encode_utf16().flat_map(u16::to_le_bytes).collect();
    insta::assert_snapshot!(told(&wide, "model.xml"), @"
    [] is pmml
    [] unread: malformed: an encoding that is not read at line 1 column 1
    ");
    // The marks of UTF-32, and a comment that is longer than what a probe sees.
    let wider: Vec<u8> = PMML
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    assert!(told(&wider, "model.xml").contains("an encoding that is not read"));
    let call = PMML.replace("<Header/>", "<Apply function='com.example.Score'/>");
    let long = call.replace("it's a model", &"long ".repeat(10_000));
    assert!(found("model.xml", &long).contains("com.example.Score"));
    for text in [
        "<project/>",
        "<!DOCTYPE html><html/>",
        "<!-- PMML -->",
        "<PMMLs/>",
    ] {
        assert_eq!(told(text.as_bytes(), "pom.xml"), "", "{text}");
    }
}

/// What a parser opens, and what an engine makes, among the elements.
#[test]
fn inclusions_and_classes_among_the_elements_are_refused() {
    let with = |element: &str| {
        let (front, back) = PMML.rsplit_once("</PMML>").unwrap();
        found("model.pmml", &format!("{front}\n  {element}</PMML>{back}"))
    };
    let space = "xmlns:i=\"http://www.w3.org/2001/XInclude\"";
    insta::assert_snapshot!(with(&format!("<i:include {space} href='file:///etc/hostname'/>")), @"
    6:3 file-outside: loading it opens the entity `file:///etc/hostname`, which is outside of its folder: it is a URL
    6:1 incomplete-read: it does not read to its end: an inclusion of other files, which no writer of PMML writes at line 6 column 1
    ");
    let hidden = space.replace("http", "&#104;&#x74;tp");
    insta::assert_snapshot!(with(&format!("<Extension\n{hidden}/>")), @"6:1 incomplete-read: it does not read to its end: an inclusion of other files, which no writer of PMML writes at line 6 column 1");
    insta::assert_snapshot!(with("<Apply note='>' function=\"com.example.Score\"/>"), @"6:3 global-not-allowed: loading runs `com.example.Score(...)`; the policy does not list `com.example.Score`");
    insta::assert_snapshot!(with("<!ENTITY a SYSTEM 'b'>"), @"6:1 incomplete-read: it does not read to its end: a declaration among the elements at line 6 column 1");
    insta::assert_snapshot!(with("<Extension value='"), @"6:1 incomplete-read: it does not read to its end: the text ends inside a tag at line 6 column 1");
    insta::assert_snapshot!(with(&format!("<Extension value='{}'/>", "x".repeat(5 << 20))), @" incomplete-read: it is too complex to analyse: more than 1 MiB of a tag of a PMML model");
    for element in [
        "<Apply function='+'/><Apply function='x-1.5 y'/><Extension extender='a' name='b' value='com.example.Score'><any/></Extension>",
        "<Apply function='is.na'/><DefineFunction name='is.na'/>",
        "<!-- <Apply function='com.example.Score'/> --><![CDATA[<Apply function='com.example.Score'/>]]><?a <Apply function='a.B'/> ?>",
    ] {
        assert_eq!(with(element), "", "{element}");
    }
}

/// Every codec of numcodecs but one makes data.
#[test]
fn codecs_of_numcodecs_are_known() {
    let script = "import numcodecs.registry as r; print('\\n'.join(sorted(r.codec_registry)))";
    let Some(names) = oracle::piped("numcodecs", script, b"") else {
        return;
    };
    for name in names.lines() {
        let text = ZARRAY.replace("vlen-utf8", name);
        let seen = facts(text.into_bytes(), ".zarray");
        let names_code = seen.iter().any(|o| matches!(o.fact, Fact::Global { .. }));
        assert_eq!(names_code, name == "pickle", "{name}");
    }
}
