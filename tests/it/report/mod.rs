//! Reports: what people, listeners and programs are told.

mod artifacts;
mod concise;
mod cyclonedx;
mod github;
mod gitlab;
mod html;
mod human;
mod inspect;
mod joint;
mod json;
mod junit;
mod lines;
mod markdown;
mod pages;
mod plain;
mod prose;
mod sarif;
