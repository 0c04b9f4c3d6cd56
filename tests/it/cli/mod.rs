//! Tests of `cli`: the program as users and hooks run it.

mod check;
mod help;
mod history;
mod hook;
mod inspect;
mod paths;
mod views_page;
