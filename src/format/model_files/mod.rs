//! Files beside a model that name code, other files or a chat template, as the libraries of Hugging Face write them.
//!
//! They are recognised by their names, and by the keys that those libraries read. Such a file is no artifact: one that
//! names nothing is not reported.

mod hugging_face;

use super::{Reading, json::Document, template};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Malformed, Place},
    limits,
};

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModelFile {
    /// Settings of a model, a tokenizer, a processor or an adapter.
    Settings,
    /// `model_index.json` of diffusers.
    Pipeline,
    /// `modules.json` of sentence-transformers.
    Modules,
    /// Which tensor is in which file.
    Shards,
    /// A template by itself.
    Template,
}

/// Words of which one is in every file that is reported.
const WATCHED: &[&str] = &[
    "activation",
    "auto_map",
    "megatron_core",
    "attn_implementation",
    "chat_template",
    "custom_pipelines",
    "weight_map",
    "_class_name",
    "\"type\"",
    // A key may be written in escapes.
    "\\u",
];

impl ModelFile {
    fn of(name: &[u8]) -> Option<Self> {
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let lower = last.to_ascii_lowercase();
        Some(match lower.as_slice() {
            b"config.json"
            | b"generation_config.json"
            | b"tokenizer_config.json"
            | b"preprocessor_config.json"
            | b"image_processor_config.json"
            | b"video_preprocessor_config.json"
            | b"feature_extractor_config.json"
            | b"processor_config.json"
            | b"adapter_config.json"
            | b"chat_template.json" => Self::Settings,
            b"model_index.json" => Self::Pipeline,
            b"modules.json" => Self::Modules,
            _ if lower.ends_with(b".index.json") => Self::Shards,
            _ if lower.starts_with(b"chat_template") && lower.ends_with(b".jinja") => {
                Self::Template
            }
            _ => return None,
        })
    }
}

/// Records what such a file names; nothing of another.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) {
    let Some(file) = ModelFile::of(reading.name.as_bytes()) else {
        return;
    };
    let done = match file {
        ModelFile::Template => read_template(window, reading),
        _ => read_json(file, window, reading),
    };
    if let Err(error) = done {
        reading.unread(error, Place::Whole);
    }
}

fn read_template(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = limits::TEMPLATE_BYTES;
    let bytes = window.bytes_at(0, most.saturating_add(1))?;
    if bytes.len() > most {
        return Err(ReadError::Limit(limits::Id::TEMPLATE_BYTES));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let at = wide(error.valid_up_to());
        ReadError::malformed(Malformed::TemplateNotUtf8 { at })
    })?;
    template::read(text, reading);
    Ok(())
}

fn read_json(file: ModelFile, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::JSON_BYTES);
    let bytes = window.borrow_at(0, most.saturating_add(1))?;
    if bytes.len() > most {
        return Err(ReadError::Limit(limits::Id::JSON_BYTES));
    }
    let is_watched = |word: &&str| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
    if !WATCHED.iter().any(is_watched) {
        return Ok(());
    }
    // What is no JSON is no such file: no library reads it.
    let document = match Document::parse(bytes.into_owned()) {
        Err(ReadError::Malformed(_)) if !is_python_json(window) => return Ok(()),
        other => other?,
    };
    match file {
        ModelFile::Settings => hugging_face::read_settings(&document, reading),
        ModelFile::Pipeline => hugging_face::read_pipeline(&document, reading),
        ModelFile::Modules => hugging_face::read_modules(&document, reading),
        ModelFile::Shards => hugging_face::read_shards(&document, reading),
        ModelFile::Template => {}
    }
    Ok(())
}

/// Whether Python may take for JSON what is none here: text with lone surrogates.
fn is_python_json(window: &Window) -> bool {
    let Ok(bytes) = window.borrow_at(0, narrow(limits::JSON_BYTES)) else {
        return true;
    };
    let surrogates = [b"\\ud".as_slice(), b"\\uD"];
    surrogates
        .iter()
        .any(|start| memchr::memmem::find(&bytes, start).is_some())
}
