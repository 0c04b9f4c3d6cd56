//! Tests of `format`.

mod dtype;
mod evasions;
mod laziness;
mod npy;
mod pickle;
mod pickle_oracle;
mod safetensors;
mod torch_archives;
mod torch_oracle;
mod writers;
mod zip;
