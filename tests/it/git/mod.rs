//! Tests of `git`: views of repositories that the real `git` made.

mod history;
mod incoming;
mod lfs;
mod oracle;
mod staged;
mod work_tree;
