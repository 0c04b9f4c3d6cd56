//! Formats: what a run of bytes is, and what loading it would do.
//!
//! A format is one file and one word in `formats!`. Identification is by content and plural: every format whose
//! probe claims the bytes reads them, and the name is only a hint where bytes carry no magic. Readers record facts
//! and know no policy.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::unwrap_used,
        reason = "tests may fail loudly"
    )
)]

mod called;
mod claims;
mod configuration;
mod flatbuffer;
mod identify;
mod in_turn;
mod ini;
mod interpolation;
mod json;
mod lines;
mod model_files;
mod msgpack;
mod operators;
mod ordinary;
mod program;
mod protobuf;
mod protobuf_json;
mod protobuf_scanner;
mod protobuf_text;
mod reading;
mod saved;
mod suffix;
mod template;
mod trees;
mod xml;

pub use identify::{Certainty, Head, is_artifact_name};
use identify::{expected_instead, is_archive_name, is_name_of_anything, unwrapped};
use model_files::read as read_model_file;
pub use ordinary::is_plain_name;
use reading::is_possible;
pub use reading::{Expect, Loader, Reading, SourceReader, read, read_with_sources};
pub use suffix::{Home, Suffix};

use std::sync::Arc;

use crate::bytes::{Budget, ReadError, Window};

/// How an artifact is laid out, and how to read it.
#[derive(Debug)]
pub struct Format {
    /// Kebab-case, stable: policies name it.
    pub id: &'static str,
    /// A few words for a heading.
    pub title: &'static str,
    /// What it is, what loading it does, how it is recognised, what to prefer (Markdown). Shown by `explain`.
    pub doc: &'static str,
    /// Suffixes of the names under which it is found, and what else is found under them.
    pub suffixes: &'static [Suffix],
    /// What kind of container it is, if it is one: finding it is not finding a model.
    pub container: Option<Container>,
    /// What loading it runs.
    pub runs: Runs,
    /// How it is recognised.
    pub recognise: Recognise,
    /// How it is read.
    pub read: Read,
}

/// What loading a file of a format runs by design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Nothing of the file's.
    Nothing,
    /// The callables that its pickles name, and nothing else: their names tell whether it is data.
    WhatPicklesName,
    /// Code that the file holds, or whatever its loader finds to call.
    Code,
}

impl Runs {
    /// Whether loading can run code.
    pub fn is_code(self) -> bool {
        self != Self::Nothing
    }
}

/// A format that holds other files, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// One compressed file.
    Compressed,
    /// An archive that no loader of models opens.
    Other,
}

