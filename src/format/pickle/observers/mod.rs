//! What follows a run beside the machine: each observer knows one library's forms, and nothing of the others.

mod code;
mod companions;
mod joblib;
mod library;
mod lists;
mod made;
mod operators;
mod payloads;
mod shards;
mod storages;
mod uses;

pub(super) use code::CodesByValue;
pub(super) use companions::Companions;
pub(super) use library::LibraryVersion;
pub(super) use operators::Operators;
pub(super) use payloads::read as read_payloads;
pub(super) use shards::ShardParts;
pub(super) use storages::Storages;
pub(in crate::format) use uses::LoadedBy;
pub(super) use uses::Uses;
