//! Arrays as joblib stores them: an object in the array's place says what follows, and where the bytes are.
//!
//! joblib's unpickler is the one of Python's standard library, with another `BUILD`: after an instance of its wrapper got its state,
//! it reads the array, which the state describes. Since joblib 0.10 the array stands right behind `BUILD`: its bytes, from joblib 1.2
//! on behind padding and a byte that counts it; or a pickle, where the dtype holds objects. Before, it has a file of its own. What the
//! state does not say exactly as joblib writes it is refused: nobody would know which bytes are opcodes.

use crate::{
    fact::{Fact, FileReference, FileRole, JoblibFault, Text},
    format::pickle::{
        machine::Scene,
        shapes::{JoblibArray, Values},
        tensors::TensorSummary,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// The attributes of a wrapper.
const KEYS: [Attribute; 9] = [
    Attribute::Subclass,
    Attribute::ArrayShape,
    Attribute::Order,
    Attribute::ArrayDtype,
    Attribute::AllowMmap,
    Attribute::Alignment,
    Attribute::Filename,
    Attribute::InitArgs,
    Attribute::State,
];

/// What a dict says that may be the state of a wrapper, by key.
type Attributes = [Option<Value>; KEYS.len()];

/// Follows the states of wrappers.
#[derive(Debug, Clone, Default)]
pub(in crate::format::pickle) struct JoblibArrays {
    /// A wrapper was made: the dicts that follow may be states.
    expected: bool,
    /// The dict that was filled last, which is the state if `BUILD` is next.
    last: Option<(u64, Attributes)>,
    /// An array is read.
    any: bool,
    /// The first byte that `joblib.load` and `pickle.load` may take for different things.
    first: Option<u64>,
}

/// What joblib reads when a wrapper gets its state.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub array: TensorSummary,
    pub follows: Follows,
    /// The name of the file that it has, in the folder of the pickle.
    pub file: Option<Text>,
}

impl Described {
    /// Records the file that joblib opens, if it is who loads.
    pub(super) fn record_file(&self, is_joblib: bool, scene: &mut Scene<'_>) {
        if let (true, Some(name)) = (is_joblib, &self.file) {
            let reference = FileReference::new(FileRole::Weights, name.clone());
            let moment = scene.moment();
            let fact = Fact::FileReference(Box::new(reference));
            scene.log.other(fact, moment);
        }
    }
}

/// What follows the opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// So many bytes, behind padding or not.
    Bytes { length: u64, padded: bool },
    /// A pickle.
    Pickle,
    /// The next opcode: the array has a file of its own.
    Nothing,
}

impl JoblibArrays {
    /// A wrapper is made.
    pub(super) fn expect(&mut self) {
        self.expected = true;
    }

    /// Pairs are put into a dict.
    #[inline]
    pub(super) fn put(&mut self, dict: Value, pairs: &[Value]) {
        if self.expected {
            self.note(dict, pairs);
        }
    }

