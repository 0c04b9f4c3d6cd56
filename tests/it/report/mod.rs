//! Reports: what people, listeners and programs are told.

mod artifacts;
mod cyclonedx;
mod html;
mod human;
mod inspect;
mod json;
mod pages;
mod plain;
mod prose;
mod sarif;
