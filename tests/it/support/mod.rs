//! What tests share: assemblers of artifacts, sources that misbehave, temporary repositories, the program.

pub(crate) mod dribble;
pub(crate) mod fixture;
pub(crate) mod npy;
pub(crate) mod python;
pub(crate) mod safetensors;
pub(crate) mod sparse;
pub(crate) mod zip;
