//! Tables: what every output of a run is made of. A table has columns that say what they mean, and rows in the order in which people want
//! them; the page, the lists and the database differ only in how they write them.

use rustc_hash::FxHashMap;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A path, a digest or a name that is exact.
    Code,
    /// A number of things.
    Number,
    /// A number of bytes.
    Bytes,
    /// A time, as RFC 3339 writes it, in UTC; or a day. Texts, so that they sort.
    Time,
    /// 1 if it is so, 0 if it is not.
    Flag,
    /// Sentences, one on each line.
    Lines,
}

impl Kind {
    /// Whether its cells are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Bytes | Self::Flag)
    }

    /// How the page calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code => "code",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Time => "time",
            Self::Flag => "flag",
            Self::Lines => "lines",
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in files and in the search of the page.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub about: &'static str,
}

/// What a table is, without its rows.
#[derive(Debug)]
pub struct Schema {
    /// Its name in files.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// What people are told where there is no row.
    pub empty: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// What stands in a row at a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Nothing: not known, or not applicable.
    Empty,
    /// A text of the pool.
    Text(u32),
    /// A number.
    Number(u64),
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// What it is.
    pub schema: &'static Schema,
    /// Its rows, each with a cell for each column.
    pub rows: Vec<Box<[Cell]>>,
}

/// Texts, each once.
#[derive(Debug, Default)]
pub struct Pool {
    numbers: FxHashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Pool {
    /// The number of a text. One that is new is added.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// A text by its number.
    pub fn text(&self, number: u32) -> &str {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.texts.get(at).map_or("", |text| text)
    }

    /// All texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}

/// A row in the making.
pub(super) struct Row<'a> {
    pool: &'a mut Pool,
    cells: Vec<Cell>,
}

impl<'a> Row<'a> {
    pub(super) fn new(pool: &'a mut Pool) -> Self {
        Self {
            pool,
            cells: Vec::with_capacity(16),
        }
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        let number = self.pool.add(text);
        self.cells.push(Cell::Text(number));
        self
    }

    /// A text, or nothing.
    pub(super) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.empty(),
        }
    }

    pub(super) fn empty(mut self) -> Self {
        self.cells.push(Cell::Empty);
        self
    }

    pub(super) fn number(mut self, number: usize) -> Self {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        self.cells.push(Cell::Number(number));
        self
    }

    pub(super) fn bytes(mut self, bytes: u64) -> Self {
        self.cells.push(Cell::Number(bytes));
        self
    }

    pub(super) fn flag(self, flag: bool) -> Self {
        self.number(usize::from(flag))
    }

    pub(super) fn maybe_flag(self, flag: Option<bool>) -> Self {
        match flag {
            Some(flag) => self.flag(flag),
            None => self.empty(),
        }
    }

    pub(super) fn end(self) -> Box<[Cell]> {
        self.cells.into()
    }
}

impl Table {
    /// The number at a row and a column; 0 where there is none.
    pub fn number(&self, row: &[Cell], name: &str) -> u64 {
        match self.cell(row, name) {
            Cell::Number(number) => number,
            Cell::Empty | Cell::Text(_) => 0,
        }
    }

    /// The text at a row and a column.
    pub fn text<'a>(&self, row: &[Cell], name: &str, pool: &'a Pool) -> &'a str {
        match self.cell(row, name) {
            Cell::Text(number) => pool.text(number),
            Cell::Empty | Cell::Number(_) => "",
        }
    }

    fn cell(&self, row: &[Cell], name: &str) -> Cell {
        let at = self.schema.columns.iter().position(|it| it.name == name);
        at.and_then(|at| row.get(at).copied())
            .unwrap_or(Cell::Empty)
    }
}
