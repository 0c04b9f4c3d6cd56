//! DVC: files that a repository does not hold, and names by their md5 in files of its own.
//!
//! `NAME.dvc` and `dvc.lock` list outputs: a path, the md5 of its content, its size. git ignores the outputs; DVC keeps them in a cache
//! and elsewhere, and writes them to the work tree. Each output becomes an item of the view, beside the file that lists it. In a work
//! tree it is what lies at its path. In an index or a commit, and where nothing lies there, it is the object of the cache that has its
//! md5. An md5 is no identity: two files with one are not hard to make.

mod cache;
mod files;
mod outputs;

pub(super) use cache::{Cache, has_md5, small_file};
pub(super) use files::{Listed, ListedOutput, Listing, parse, working_folders};
pub(super) use outputs::{Expansion, Output, OutputKind, joined};
