//! What Keras says of the layers of a saved model: a configuration of each, as JSON.
//!
//! It is in a file beside the model (`saved_metadata.proto`), and before TensorFlow 2.5 in the objects of the model itself, where Keras still
//! finds it if there is no such file.

use super::schema::{
    LAYER, LAYERS, USER_OBJECT,
    layer::{self, CONFIGURATION},
    layers, user_object,
};
use crate::{
    bytes::{ReadError, narrow},
    fact::{Hop, Place, Text},
    format::{
        Reading, keras,
        protobuf::{Message, Value},
    },
    limits,
};

/// What begins the names of the kinds of objects that Keras makes.
const OF_KERAS: &[u8] = b"_tf_keras";

/// Reads the file beside a model.
pub(super) fn read(root: Message<'_>, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    for field in root.fields(&LAYERS) {
        let field = field?;
        let (layers::NODES, Value::Bytes(of)) = (field.number, field.value) else {
            continue;
        };
        let (mut path, mut configuration) = (Text::default(), None);
        for field in of.fields(&LAYER) {
            let field = field?;
            match (field.number, field.value) {
                (layer::PATH, Value::Bytes(of)) => path = of.text()?,
                (CONFIGURATION, Value::Bytes(of)) => configuration = Some(of),
                _ => {}
            }
        }
        if let Some(configuration) = configuration {
            read_configuration(configuration, path, reading)?;
        }
    }
    Ok(())
}

/// Reads what an object of a model says of a layer.
pub(super) fn read_object(
    message: Message<'_>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let (mut kind, mut configuration) = (Text::default(), None);
    for field in message.fields(&USER_OBJECT) {
        let field = field?;
        match (field.number, field.value) {
            (user_object::KIND, Value::Bytes(of)) => kind = of.text()?,
            (user_object::CONFIGURATION, Value::Bytes(of)) => configuration = Some(of),
            _ => {}
        }
    }
    match configuration.filter(|of| of.len() > 0 && kind.as_bytes().starts_with(OF_KERAS)) {
        Some(configuration) => read_configuration(configuration, kind, reading),
        None => Ok(()),
    }
}

fn read_configuration(
    message: Message<'_>,
    path: Text,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    if message.len() > limits::JSON_BYTES {
        return Err(ReadError::Limit(limits::Id::JSON_BYTES));
    }
    let text = message.front(narrow(message.len()))?;
    let name = path;
    reading.recorder.enter(Hop::Member { name, copy: 0 });
    if let Err(error) = keras::read_attribute(text.as_bytes().to_vec(), reading) {
        reading.unread(error, Place::Whole);
    }
    reading.recorder.leave();
    Ok(())
}
