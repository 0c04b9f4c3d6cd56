//! Facts in English: the only place where what a reader saw becomes a sentence.
//!
//! Facts hold typed kinds and what is particular to them. Each kind has its `Display` here, so that rules and reporters
//! write `{anomaly}` and no two of them word it differently. What comes from a file is escaped by its own type.

mod anomaly;
mod checkpoint;
mod circumstance;
mod code;
mod expression;
mod file_reference;
mod gguf;
mod hdf5;
mod native;
mod policy_edit;
mod python;
mod template;
mod title;
mod torch;
mod unread;
mod usual;
mod zip;

pub(crate) use python::written_value;
pub(crate) use title::instead_of;
