//! JSON as libraries of trees write it: a model of a gigabyte is walked, and never held. `NaN` and `Infinity` are numbers there.

use super::source::{Each, Feed, Source};
use crate::{
    bytes::{ReadError, Window},
    limits,
};

/// Bytes of a number in decimal digits: the longest that is written has 24.
const NUMBER: usize = 64;

/// A document in JSON.
#[derive(Debug)]
pub(in crate::format) struct Json {
    feed: Feed,
    /// Whether an item of the innermost object or array has been read.
    begun: Vec<bool>,
    /// Whether an escape with a number stands for its character. XGBoost keeps it as it is.
    decodes: bool,
}

impl Json {
    pub(super) fn new(window: &Window) -> Self {
        Self {
            feed: Feed::new(window, 0),
            begun: Vec::new(),
            decodes: false,
        }
    }

    /// A document whose reader takes every escape for what it stands for.
    pub(in crate::format) fn decoding(window: &Window) -> Self {
        Self {
            decodes: true,
            ..Self::new(window)
        }
    }

    /// The next byte that is no white space, which stays.
    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.feed.peek()? {
            self.feed.next()?;
        }
        self.feed.peek()
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
        if self.peek()? != Some(wanted) {
            return Err(self.feed.wrong());
        }
        self.feed.next().map(|_| ())
    }

    fn open(&mut self, bracket: u8) -> Result<(), ReadError> {
        self.feed.enter()?;
        self.expect(bracket)?;
        self.begun.push(false);
        Ok(())
    }

    /// Whether there is one more in the innermost brackets; otherwise steps out of them.
    fn more(&mut self, bracket: u8) -> Result<bool, ReadError> {
        if self.peek()? == Some(bracket) {
            self.feed.next()?;
            self.begun.pop();
            self.feed.leave();
            return Ok(false);
        }
        if let Some(begun) = self.begun.last_mut()
            && !std::mem::replace(begun, true)
        {
            return Ok(true);
        }
        self.expect(b',')?;
        Ok(true)
    }

    /// A string, of which at most `kept` bytes are kept; no string that is kept has more.
    fn string(&mut self, kept: Option<u64>) -> Result<Vec<u8>, ReadError> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            let byte = match self.feed.next()? {
                b'"' => return Ok(text),
                0..=0x1f => return Err(self.feed.wrong()),
                b'\\' => match self.feed.next()? {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    byte @ (b'"' | b'\\' | b'/') => byte,
                    b'u' if self.decodes => {
                        let character = self.character()?;
                        if kept.is_some() {
                            let mut bytes = [0; 4];
                            text.extend(character.encode_utf8(&mut bytes).bytes());
                        }
                        continue;
                    }
                    b'u' => b'u',
                    _ => return Err(self.feed.wrong()),
                },
                byte => byte,
            };
            if let Some(most) = kept {
                if crate::bytes::wide(text.len()) >= most {
                    return Err(ReadError::Limit(limits::Id::TREES_TEXT));
                }
                text.push(byte);
            }
        }
    }

    /// The character of an escape, whose second half may follow in one of its own.
    fn character(&mut self) -> Result<char, ReadError> {
        let at = self.feed.offset();
        let mut units = vec![self.unit()?];
        if units
            .first()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            if [self.feed.next()?, self.feed.next()?] != *b"\\u" {
                return Err(super::source::encoding(at));
            }
            units.push(self.unit()?);
        }
        let mut characters = char::decode_utf16(units);
        match (characters.next(), characters.next()) {
            (Some(Ok(character)), None) => Ok(character),
            _ => Err(super::source::encoding(at)),
        }
    }

    fn unit(&mut self) -> Result<u16, ReadError> {
        let at = self.feed.offset();
        let digits: [u8; 4] = self.feed.take()?;
        std::str::from_utf8(&digits)
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or_else(|| super::source::encoding(at))
    }

    /// Whether an array begins here.
    pub(in crate::format) fn is_array(&mut self) -> Result<bool, ReadError> {
        Ok(self.peek()? == Some(b'['))
    }

    /// Whether a text begins here.
    pub(in crate::format) fn is_text(&mut self) -> Result<bool, ReadError> {
        Ok(self.peek()? == Some(b'"'))
    }

    /// Steps over `null`, if it is there.
    pub(in crate::format) fn is_null(&mut self) -> Result<bool, ReadError> {
        let is_null = self.peek()? == Some(b'n');
        if is_null {
            self.word()?;
        }
        Ok(is_null)
    }

    /// A number, or a bool in the place of one.
    pub(in crate::format) fn number(&mut self) -> Result<f64, ReadError> {
        self.peek()?;
        let at = self.feed.offset();
        let mut digits = String::new();
        while let Some(byte @ (b'0'..=b'9' | b'+' | b'-' | b'.' | b'a'..=b'z' | b'A'..=b'Z')) =
            self.feed.peek()?
        {
            self.feed.next()?;
            if digits.len() >= NUMBER {
                return Err(self.feed.wrong());
            }
            digits.push(char::from(byte));
        }
        // Releases before 1.3 have bools among them.
        match digits.as_str() {
            "true" => return Ok(1.0),
            "false" => return Ok(0.0),
            _ => {}
        }
        let plain = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        let known = plain || matches!(digits.as_str(), "NaN" | "Infinity" | "-Infinity");
        let number = known.then(|| digits.parse().ok()).flatten();
        number.ok_or_else(|| super::source::encoding(at))
    }
}

impl Source for Json {
    fn object(&mut self) -> Result<(), ReadError> {
        self.open(b'{')
    }

    fn key(&mut self) -> Result<Option<String>, ReadError> {
        if !self.more(b'}')? {
            return Ok(None);
        }
        let key = self.text()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    fn array(&mut self) -> Result<(), ReadError> {
        self.open(b'[')
    }

    fn item(&mut self) -> Result<bool, ReadError> {
        self.more(b']')
    }

    fn text(&mut self) -> Result<String, ReadError> {
        self.peek()?;
        let at = self.feed.offset();
        let text = self.string(Some(limits::TREES_TEXT))?;
        String::from_utf8(text).map_err(|_| super::source::encoding(at))
    }

    fn numbers(&mut self, mut each: Option<Each<'_>>) -> Result<u64, ReadError> {
        let mut found: u64 = 0;
        self.array()?;
        while self.item()? {
            let number = self.number()?;
            if let Some(each) = &mut each {
                each(number)?;
            }
            found = found.saturating_add(1);
        }
        Ok(found)
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        match self.peek()? {
            Some(b'{') => {
                self.object()?;
                while self.key()?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'[') => {
                self.array()?;
                while self.item()? {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'"') => self.string(None).map(|_| ()),
            Some(b't' | b'f' | b'n') => self.word(),
            _ => self.number().map(|_| ()),
        }
    }

    fn offset(&self) -> u64 {
        self.feed.offset()
    }
}

impl Json {
    /// `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), ReadError> {
        let word: &[u8] = match self.feed.peek()? {
            Some(b't') => b"true",
            Some(b'f') => b"false",
            _ => b"null",
        };
        for letter in word {
            if self.feed.next()? != *letter {
                return Err(self.feed.wrong());
            }
        }
        Ok(())
    }

    /// What follows the document, white space apart: where it begins.
    pub(in crate::format) fn end(&mut self) -> Result<Option<u64>, ReadError> {
        Ok(self.peek()?.map(|_| self.feed.offset()))
    }
}
