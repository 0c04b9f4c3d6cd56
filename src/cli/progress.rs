//! A progress bar on standard error, for work that lasts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{fact::Text, scan::Progress};

/// Work that is done before needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

const TICK: Duration = Duration::from_millis(100);

/// A bar that appears if the work lasts, from a thread of its own: reading one large file is long work too.
#[derive(Debug)]
pub(super) struct Bar {
    shared: Arc<Shared>,
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

#[derive(Debug, Default)]
struct Shared {
    entries: AtomicUsize,
    done: AtomicU64,
}

impl Bar {
    /// A bar, if it would be seen.
    pub(super) fn new(seen: bool) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = seen.then(|| {
            let (stop, stopped) = mpsc::channel();
            let shared = Arc::clone(&shared);
            (stop, thread::spawn(move || show(&shared, &stopped)))
        });
        Self { shared, thread }
    }

    /// Takes the bar away: what follows is printed where it was.
    pub(super) fn finish(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Progress for Bar {
    fn begin(&self, entries: usize) {
        self.shared.entries.store(entries, Ordering::Relaxed);
    }

    fn done(&self, _: &Text) {
        self.shared.done.fetch_add(1, Ordering::Relaxed);
    }
}

fn show(shared: &Shared, stopped: &mpsc::Receiver<()>) {
    let waits = |time| {
        matches!(
            stopped.recv_timeout(time),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    };
    if !waits(PATIENCE) {
        return;
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} files {wide_bar}") {
        bar.set_style(style);
    }
    loop {
        let entries = shared.entries.load(Ordering::Relaxed);
        bar.set_length(u64::try_from(entries).unwrap_or(u64::MAX));
        bar.set_position(shared.done.load(Ordering::Relaxed));
        bar.tick();
        if !waits(TICK) {
            break;
        }
    }
    bar.finish_and_clear();
}
