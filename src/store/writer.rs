//! The one thread that writes a store: what others keep waits in memory and is written in lots, each whole or not at all.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
    thread::JoinHandle,
    time::Duration,
};

use redb::Database;
use rustc_hash::FxHashMap;

use super::{Digest, Table, Tables, Written};
use crate::limits;

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

/// Entries that wait for the writer. It is woken when there is a lot of them, and otherwise comes by itself: waking it for each entry
/// costs more than writing the entry.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// There is a lot to write, or nothing more comes.
    has_lot: Condvar,
    /// The writer took what was there.
    has_room: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: Vec<Entry>,
    bytes: usize,
    /// Nothing more comes.
    is_over: bool,
    /// Nobody writes any more.
    is_left: bool,
}

impl Waiting {
    fn is_lot(&self) -> bool {
        self.entries.len() >= LOT || self.bytes >= LOT_BYTES
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry. Where the writer is a lot behind, waits for it.
    fn add(&self, entry: Entry) {
        let waiting = self.lock();
        let full = |waiting: &mut Waiting| waiting.is_lot() && !waiting.is_left;
        let waiting = self.has_room.wait_while(waiting, full);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        if waiting.is_left {
            return;
        }
        waiting.bytes = waiting.bytes.saturating_add(entry.bytes());
        waiting.entries.push(entry);
        if waiting.is_lot() {
            self.has_lot.notify_one();
        }
    }

    /// Takes what waits, and whether more may come: all there is after some time, or a lot as soon as there is one.
    fn take(&self) -> (Vec<Entry>, bool) {
        let more_comes = |waiting: &mut Waiting| !waiting.is_lot() && !waiting.is_over;
        let waited = self
            .has_lot
            .wait_timeout_while(self.lock(), PATIENCE, more_comes);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.bytes = 0;
        self.has_room.notify_all();
        (std::mem::take(&mut waiting.entries), !waiting.is_over)
    }
}

/// Says that nobody writes any more, however the thread that does ends.
struct Leaving(Arc<Queue>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.lock().is_left = true;
        self.0.has_room.notify_all();
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: JoinHandle<Written>,
    pending: Arc<Pending>,
}

impl Writer {
    pub(super) fn start(
        database: Arc<Database>,
        tables: Tables,
        pending: Arc<Pending>,
        place: PathBuf,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let work = Work {
            database,
            tables,
            pending: Arc::clone(&pending),
            place,
        };
        let entries = Leaving(Arc::clone(&queue));
        let thread = std::thread::spawn(move || work.run(&entries.0));
        Self {
            queue,
            thread,
            pending,
        }
    }

    pub(super) fn keep(&self, entry: Entry) {
        self.pending.add(&entry);
        // Without a writer nothing is kept, and closing the store says why.
        self.queue.add(entry);
    }

    /// Waits until all is written.
    pub(super) fn finish(self) -> Written {
        self.queue.lock().is_over = true;
        self.queue.has_lot.notify_one();
        self.thread.join().unwrap_or_else(|_| Written {
            failed: Some(String::from("the thread that writes ended early")),
            ..Written::default()
        })
    }
}

struct Work {
    database: Arc<Database>,
    tables: Tables,
    pending: Arc<Pending>,
    place: PathBuf,
}

impl Work {
    fn run(self, queue: &Queue) -> Written {
        let mut written = Written::default();
        loop {
            let (lot, more_comes) = queue.take();
            // After a failure nothing more is written, but what comes is taken: nobody is to wait.
            if !lot.is_empty() && written.failed.is_none() {
                match self.write(&lot) {
                    Ok(()) => written.added += u64::try_from(lot.len()).unwrap_or(0),
                    Err(error) => written.failed = Some(error),
                }
            }
            self.pending.remove(&lot);
            if !more_comes {
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
                let mut facts = transaction.open_table(Table::new(&self.tables.facts))?;
                let mut blobs = transaction.open_table(Table::new(&self.tables.blobs))?;
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
