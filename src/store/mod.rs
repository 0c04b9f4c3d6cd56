//! The store: what contents say, by their digest, kept on disk from one run to the next.
//!
//! One file, `facts.redb`, in a folder of its own. Facts are stored under the SHA-256 of the content and the last part of its
//! name, in a table whose name says which readers made them and how facts are laid out: what other readers stored is not looked at
//! and is removed by the next run that writes. A second table leads from git's object ids to digests. A store survives being killed at any moment;
//! one process writes, and none reads at the same time. Whatever is damaged is read again from the repositories.

mod encoding;
mod writer;

pub use encoding::{Digest, StoredFacts, facts_key};

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase as _, StorageError,
    TableDefinition, TableError, TableHandle as _,
};

use crate::{
    bytes::{FileSource, Window},
    error::Error,
    fact::READER_EPOCH,
    limits,
};
use encoding::{unseal, unseal_digest};
use writer::{Pending, Writer};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// From git's object ids to the digests of what they stand for.
const BLOBS: Table = TableDefinition::new("blobs-1");

/// The name of the file in the folder of a store.
const FILE: &str = "facts.redb";

/// The name that a damaged file is given.
const ASIDE: &str = "facts.redb.damaged";

/// Bytes of the file that the library keeps in memory.
const CACHE: usize = 48 << 20;

/// The name of the table of facts: who made them, and how they are laid out.
fn facts_table() -> String {
    format!("facts-{READER_EPOCH}-{}", env!("WEIGHBRIDGE_FACTS_LAYOUT"))
}

/// A store, open.
#[derive(Debug)]
pub struct Store {
    place: PathBuf,
    table: Arc<str>,
    file: File,
    pending: Arc<Pending>,
    writer: Option<Writer>,
    /// What opening it showed.
    notice: Option<String>,
}

/// The file, open.
enum File {
    Writable(Arc<Database>),
    ReadOnly(ReadOnlyDatabase),
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Writable(_) => "Writable",
            Self::ReadOnly(_) => "ReadOnly",
        })
    }
}

/// What a run did to a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Entries that were added.
    pub added: u64,
    /// Why the last of them could not be: the results are complete all the same.
    pub failed: Option<String>,
}

impl Store {
    /// Opens the store in a folder, which is made if it is not there, to read and to write. A file that is damaged is set aside.
    ///
    /// # Errors
    /// A folder that cannot be written, a store that another process has open.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let unwritable = |source| Error::Write {
            path: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let place = folder.join(FILE);
        let create = || {
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE).create(&place)
        };
        let opened = match create() {
            Err(error) if is_damage(&error) => {
                if is_unfinished(&place) {
                    std::fs::remove_file(&place).map_err(unwritable)?;
                } else {
                    Self::set_aside(folder)?;
                }
                create()
            }
            other => other,
        };
        let aside = folder.join(ASIDE);
        let notice = aside.exists().then(|| {
            let aside = aside.display();
            format!(
                "a store was damaged and has begun anew; the old file is `{aside}`, to be removed"
            )
        });
        let database = Arc::new(opened.map_err(|error| unopened(&place, &error))?);
        let table: Arc<str> = facts_table().into();
        if let Err(error) = prepare(&database, &table) {
            return Err(unopened(&place, &DatabaseError::Storage(error)));
        }
        let pending = Arc::new(Pending::default());
        let writer = Writer::start(
            Arc::clone(&database),
            Arc::clone(&table),
            Arc::clone(&pending),
            place.clone(),
        );
        Ok(Self {
            file: File::Writable(database),
            table,
            pending,
            writer: Some(writer),
            place,
            notice,
        })
    }

    /// Gives the file in a folder, which is damaged, another name: the next store begins anew.
    ///
    /// # Errors
    /// A file that cannot be renamed.
    pub fn set_aside(folder: &Path) -> Result<(), Error> {
        let renamed = std::fs::rename(folder.join(FILE), folder.join(ASIDE));
        renamed.map_err(|source| Error::Write {
            path: folder.join(FILE),
            source,
        })
    }

    /// Opens the store in a folder to read only. Several processes may do so at once.
    ///
    /// # Errors
    /// No store, one that another process writes, one that is damaged.
    pub fn open_read_only(folder: &Path) -> Result<Self, Error> {
        let place = folder.join(FILE);
        let mut builder = Database::builder();
        let opened = builder.set_cache_size(CACHE).open_read_only(&place);
        let database = opened.map_err(|error| unopened(&place, &error))?;
        Ok(Self {
            file: File::ReadOnly(database),
            table: facts_table().into(),
            pending: Arc::default(),
            writer: None,
            place,
            notice: None,
        })
    }

    /// What opening it showed, for people: that a damaged file was set aside.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Access for one piece of work. It sees what was stored before it was made, and what waits to be stored.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn reader(&self) -> Result<Reader, Error> {
        let unreadable = |error: redb::Error| Error::Store {
            path: self.place.clone(),
            message: error.to_string(),
            help: String::from("remove the folder of the store: a run reads again what it held"),
        };
        let transaction = match &self.file {
            File::Writable(database) => database.begin_read(),
            File::ReadOnly(database) => database.begin_read(),
        };
        let transaction = transaction.map_err(|error| unreadable(error.into()))?;
        let table = |name: &str| {
            let definition: TableDefinition<'_, &'static [u8], &'static [u8]> =
                TableDefinition::new(name);
            match transaction.open_table(definition) {
                Ok(table) => Ok(Some(table)),
                Err(TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(unreadable(error.into())),
            }
        };
        Ok(Reader {
            facts: table(&self.table)?,
            blobs: table(BLOBS.name())?,
            table: Arc::clone(&self.table),
            pending: Arc::clone(&self.pending),
        })
    }

    /// Stores what a blob of git says under a name. It is written a little later, together with others.
    pub fn keep(&self, blob: &[u8], sha256: &Digest, name: &[u8], stored: &StoredFacts) {
        let Some(writer) = &self.writer else { return };
        let key = facts_key(sha256, name);
        let Some(value) = encoding::seal(&self.table, &key, stored) else {
            return;
        };
        let digest = encoding::seal_digest(BLOBS.name(), blob, sha256);
        writer.keep(writer::Entry {
            blob: (blob.into(), digest.into()),
            facts: (key, value.into()),
        });
    }

    /// Writes what waits to be written, and closes the store.
    pub fn close(mut self) -> Written {
        let written = self.writer.take().map(Writer::finish).unwrap_or_default();
        if let File::Writable(database) = self.file
            && let Some(mut database) = Arc::into_inner(database)
            && written.added > 0
        {
            // Space that is not used is given back; a file that cannot be made smaller is as good.
            let _ = database.compact();
        }
        written
    }

    /// Bytes of its file.
    pub fn size(&self) -> u64 {
        std::fs::metadata(&self.place).map_or(0, |metadata| metadata.len())
    }
}

