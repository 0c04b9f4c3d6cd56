//! Tests of `cli`: the program as users and hooks run it.

mod advice;
mod allow;
mod allow_terms;
mod baseline;
mod check;
mod completions;
mod freeze;
mod help;
mod history;
mod hook;
mod inspect;
mod judge;
mod let_pass;
mod look;
mod only;
mod outputs;
mod paths;
mod policy_check;
mod policy_export;
mod policy_show;
mod policy_test;
mod snippets;
mod stdin;
mod unstaged;
mod views_page;
mod waivers;
