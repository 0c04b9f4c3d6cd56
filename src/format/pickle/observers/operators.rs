//! Names of operators among the constants of a pickle that is a mobile program.

use rustc_hash::FxHashSet;

use crate::{
    fact::Text,
    format::pickle::{
        machine::{Constant, Observer},
        text::Utf8,
        value::Value,
    },
    limits,
};

/// The longest name of an operator that is one: torch's own have up to 60 bytes.
const LONGEST: usize = 256;

/// Collects constants that are names of operators, each once: `aten::linear`.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Operators {
    at: u64,
    seen: FxHashSet<Box<[u8]>>,
    named: Vec<(u64, Text)>,
}

impl Operators {
    /// Each with the offset of its opcode.
    pub(in crate::format::pickle) fn into_named(self) -> Vec<(u64, Text)> {
        self.named
    }
}

impl Observer for Operators {
    type Note = ();
    type Saved = ();

    #[inline]
    fn on_opcode(&mut self, at: u64, _code: u8) {
        self.at = at;
    }

    fn on_constant(&mut self, constant: Constant<'_>, _value: Value) {
        let (Constant::Text(Utf8 { bytes: text, .. }) | Constant::ByteString(text)) = constant
        else {
            return;
        };
        if is_operator(text)
            && self.named.len() <= limits::OPERATORS
            && self.seen.insert(text.into())
        {
            self.named.push((self.at, Text::new(text)));
        }
    }
}

/// Whether a text has the form of an operator's name.
fn is_operator(text: &[u8]) -> bool {
    let word = |part: &[u8]| {
        !part.is_empty()
            && part
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    };
    let mut parts = text.splitn(2, |byte| *byte == b':');
    let (namespace, name) = (parts.next(), parts.next());
    let name = name.and_then(|name| name.strip_prefix(b":"));
    text.len() <= LONGEST && namespace.is_some_and(word) && name.is_some_and(word)
}
