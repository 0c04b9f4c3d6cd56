//! Reads policy files and what they extend: the one room that parses YAML.

use std::{
    cell::Cell,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::de::DeserializeSeed;

use super::{
    decode::list,
    error::{Errors, PolicyError, PolicyErrors, near},
    keys,
    locate::{File, Origin},
    nesting,
    node::{Node, Reader},
    raw::{Document, Raw},
};
use crate::{
    bytes::{ByteSource, FileSource, LeadsOut, wide},
    limits,
};

/// Policies that one policy may extend, directly and through others.
const FILES: usize = 32;

/// A policy that is embedded.
pub(super) struct Bundled {
    pub(super) name: &'static str,
    yaml: &'static str,
    json: &'static str,
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        pub(super) static BUNDLED: &[Bundled] = &[$(Bundled {
            name: $name,
            yaml: include_str!(concat!("../../policies/", $name, ".yaml")),
            json: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")),
        }),*];
    };
}

bundled!("audit", "recommended", "strict");

/// Where a policy came from, and what it may extend.
enum Source<'f> {
    Bundled(&'static Bundled),
    Path(&'f dyn Files, PathBuf),
    /// A text without a place: relative paths lead nowhere.
    Text(&'f str, &'f str),
}

/// Where a policy is.
#[derive(Clone, Copy)]
pub enum PolicyAt<'f> {
    /// In the program, under this name.
    Bundled(&'static str),
    /// In a file.
    File(&'f dyn Files, &'f Path),
}

impl fmt::Debug for PolicyAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyAt").field(&self.name()).finish()
    }
}

impl PolicyAt<'_> {
    /// How reports name it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Bundled(name) => format!("{name} (built in)"),
            Self::File(files, path) => files.name(path),
        }
    }
}

/// Where policy files are read from.
pub trait Files {
    /// The bytes of a file; no more than a policy may have.
    ///
    /// # Errors
    /// Whatever keeps it from being read, in words that go after "cannot be read:".
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Where it really is, so that a file is known again under another name.
    fn real(&self, path: &Path) -> PathBuf;

    /// What people call it.
    fn name(&self, path: &Path) -> String;

    /// What would bring a file there that is not: a command; `None` if nothing is known to.
    fn brought_by(&self, _path: &Path) -> Option<String> {
        None
    }
}

/// Policy files on disk.
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        read(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    }

    fn name(&self, path: &Path) -> String {
        path.to_string_lossy().replace('\\', "/")
    }
}

/// Reads policies, each once: those that are extended come before those that extend them.
pub(super) struct Loader {
    pub(super) raws: Vec<Raw>,
    pub(super) errors: Errors,
    /// What was read, under the names it was read by and under its own.
    pub(super) read: Vec<PathBuf>,
    /// Which of them is which.
    pub(super) ancestry: Ancestry,
    /// Files that are being read, outermost first.
    open: Vec<(PathBuf, String)>,
    /// What has been read, each with its index among `raws`; `None` if it is broken.
    known: Vec<(Id, Option<usize>)>,
}

/// What makes two policies the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Id {
    Bundled(&'static str),
    /// Where the file really is.
    File(PathBuf),
    /// A text that was handed in.
    Text,
}

/// Which of the policies that were read is which.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Ancestry {
    /// How many are the organisation's policy and what it extends: the first ones, it the last of them.
    pub(super) above: usize,
    /// How many names of files were read for them.
    pub(super) files_above: usize,
    /// The repository's own policy.
    pub(super) own: Option<usize>,
    /// The bundled policy that a new policy of the repository would extend.
    pub(super) bundled: Option<&'static str>,
}

impl Loader {
    fn new() -> Self {
        Self {
            raws: Vec::new(),
            read: Vec::new(),
            ancestry: Ancestry::default(),
            errors: Errors::default(),
            open: Vec::new(),
            known: Vec::new(),
        }
    }

