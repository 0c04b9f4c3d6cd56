//! The one thread that writes a store: what others keep comes through a channel and is written in lots, each whole or not at all.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::Duration,
};

use redb::{Database, TableDefinition};
use rustc_hash::FxHashMap;

use super::{BLOBS, Digest, Written};
use crate::limits;

/// Entries that wait for the writer before others wait for it.
const QUEUE: usize = 1024;

/// Entries that are written together: each lot waits for the disk once.
const LOT: usize = 16_384;

/// Bytes that are written together.
const LOT_BYTES: usize = 32 << 20;

/// How long the first of a lot waits for others.
const PATIENCE: Duration = Duration::from_secs(2);

type Bytes = Arc<[u8]>;

/// What is kept of one content: two keys and their values.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) blob: (Bytes, Bytes),
    pub(super) facts: (Digest, Bytes),
}

impl Entry {
    fn bytes(&self) -> usize {
        let (blob, facts) = (&self.blob, &self.facts);
        blob.0.len() + blob.1.len() + facts.0.len() + facts.1.len()
    }
}

/// What waits to be written: readers find it as if it was.
#[derive(Debug, Default)]
pub(super) struct Pending(RwLock<Lot>);

#[derive(Debug, Default)]
struct Lot {
    blobs: FxHashMap<Bytes, Bytes>,
    facts: FxHashMap<Digest, Bytes>,
}

impl Pending {
    pub(super) fn blob(&self, blob: &[u8]) -> Option<Bytes> {
        let lot = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lot.blobs.get(blob).cloned()
    }

    pub(super) fn facts(&self, key: &Digest) -> Option<Bytes> {
        let lot = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lot.facts.get(key).cloned()
    }

    fn add(&self, entry: &Entry) {
        let mut lot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (blob, digest) = &entry.blob;
        lot.blobs.insert(Arc::clone(blob), Arc::clone(digest));
        lot.facts.insert(entry.facts.0, Arc::clone(&entry.facts.1));
    }

    fn remove(&self, entries: &[Entry]) {
        let mut lot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            lot.blobs.remove(&entry.blob.0);
            lot.facts.remove(&entry.facts.0);
        }
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: SyncSender<Entry>,
    thread: JoinHandle<Written>,
    pending: Arc<Pending>,
}

impl Writer {
    pub(super) fn start(
        database: Arc<Database>,
        table: Arc<str>,
        pending: Arc<Pending>,
        place: PathBuf,
    ) -> Self {
        let (queue, entries) = mpsc::sync_channel(QUEUE);
        let work = Work {
            database,
            table,
            pending: Arc::clone(&pending),
            place,
        };
        let thread = std::thread::spawn(move || work.run(&entries));
        Self {
            queue,
            thread,
            pending,
        }
    }

    pub(super) fn keep(&self, entry: Entry) {
        self.pending.add(&entry);
        // Without a writer nothing is kept, and closing the store says why.
        let _ = self.queue.send(entry);
    }

    /// Waits until all is written.
    pub(super) fn finish(self) -> Written {
        drop(self.queue);
        self.thread.join().unwrap_or_else(|_| Written {
            failed: Some(String::from("the thread that writes ended early")),
            ..Written::default()
        })
    }
}

struct Work {
    database: Arc<Database>,
    table: Arc<str>,
    pending: Arc<Pending>,
    place: PathBuf,
}

impl Work {
    fn run(self, entries: &Receiver<Entry>) -> Written {
        let mut written = Written::default();
        let mut lot: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        loop {
            let next = if lot.is_empty() {
                entries.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                entries.recv_timeout(PATIENCE)
            };
            let is_full = match &next {
                Ok(entry) => {
                    bytes += entry.bytes();
                    lot.len() + 1 >= LOT || bytes >= LOT_BYTES
                }
                Err(_) => true,
            };
            let is_over = matches!(next, Err(RecvTimeoutError::Disconnected));
            lot.extend(next);
            if is_full && !lot.is_empty() {
                // After a failure nothing more is written, but what comes is taken: nobody is to wait.
                if written.failed.is_none() {
                    match self.write(&lot) {
                        Ok(()) => written.added += u64::try_from(lot.len()).unwrap_or(0),
                        Err(error) => written.failed = Some(error),
                    }
                }
                self.pending.remove(&lot);
                lot.clear();
                bytes = 0;
            }
            if is_over {
                return written;
            }
        }
    }

    fn write(&self, lot: &[Entry]) -> Result<(), String> {
        let size = std::fs::metadata(&self.place).map_or(0, |metadata| metadata.len());
        if size > limits::STORE_BYTES {
            return Err(format!("it has reached {}", limits::Id::STORE_BYTES));
        }
        let write = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            // After a crash, opening it again does not read all of it.
            transaction.set_quick_repair(true);
            {
                let facts: TableDefinition<'_, &'static [u8], &'static [u8]> =
                    TableDefinition::new(&self.table);
                let mut facts = transaction.open_table(facts)?;
                let mut blobs = transaction.open_table(BLOBS)?;
                for entry in lot {
                    blobs.insert(&*entry.blob.0, &*entry.blob.1)?;
                    facts.insert(entry.facts.0.as_slice(), &*entry.facts.1)?;
                }
            }
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|error| error.to_string())
    }
}
