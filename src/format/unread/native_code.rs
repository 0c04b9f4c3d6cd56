//! Native code: libraries, programs and compiled engines that are named as models.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Programs and libraries of Linux, Windows and macOS, and engines of `TensorRT`.
pub static FORMAT: Format = Format {
    id: "native-code",
    title: "native library, program or engine",
    doc: DOC,
    suffixes: &[
        Suffix::own("llamafile"),
        Suffix::own("trt"),
        Suffix::shared("engine", "configurations of programs"),
        Suffix::shared("plan", "plans of other tools"),
    ],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the weights as data (safetensors, GGUF), and build or install what runs them from reviewed sources",
    },
};

const DOC: &str = "\
## What it is

Machine code under the name of a model: an ELF, PE or Mach-O file, a llamafile (a program with the weights of a model behind it), or an
engine that TensorRT compiled for one kind of GPU.

## What loading it does

A library runs its constructors as soon as it is loaded, a llamafile is the program itself, and an engine has kernels and plug-ins run.
What they do is not read.

## How it is recognised

By the headers of ELF, PE and Mach-O and the magic of TensorRT, if its name says that a model is in it. Libraries and programs under names of
their own are passed over, like any other code that is not Python source.

## What to prefer

Weights as data, and the code that runs them from where it is reviewed.
";

/// Magic numbers of Mach-O: 32 and 64 bits, each in both byte orders.
const MACH_O: [&[u8]; 4] = [
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
];
/// What a serialised engine begins with.
const ENGINES: [&[u8]; 2] = [b"ftrt", b"ptrt"];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    let begins = |magic: &&[u8]| front.starts_with(magic);
    Certainty::maybe_if(
        is_elf(front)
            || is_pe(front)
            || is_universal(front)
            || front.starts_with(b"MZqFpD")
            || MACH_O.iter().any(begins)
            || ENGINES.iter().any(begins) && front.len() > 16,
    )
}

/// A class of 32 or 64 bits and a byte order follow the magic.
fn is_elf(front: &[u8]) -> bool {
    matches!(front, [0x7f, b'E', b'L', b'F', 1 | 2, 1 | 2, 1, ..])
}

/// The header of DOS says where that of Windows is, which may be behind what a probe sees.
fn is_pe(front: &[u8]) -> bool {
    let offset = front
        .get(0x3c..0x40)
        .and_then(|bytes| bytes.first_chunk())
        .map(|bytes| u32::from_le_bytes(*bytes));
    let Some(at) = offset.and_then(|offset| usize::try_from(offset).ok()) else {
        return false;
    };
    let header = front.get(at..).unwrap_or_default();
    front.starts_with(b"MZ") && header.starts_with(b"PE\0\0")
}

/// Mach-O for several processors: a class of Java has the same magic, and a version of at least 45 where the count of processors is.
fn is_universal(front: &[u8]) -> bool {
    matches!(front, [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, 1..=20, ..])
}
