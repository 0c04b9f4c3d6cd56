//! Tests of `format`.

mod archived_source;
pub(crate) mod archives;
pub(crate) mod codecs;
mod dtype;
pub(crate) mod evasions;
pub(crate) mod flatbuffers;
pub(crate) mod hdf5;
mod joblib;
pub(crate) mod keras;
mod laziness;
pub(crate) mod nemo;
mod npy;
pub(crate) mod onnx;
mod ordinary;
mod pickle;
mod pickle_oracle;
mod safetensors;
mod saved_together;
pub(crate) mod seven_zip;
mod streams;
pub(crate) mod tensorflow;
pub(crate) mod tflite;
mod torch_archives;
mod torch_distributed;
mod torch_export;
mod torch_oracle;
mod torch_script;
mod torch_verdict;
mod torchserve;
pub(crate) mod unread;
mod wrapped;
mod writers;
mod zip;

pub(crate) use torch_archives::policy as policy_for;
