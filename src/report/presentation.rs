//! How a report is presented: what no run knows, and whoever asked for the report does.

use super::PathSpelling;

/// How a report is presented. The default is that of a file: eighty columns without colour, paths as the view spells them.
#[derive(Debug, Clone, Default)]
pub struct Presentation {
    /// What text looks like.
    pub style: Style,
    /// How much people are told. Programs are told everything.
    pub detail: Detail,
    /// How people are shown paths: as they would type them. Programs get them as the view spells them.
    pub paths: PathSpelling,
    /// How a code host spells paths: from the root of the checkout that it shows.
    pub checkout: PathSpelling,
    /// The moment that outputs may call the present, in seconds since 1970, if the user gave one: outputs are the same each time.
    pub date: Option<i64>,
    /// What tells this run from others of the same commit, for services that keep the results of each: a word or a path of
    /// words. Empty where there is only one.
    pub category: String,
}

/// How much people are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// What refuses, and nothing else: not even how the run ended, unless nothing else would say so.
    Refusals,
    /// A screen: for a commit that is in the making.
    Screen,
    /// The first files of each kind, and how many there are more.
    #[default]
    Usual,
    /// Every finding of every file, and what let the others pass.
    All,
}

/// How to show text: what the terminal can do and what its user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour. Colour never says anything that words do not.
    pub color: bool,
    /// Whether characters outside ASCII arrive as they are meant. If not, drawing is in ASCII and other characters are escaped.
    pub unicode: bool,
    /// Columns. Lines are wrapped or cut to it, except paths and commands, which are to be copied. At least 40 is assumed.
    pub width: usize,
    /// Whether the terminal shows hyperlinks.
    pub links: bool,
}

impl Default for Style {
    /// Eighty columns of UTF-8 without colour or links.
    fn default() -> Self {
        Self {
            color: false,
            unicode: true,
            width: 80,
            links: false,
        }
    }
}

impl From<Style> for Presentation {
    fn from(style: Style) -> Self {
        Self {
            style,
            ..Self::default()
        }
    }
}
