//! Files that share a suffix or a beginning with models and are none.

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        npy,
        zip::{archive, deflated, stored},
    },
};

fn messages(name: &str, bytes: &[u8]) -> String {
    let findings = judge(name, &facts(bytes.to_vec(), name));
    let lines: Vec<String> = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message))
        .collect();
    lines.join("\n")
}

#[test]
fn text_under_the_name_of_a_checkpoint_is_text() {
    for (name, text) in [
        (
            "distutils-precedence.pth",
            "import os; var = 'X'\n".as_bytes(),
        ),
        ("site/paths.pth", b"../src\n# comment\n"),
        ("README.pt", b"Leia o manual antes de usar.\n"),
        (
            "LEIAME.pt",
            b"Instru\xe7\xf5es de instala\xe7\xe3o, leia primeiro.\n",
        ),
        (
            "page.pt",
            b"<html xmlns:tal=\"http://xml.zope.org/namespaces/tal\"><p tal:content=\"x\"/></html>",
        ),
        (
            "page.pt",
            b"<!DOCTYPE html>\n<html lang=\"${request.locale_name}\"><body>${body}</body></html>",
        ),
        ("notes.bin", b"plain text\n"),
        ("list.ckpt", b"model_checkpoint_path: \"model.ckpt-1\"\n"),
        ("cdef.bin", b"cdef extern from \"x.h\":\n    int f()\n"),
        ("m.pyx", b"cimport numpy as np\nimport x\n(1)\n"),
        ("m.c", b"char *a;\nint b;\n(c)\n"),
        // Labels of MyST, and prose in brackets: `(` and `i` are opcodes, and INST calls the class that the next two lines name.
        ("install.md", b"(installation)=\n\n# Installation\n"),
        ("intro.md", b"(introduction)=\n# Introduction\n\nText.\n"),
        ("AUTHORS", b"(in chronological order).\n\n- A\n"),
    ] {
        assert_eq!(told(text, name), "", "{name}");
    }
    // Text that reads as a pickle is one.
    assert!(messages("README.pt", b"cposix\nsystem\n(S'true'\ntR.").contains("posix.system"));
}

#[test]
fn what_is_no_model_is_called_what_it_is() {
    for (name, bytes, says) in [
        (
            "style.pt",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(),
            "a PNG image and no model",
        ),
        (
            "a.pth",
            b"\xff\xd8\xff\xe0\0\x10JFIF\0",
            "a JPEG image and no model",
        ),
        ("a.ckpt", b"GIF89a\x01\0\x01\0", "a GIF image and no model"),
        (
            "model.ckpt",
            b"<!DOCTYPE html><html><body>404</body></html>",
            "an HTML page: a download that failed",
        ),
        (
            "model.pt",
            b"\n<HTML><head><title>Sign in</title>",
            "an HTML page: a download that failed",
        ),
        ("model.pt", b"", "nothing: the file is empty"),
        (
            "model.pt",
            &[0; 64],
            "zeros where a model begins: a download that was cut off",
        ),
        (
            "model.onnx",
            b"RIFF\x24\0\0\0WAVEfmt ",
            "WAV sound and no model",
        ),
        (
            "model.pt",
            b"RIFF\x24\0\0\0AVI LIST",
            "an AVI film and no model",
        ),
        (
            "model.pt",
            b"\0\0\0\x20ftypisom\0\0\x02\0",
            "an MP4 film and no model",
        ),
        (
            "a.joblib",
            b"\x1a\x45\xdf\xa3\x01\0",
            "a Matroska or WebM film and no model",
        ),
        ("model.pt", b"OggS\0\x02\0\0", "Ogg sound and no model"),
        ("model.pt", b"ID3\x03\0\0\0", "MP3 sound and no model"),
        ("model.pt", b"fLaC\0\0\0\x22", "FLAC sound and no model"),
        (
            "model.pt",
            b"BM\x7a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
            "a BMP image and no model",
        ),
        (
            "model.pt",
            b"8BPS\0\x01\0\0",
            "a Photoshop image and no model",
        ),
        (
            "model.pt",
            b"\0asm\x01\0\0\0",
            "a WebAssembly module, which is not read",
        ),
        (
            "model.pt",
            b"\xca\xfe\xba\xbe\0\0\0\x34",
            "a Java class, which is not read",
        ),
    ] {
        let expected = format!("unknown-artifact: it is named like a model file and holds {says}");
        assert_eq!(messages(name, bytes), expected, "{name}");
    }
}