    fn note(&mut self, dict: Value, pairs: &[Value]) {
        let (id, mut attributes) = match self.last.take() {
            Some((id, attributes)) if id == dict.number() => (id, attributes),
            _ => (dict.number(), Attributes::default()),
        };
        for pair in pairs.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let at = Attribute::of(*key).and_then(slot);
            if let Some(known) = at.and_then(|at| attributes.get_mut(at)) {
                *known = Some(*value);
            }
        }
        self.last = Some((id, attributes));
    }

    /// Where `joblib.load` and `pickle.load` part: at the first array in the stream, or the first that cannot be followed.
    pub(in crate::format::pickle) fn first(&self) -> Option<u64> {
        self.first
    }

    /// Whether joblib reads an array.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// What the state of a wrapper says.
    pub(super) fn describe(
        &self,
        kind: JoblibArray,
        state: Value,
        values: &Values<'_>,
    ) -> Result<Described, JoblibFault> {
        let attributes = self.attributes(state, values).ok_or(JoblibFault::State)?;
        match kind {
            JoblibArray::Bytes => Self::of_bytes(&attributes, values),
            JoblibArray::File => Self::of_file(&attributes, values),
        }
    }

    /// The attributes of a state that has no others.
    fn attributes(&self, state: Value, values: &Values<'_>) -> Option<Attributes> {
        let (_, attributes) = self.last.filter(|(id, _)| *id == state.number())?;
        let known = attributes.iter().flatten().count();
        let all = values.preview.nodes.summary(state)?.len;
        let whole = state.kind() == ValueKind::Dict
            && state.is_fresh()
            && all == crate::bytes::wide(known).saturating_mul(2);
        whole.then_some(attributes)
    }

    fn of_bytes(attributes: &Attributes, values: &Values<'_>) -> Result<Described, JoblibFault> {
        let has = |key| get(attributes, key);
        let (Some(subclass), Some(shape), Some(order), Some(dtype), Some(mapped)) = (
            has(Attribute::Subclass),
            has(Attribute::ArrayShape),
            has(Attribute::Order),
            has(Attribute::ArrayDtype),
            has(Attribute::AllowMmap),
        ) else {
            return Err(JoblibFault::State);
        };
        let order = values.preview.string(order);
        let plain = subclass.kind() == ValueKind::Global
            && mapped.kind() == ValueKind::Bool
            && order.is_some_and(|order| order == "C" || order == "F")
            && [Attribute::Filename, Attribute::InitArgs, Attribute::State]
                .into_iter()
                .all(|key| has(key).is_none());
        let padded = match has(Attribute::Alignment) {
            None => false,
            Some(alignment) => match alignment.kind() {
                ValueKind::None => false,
                ValueKind::Int => true,
                _ => return Err(JoblibFault::State),
            },
        };
        if !plain {
            return Err(JoblibFault::State);
        }
        let sizes = (shape.kind() == ValueKind::Tuple).then(|| values.sizes(shape));
        let sizes = sizes.flatten().ok_or(JoblibFault::Shape)?;
        let layout = values.dtype_layout(dtype).ok_or(JoblibFault::Dtype)?;
        let follows = if layout.objects || layout.texts {
            Follows::Pickle
        } else {
            // joblib divides by the size of an item.
            if layout.size == 0 {
                return Err(JoblibFault::Dtype);
            }
            let count = sizes
                .iter()
                .try_fold(1_u64, |count, size| count.checked_mul(*size));
            // NumPy counts in 64 bits with a sign.
            let length = count.and_then(|count| count.checked_mul(layout.size));
            let length = length.filter(|length| i64::try_from(*length).is_ok());
            Follows::Bytes {
                length: length.ok_or(JoblibFault::Shape)?,
                padded,
            }
        };
        Ok(Described {
            array: TensorSummary {
                sizes,
                dtype: Some(dtype),
                ..TensorSummary::default()
            },
            follows,
            file: None,
        })
    }

    fn of_file(attributes: &Attributes, values: &Values<'_>) -> Result<Described, JoblibFault> {
        let has = |key| get(attributes, key);
        let named = has(Attribute::Filename).and_then(|name| values.preview.string(name));
        let name = named.ok_or(JoblibFault::State)?;
        let others = [
            Attribute::ArrayShape,
            Attribute::Order,
            Attribute::ArrayDtype,
            Attribute::Alignment,
        ];
        if others.into_iter().any(|key| has(key).is_some()) {
            return Err(JoblibFault::State);
        }
        let fits = match (
            has(Attribute::Subclass),
            has(Attribute::InitArgs),
            has(Attribute::State),
        ) {
            // `numpy.load` reads the file.
            (Some(subclass), None, None) => {
                let mapped = has(Attribute::AllowMmap);
                subclass.kind() == ValueKind::Global
                    && mapped.is_none_or(|mapped| mapped.kind() == ValueKind::Bool)
            }
            // The file holds the bytes; the array is made as NumPy's own pickles make one.
            (None, Some(arguments), Some(state)) => {
                has(Attribute::AllowMmap).is_none() && values.are_of_array(arguments, state)
            }
            _ => false,
        };
        if !fits {
            return Err(JoblibFault::State);
        }
        if !is_beside(name.as_bytes()) {
            return Err(JoblibFault::FileName);
        }
        Ok(Described {
            array: TensorSummary::default(),
            follows: Follows::Nothing,
            file: Some(name),
        })
    }

    /// joblib reads an array now, whether or not anybody knows how long it is.
    pub(super) fn reads(&mut self) {
        self.any = true;
    }

    /// joblib goes on behind an array that starts here, or nobody knows where; `pickle.load` goes on here.
    pub(super) fn depart(&mut self, scene: &Scene<'_>) {
        self.first.get_or_insert_with(|| scene.lexer.offset());
    }

    /// What joblib reads here itself, right behind the opcode that is being executed.
    pub(super) fn span(follows: Follows, scene: &Scene<'_>) -> Result<JoblibSpan, JoblibFault> {
        let nothing = JoblibSpan::Bytes {
            padding: 0,
            length: 0,
        };
        if follows == Follows::Nothing {
            return Ok(nothing);
        }
        // Python's unpickler has the whole frame in memory, and joblib reads from the file: behind the frame.
        if scene.lexer.inside_frame().is_some() {
            return Err(JoblibFault::InsideFrame);
        }
        Ok(match follows {
            Follows::Nothing => nothing,
            Follows::Bytes { length, padded } => {
                let padding = if padded {
                    scene
                        .lexer
                        .next_byte()
                        .map_or(1, |byte| u64::from(byte).saturating_add(1))
                } else {
                    0
                };
                JoblibSpan::Bytes { padding, length }
            }
            Follows::Pickle => JoblibSpan::Pickle,
        })
    }
}

/// What joblib reads itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoblibSpan {
    /// An array, behind so many other bytes.
    Bytes { padding: u64, length: u64 },
    /// A pickle, to its end.
    Pickle,
}

/// The value of an attribute.
fn get(attributes: &Attributes, key: Attribute) -> Option<Value> {
    attributes.get(slot(key)?).copied().flatten()
}

/// Where an attribute of wrappers stands.
fn slot(attribute: Attribute) -> Option<usize> {
    KEYS.iter().position(|known| *known == attribute)
}

/// Whether a name is that of a file in the same folder, with a suffix that joblib gives, so that whoever checks the folder checks it.
fn is_beside(name: &[u8]) -> bool {
    let plain = |b: &u8| !matches!(b, b'/' | b'\\' | b':' | 0..=31 | 127);
    name.iter().all(plain) && (name.ends_with(b".npy") || name.ends_with(b".npy.z"))
}