/// What tells that bytes are of a format.
#[derive(Debug)]
pub enum Recognise {
    /// The first and last bytes, or the name where bytes carry no magic.
    Probe(fn(&Head<'_>) -> Certainty),
    /// The members of a zip archive. The first format of the list that claims an archive has it; one that none claims is a
    /// plain `zip`.
    Zip(fn(&zip::Directory) -> bool),
    /// The same, for members whose names alone do not tell: what the bytes of one say.
    ZipContent(fn(&Window, &zip::Directory, &Arc<Budget>) -> bool),
    /// Members in a tar archive: for each of these, one that has one of its names.
    Tar(&'static [&'static [tar::MemberName]]),
    /// What was seen in the first stream of a pickle. Its reader reads the file, and calls it so.
    Stream(fn(&pickle::Stream) -> bool),
    /// The name alone.
    Name,
}

/// What records what loading it would do. An error becomes an observation; what was recorded before it is kept.
#[derive(Debug)]
pub enum Read {
    /// A reader of all of its bytes.
    Bytes(fn(&Window, &mut Reading<'_>) -> Result<(), ReadError>),
    /// A reader of a zip archive, whose own anomalies are recorded already.
    Zip(fn(&Window, &zip::Directory, &mut Reading<'_>) -> Result<(), ReadError>),
    /// The reader of tar archives, which reads some members as this format's loader takes them.
    Tar(tar::Layout),
    /// Nothing yet: such a file is recognised, named and refused.
    Not {
        /// What to do with it, as an imperative.
        instead: &'static str,
    },
}

impl Read {
    /// An archive whose members no loader opens in place.
    pub const UNPACK: Self = Self::Not {
        instead: "unpack it and keep the files themselves",
    };
}

impl Format {
    /// Whether bytes are it, as far as they tell.
    pub fn probe(&self, head: &Head<'_>) -> Certainty {
        match self.recognise {
            Recognise::Probe(probe) => probe(head),
            Recognise::Zip(_)
            | Recognise::ZipContent(_)
            | Recognise::Tar(_)
            | Recognise::Stream(_)
            | Recognise::Name => Certainty::No,
        }
    }

    /// Whether there is a reader for it.
    pub fn is_read(&self) -> bool {
        !matches!(self.read, Read::Not { .. })
    }

    /// The suffix among its own in which a name ends.
    pub fn suffix_of(&self, name: &[u8]) -> Option<&'static Suffix> {
        self.suffixes.iter().find(|suffix| suffix.ends(name))
    }

    /// Reads bytes as this format.
    ///
    /// # Errors
    /// What ended the reading.
    pub fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        match self.read {
            Read::Bytes(read) => read(window, reading),
            Read::Zip(_) => zip::read(window, reading),
            Read::Tar(_) => tar::read(window, reading),
            Read::Not { .. } => {
                reading.not_read(self);
                Ok(())
            }
        }
    }
}

mod distribution;
mod torch;
pub mod torchserve;
use torch::loader_of;

/// Declares the modules and the one list of formats. Those that only say what an archive of files is come `last`: whatever a loader opens
/// claims an archive before them.
macro_rules! formats {
    (
        modules { $($module:ident),* $(,)? }
        also { $($path:path),* $(,)? }
        unread { $($unread:ident),* $(,)? }
        last { $($last:path),* $(,)? }
    ) => {
        $(pub mod $module;)*

        /// Formats that are recognised and not read yet.
        pub mod unread {
            $(pub mod $unread;)*
        }

        /// Every format, in the order in which they are asked and documented.
        pub static FORMATS: &[&Format] = &[
            $(&$module::FORMAT,)*
            $(&$path,)*
            $(&unread::$unread::FORMAT,)*
            $(&$last,)*
        ];
    };
}

formats! {
    modules {
        pickle,
        joblib,
        zip,
        safetensors,
        gguf,
        ggml,
        npy,
        npz,
        compressed,
        tar,
        ar,
        seven_zip,
        nemo,
        onnx,
        ort,
        tensorflow,
        tflite,
        hdf5,
        keras,
        xgboost,
        lightgbm,
        catboost,
        arrow,
        lua_torch,
        matlab,
        r_data,
        spark,
        skops,
        mlflow,
        pmml,
        zarr,
        flax,
        thinc,
        fasttext,
        word2vec,
        openvino,
        tfjs,
        coreml,
        jsonpickle,
        orbax,
    }
    also {
        arrow::parquet::FORMAT,
        torch::package::FORMAT,
        torch::script::FORMAT,
        torch::zip::FORMAT,
        torch::export::FORMAT,
        torch::mobile::FORMAT,
        torch::executorch::FORMAT,
        torch::executorch::DATA,
        torch::distributed::FORMAT,
        torchserve::FORMAT,
        torch::legacy::FORMAT,
        torch::tar::FORMAT,
        tensorflow::checkpoint::FORMAT,
        tensorflow::text::FORMAT,
        onnx::text::FORMAT,
    }
    unread {
        accelerator,
        coreml_compiled,
        dbm,
        h2o_mojo,
        h2o_pojo,
        java_object,
        marshal,
        mleap,
        mleap_folder,
        mnn,
        native_code,
        ncnn,
        onnx_syntax,
        paddle,
        rar,
        sqlite,
        vowpal_wabbit,
    }
    last {
        distribution::wheel::FORMAT,
        distribution::egg::FORMAT,
        distribution::sdist::FORMAT,
    }
}

/// A format by its id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}
