//! A command line that people copy, about files of a view.
//!
//! Where it will be run is not known before it is shown, and a path is spelled differently in each folder. So paths stay paths until
//! then.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    shell_word::{argument, word},
    text::Text,
};

/// What stands for a name that no printed command can hold.
const STAND_IN: &str = "FILE";

/// A command line for a shell. Displayed, it is the one to run in the root of the view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Piece {
    /// Words of a shell.
    Words(String),
    /// A path from the root of the view.
    Path(Text),
    /// A path from elsewhere, as the folder that a word before it names.
    Fixed(Text),
}

impl Command {
    /// Words as they are typed.
    pub fn new(words: impl Into<String>) -> Self {
        Self(vec![Piece::Words(words.into())])
    }

    /// Further words. Nothing is put between them and what stands before.
    #[must_use]
    pub fn words(mut self, words: impl Into<String>) -> Self {
        self.0.push(Piece::Words(words.into()));
        self
    }

    /// A file or a folder by its path from the root of the view.
    #[must_use]
    pub fn path(mut self, path: impl Into<Text>) -> Self {
        self.0.push(Piece::Path(path.into()));
        self
    }

    /// A path that is the same wherever the command is run.
    #[must_use]
    pub fn fixed(mut self, path: impl Into<Text>) -> Self {
        self.0.push(Piece::Fixed(path.into()));
        self
    }

    /// A command of git that is to run in a folder of the view. Its paths are from there.
    #[must_use]
    pub fn of_git_in(self, folder: impl Into<Text>) -> Self {
        let mut pieces = vec![
            Piece::Words(String::from("git -C ")),
            Piece::Path(folder.into()),
        ];
        pieces.extend(
            self.0
                .into_iter()
                .enumerate()
                .map(|(at, piece)| match piece {
                    Piece::Words(words) if at == 0 => {
                        let rest = words.strip_prefix("git").unwrap_or(&words);
                        Piece::Words(rest.to_owned())
                    }
                    Piece::Path(path) => Piece::Fixed(path),
                    piece => piece,
                }),
        );
        Self(pieces)
    }

    /// Whether it is another command in another folder.
    pub fn is_of_a_place(&self) -> bool {
        let mut pieces = self.0.iter();
        pieces.any(|piece| matches!(piece, Piece::Path(_)))
    }

    /// Whether a name in it cannot be shown so that a shell would take it: a word in capitals stands for it.
    pub fn is_incomplete(&self) -> bool {
        let mut pieces = self.0.iter();
        pieces.any(|piece| match piece {
            Piece::Words(_) => false,
            Piece::Path(path) | Piece::Fixed(path) => word(path.as_bytes()).is_none(),
        })
    }

    /// The line, with paths as they are spelled where it is run.
    pub fn line(&self, spell: impl Fn(&Text) -> Text) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            let path = match piece {
                Piece::Words(words) => {
                    line.push_str(words);
                    continue;
                }
                Piece::Path(path) => spell(path),
                Piece::Fixed(path) => path.clone(),
            };
            // Behind a space it could be taken for an option.
            let word = if line.ends_with(' ') {
                argument(path.as_bytes())
            } else {
                word(path.as_bytes())
            };
            line.push_str(word.as_deref().unwrap_or(STAND_IN));
        }
        line
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(Text::clone))
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Text};

    #[test]
    fn a_path_is_spelled_where_it_is_shown() {
        let spell = |path: &Text| Text::new([b"../", path.as_bytes()].concat());
        let command = Command::new("git annex get ").path("a b.pt");
        assert_eq!(command.to_string(), "git annex get 'a b.pt'");
        assert_eq!(command.line(spell), "git annex get '../a b.pt'");
        let command = command.of_git_in("sub");
        assert_eq!(command.to_string(), "git -C sub annex get 'a b.pt'");
        assert_eq!(command.line(spell), "git -C ../sub annex get 'a b.pt'");
        let command = command.of_git_in("outer");
        assert_eq!(
            command.line(spell),
            "git -C ../outer -C sub annex get 'a b.pt'"
        );
    }

    #[test]
    fn a_path_is_no_option_and_no_second_command() {
        let of = |path: &[u8]| Command::new("x ").path(Text::new(path)).to_string();
        assert_eq!(of(b"-a.pt"), "x ./-a.pt");
        assert_eq!(of(b"$(a)"), "x '$(a)'");
        assert_eq!(of(b"a\nb"), "x FILE");
        assert_eq!(of(b"\xff"), "x FILE");
        let included = Command::new("x --include=").fixed("-a.pt");
        assert_eq!(included.to_string(), "x --include=-a.pt");
    }
}
