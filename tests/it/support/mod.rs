//! What tests share: assemblers of artifacts, sources that misbehave, temporary repositories, the program.

pub(crate) mod cli;
pub(crate) mod repo;