    pub(super) fn bundled(bundled: &'static Bundled) -> Self {
        Self::start(&Source::Bundled(bundled))
    }

    pub(super) fn path(from: &dyn Files, path: &Path) -> Self {
        Self::start(&Source::Path(from, path.to_path_buf()))
    }

    pub(super) fn text(name: &str, text: &str) -> Self {
        Self::start(&Source::Text(name, text))
    }

    fn start(source: &Source<'_>) -> Self {
        let mut loader = Self::new();
        loader.ancestry.own = loader.add(source, None);
        if let Source::Bundled(bundled) = source {
            loader.ancestry.bundled = Some(bundled.name);
        }
        loader
    }

    /// Reads a repository's own policy, if it has one, as if the organisation's stood first under its `extends`.
    pub(super) fn below(organisation: PolicyAt<'_>, own: Option<PolicyAt<'_>>) -> Self {
        let mut loader = Self::new();
        let above = loader.add_at(organisation);
        let nearest = loader.known.iter().rev().find_map(|(id, _)| match id {
            Id::Bundled(name) => Some(*name),
            Id::File(_) | Id::Text => None,
        });
        let bundled = match own {
            Some(PolicyAt::Bundled(name)) => Some(name),
            Some(PolicyAt::File(..)) | None => nearest,
        };
        loader.ancestry = Ancestry {
            above: loader.raws.len(),
            files_above: loader.read.len(),
            own: own.and_then(|own| loader.add_at(own)),
            bundled,
        };
        if let (Some(above), Some(own)) = (above, loader.ancestry.own)
            && own > above
            && let Some(raw) = loader.raws.get_mut(own)
        {
            raw.organisation = Some(above);
        }
        loader
    }

    fn add_at(&mut self, at: PolicyAt<'_>) -> Option<usize> {
        match at {
            PolicyAt::Bundled(name) => {
                let bundled = BUNDLED.iter().find(|bundled| bundled.name == name)?;
                self.add(&Source::Bundled(bundled), None)
            }
            PolicyAt::File(files, path) => self.add(&Source::Path(files, path.to_owned()), None),
        }
    }

    /// Reads a policy and what it extends, unless that was done. Where it stands among `raws`; `None` if it is broken.
    fn add(&mut self, source: &Source<'_>, from: Option<&Origin>) -> Option<usize> {
        let id = match source {
            Source::Bundled(bundled) => Id::Bundled(bundled.name),
            Source::Path(files, path) => {
                let real = files.real(path);
                // A file that is not there is one that could come.
                self.read.extend([path.clone(), real.clone()]);
                Id::File(real)
            }
            Source::Text(..) => Id::Text,
        };
        if let Some((_, at)) = self.known.iter().find(|(known, _)| *known == id) {
            return *at;
        }
        let depth = self.open.len();
        let at = self.add_inner(source, from);
        self.open.truncate(depth);
        // A policy that is still being read is the start of a circle, which is said where it closes.
        self.known.push((id, at));
        at
    }

    fn add_inner(&mut self, source: &Source<'_>, from: Option<&Origin>) -> Option<usize> {
        let (file, node) = match source {
            Source::Bundled(bundled) => {
                let file = File::new(format!("{}.yaml (built in)", bundled.name), bundled.yaml);
                let left = Cell::new(0);
                let mut json = serde_json::Deserializer::from_str(bundled.json);
                let node = Reader::new(&left)
                    .deserialize(&mut json)
                    .unwrap_or(Node::Null);
                (file, node)
            }
            Source::Path(files, path) => match self.file(*files, path, from) {
                Some(file) => {
                    let node = self.parse(&file)?;
                    (file, node)
                }
                None => return None,
            },
            Source::Text(name, text) => {
                let file = File::new(*name, text.strip_prefix('\u{feff}').unwrap_or(text));
                let node = self.parse(&file)?;
                (file, node)
            }
        };
        let mut raw = keys::decode(&file, &node, &mut self.errors);
        raw.file = (!matches!(source, Source::Bundled(_))).then(|| Arc::clone(&file));
        for (name, origin) in &raw.extends {
            let extended = self.extend(source, name, origin);
            raw.parents
                .extend(extended.map(|parent| (parent, origin.clone())));
        }
        raw.document = Some(Document { file, root: node });
        self.raws.push(raw);
        self.raws.len().checked_sub(1)
    }