#[test]
fn converted_line_endings_are_said() {
    insta::assert_snapshot!(messages("data.p", b"(dp0\r\nS'a'\r\np1\r\nS'b'\r\np2\r\ns."), @r"
incomplete-read: it does not read to its end: its line endings were converted (CRLF): mark it as binary in .gitattributes, and fetch it anew
pickle-anomaly: no pickler writes this: PUT with a number that ends in a carriage return: line endings were converted (CRLF)
");
    insta::assert_snapshot!(messages("data.pkl", b"ccopy_reg\r\n_reconstructor\r\n."), @r"
global-not-allowed: loading imports `copy_reg\r._reconstructor\r`; the policy does not list `copy_reg\r._reconstructor\r`
pickle-anomaly: no pickler writes this: a global whose name ends in a carriage return: line endings were converted (CRLF)
");
    let says = |name: &str, bytes: &[u8], what: &str| {
        let said = messages(name, bytes);
        assert!(said.contains(what), "{bytes:?}: {said}");
    };
    for bytes in [
        // Protocol 0: numbers, and a list of texts, whose indexes are numbers as well.
        b"(lp0\r\nI1\r\naI2\r\na.".as_slice(),
        b"(lp0\r\nVa\r\np1\r\na.",
        b"L5L\r\n.",
        // Binary: a number that was a line feed, a length that was one, a line feed in a text.
        b"\x80\x02]q\0(K\tK\r\nK\x0be.",
        b"\x80\x02X\r\n\0\0\0aaaaaaaaaa.",
        b"\x80\x04\x8c\x03a\r\nb\x94]\x94.",
    ] {
        says("data.pkl", bytes, "line endings were converted (CRLF)");
        says("data.p", bytes, "line endings were converted (CRLF)");
    }
    // One that nothing has converted, and pages that begin as pickles do.
    let cut = b"\x80\x02]q\0(K\tK\nK\x0be";
    says("data.pkl", cut, "the pickle ends without STOP");
    for script in [
        "set term png\r\nplot sin(x)\r\n",
        "I1\r\nprint\r\n",
        "create x.\r\nrun y.\r\n",
    ] {
        assert_eq!(messages("draw.p", script.as_bytes()), "", "{script}");
    }
}

#[test]
fn what_a_member_called_data_pkl_is_decides() {
    let array = npy::array("'<f8'", "(1,)", &[0; 8]);
    let arrays = archive(&[stored("a.npy", array)]);
    assert_eq!(
        messages("bundle.zip", &archive(&[stored("data.pkl", arrays)])),
        ""
    );
}

#[test]
fn archives_of_something_else_are_judged_by_what_is_in_them() {
    let slides = [
        stored("[Content_Types].xml", "<Types/>"),
        stored("ppt/printerSettings/printerSettings1.bin", [1, 2, 3]),
        stored("ppt/media/image1.png", "\x01"),
    ];
    assert_eq!(messages("slides.pptx", &archive(&slides)), "");
    let twice = [
        stored("zarr.json", "{}"),
        stored("zarr.json", "{\"a\": 1}"),
        stored("0/0", "x"),
    ];
    assert_eq!(messages("store.zarr.zip", &archive(&twice)), "");
    let jar = [
        stored("META-INF/MANIFEST.MF", "x"),
        stored("a\\b.class", "x"),
        stored("fonts.bin", "\x01"),
    ];
    assert_eq!(messages("app.jar", &archive(&jar)), "");
    let hidden = [
        &slides[..],
        &[stored("ppt/x.bin", "cposix\nsystem\n(S'true'\ntR.")],
    ]
    .concat();
    assert!(messages("slides.pptx", &archive(&hidden)).contains("posix.system"));
    // A member that is called a pickle and is an array.
    let array = npy::array("'<f8'", "(1,)", &[0; 8]);
    assert_eq!(
        messages("bundle.zip", &archive(&[deflated("data.pkl", &array)])),
        ""
    );
    assert!(
        messages("bundle.pt", &archive(&[deflated("data.pkl", &array)]))
            .contains("unknown-artifact")
    );
}

#[test]
fn an_old_header_of_safetensors_is_told() {
    let header = b"{},\"__metadata__\":{\"k\":\"v\"}}";
    let file = [&(header.len() as u64).to_le_bytes(), header.as_slice()].concat();
    insta::assert_snapshot!(messages("a.safetensors", &file), @r#"incomplete-read: it does not read to its end: a header without tensors, as an old writer wrote it: `{},"__metadata__"` is no JSON"#);
}

/// joblib's uncompressed form: arrays stand as raw bytes between the opcodes.
#[test]
fn arrays_of_joblib_are_not_called_broken() {
    let file = [
        b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}b".as_slice(),
        &[0; 40],
    ]
    .concat();
    insta::assert_snapshot!(messages("model.joblib", &file), @"incomplete-read: it is in a form that is not read: an array as joblib does not write it: its attributes are others, or not constant");
}
