//! Torch7: what torch wrote in Lua.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: they carry no magic.
pub static FORMAT: Format = Format {
    id: "lua-torch",
    title: "Lua Torch7 file",
    doc: DOC,
    suffixes: &[Suffix::own("t7")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "convert it to safetensors in an environment without anything of value",
    },
};

const DOC: &str = "\
## What it is

What `torch.save` wrote in Lua, before PyTorch.

## What loading it does

Lua loads the functions that the file brings as bytecode. Readers in Python only read tensors.

## How it is recognised

By its name.

## What to prefer

safetensors.
";