    /// Reads a policy that another extends.
    fn extend(&mut self, by: &Source<'_>, name: &str, origin: &Origin) -> Option<usize> {
        if self.known.len().saturating_add(self.open.len()) >= FILES {
            let message = format!("more than {FILES} policies are extended");
            self.errors
                .of(origin, message, "extend fewer, or merge some of them");
            return None;
        }
        if let Some(bundled) = BUNDLED.iter().find(|bundled| bundled.name == name) {
            return self.add(&Source::Bundled(bundled), Some(origin));
        }
        let extension = Path::new(name)
            .extension()
            .and_then(|extension| extension.to_str());
        if !matches!(extension, Some("yaml" | "yml")) {
            let names: Vec<&str> = BUNDLED.iter().map(|bundled| bundled.name).collect();
            let help = near(name, names.iter().copied()).map_or_else(
                || format!("the bundled policies are {}; a file is named by its path, and ends in .yaml", list(&names)),
                |near| format!("did you mean `{near}`?"),
            );
            self.errors
                .of(origin, format!("there is no policy `{name}`"), help);
            return None;
        }
        let (files, folder): (&dyn Files, _) = match by {
            Source::Path(files, path) if !Path::new(name).is_absolute() => {
                (*files, path.parent().unwrap_or(Path::new("")))
            }
            Source::Path(..) => {
                let message = format!("`{name}` is an absolute path");
                self.errors.of(
                    origin,
                    message,
                    "name it relative to this file: other machines have it elsewhere",
                );
                return None;
            }
            Source::Bundled(_) | Source::Text(..) => (&Disk, Path::new("")),
        };
        self.add(&Source::Path(files, folder.join(name)), Some(origin))
    }

    /// A file's text. `from` is the line that extends it.
    fn file(&mut self, files: &dyn Files, path: &Path, from: Option<&Origin>) -> Option<Arc<File>> {
        let shown = files.name(path);
        let mut fail = |message: String, help: &str| match from {
            Some(origin) => self.errors.of(origin, message, help),
            None => self
                .errors
                .push(|| PolicyError::at(&File::new(shown.as_str(), ""), 0..0, message, help)),
        };
        let real = files.real(path);
        if self.open.iter().any(|(open, _)| *open == real) {
            let mut names: Vec<&str> = self.open.iter().map(|(_, name)| name.as_str()).collect();
            names.push(&shown);
            let message = format!(
                "policies extend each other in a circle: {}",
                names.join(" -> ")
            );
            fail(message, "remove one of the `extends`");
            return None;
        }
        let bytes = match files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let help = match (error.kind(), from) {
                    _ if LeadsOut::is(&error) => {
                        "put the file itself into the repository; a policy from elsewhere is named by `--policy` or `--organisation-policy`"
                    }
                    (io::ErrorKind::FileTooLarge, _) => {
                        "name another file: a policy has some kilobytes, and lists patterns instead of files"
                    }
                    (io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory, _) => {
                        "name a file: a folder, a pipe or a device is no policy"
                    }
                    (_, Some(_)) => "check the path: it is relative to the file that names it",
                    (_, None) => "check the path, and that you may read the file",
                };
                let brings = files.brought_by(path);
                let brings = brings.map(|command| {
                    format!("it is on disk, and only there: `{command}` records it")
                });
                fail(
                    format!("the policy `{shown}` cannot be read: {error}"),
                    brings.as_deref().unwrap_or(help),
                );
                return None;
            }
        };
        if let Some(encoding) = other_encoding(&bytes) {
            fail(
                format!("the policy `{shown}` is in {encoding}, not in UTF-8"),
                &format!("save it as UTF-8: `iconv -f {encoding} -t UTF-8` converts it"),
            );
            return None;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.open.push((real, shown.clone()));
                let path = path.to_string_lossy().replace('\\', "/");
                Some(File::at(path, shown, text))
            }
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = String::from_utf8_lossy(valid)
                    .matches('\n')
                    .count()
                    .saturating_add(1);
                let message = format!(
                    "the policy `{shown}` is not UTF-8: line {line} holds byte {:#04x}",
                    bytes.get(valid.len()).copied().unwrap_or_default()
                );
                fail(message, "save it as UTF-8");
                None
            }
        }
    }

    fn parse(&mut self, file: &Arc<File>) -> Option<Node> {
        if file.text.trim().is_empty() {
            // Without a line to show, the message names the file.
            let message = format!("the policy `{}` is empty", file.name);
            self.errors.push(|| {
                PolicyError::at(
                    file,
                    0..0,
                    message,
                    "write `version: 1` and `extends: recommended`, or remove the file",
                )
            });
            return None;
        }
        if let Some(error) = unreadable(file) {
            self.errors.push(|| error);
            return None;
        }
        let error = match node(&file.text) {
            Ok(node @ Node::Map(_)) => return Some(node),
            Ok(other) => {
                let message = match other {
                    Node::Null => "the policy is empty".to_owned(),
                    _ => format!("the policy must be a mapping, not {}", other.kind()),
                };
                PolicyError::at(file, 0..0, message, "begin it with `version: 1`")
            }
            Err(error) => syntax(file, &error),
        };
        self.errors.push(|| error);
        None
    }
}

