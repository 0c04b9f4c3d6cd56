//! Models of pydantic, whose state is more than their `__dict__`.

use super::{Check, KnownUse, Pattern, fit::Values};
use crate::{
    fact::Misfit,
    format::pickle::value::{Value, ValueKind},
};

impl KnownUse {
    /// The dict that an instance keeps as its own once it has its state.
    pub(in crate::format::pickle) fn kept(
        self,
        state: Value,
        values: &Values<'_>,
    ) -> Option<Value> {
        match self {
            Self::Shape(shape) if shape.check == Some(Check::KeepsState) => Some(state),
            Self::Shape(shape) if shape.check != Some(Check::Pydantic) => None,
            Self::Shape(_) | Self::Plain => kept(state, values),
        }
    }
}

/// Compares the state of what no pack lists: attributes, data for a method of its own, or what pydantic writes.
pub(in crate::format::pickle) fn plain(state: Value, values: &Values<'_>) -> Result<(), Misfit> {
    if is_state(state, values) {
        return Ok(());
    }
    values.attributes().plain_state(state)
}

/// Whether a dict is the state of a model of pydantic, of version 1 or 2: what it has as `__dict__`, and beside it which fields were
/// given, and what else it was given. `BaseModel.__setstate__` keeps each, and sets private attributes of version 1 one by one.
pub(super) fn is_state(state: Value, values: &Values<'_>) -> bool {
    let Some(pairs) = pairs(state, values) else {
        return false;
    };
    let fits = |pair: &[Value]| {
        let [key, value] = pair else {
            return false;
        };
        let fields = || values.fits(&Pattern::Fields, *value);
        let key = values.preview.string(*key);
        match key.as_ref().and_then(|key| key.as_str()) {
            Some("__dict__") => fields(),
            Some(
                "__pydantic_extra__" | "__pydantic_private__" | "__private_attribute_values__",
            ) => value.kind() == ValueKind::None || fields(),
            Some("__pydantic_fields_set__" | "__fields_set__") => values.is_data(*value),
            _ => false,
        }
    };
    pairs.chunks(2).all(fits) && kept(state, values).is_some()
}

/// What a model of pydantic keeps as its `__dict__`: the dict itself, to which nothing may be added later.
fn kept(state: Value, values: &Values<'_>) -> Option<Value> {
    let dict = |pair: &[Value]| match pair {
        [key, value] if values.preview.string(*key)? == "__dict__" => Some(*value),
        _ => None,
    };
    let mut dicts = pairs(state, values)?.chunks_exact(2).filter_map(dict);
    // Twice the same key is no state that pydantic writes.
    dicts.next().filter(|_| dicts.next().is_none())
}

/// Keys and values of a dict, one after another.
fn pairs<'a>(dict: Value, values: &Values<'a>) -> Option<&'a [Value]> {
    let pairs = (dict.kind() == ValueKind::Dict).then(|| values.preview.nodes.all(dict));
    pairs.flatten()
}
