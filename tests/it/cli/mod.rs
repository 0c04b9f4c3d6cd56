//! Tests of `cli`: the program as users and hooks run it.

mod check;
mod completions;
mod help;
mod hook;
mod inspect;
mod paths;
