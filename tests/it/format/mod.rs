//! Tests of `format`.

mod laziness;
mod npy;
mod pickle_oracle;
mod safetensors;
mod torch_oracle;
mod zip;
