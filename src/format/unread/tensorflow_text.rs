//! TensorFlow's saved models and graphs as text.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Texts that begin as a saved model or a graph does.
pub static FORMAT: Format = Format {
    id: "tensorflow-text",
    title: "TensorFlow graph as text",
    doc: DOC,
    suffixes: &[Suffix::shared_with_text(
        "pbtxt",
        "label maps and configurations",
    )],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "save the model again without `as_text`",
    },
};

const DOC: &str = "\
## What it is

A `SavedModel` (`saved_model.pbtxt`) or a graph that is written as text.

## What loading it does

TensorFlow loads `saved_model.pbtxt` where there is no `saved_model.pb`. The graph can do whatever one in the binary form can.

## How it is recognised

By the field with which it begins.

## What to prefer

The binary form (`tensorflow`), which is read.
";

fn probe(head: &Head<'_>) -> Certainty {
    let mut text = head.front.trim_ascii_start();
    while text.starts_with(b"#") {
        let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
        text = text.get(end..).unwrap_or_default().trim_ascii_start();
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.iter().take_while(|byte| is_name(byte)).count();
    let (field, rest) = text.split_at_checked(length).unwrap_or_default();
    if !matches!(rest.trim_ascii_start().first(), Some(b'{' | b':' | b'<')) {
        return Certainty::No;
    }
    match field {
        b"saved_model_schema_version" | b"meta_graphs" => Certainty::Sure,
        b"node" => Certainty::sure_if(memchr::memmem::find(rest, b"op:").is_some()),
        b"graph_def" | b"library" | b"meta_info_def" | b"versions" => Certainty::Maybe,
        _ => Certainty::No,
    }
}
