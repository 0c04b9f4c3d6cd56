//! How an audit goes on: a bar with a rate and an estimate on a terminal, lines in a log.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    audit::{self, Line, Watcher, result::Status},
    cli::terminal,
};

/// How often a log is told how far the run is.
const EVERY: Duration = Duration::from_secs(15);

/// Shows how an audit goes on.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    all: AtomicUsize,
    done: AtomicUsize,
    started: Instant,
    told: Mutex<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = terminal::shows_progress().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{spinner} {pos}/{len} repositories {wide_bar} {per_sec} {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let started = Instant::now();
        Self {
            bar,
            all: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            started,
            told: Mutex::new(started),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| terminal::note(text)),
            None => terminal::note(text),
        }
    }

    /// How far the run is, and how long the rest may take.
    fn told(&self, done: usize) -> String {
        let all = self.all.load(Ordering::Relaxed);
        let seconds = self.started.elapsed().as_secs().max(1);
        let rest = u64::try_from(all.saturating_sub(done)).unwrap_or(u64::MAX);
        let each = u64::try_from(done.max(1)).unwrap_or(u64::MAX);
        let left = seconds.saturating_mul(rest).checked_div(each).unwrap_or(0);
        format!(
            "{done} of {all} repositories, {} a minute, about {} left",
            each.saturating_mul(60).checked_div(seconds).unwrap_or(0),
            span(left)
        )
    }
}

/// A time in the unit that says it best.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

impl Watcher for Progress {
    fn begin(&self, repositories: usize) {
        self.all.store(repositories, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_length(u64::try_from(repositories).unwrap_or(u64::MAX));
        }
    }

    fn done(&self, line: &Line, _: audit::Source) {
        let done = self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if line.status == Status::Failed {
            let why = line.failure.as_ref().map_or("", |failure| &failure.message);
            self.say(&format!("{}: failed: {why}", line.repository.location));
        }
        if self.bar.is_some() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= EVERY {
            *told = Instant::now();
            self.say(&self.told(done));
        }
    }

    fn note(&self, text: &str) {
        self.say(text);
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_time_is_told_in_the_unit_that_fits() {
        assert_eq!(
            [0, 119, 120, 7199, 7200].map(span),
            ["0 s", "119 s", "2 min", "119 min", "2 h"]
        );
    }
}
