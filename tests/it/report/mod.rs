//! Reports: what people, listeners and programs are told.

mod concise;
mod github;
mod gitlab;
mod human;
mod inspect;
mod json;
mod junit;
mod lines;
mod markdown;
mod plain;
mod prose;