/// The value of a YAML text.
pub(super) fn node(text: &str) -> Result<Node, serde_yaml::Error> {
    Reader::new(&Cell::new(0)).deserialize(serde_yaml::Deserializer::from_str(text))
}

/// A file and what YAML makes of it, read as policies are.
///
/// # Errors
/// What keeps it from being read.
pub(super) fn document(path: &Path) -> Result<(Arc<File>, Node), PolicyErrors> {
    let mut loader = Loader::new();
    let file = loader.file(&Disk, path, None);
    let read = file.and_then(|file| {
        let root = loader.parse(&file)?;
        Some((file, root))
    });
    read.ok_or_else(|| loader.errors.finish())
}

/// The encoding of a text that is not UTF-8 but one of its relatives: by its mark, or by the zeros between its letters.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [1..=255, 0, 1..=255, 0, ..] => Some("UTF-16LE"),
        [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

/// Brackets that may be open at once. The YAML parser looks at all of them with each word.
const BRACKETS: usize = 200;

/// What the YAML parser has no good words for, or takes too long over.
fn unreadable(file: &File) -> Option<PolicyError> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    if let Some((at, c)) = file.text.char_indices().find(|(_, c)| is_control(*c)) {
        return Some(PolicyError::at(
            file,
            at..at.saturating_add(c.len_utf8()),
            format!("the policy has a control character, U+{:04X}", u32::from(c)),
            "remove it",
        ));
    }
    let mut start: usize = 0;
    for line in file.text.split_inclusive('\n') {
        let of_line = start;
        start = start.saturating_add(line.len());
        if ["<<<<<<< ", ">>>>>>> "]
            .iter()
            .any(|it| line.starts_with(it))
        {
            return Some(PolicyError::at(
                file,
                file.one_line(of_line..file.text.len()),
                "the policy has a merge conflict",
                "keep what is right of both sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            ));
        }
    }
    nesting::too_deep(&file.text, BRACKETS).map(|at| {
        PolicyError::at(
            file,
            at..at.saturating_add(1),
            format!("more than {BRACKETS} brackets are open here"),
            "close them: a policy needs no more than seven levels",
        )
    })
}

/// What the YAML parser says, in the words of somebody who wants to mend it.
fn syntax(file: &File, error: &serde_yaml::Error) -> PolicyError {
    let said = error.to_string();
    let at = error
        .location()
        .map_or(0, |location| location.index())
        .min(file.text.len());
    let at = (0..=at)
        .rev()
        .find(|at| file.text.is_char_boundary(*at))
        .unwrap_or(0);
    let (before, after) = file.text.split_at_checked(at).unwrap_or_default();
    // The parser stands behind the `*` of what it takes for an alias.
    let star = before
        .rfind('*')
        .filter(|star| star.saturating_add(1) == at);
    let said = said.split(" at line ").next().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let invalid = |said: &str| format!("the policy is not valid YAML: {said}");
    let (at, message, help) = if star.is_some() || has(&["unknown anchor"]) {
        let help =
            "put a pattern that begins with `*` in quotes: to YAML it is the name of an anchor";
        (star.unwrap_or(at), invalid(said), help)
    } else if has(&["more than one document"]) {
        let second = second_document(&file.text).unwrap_or(at);
        (
            second,
            "the policy has more than one document".to_owned(),
            "keep one document: remove the `---` in the middle",
        )
    } else if has(&["repetition limit", "aliases counted"]) {
        (
            at,
            invalid(said),
            "write the values out instead of repeating aliases",
        )
    } else if has(&["values are nested"]) {
        let said = said.rsplit(": ").next().unwrap_or_default();
        (
            at,
            said.to_owned(),
            "remove levels: a policy needs no more than seven",
        )
    } else if has(&["expected a string"]) {
        let help = "write `key: value`; a text that begins with `[` or `{` needs quotes";
        (at, "a key of the policy is not a text".to_owned(), help)
    } else if has(&["expected whitespace or line break", "tag", "enum"]) {
        let help = "remove the tag (`!...`), or put a text that begins with `!` in quotes";
        (at, invalid(said), help)
    } else if after.starts_with(['@', '`', '%']) {
        let help = "put the value in quotes: YAML reserves this character at the beginning of one";
        (at, invalid(said), help)
    } else if has(&["mapping values are not allowed"]) {
        let help = "put a text that contains `: ` in quotes, or correct the indentation";
        (at, invalid(said), help)
    } else if has(&["unexpected end of stream"]) || after.trim().is_empty() {
        let help = "close what is open: a quote, a `[` or a `{`";
        (at, invalid(said), help)
    } else if is_indented_by_tab(&file.text) {
        (
            at,
            invalid(said),
            "indent with spaces: YAML does not allow tabs",
        )
    } else {
        let help =
            "check the indentation, the quotes and the colons of this line and the one before";
        (at, invalid(said), help)
    };
    let range = file.one_line(at..file.text.len());
    PolicyError::at(file, range, message, help)
}

fn is_indented_by_tab(text: &str) -> bool {
    let mut lines = text.lines();
    lines.any(|line| line.trim_start_matches(' ').starts_with('\t'))
}

/// Where the second document of a text begins.
fn second_document(text: &str) -> Option<usize> {
    let is_mark = |line: &str| matches!(line.strip_prefix("---"), Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace));
    let mut start: usize = 0;
    let mut has_begun = false;
    for line in text.split_inclusive('\n') {
        if is_mark(line) && has_begun {
            return Some(start);
        }
        let is_content = !line.trim().is_empty() && !line.starts_with(['#', '%']);
        has_begun |= is_content;
        start = start.saturating_add(line.len());
    }
    None
}

/// The bytes of a file, if it is no larger than a policy may be, and no link leads out of a work tree to it.
///
/// # Errors
/// Whatever keeps it from being read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source = FileSource::open_in_work_tree(path)?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let n = source.read_at(wide(bytes.len()), &mut chunk)?;
        if n == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(chunk.get(..n).unwrap_or_default());
        if wide(bytes.len()) > limits::POLICY_BYTES {
            let message = format!("it is larger than {} bytes", limits::POLICY_BYTES);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
    }
}
