//! What tests share: assemblers of artifacts, sources that misbehave, temporary repositories, the program.

pub mod cli;
pub mod repo;
