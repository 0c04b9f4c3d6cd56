//! ncnn: a list of layers as text or in numbers.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// Lists of layers that begin with the number of ncnn.
pub static FORMAT: Format = Format {
    id: "ncnn",
    title: "ncnn model",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the model it was converted from (ONNX, safetensors), and convert it where it is deployed",
    },
};

const DOC: &str = "\
## What it is

The layers of a network for ncnn, as text (`.param`) or in numbers (`.param.bin`), beside a file with the weights (`.bin`). pnnx writes the same
form.

## What loading it does

ncnn makes its layers. A layer that it does not know is looked up among those that the application has registered: native code.

## How it is recognised

By the number 7767517 in front, under any name. The weights are raw.

## What to prefer

ONNX, or the weights as safetensors.
";

/// What a list of layers begins with.
const NUMBER: u32 = 7_767_517;

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    let is_text = front
        .strip_prefix(b"7767517")
        .is_some_and(|rest| matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]));
    // The counts of layers and of blobs follow.
    let is_binary = front.starts_with(&NUMBER.to_le_bytes())
        && front.get(7) == Some(&0)
        && front.get(11) == Some(&0);
    Certainty::sure_if(is_text || is_binary)
}
