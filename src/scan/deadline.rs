//! A time by which reading ends. What is not read by then is not passed over: it is a fact of its entry.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crate::bytes::{ByteSource, FileStamp, Window};

/// A source that gives nothing after a time.
struct Timed {
    window: Window,
    until: Instant,
    late: Arc<AtomicBool>,
}

impl ByteSource for Timed {
    fn len(&self) -> u64 {
        self.window.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.until {
            self.late.store(true, Ordering::Relaxed);
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the deadline has passed",
            ));
        }
        self.window.read_at(offset, buf)
    }

    fn is_sequential(&self) -> bool {
        self.window.is_sequential()
    }

    fn stamp(&self) -> Option<FileStamp> {
        self.window.stamp()
    }
}

/// What is left of the time for one entry.
#[derive(Debug)]
pub(super) struct Clock {
    until: Option<Instant>,
    late: Arc<AtomicBool>,
}

impl Clock {
    pub(super) fn new(until: Option<Instant>) -> Self {
        Self {
            until,
            late: Arc::default(),
        }
    }

    /// Whether there is no time left to begin; the entry is late then.
    pub(super) fn is_over(&self) -> bool {
        let over = self.until.is_some_and(|until| Instant::now() >= until);
        if over {
            self.late.store(true, Ordering::Relaxed);
        }
        over
    }

    /// The window, as far as it is read in time.
    pub(super) fn timed(&self, window: Window) -> Window {
        match self.until {
            None => window,
            Some(until) => Window::new(Timed {
                window,
                until,
                late: Arc::clone(&self.late),
            }),
        }
    }

    /// Whether something was not read in time.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_too_late_is_not_read_and_is_known() {
        let window = || Window::new(vec![1, 2, 3]);
        let clock = Clock::new(None);
        assert_eq!(clock.timed(window()).bytes_at(0, 3).unwrap(), [1, 2, 3]);
        assert!(!clock.is_over() && !clock.is_late());
        let clock = Clock::new(Some(Instant::now()));
        let timed = clock.timed(window());
        assert!(!clock.is_late());
        assert_eq!(
            timed.bytes_at(0, 3).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert!(clock.is_late());
    }
}
