//! Tests of `format`.

mod laziness;
mod npy;
mod pickle_oracle;
mod safetensors;
mod zip;
