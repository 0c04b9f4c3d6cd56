//! git-lfs pointers: the bytes they stand for, if the local store has them.

use std::io;

use super::{
    super::{Item, View, lfs::Pointer},
    opened::{Opened, io_error, unsupported},
};
use crate::{
    bytes::{FileSource, Window},
    fact::{Absent, Circumstance, Command, Text, Unavailable, UnsupportedEntry},
};

/// Opens what a pointer stands for; the pointer itself if that is not here.
pub(super) fn resolve(view: &View, item: &Item, pointer: &Pointer) -> Opened {
    for path in view.lfs(item.submodule).candidates(pointer) {
        let source = match FileSource::open(&path) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Opened::pointer(pointer).with(Circumstance::Unavailable(io_error(&error)));
            }
        };
        let mut opened = Opened::bytes(Window::new(source));
        let object = opened.size;
        if object != pointer.size {
            opened = opened.with(Circumstance::SizeMismatch {
                pointer: pointer.size,
                object,
            });
        }
        if pointer.extended {
            opened = opened.with(unsupported(UnsupportedEntry::LfsExtensions));
        }
        return opened;
    }
    // git-lfs takes it for a path from the root, wherever it runs.
    let path = Text::new(view.submodules.path_of(item));
    let command = Command::new("git lfs pull --include=").fixed(path);
    Opened::pointer(pointer).with(Circumstance::Unavailable(Unavailable::NotFetched {
        what: Absent::LfsContent,
        command: view.submodules.command_in(item.submodule, command),
    }))
}
