//! Files beside a model that name code, other files or a chat template, as the libraries of Hugging Face, Keras and TensorFlow write
//! them.
//!
//! They are recognised by their names, and by the keys that those libraries read. Such a file is no artifact: one that
//! names nothing is not reported.

mod checkpoint_list;
mod hugging_face;
mod installs;
mod spacy;
mod spacy_names;
mod tags;

use std::borrow::Cow;

use super::{Reading, configuration, json::Document, keras, template};
use crate::{
    bytes::{ReadError, Window, is_deep, narrow, wide},
    fact::{Fact, FileReference, FileRole, Malformed, Place, Text},
    limits,
};

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModelFile {
    /// Settings of a model, a tokenizer, a processor or an adapter.
    Settings,
    /// The architecture of a model of Keras, by itself.
    Architecture,
    /// `model_index.json` of diffusers.
    Pipeline,
    /// `modules.json` of sentence-transformers.
    Modules,
    /// `meta.json` of spaCy.
    SpacyPackage,
    /// Which tensor is in which file.
    Shards,
    /// A template by itself.
    Template,
    /// The names of a model's checkpoints.
    Checkpoints,
    /// What a package of Core ML holds.
    Package,
    /// A script that transformers runs in place of its own generation, if it lies in the folder of those.
    Generation,
    /// A template of any name, as those of `additional_chat_templates/` have: one of a chat if it says so.
    OtherTemplate,
}

/// What a chat template is given, and no page.
const CHAT: &[&[u8]] = &[b"messages", b"add_generation_prompt", b"bos_token"];

/// Words of which one is in every file that is reported.
const WATCHED: &[&str] = &[
    "activation",
    "auto_map",
    "megatron_core",
    "attn_implementation",
    "chat_template",
    "custom_pipelines",
    "weight_map",
    "itemInfoEntries",
    "_class_name",
    "\"type\"",
    "\"types\"",
    "\"class_name\"",
    "spacy_version",
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
            | b"router_config.json"
            | b"modular_config.json"
            | b"chat_template.json" => Self::Settings,
            b"model.json" | b"model_config.json" | b"architecture.json" => Self::Architecture,
            b"checkpoint" => Self::Checkpoints,
            b"manifest.json" => Self::Package,
            b"meta.json" => Self::SpacyPackage,
            b"model_index.json" | b"modular_model_index.json" => Self::Pipeline,
            b"modules.json" => Self::Modules,
            b"generate.py" => Self::Generation,
            // `model.safetensors.index.json`, `model.safetensors.index.fp16.json` of a variant, and `model.weights.json` of Keras.
            _ if lower.ends_with(b".json")
                && (memchr::memmem::find(&lower, b".index.").is_some()
                    || lower.ends_with(b"weights.json")) =>
            {
                Self::Shards
            }
            _ if lower.starts_with(b"chat_template") && lower.ends_with(b".jinja") => {
                Self::Template
            }
            _ if lower.ends_with(b".jinja") => Self::OtherTemplate,
            _ => return None,
        })
    }
}

/// Records what such a file names; nothing of another.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) {
    if installs::is_list(reading.name.as_bytes()) {
        read_list(window, reading);
    }
    let Some(file) = ModelFile::of(reading.name.as_bytes()) else {
        if let Some(most) = configuration_size(reading.name.as_bytes()) {
            read_configuration(most, window, reading);
        }
        if ends_in(reading.name.as_bytes(), b"json")
            && let Err(error) = read_architecture(window, reading)
        {
            reading.unread(error, Place::Whole);
        }
        return;
    };
    let done = match file {
        ModelFile::Checkpoints => checkpoint_list::read(window, reading),
        ModelFile::OtherTemplate if !is_of_chat(window) => Ok(()),
        ModelFile::Generation => {
            hugging_face::read_generation(reading);
            Ok(())
        }
        ModelFile::Template | ModelFile::OtherTemplate => read_template(window, reading),
        _ => read_json(file, window, reading),
    };
    if let Err(error) = done {
        reading.unread(error, Place::Whole);
    }
}

/// What a list of requirements has installed. Lists of pip with digests are long.
fn read_list(window: &Window, reading: &mut Reading<'_>) {
    let name = reading.name.clone();
    let (most, limit) = if ends_in(name.as_bytes(), b"txt") {
        (limits::JSON_BYTES, limits::Id::JSON_BYTES)
    } else {
        (limits::CONFIG_BYTES, limits::Id::CONFIG_BYTES)
    };
    let bytes = match window.borrow_at(0, narrow(most.saturating_add(1))) {
        Ok(bytes) => bytes,
        Err(error) => return reading.unread(ReadError::from(error), Place::Whole),
    };
    if wide(bytes.len()) > most {
        return reading.unread(ReadError::Limit(limit), Place::Whole);
    }
    installs::read(name.as_bytes(), &String::from_utf8_lossy(&bytes), reading);
}

/// How the name of a configuration in sections ends.
const SECTIONS: &[u8] = b"cfg";

/// How large a file with the name of a configuration may be to be read as one.
fn configuration_size(name: &[u8]) -> Option<u64> {
    let ends: [&[u8]; 4] = [b"yaml", b"yml", b"json", SECTIONS];
    let is_one = ends.iter().any(|end| ends_in(name, end));
    is_one.then_some(limits::CONFIG_BYTES)
}

