//! The store: what contents say, by their digest, kept on disk from one run to the next.
//!
//! One file, `facts.redb`, in a folder of its own. Facts are stored under the SHA-256 of the content and the last part of its
//! name, in a table whose name says which readers made them, how facts are laid out and whose [key](StoreKey) signs them: what others
//! stored is not looked at and is removed by the next run that writes. A second table leads from git's object ids to digests. A store
//! survives being killed at any moment; one process writes, and none reads at the same time. Whatever is damaged is read again from the
//! repositories.

mod encoding;
mod key;
mod writer;

pub use encoding::{Digest, StoredFacts, facts_key};
pub use key::StoreKey;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase, StorageError,
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

type Table<'a> = TableDefinition<'a, &'static [u8], &'static [u8]>;

/// The name of the file in the folder of a store.
const FILE: &str = "facts.redb";

/// The name that a damaged file is given.
const ASIDE: &str = "facts.redb.damaged";

/// Bytes of the file that the library keeps in memory while it is written.
const CACHE: usize = 48 << 20;

/// The same where it is only read: what a repository's files say stands all over the file, and whatever was forgotten is read again.
const CACHE_OF_READERS: usize = 192 << 20;

/// The tables of a store, and the key that signs what is in them.
#[derive(Debug, Clone)]
struct Tables {
    key: StoreKey,
    /// Of facts: who made them, how they are laid out, who signs them.
    facts: Arc<str>,
    /// From git's object ids to the digests of what they stand for.
    blobs: Arc<str>,
}

impl Tables {
    fn of(key: &StoreKey) -> Self {
        Self {
            facts: format!("{}{}", facts_of_these_readers(), key.name()).into(),
            blobs: format!("blobs-2-{}", key.name()).into(),
            key: key.clone(),
        }
    }
}

/// How the names of tables begin that hold what these readers say, whoever signed it.
fn facts_of_these_readers() -> String {
    format!("facts-{READER_EPOCH}-{}-", env!("WEIGHBRIDGE_FACTS_LAYOUT"))
}

