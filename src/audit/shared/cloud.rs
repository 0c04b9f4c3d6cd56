//! Object stores: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.

use std::{
    error::Error as _,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt as _;
use object_store::{
    Error as Answer, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, path::Path as Key,
};
use tokio::runtime::{Builder, Runtime};

use crate::{audit::ResultStore, error::Error, limits};

/// A folder of a bucket.
#[derive(Debug)]
pub(super) struct CloudStore {
    url: PathBuf,
    store: Box<dyn ObjectStore>,
    prefix: Key,
    runtime: Runtime,
}

impl CloudStore {
    /// The store of a URL. Credentials and endpoints are in variables that the tools of the store take too.
    ///
    /// # Errors
    /// A URL of no store that is known, credentials that are missing.
    pub(super) fn open(url: &str, variables: &[(String, String)]) -> Result<Self, Error> {
        let wrong = |message: String| Error::Usage {
            message: format!("`{url}` is no place for results: {message}"),
            help: String::from(
                "name a bucket and a folder in it, as in `s3://bucket/2026-11`, `gs://bucket/2026-11` or `az://container/2026-11`",
            ),
        };
        let parsed = url::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            let message =
                "credentials have no place in a URL: they are read from the variables of the store";
            return Err(wrong(String::from(message)));
        }
        // Only fails if there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variables = variables.iter().map(|(name, value)| (name, value));
        let (store, prefix) = object_store::parse_url_opts(&parsed, variables)
            .map_err(|error| wrong(told(&error)))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|source| wrong(source.to_string()))?;
        Ok(Self {
            url: url.trim_end_matches('/').into(),
            store,
            prefix,
            runtime,
        })
    }

    fn key(&self, name: &str) -> Key {
        let parts = name.split('/');
        parts.fold(self.prefix.clone(), Key::join)
    }

    fn put_as(&self, name: &str, bytes: &[u8], mode: PutMode) -> Result<(), Answer> {
        let key = self.key(name);
        let payload = PutPayload::from(bytes.to_vec());
        let put = self.store.put_opts(&key, payload, mode.into());
        self.runtime.block_on(put).map(|_| ())
    }

    /// What the store answered, and what to do about it.
    fn error(&self, answer: &Answer) -> Error {
        let message = told(answer);
        let help = match answer {
            Answer::PermissionDenied { .. } | Answer::Unauthenticated { .. } => {
                "check the credentials, and that they may list, get and put objects there"
            }
            Answer::NotFound { .. } => "check the names of the bucket and of its region",
            // A list of a bucket that is not there has no object to be not found.
            _ if ["NoSuchBucket", "ContainerNotFound"]
                .iter()
                .any(|said| message.contains(said)) =>
            {
                "check the names of the bucket and of its region"
            }
            _ => {
                "what this machine has done is in its folder: run again when the store answers, or has room, and it continues"
            }
        };
        Error::Shared {
            store: self.url.display().to_string(),
            message,
            help: help.to_owned(),
        }
    }
}

impl ResultStore for CloudStore {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let put = self.put_as(name, bytes, PutMode::Overwrite);
        put.map_err(|answer| self.error(&answer))
    }

    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        match self.put_as(name, bytes, PutMode::Create) {
            Ok(()) => Ok(true),
            Err(Answer::AlreadyExists { .. } | Answer::Precondition { .. }) => Ok(false),
            // A store that knows no conditions: the name has the digest of the content, so nothing is lost.
            Err(Answer::NotImplemented { .. } | Answer::NotSupported { .. }) => {
                self.put(name, bytes).map(|()| true)
            }
            Err(answer) => Err(self.error(&answer)),
        }
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let key = self.key(name);
        let get = async {
            let found = self.store.get(&key).await?;
            if found.meta.size > limits::AUDIT_RESULT {
                // Nothing of ours: what is not what was put there does not count.
                return Ok(Vec::new());
            }
            Ok(Vec::from(found.bytes().await?))
        };
        match self.runtime.block_on(get) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Answer::NotFound { .. }) => Ok(None),
            Err(answer) => Err(self.error(&answer)),
        }
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        let key = self.key(name);
        match self.runtime.block_on(self.store.head(&key)) {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Answer::NotFound { .. }) => Ok(None),
            Err(answer) => Err(self.error(&answer)),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let key = self.key(name);
        match self.runtime.block_on(self.store.delete(&key)) {
            Ok(()) | Err(Answer::NotFound { .. }) => Ok(()),
            Err(answer) => Err(self.error(&answer)),
        }
    }

    fn place(&self) -> &Path {
        &self.url
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let key = self.key(folder);
        let begin = self.prefix.as_ref().len();
        // The stream asks for one page after another.
        let list = self.store.list(Some(&key)).try_collect::<Vec<_>>();
        let found = self.runtime.block_on(list);
        let found = found.map_err(|answer| self.error(&answer))?;
        let names = found.iter().filter_map(|object| {
            let name = object.location.as_ref().get(begin..)?;
            Some(name.trim_start_matches('/').to_owned())
        });
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// An answer with its reasons, each once.
fn told(answer: &Answer) -> String {
    let mut text = answer.to_string();
    let mut reason = answer.source();
    while let Some(next) = reason {
        let said = next.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        reason = next.source();
    }
    // Answers are XML of many lines.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
