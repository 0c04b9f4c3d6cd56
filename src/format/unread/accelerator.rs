//! Models that were compiled for one kind of accelerator.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// What the compilers of Rockchip, Huawei, Canaan and Hailo write.
pub static FORMAT: Format = Format {
    id: "accelerator",
    title: "model compiled for an accelerator",
    doc: DOC,
    suffixes: &[
        Suffix::own("rknn"),
        Suffix::own("kmodel"),
        Suffix::own("hef"),
        Suffix::shared("om", "sources and objects of other tools"),
    ],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the model it was compiled from (ONNX, safetensors), and compile it where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A network that the compiler of a chip's maker turned into what that chip runs: RKNN of Rockchip (`.rknn`), offline models of Huawei's Ascend
(`.om`), kmodel of Canaan's Kendryte (`.kmodel`), HEF of Hailo (`.hef`).

## What loading it does

A driver gives the file to the chip, which runs it. What it does is not read.

## How it is recognised

By its magic, if its name says that a model is in it, or by its name.

## What to prefer

ONNX, from which such files are compiled.
";

/// What each of them begins with.
const MAGIC: [&[u8]; 4] = [b"RKNN", b"IMOD", b"LDMK", b"\x01HEF"];

fn probe(head: &Head<'_>) -> Certainty {
    let begins = |magic: &&[u8]| head.front.starts_with(magic);
    Certainty::maybe_if(MAGIC.iter().any(begins))
}
