//! A window as a source of its own, of which the page that was read last is kept: for readers that take small pieces one after another.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use super::{ByteSource, Window, narrow, wide};

/// What is read at a time.
const PAGE: usize = 4096;

/// A window that is read in pages.
#[derive(Debug)]
pub struct Paged {
    window: Window,
    /// Where the page begins, and its bytes.
    page: Mutex<(u64, Vec<u8>)>,
}

impl Paged {
    /// The same bytes as a window, read in pages.
    pub fn of(window: &Window) -> Window {
        Window::new(Self {
            window: window.clone(),
            page: Mutex::default(),
        })
    }
}

impl ByteSource for Paged {
    fn len(&self) -> u64 {
        self.window.len()
    }

    fn known_len(&self) -> Option<u64> {
        self.window.known_len()
    }

    fn reaches(&self, length: u64) -> io::Result<bool> {
        self.window.reaches(length)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.len() >= PAGE {
            return self.window.read_at(offset, buf);
        }
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = |(start, bytes): &(u64, Vec<u8>)| {
            (*start..start.saturating_add(wide(bytes.len()))).contains(&offset)
        };
        if !is_kept(&page) {
            let start = offset & !wide(PAGE.saturating_sub(1));
            *page = (start, self.window.bytes_at(start, PAGE)?);
        }
        let (start, bytes) = &*page;
        let rest = bytes.get(narrow(offset.saturating_sub(*start))..);
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn is_sequential(&self) -> bool {
        self.window.is_sequential()
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, Paged};
    use crate::bytes::{Window, wide};

    #[test]
    fn every_piece_is_that_of_the_window() {
        let bytes: Vec<u8> = (0..PAGE * 2 + 100)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect();
        let window = Window::new(bytes.clone());
        let paged = Paged::of(&window);
        assert_eq!(paged.len(), wide(bytes.len()));
        for at in [
            0,
            1,
            PAGE - 3,
            PAGE,
            2 * PAGE - 1,
            2 * PAGE + 95,
            2 * PAGE + 100,
            9 * PAGE,
            5,
        ] {
            for size in [0, 1, 8, PAGE, PAGE + 1] {
                let expected = bytes.get(at..).unwrap_or_default();
                let expected = expected.get(..size).unwrap_or(expected);
                let found = paged.bytes_at(wide(at), size).unwrap();
                assert_eq!(found, expected, "{size} at {at}");
            }
        }
        // A part of a window is as long as that part.
        let part = Paged::of(&window.sub(10..20).unwrap());
        assert_eq!(part.bytes_at(5, 100).unwrap(), &bytes[15..20]);
        assert!(!part.reaches(11).unwrap());
    }
}
