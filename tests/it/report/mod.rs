//! Reports: what people, listeners and programs are told.

mod human;
mod inspect;
mod json;
mod plain;
mod prose;
