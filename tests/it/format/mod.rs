//! Tests of `format`.

mod laziness;
mod npy;
mod safetensors;
mod zip;
