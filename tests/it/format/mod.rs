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
mod torch_verdict;
mod zip;

pub(crate) use torch_archives::policy as policy_for;