/// Makes the tables, and removes those of other readers. Where they are as they should be, nothing is written.
fn prepare(database: &Database, table: &str) -> Result<(), StorageError> {
    let damaged = |error: &dyn std::fmt::Display| StorageError::Corrupted(error.to_string());
    let read = database.begin_read().map_err(|error| damaged(&error))?;
    let mut names: Vec<String> = read.list_tables()?.map(|it| it.name().to_owned()).collect();
    names.sort_unstable();
    if names == [BLOBS.name(), table] {
        return Ok(());
    }
    let write = database.begin_write().map_err(|error| damaged(&error))?;
    {
        let facts: TableDefinition<'_, &'static [u8], &'static [u8]> = TableDefinition::new(table);
        write.open_table(facts).map_err(|error| damaged(&error))?;
        write.open_table(BLOBS).map_err(|error| damaged(&error))?;
        let tables = write.list_tables()?;
        let others: Vec<_> = tables
            .filter(|it| it.name() != table && it.name() != BLOBS.name())
            .collect();
        for other in others {
            write.delete_table(other).map_err(|error| damaged(&error))?;
        }
    }
    write.commit().map_err(|error| damaged(&error))
}

/// Whether a store was about to be made when its program was killed: the engine writes its magic number last, and until then nothing
/// was stored.
fn is_unfinished(place: &Path) -> bool {
    let start = FileSource::open(place)
        .ok()
        .and_then(|file| Window::new(file).bytes_at(0, MAGIC_BYTES).ok());
    start.is_some_and(|start| start.len() == MAGIC_BYTES && start.iter().all(|byte| *byte == 0))
}

/// The length of the engine's magic number.
const MAGIC_BYTES: usize = 9;

/// Whether an error says that the file is no store, or a broken one.
fn is_damage(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::Storage(StorageError::Corrupted(_))
        | DatabaseError::UpgradeRequired(_)
        | DatabaseError::RepairAborted => true,
        DatabaseError::Storage(StorageError::Io(error)) => matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        ),
        _ => false,
    }
}

fn unopened(place: &Path, error: &DatabaseError) -> Error {
    let (message, help) = match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => (
            String::from("another run has it open"),
            "wait for that run, or give this one a store of its own with `--store`",
        ),
        DatabaseError::Storage(StorageError::Io(source))
            if source.kind() == io::ErrorKind::NotFound =>
        {
            (
                String::from("there is no store"),
                "`weighbridge audit` writes one; `--store` names its folder",
            )
        }
        DatabaseError::Storage(StorageError::Io(source))
            if source.kind() == io::ErrorKind::StorageFull =>
        {
            (
                source.to_string(),
                "free some space, or name a folder elsewhere with `--store`",
            )
        }
        _ => (
            error.to_string(),
            "remove the folder of the store: a run reads again what it held",
        ),
    };
    Error::Store {
        path: place.to_owned(),
        message,
        help: help.to_owned(),
    }
}

/// Reads a store.
pub struct Reader {
    facts: Option<ReadOnlyTable<&'static [u8], &'static [u8]>>,
    blobs: Option<ReadOnlyTable<&'static [u8], &'static [u8]>>,
    table: Arc<str>,
    pending: Arc<Pending>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// The digest of what an object id of git stands for. What is damaged counts as not stored.
    pub fn digest(&self, blob: &[u8]) -> Option<Digest> {
        if let Some(value) = self.pending.blob(blob) {
            return unseal_digest(BLOBS.name(), blob, &value);
        }
        let value = self.blobs.as_ref()?.get(blob).ok()??;
        unseal_digest(BLOBS.name(), blob, value.value())
    }

    /// What is stored under a [key](facts_key). What is damaged counts as not stored.
    pub fn facts(&self, key: &Digest) -> Option<StoredFacts> {
        if let Some(value) = self.pending.facts(key) {
            return unseal(&self.table, key, &value);
        }
        let value = self.facts.as_ref()?.get(key.as_slice()).ok()??;
        let value = value.value();
        // The library allocates nothing for it, and neither do we for one that is too long.
        (value.len() <= limits::STORED_FACTS.saturating_add(64))
            .then(|| unseal(&self.table, key, value))?
    }

    /// How many facts are stored, those that wait left out.
    pub fn count(&self) -> u64 {
        use redb::ReadableTableMetadata as _;
        let facts = self.facts.as_ref();
        facts.and_then(|facts| facts.len().ok()).unwrap_or(0)
    }
}