/// A store, open.
#[derive(Debug)]
pub struct Store {
    place: PathBuf,
    tables: Tables,
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
    pub fn open(folder: &Path, key: &StoreKey) -> Result<Self, Error> {
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
        let database = Arc::new(opened.map_err(|error| unopened(&place, &error))?);
        let tables = Tables::of(key);
        let was_signed_by_others = prepare(&database, &tables)
            .map_err(|error| unopened(&place, &DatabaseError::Storage(error)))?;
        let notice = if aside.exists() {
            let aside = aside.display();
            Some(format!(
                "a store was damaged and has begun anew; the old file is `{aside}`, to be removed"
            ))
        } else {
            was_signed_by_others
                .then(|| String::from("the store was written with another key: it has begun anew"))
        };
        let pending = Arc::new(Pending::default());
        let writer = Writer::start(
            Arc::clone(&database),
            tables.clone(),
            Arc::clone(&pending),
            place.clone(),
        );
        Ok(Self {
            file: File::Writable(database),
            tables,
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
    /// No store, one that another process writes, one that is damaged, one that was written with another key.
    pub fn open_read_only(folder: &Path, key: &StoreKey) -> Result<Self, Error> {
        let place = folder.join(FILE);
        let mut builder = Database::builder();
        let opened = builder
            .set_cache_size(CACHE_OF_READERS)
            .open_read_only(&place);
        let database = opened.map_err(|error| unopened(&place, &error))?;
        let tables = Tables::of(key);
        let names = names_of_tables(&database)
            .map_err(|error| unopened(&place, &DatabaseError::Storage(error)))?;
        if is_signed_by_others(&names, &tables) {
            return Err(Error::Store {
                path: place,
                message: String::from("it was written with another key"),
                help: String::from(
                    "`WEIGHBRIDGE_STORE_KEY` gives the key of whoever wrote it; an audit without that key begins it anew",
                ),
            });
        }
        Ok(Self {
            file: File::ReadOnly(database),
            tables,
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
        let table = |name: &str| match transaction.open_table(Table::new(name)) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(unreadable(error.into())),
        };
        Ok(Reader {
            facts: table(&self.tables.facts)?,
            blobs: table(&self.tables.blobs)?,
            tables: self.tables.clone(),
            pending: Arc::clone(&self.pending),
        })
    }

    /// Stores what a blob of git says under a name. It is written a little later, together with others.
    pub fn keep(&self, blob: &[u8], sha256: &Digest, name: &[u8], stored: &StoredFacts) {
        let Some(writer) = &self.writer else { return };
        let key = facts_key(sha256, name);
        let Tables {
            key: owner,
            facts,
            blobs,
        } = &self.tables;
        let Some(value) = encoding::seal(owner, facts, &key, stored) else {
            return;
        };
        let digest = encoding::seal_digest(owner, blobs, blob, sha256);
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

/// The names of the tables of a store, sorted.
fn names_of_tables(database: &impl ReadableDatabase) -> Result<Vec<String>, StorageError> {
    let read = database.begin_read();
    let read = read.map_err(|error| StorageError::Corrupted(error.to_string()))?;
    let mut names: Vec<String> = read.list_tables()?.map(|it| it.name().to_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether a store has what these readers say, and only with another key.
fn is_signed_by_others(names: &[String], tables: &Tables) -> bool {
    let of_these = facts_of_these_readers();
    let mut signed = names.iter().filter(|name| name.starts_with(&of_these));
    signed.clone().next().is_some() && signed.all(|name| **name != *tables.facts)
}

/// Makes the tables, and removes those of other readers and keys. Where they are as they should be, nothing is written. Whether what was
/// there had only another key.
fn prepare(database: &Database, tables: &Tables) -> Result<bool, StorageError> {
    let damaged = |error: &dyn std::fmt::Display| StorageError::Corrupted(error.to_string());
    let names = names_of_tables(database)?;
    let own = [&*tables.blobs, &*tables.facts];
    if names == own {
        return Ok(false);
    }
    let write = database.begin_write().map_err(|error| damaged(&error))?;
    {
        for name in own {
            let table = Table::new(name);
            write.open_table(table).map_err(|error| damaged(&error))?;
        }
        let all = write.list_tables()?;
        let others: Vec<_> = all.filter(|it| !own.contains(&it.name())).collect();
        for other in others {
            write.delete_table(other).map_err(|error| damaged(&error))?;
        }
    }
    write.commit().map_err(|error| damaged(&error))?;
    Ok(is_signed_by_others(&names, tables))
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
    tables: Tables,
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
        let Tables { key, blobs, .. } = &self.tables;
        if let Some(value) = self.pending.blob(blob) {
            return unseal_digest(key, blobs, blob, &value);
        }
        let value = self.blobs.as_ref()?.get(blob).ok()??;
        unseal_digest(key, blobs, blob, value.value())
    }

    /// What is stored under a [key](facts_key). What is damaged counts as not stored.
    pub fn facts(&self, key: &Digest) -> Option<StoredFacts> {
        let unseal = |value: &[u8]| unseal(&self.tables.key, &self.tables.facts, key, value);
        if let Some(value) = self.pending.facts(key) {
            return unseal(&value);
        }
        let value = self.facts.as_ref()?.get(key.as_slice()).ok()??;
        let value = value.value();
        // The library allocates nothing for it, and neither do we for one that is too long.
        (value.len() <= limits::STORED_FACTS.saturating_add(64)).then(|| unseal(value))?
    }

    /// How many facts are stored, those that wait left out.
    pub fn count(&self) -> u64 {
        use redb::ReadableTableMetadata as _;
        let facts = self.facts.as_ref();
        facts.and_then(|facts| facts.len().ok()).unwrap_or(0)
    }
}
