//! The end of a hook's time, whatever the hook is doing then: reading refs, listing what is pushed, judging.
//!
//! Reading ends by itself at the deadline and says what it has seen. What does not look at the clock is left alone shortly
//! after it, and refused.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::Error,
    fact::Text,
    scan::{Coverage, Outcome, Progress, Report},
};

/// How long after the deadline the work may still come to its own end, which says more.
const GRACE: Duration = Duration::from_millis(200);

/// What the work needs of stack: a main thread's.
const STACK: usize = 8 << 20;

/// How far the work is, and who speaks: the work when it is done, or the watch when time is over.
#[derive(Debug, Default)]
pub(super) struct Stage {
    entries: AtomicUsize,
    done: AtomicUsize,
    spoken: AtomicBool,
}

impl Progress for Stage {
    fn begin(&self, entries: usize) {
        self.entries.store(entries, Ordering::Relaxed);
    }

    fn done(&self, _: &Text) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Stage {
    /// Whether the caller is the one to speak; asked once, before anything is written.
    pub(super) fn speak(&self) -> bool {
        !self.spoken.swap(true, Ordering::AcqRel)
    }

    /// What is to be said of work that was left.
    fn left(&self, deadline: Duration) -> Report {
        let entries = self.entries.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed).min(entries);
        let seconds = deadline.as_secs_f64();
        let notice = if entries == 0 {
            format!("listing the files of the push took longer than {seconds} s: none was checked")
        } else {
            format!(
                "the check took longer than {seconds} s: {done} of {entries} files were checked, and their findings are not shown"
            )
        };
        Report {
            coverage: Coverage {
                entries,
                late: entries.saturating_sub(done).max(1),
                ..Coverage::default()
            },
            notices: vec![notice],
            ..Report::default()
        }
    }
}

/// Does work that must be over by a deadline. If it is not, `refuse` is handed what is to be said, and the work is left to the
/// end of the process.
pub(super) fn within(
    started: Instant,
    deadline: Duration,
    work: impl FnOnce(&Stage) -> Result<Outcome, Error> + Send + 'static,
    refuse: impl FnOnce(&Report) -> Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    let stage = Arc::new(Stage::default());
    let (done, result) = mpsc::channel();
    let of_work = Arc::clone(&stage);
    let worker = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            // Nobody may listen any more.
            let _ = done.send(work(&of_work));
        })
        .map_err(|error| Error::Usage {
            message: format!("cannot start a thread: {error}"),
            help: String::from("try again without `--deadline`"),
        })?;
    let left = deadline
        .saturating_add(GRACE)
        .saturating_sub(started.elapsed());
    let ended = match result.recv_timeout(left) {
        Err(RecvTimeoutError::Timeout) if stage.speak() => return refuse(&stage.left(deadline)),
        // It is writing already.
        Err(RecvTimeoutError::Timeout) => result.recv().ok(),
        Ok(outcome) => Some(outcome),
        Err(RecvTimeoutError::Disconnected) => None,
    };
    match (ended, worker.join()) {
        (Some(outcome), _) => outcome,
        (None, Err(panic)) => panic::resume_unwind(panic),
        (None, Ok(())) => Ok(Outcome::Unable),
    }
}

#[cfg(test)]
mod tests {
    use super::{GRACE, within};
    use crate::scan::{Outcome, Progress as _};
    use std::{
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn work_that_ends_in_time_speaks_for_itself() {
        let outcome = within(
            Instant::now(),
            Duration::from_mins(1),
            |stage| {
                assert!(stage.speak());
                Ok(Outcome::Clean)
            },
            |_| panic!("there was time"),
        );
        assert_eq!(outcome.unwrap(), Outcome::Clean);
    }

    #[test]
    fn work_without_an_end_is_refused_soon_after_the_deadline() {
        let started = Instant::now();
        let outcome = within(
            started,
            Duration::ZERO,
            |stage| {
                stage.begin(7);
                thread::sleep(Duration::from_mins(10));
                Ok(Outcome::Clean)
            },
            |report| {
                assert_eq!(report.outcome(), Outcome::Refused);
                assert_eq!((report.coverage.late, report.coverage.entries), (7, 7));
                Ok(report.outcome())
            },
        );
        assert_eq!(outcome.unwrap(), Outcome::Refused);
        assert!(started.elapsed() >= GRACE);
    }
}
