//! Tests of `cli`: the program as users and hooks run it.

mod check;
mod help;
mod hook;
mod inspect;
mod outputs;
mod paths;