fn ends_in(name: &[u8], suffix: &[u8]) -> bool {
    let end = name.rsplit(|byte| *byte == b'.').next();
    end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// JSON under any name: the architecture of a model of Keras, if it is one. `to_json` leaves the name to the user, and a preset of
/// `keras_hub` has more of them (`task.json`, `preprocessor.json`).
fn read_architecture(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = limits::CONFIG_BYTES;
    if window.known_len().is_none_or(|length| length > most) {
        return Ok(());
    }
    let bytes = window.borrow_at(0, narrow(most))?;
    let has = |word: &[u8]| memchr::memmem::find(&bytes, word).is_some();
    // A key may be written in escapes.
    if !has(b"\"class_name\"") && !has(b"\\u") {
        return Ok(());
    }
    match Document::parse(bytes.into_owned()) {
        Ok(document) if keras::is_written_model(&document) => {
            keras::read_configuration(&document, reading)
        }
        _ => Ok(()),
    }
}

/// Any configuration of a repository: what it has called, if a library reads it that does so.
fn read_configuration(most: u64, window: &Window, reading: &mut Reading<'_>) {
    if window.known_len().is_none_or(|length| length > most) {
        return;
    }
    let Ok(bytes) = window.borrow_at(0, narrow(most)) else {
        return;
    };
    if ends_in(reading.name.as_bytes(), SECTIONS) {
        if spacy::is_possible(&bytes)
            && let Ok(text) = std::str::from_utf8(&bytes)
        {
            spacy::read_configuration(text, reading);
        }
        return;
    }
    let text = utf8(&bytes);
    // A key may be written in escapes.
    let has = |word: &[u8]| memchr::memmem::find(&text, word).is_some();
    // Large files of JSON are data, but for those that say otherwise.
    let is_json = ends_in(reading.name.as_bytes(), b"json");
    if is_json && text.len() > limits::SMALL_FILE && !has(b"\"_target_\"") {
        return;
    }
    // Sections of a bundle that runs expressions.
    let sections: [&[u8]; 4] = [b"imports", b"initialize", b"run", b"finalize"];
    let is_bundle = || has(b"$") && sections.iter().any(|it| has(it));
    let calls = has(b"_target_") || has(b"\\") || has(b"shell") || has(b"driver") || is_bundle();
    let has_tags = has(b"!!") || has(b"!<") || has(b"%TAG");
    if !(calls || has_tags) {
        return;
    }
    if is_deep(&text) {
        let limit = limits::Id::CONFIG_DEPTH;
        return reading.unread(ReadError::Limit(limit), Place::Whole);
    }
    if calls {
        configuration::read_calls(&text, reading);
    }
    if has_tags {
        tags::read(&text, reading);
    }
}

/// YAML in UTF-16 in the encoding of all the other.
fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let read = match bytes.get(..2) {
        Some(b"\xff\xfe") => u16::from_le_bytes,
        Some(b"\xfe\xff") => u16::from_be_bytes,
        _ => return Cow::Borrowed(bytes),
    };
    let (units, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().skip(1).map(|unit| read(*unit)).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

/// Whether a template is one of a chat: it loops over messages, or is told whether an answer is to begin.
fn is_of_chat(window: &Window) -> bool {
    let most = limits::TEMPLATE_BYTES;
    let bytes = window.borrow_at(0, most).unwrap_or_default();
    let has = |word: &&[u8]| memchr::memmem::find(&bytes, word).is_some();
    CHAT.iter().filter(|word| has(word)).count() > 1
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
    let is_pipeline = || {
        matches!(file, ModelFile::Pipeline) && hugging_face::PIPELINE_PARTS.iter().any(is_watched)
    };
    if !WATCHED.iter().any(is_watched) && !is_pipeline() {
        return Ok(());
    }
    // What is no JSON is no such file: no library reads it.
    let document = match Document::parse(bytes.into_owned()) {
        Err(ReadError::Malformed(_)) if !is_python_json(window) => return Ok(()),
        other => other?,
    };
    match file {
        // A folder of a model of Keras, saved without a zip, has its configuration under this name.
        ModelFile::Settings | ModelFile::Architecture if keras::is_model(&document) => {
            return keras::read_configuration(&document, reading);
        }
        ModelFile::Settings => hugging_face::read_settings(&document, reading),
        ModelFile::Pipeline => hugging_face::read_pipeline(&document, reading),
        ModelFile::Modules => hugging_face::read_modules(&document, reading),
        ModelFile::SpacyPackage => spacy::read_meta(&document, reading),
        ModelFile::Shards => hugging_face::read_shards(&document, reading),
        ModelFile::Package => read_package(&document, reading),
        ModelFile::Architecture
        | ModelFile::Template
        | ModelFile::OtherTemplate
        | ModelFile::Generation
        | ModelFile::Checkpoints => {}
    }
    Ok(())
}

/// Records what a package of Core ML lists, if it is one.
fn read_package(document: &Document, reading: &mut Reading<'_>) {
    let entries = document.root.entries().iter();
    let entries = entries.filter(|(key, _)| key.text == "itemInfoEntries");
    let mut places = document.places();
    for (_, item) in entries.flat_map(|(_, value)| value.entries()) {
        for (_, path) in item.entries().iter().filter(|(key, _)| key.text == "path") {
            let Some(text) = path.text() else {
                continue;
            };
            let (role, text) = (FileRole::Asset, Text::from(text));
            let (place, excerpt) = places.at(&path.range);
            let fact = Fact::FileReference(Box::new(FileReference::new(role, text)));
            reading.record_at(fact, place, Some(excerpt));
        }
    }
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
