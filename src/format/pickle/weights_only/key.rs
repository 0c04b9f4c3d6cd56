//! The keys of storages.

use super::value::TorchValue;

/// The key of a storage. Python's numbers are one key if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A text, by its bytes.
    Text(Box<[u8]>),
    /// A number.
    Number(i64),
    /// `None`.
    None,
}

impl Key {
    /// As Python formats it into the name of a record.
    pub(super) fn name(&self, value: TorchValue) -> Vec<u8> {
        match (self, value) {
            (Self::Text(text), _) => text.to_vec(),
            (_, TorchValue::Bool(true)) => b"True".to_vec(),
            (_, TorchValue::Bool(false)) => b"False".to_vec(),
            (Self::Number(n), _) => n.to_string().into_bytes(),
            (Self::None, _) => b"None".to_vec(),
        }
    }
}
