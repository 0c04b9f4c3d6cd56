//! torch.package: a zip of pickles and of the Python modules that they name.

use super::zip::read_pickles;
use crate::{
    bytes::{ReadError, Window},
    format::{Format, Read, Reading, Recognise, Runs, zip::Directory},
};

/// A zip with the index of a package, or with Python modules beside torch's pickles.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-package",
    title: "torch.package archive",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A zip archive that `torch.package.PackageExporter` writes: pickles, the Python modules that they need, and in `.data/` a list
of the modules that are not in the archive (`extern_modules`).

## What loading it does

`torch.package.PackageImporter` imports modules from the archive and runs their code; its pickles resolve every name there
first, also names like `collections.OrderedDict`. What a pickle in it names therefore says nothing: the archive is code.

## How it is recognised

A zip archive with a member `.data/extern_modules`, or with Python modules (`.py`, `.pyc`) beside pickles of torch, whatever
the case. TorchScript's own `code/` is a language of its own: see `torch-script`.

## What is checked

Everything that is checked of a `zip` archive and of a `pickle`. The modules in it are not judged. No bundled policy allows the
format.

## What to prefer

The code in a repository, where it is reviewed, and its weights as safetensors.
";

/// Whether a path ends in this one, at a folder, whatever the case: torch compares so.
fn ends_in(name: &[u8], path: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(path)
        .is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
}

fn claims(directory: &Directory) -> bool {
    let names = || {
        directory.members.iter().flat_map(|member| {
            [Some(&member.name), member.other_name.as_ref()]
                .into_iter()
                .flatten()
                .map(crate::fact::Text::as_bytes)
        })
    };
    if names().any(|name| ends_in(name, b".data/extern_modules")) {
        return true;
    }
    // TorchScript's folder of code stands in the archive's root.
    let root = directory.root();
    let script = [root, b"/code/"].concat();
    let is_module = |name: &[u8]| {
        let lower = name.to_ascii_lowercase();
        (lower.ends_with(b".py") || lower.ends_with(b".pyc")) && !name.starts_with(&script)
    };
    crate::format::zip::is_torch(directory) && names().any(is_module)
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every format is read by a function of this shape"
)]
fn read(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    read_pickles(window, directory, reading);
    Ok(())
}
