//! Universal Binary JSON as XGBoost writes it: big-endian, with typed arrays for the numbers of a tree.

use super::source::{Each, Feed, Source};
use crate::bytes::{ReadError, Window};

/// A document in UBJSON.
#[derive(Debug)]
pub(super) struct Ubjson {
    feed: Feed,
    /// Items that are left of the arrays around; `None` where only a bracket ends it.
    arrays: Vec<Option<u64>>,
}

/// Bytes of a number with this marker.
fn size(marker: u8) -> Option<u64> {
    Some(match marker {
        b'i' | b'U' => 1,
        b'I' => 2,
        b'l' | b'd' => 4,
        b'L' | b'D' => 8,
        _ => return None,
    })
}

impl Ubjson {
    pub(super) fn new(window: &Window) -> Self {
        Self {
            feed: Feed::new(window, 0),
            arrays: Vec::new(),
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
        if self.feed.peek()? != Some(wanted) {
            return Err(self.feed.wrong());
        }
        self.feed.next().map(|_| ())
    }

    /// A length: an integer that is not negative.
    fn length(&mut self) -> Result<u64, ReadError> {
        let length = match self.feed.next()? {
            b'i' => i64::from(i8::from_be_bytes(self.feed.take()?)),
            b'U' => i64::from(self.feed.next()?),
            b'I' => i64::from(i16::from_be_bytes(self.feed.take()?)),
            b'l' => i64::from(i32::from_be_bytes(self.feed.take()?)),
            b'L' => i64::from_be_bytes(self.feed.take()?),
            _ => return Err(self.feed.wrong()),
        };
        u64::try_from(length).map_err(|_| self.feed.wrong())
    }

    fn number_of(&mut self, marker: u8) -> Result<f64, ReadError> {
        Ok(match marker {
            b'i' => f64::from(i8::from_be_bytes(self.feed.take()?)),
            b'U' => f64::from(self.feed.next()?),
            b'I' => f64::from(i16::from_be_bytes(self.feed.take()?)),
            b'l' => f64::from(i32::from_be_bytes(self.feed.take()?)),
            b'L' => {
                let long = i64::from_be_bytes(self.feed.take()?);
                // What is no index of anything stays out of every range.
                i32::try_from(long).map_or(f64::INFINITY, f64::from)
            }
            b'T' => 1.0,
            b'F' => 0.0,
            b'd' => f64::from(f32::from_be_bytes(self.feed.take()?)),
            b'D' => f64::from_be_bytes(self.feed.take()?),
            _ => return Err(self.feed.wrong()),
        })
    }

    /// The head of an array: the type of its items, if all have one, and how many there are.
    fn head(&mut self) -> Result<(Option<u8>, Option<u64>), ReadError> {
        self.expect(b'[')?;
        let mut marker = None;
        if self.feed.peek()? == Some(b'$') {
            self.feed.next()?;
            marker = Some(self.feed.next()?);
            if self.feed.peek()? != Some(b'#') {
                return Err(self.feed.wrong());
            }
        }
        let mut count = None;
        if self.feed.peek()? == Some(b'#') {
            self.feed.next()?;
            count = Some(self.length()?);
        }
        Ok((marker, count))
    }

    /// Steps over an array of numbers of one type.
    fn skip_typed(&mut self, marker: u8, count: u64) -> Result<(), ReadError> {
        let size = size(marker).ok_or_else(|| self.feed.wrong())?;
        let bytes = self.feed.has(count, size)?;
        self.feed.skip(bytes)
    }
}

impl Source for Ubjson {
    fn object(&mut self) -> Result<(), ReadError> {
        self.feed.enter()?;
        self.expect(b'{')
    }

    fn key(&mut self) -> Result<Option<String>, ReadError> {
        if self.feed.peek()? == Some(b'}') {
            self.feed.next()?;
            self.feed.leave();
            return Ok(None);
        }
        let length = self.length()?;
        self.feed.text(length).map(Some)
    }

    fn array(&mut self) -> Result<(), ReadError> {
        self.feed.enter()?;
        let (marker, count) = self.head()?;
        if marker.is_some() {
            return Err(self.feed.wrong());
        }
        self.arrays.push(count);
        Ok(())
    }

    fn item(&mut self) -> Result<bool, ReadError> {
        let more = match self.arrays.last_mut() {
            Some(Some(0)) | None => false,
            Some(Some(left)) => {
                *left = left.saturating_sub(1);
                true
            }
            Some(None) => self.feed.peek()? != Some(b']'),
        };
        if !more {
            if self.arrays.pop() == Some(None) {
                self.feed.next()?;
            }
            self.feed.leave();
        }
        Ok(more)
    }

    fn text(&mut self) -> Result<String, ReadError> {
        self.expect(b'S')?;
        let length = self.length()?;
        self.feed.text(length)
    }

    fn numbers(&mut self, mut each: Option<Each<'_>>) -> Result<u64, ReadError> {
        let mut found: u64 = 0;
        match self.head()? {
            (Some(marker), Some(count)) if each.is_none() => {
                self.skip_typed(marker, count)?;
                found = count;
            }
            (marker, Some(count)) => {
                self.feed.has(count, marker.and_then(size).unwrap_or(1))?;
                while found < count {
                    let marker = match marker {
                        Some(marker) => marker,
                        None => self.feed.next()?,
                    };
                    let number = self.number_of(marker)?;
                    if let Some(each) = &mut each {
                        each(number)?;
                    }
                    found = found.saturating_add(1);
                }
            }
            (_, None) => {
                while self.feed.peek()? != Some(b']') {
                    let marker = self.feed.next()?;
                    let number = self.number_of(marker)?;
                    if let Some(each) = &mut each {
                        each(number)?;
                    }
                    found = found.saturating_add(1);
                }
                self.feed.next()?;
            }
        }
        Ok(found)
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        match self.feed.peek()? {
            Some(b'{') => {
                self.object()?;
                while self.key()?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'[') => {
                self.feed.enter()?;
                match self.head()? {
                    (Some(marker), Some(count)) => {
                        self.skip_typed(marker, count)?;
                        self.feed.leave();
                    }
                    (_, count) => {
                        self.arrays.push(count);
                        while self.item()? {
                            self.skip()?;
                        }
                    }
                }
                Ok(())
            }
            Some(b'S') => {
                self.feed.next()?;
                let length = self.length()?;
                self.feed.skip(length)
            }
            Some(b'Z' | b'T' | b'F') => self.feed.next().map(|_| ()),
            Some(b'C') => self.feed.skip(2),
            Some(marker) => {
                self.feed.next()?;
                self.number_of(marker).map(|_| ())
            }
            None => Err(self.feed.wrong()),
        }
    }

    fn offset(&self) -> u64 {
        self.feed.offset()
    }
}
