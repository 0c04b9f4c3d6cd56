//! Tests of `git`: views of repositories that the real `git` made.

mod lfs;
mod staged;
mod work_tree;
