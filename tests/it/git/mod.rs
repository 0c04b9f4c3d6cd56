//! Tests of `git`: views of repositories that the real `git` made.

mod annex;
mod attributes;
mod checkout;
mod diff;
mod dvc;
mod history;
mod incoming;
mod known;
mod lfs;
mod links;
mod loosened_files;
mod oracle;
mod policy;
mod policy_links;
mod rev;
mod staged;
mod submodule;
mod work_tree;
