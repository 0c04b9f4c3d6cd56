//! Tests of `git`: views of repositories that the real `git` made.

mod attributes;
mod diff;
mod lfs;
mod policy;
mod rev;
mod staged;
mod submodule;
mod work_tree;
