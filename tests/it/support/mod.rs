//! What tests share: assemblers of artifacts, sources that misbehave, temporary repositories, the program.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "assemblers are written for reading"
)]

pub(crate) mod comparison;
pub(crate) mod dribble;
pub(crate) mod fixture;
pub(crate) mod flatbuffer;
pub(crate) mod gguf;
pub(crate) mod hdf5;
pub(crate) mod import;
pub(crate) mod joblib;
pub(crate) mod npy;
pub(crate) mod oracle;
pub(crate) mod pickle;
pub(crate) mod protobuf;
pub(crate) mod random;
pub(crate) mod report;
pub(crate) mod safetensors;
pub(crate) mod sparse;
pub(crate) mod table;
pub(crate) mod tar;
pub(crate) mod torch;
pub(crate) mod workflow;
pub(crate) mod xml;
pub(crate) mod zip;

pub(crate) mod cli;
pub(crate) mod repo;
