//! Pins: the lock file of a view is found and read, each entry is compared with its pin, and what all come to is put together for
//! the rules over the run.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::{
    bytes::{ByteSource as _, FileSource, LeadsOut, Window},
    error::{Error, PolicyErrors},
    fact::{Circumstances, ContentFacts, Entry, Fact, Global, Observation, Text},
    finding::Level,
    format::{self, Runs},
    git::{Item, View},
    inventory::{self, Artifact},
    limits,
    link::{Index, Load},
    pins::{
        Changed, ChangedLock, Gone, Lock, LockChange, LockEdit, Pin, PinBook, PinReport, Unpinned,
        edits,
    },
    policy::{PLACES, Policy, PolicyError, Scope},
    rule,
    verdict::{PinState, Weighed},
};

/// Finds the lock file of a view, and gives the policy its pins. Pinned files that git ignores become part of a view of all files:
/// somebody said that they count.
///
/// # Errors
/// A lock file that cannot be read, here or in the change.
pub(super) fn find(view: &mut View, policy: Policy, is_asked: bool) -> Result<Policy, Error> {
    let path = PathBuf::from(policy.lock_path());
    let files = view.policy_files();
    let name = match files.state() {
        Some(state) => format!("{} {state}", policy.lock_path()),
        None => policy.lock_path().to_owned(),
    };
    let is_link = files.state().is_some() && files.resolve(&path) != path;
    let bytes = match files.state() {
        Some(_) if is_link => Err(io::Error::other("it is a symbolic link")),
        Some(_) => optional(files.read_up_to(&path, limits::Id::LOCK_BYTES)),
        None if is_asked => optional(on_disk(&view.root.join(&path))),
        None => Ok(None),
    };
    let lock = parsed(&name, bytes)?;
    let change = match view.lock_files().both_sides(&path) {
        Ok(None) => None,
        Ok(Some(sides)) => Some(LockChange {
            // What cannot be read where the change begins is reported there, and pins nothing.
            before: parsed(&name, Ok(sides.before))
                .ok()
                .flatten()
                .unwrap_or_default(),
            after: parsed(
                &format!("{} in the change", policy.lock_path()),
                Ok(sides.after),
            )?
            .unwrap_or_default(),
            by_author: files.is_index(),
        }),
        Err(error) => return Err(unreadable(&name, &error)),
    };
    let mut book = PinBook::new(name, Text::from(policy.lock_path()), lock, change);
    // Elsewhere a pin is wanted only of a folder that has a lock file, or a policy of its own.
    let places: Vec<PathBuf> = PLACES.iter().map(|it| view.root.join(it)).collect();
    let has_own_policy = policy.files().iter().any(|file| places.contains(file));
    book.asked = view.is_repository() || is_asked && (book.exists() || has_own_policy);
    if let Some(lock) = book.lock()
        && view.is_whole()
        && view.is_on_disk()
    {
        let missing = lock.pins().iter().map(|pin| &pin.path);
        let missing: Vec<Text> = missing
            .filter(|path| !view.has_item(path))
            .cloned()
            .collect();
        if !missing.is_empty() {
            view.add_ignored(&missing);
        }
    }
    Ok(policy.with_pins(book))
}

/// The bytes of a lock file or a baseline on disk.
///
/// # Errors
/// Whatever opening it answers; a link: it could lead out of the repository, and its content would be quoted.
pub fn on_disk(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    let source = FileSource::open_in_work_tree(path)?;
    let length = source.len();
    if length > limits::LOCK_BYTES {
        let message = format!("it is larger than {} bytes", limits::LOCK_BYTES);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Window::new(source).bytes_at(0, crate::bytes::narrow(length))
}

/// Whether a file could not be read because there is none.
pub(super) fn is_not_there(error: &io::Error) -> bool {
    let is_absent = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    );
    is_absent && !LeadsOut::is(error)
}

/// What is there, or nothing.
fn optional(read: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_not_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The pins of a lock file that was read.
///
/// # Errors
/// What is wrong with it, each error at its line.
pub(super) fn parsed(
    name: &str,
    bytes: io::Result<Option<Vec<u8>>>,
) -> Result<Option<Lock>, Error> {
    let bytes = match bytes {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) => return Err(unreadable(name, &error)),
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let message = "the lock file is not UTF-8";
            let help = "restore it from git, or delete it and run `weighbridge freeze`";
            let error = PolicyError::in_text(name, &text, valid..valid, message, help);
            return Err(PolicyErrors(vec![error]).into());
        }
    };
    match Lock::parse(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
        Ok(lock) => Ok(Some(lock)),
        Err(errors) => {
            let errors = errors.into_iter().map(|error| {
                PolicyError::in_text(name, &text, error.range, error.message, error.help)
            });
            Err(PolicyErrors(errors.collect()).into())
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    let message = format!("the lock file `{name}` cannot be read: {error}");
    let help = "it must be a file in the repository";
    PolicyErrors(vec![PolicyError::in_text(name, "", 0..0, message, help)]).into()
}

/// What comparing one entry with its pin came to, if there is something to say.
#[derive(Debug)]
pub(super) enum PinNote {
    /// It is pinned, and these are not the bytes that were.
    Changed(Option<Box<Pin>>),
    /// It is an artifact without a pin.
    Unpinned {
        /// Whether the policy wants one.
        required: bool,
        /// Whether it can run code.
        executable: bool,
        /// How many bytes it has: it may be a pinned file under another name if they are as many.
        size: u64,
        /// Its digest, where it is known without reading it.
        sha256: Option<String>,
    },
}

/// How it is found out which bytes an entry has.
pub(super) struct Identity<'a> {
    /// Whether it is what a change leaves at its path.
    pub(super) is_last: &'a dyn Fn() -> bool,
    /// Whether it is known to have this sha256.
    pub(super) holds: &'a dyn Fn(&str) -> bool,
    /// The sha256 that it says of itself: a pointer to bytes that are kept elsewhere does.
    pub(super) declared: &'a dyn Fn() -> Option<String>,
    /// Its sha256, which may take as long as all of it takes to be read.
    pub(super) sha256: &'a dyn Fn() -> Option<String>,
}

/// Compares an entry with its pin. Only what is pinned is read whole for its digest.
pub(super) fn compare(
    item: &Item,
    (facts, circumstances): (&ContentFacts, &Circumstances),
    policy: &Policy,
    scope: &Scope,
    is_artifact: bool,
    identity: &Identity<'_>,
) -> Option<PinNote> {
    let book = policy.pins()?;
    if item.is_object() {
        return None;
    }
    let pin = book.pin(&item.entry.path);
    // Of the versions in a history, one is pinned: the one that what is pushed ends with.
    if item.entry.introduced_by.is_some() && (pin.is_none() || !(identity.is_last)()) {
        return None;
    }
    if let Some(pin) = pin {
        if (identity.holds)(&pin.sha256) {
            return None;
        }
        let digest = (identity.sha256)();
        if digest.as_ref() == Some(&pin.sha256) {
            return None;
        }
        let now = digest.map(|digest| {
            let artifact = inventory::artifact(&item.entry, facts, circumstances, scope);
            Box::new(pin_of(&artifact, digest))
        });
        return Some(PinNote::Changed(now));
    }
    if !is_artifact {
        return None;
    }
    let required = scope.pins();
    let executable = book.asked && is_executable(circumstances.observations(facts), scope);
    let required = book.asked && required.asks(executable);
    let size = circumstances.size(facts);
    if !required && !book.may_be_renamed(size) {
        return None;
    }
    Some(PinNote::Unpinned {
        required,
        executable,
        size,
        sha256: (identity.declared)(),
    })
}

/// What the lock file says of one file; `None` where there is none.
pub(super) fn state(
    path: &Text,
    policy: &Policy,
    sha256: impl FnOnce() -> Option<String>,
) -> Option<PinState> {
    let book = policy.pins().filter(|book| book.exists())?;
    let Some(pin) = book.pin(path) else {
        return Some(PinState::NotPinned(book.name.clone()));
    };
    let line = rule::pinned_at(&book.name, pin);
    let holds = sha256().as_ref() == Some(&pin.sha256);
    Some(if holds {
        PinState::Pinned(line)
    } else {
        PinState::Changed(line)
    })
}

/// Whether the lock file pins the bytes of an entry; `None` where there is none, or its sha256 is not known. In a history a path has
/// several contents, which are not all compared.
pub(super) fn is_pinned(
    entry: &Entry,
    policy: &Policy,
    note: Option<&PinNote>,
    sha256: Option<&str>,
) -> Option<bool> {
    let book = policy.pins().filter(|book| book.exists())?;
    let pin = book.pin(&entry.path);
    match (pin, sha256) {
        (None, _) => Some(false),
        (Some(pin), Some(sha256)) if entry.introduced_by.is_some() => Some(pin.sha256 == sha256),
        (Some(_), None) if entry.introduced_by.is_some() => None,
        (Some(_), _) => Some(note.is_none()),
    }
}

/// Whether loading can run code, or resolve what no pack of the policy lists as data.
pub(super) fn is_executable<'a>(
    observations: impl Iterator<Item = &'a Observation>,
    scope: &Scope,
) -> bool {
    let mut observations = observations;
    observations.any(|observation| match &observation.fact {
        Fact::Is(id) => format::by_id(id.as_str()).is_some_and(|format| format.runs == Runs::Code),
        Fact::Global {
            global: Global::Named(name),
            usage,
        } => !scope.is_data(name, *usage),
        Fact::Global {
            global: Global::Unresolved(_),
            ..
        }
        | Fact::CodeByValue(_)
        | Fact::Native(_)
        | Fact::Extension { .. } => true,
        _ => false,
    })
}

/// The pin of an artifact with a digest. The calls that load it are not known yet.
pub(super) fn pin_of(artifact: &Artifact, sha256: String) -> Pin {
    let mut globals: Vec<Text> = artifact
        .globals
        .iter()
        .map(|global| match global {
            Global::Named(name) => {
                let (module, name) = (name.module.as_bytes(), name.name.as_bytes());
                // As a policy spells it: a name with dots is parted from its module by a colon.
                let colon: &[u8] = if name.contains(&b'.') { b":" } else { b"." };
                Text::new([module, colon, name].concat())
            }
            unresolved @ Global::Unresolved(_) => Text::from(unresolved.to_string()),
        })
        .collect();
    globals.sort_unstable();
    globals.dedup();
    let more = globals.len().saturating_sub(limits::PIN_GLOBALS);
    globals.truncate(limits::PIN_GLOBALS);
    Pin {
        path: artifact.path.clone(),
        sha256,
        size: artifact.size,
        formats: artifact.formats.clone(),
        globals,
        more_globals: crate::bytes::wide(more),
        loaded_by: call_sites(&artifact.loaded_by),
        line: 0,
    }
}

/// The calls that load an artifact, as a lock file spells them: without lines, which move.
fn call_sites(loads: &[Load]) -> Vec<Text> {
    let mut sites: Vec<Text> = loads
        .iter()
        .map(|load| {
            let mut site = [load.callee.as_bytes(), b" in ", load.source.as_bytes()].concat();
            if let Some(around) = &load.around {
                site.push(b':');
                site.extend_from_slice(around.as_bytes());
            }
            Text::new(site)
        })
        .collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// What the entries of a view came to, beside each other.
#[derive(Debug, Default)]
pub(super) struct PinNotes(Vec<(usize, PinNote)>);

impl PinNotes {
    pub(super) fn take(&mut self, at: usize, note: Option<PinNote>) {
        self.0.extend(note.map(|note| (at, note)));
    }

    pub(super) fn and(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Completes the notes with the calls that load each artifact. Only where all sources were read are they known.
    pub(super) fn add_loads(&mut self, view: &View, index: &Index<'_>, policy: &Policy) {
        self.0.sort_by_key(|(at, _)| *at);
        for (at, note) in &mut self.0 {
            let (PinNote::Changed(Some(now)), Some(book)) = (note, policy.pins()) else {
                continue;
            };
            now.loaded_by = if view.is_whole() {
                call_sites(index.loads_of(&now.path))
            } else {
                let pin = view
                    .items
                    .get(*at)
                    .and_then(|item| book.pin(&item.entry.path));
                pin.map(|pin| pin.loaded_by.clone()).unwrap_or_default()
            };
        }
    }

    /// What comparing the view with the lock file came to. `refused` tells the items that something refuses already: they are not to
    /// be pinned before that is settled. `digest` reads an item whole: only one that may be a pinned file under another name, whose
    /// own file is gone.
    pub(super) fn report<'a>(
        &'a self,
        view: &'a View,
        policy: &'a Policy,
        is_refused: impl Fn(usize) -> bool,
        digest: impl Fn(&Item) -> Option<String>,
    ) -> PinReport<'a> {
        let Some(book) = policy.pins() else {
            return PinReport::default();
        };
        let mut report = PinReport {
            name: book.name.clone(),
            path: book.path.clone(),
            exists: book.exists(),
            ..PinReport::default()
        };
        let gone = gone(view, book);
        let mut by_digest: BTreeMap<&str, &Pin> = BTreeMap::new();
        for pin in &gone {
            by_digest.entry(&pin.sha256).or_insert(pin);
        }
        let mut renamed: BTreeMap<&Text, &Text> = BTreeMap::new();
        for (at, note) in &self.0 {
            let Some(item) = view.items.get(*at) else {
                continue;
            };
            let entry: &Entry = &item.entry;
            match note {
                // What is refused because it is not here is not refused a second time for having no digest.
                PinNote::Changed(None) if is_refused(*at) => {}
                PinNote::Changed(now) => {
                    if let Some(pin) = book.pin(&entry.path) {
                        report.changed.push(Changed {
                            entry,
                            pin,
                            now: now.as_deref(),
                        });
                    }
                }
                PinNote::Unpinned {
                    required,
                    executable,
                    size,
                    sha256,
                } => {
                    let mut sizes = gone.iter().map(|pin| pin.size);
                    let sha256 = sizes
                        .any(|gone| gone == *size)
                        .then(|| sha256.clone().or_else(|| digest(item)))
                        .flatten();
                    let old = sha256.as_deref().and_then(|digest| by_digest.get(digest));
                    if let Some(pin) = old.filter(|pin| !renamed.contains_key(&pin.path)) {
                        renamed.insert(&pin.path, &entry.path);
                    } else if *required && !is_refused(*at) {
                        report.unpinned.push(Unpinned {
                            entry,
                            executable: *executable,
                        });
                    }
                }
            }
        }
        report.gone = gone
            .into_iter()
            .map(|pin| Gone {
                pin,
                renamed_to: renamed.get(&pin.path).copied(),
                kept_by: kept_by(view, &pin.path),
            })
            .collect();
        report.edits = changed_lock(view, book);
        report
    }
}

/// Whether a finding refuses an entry.
pub(super) fn refuses(weighed: &Weighed) -> bool {
    let mut findings = weighed.findings.iter();
    findings.any(|finding| finding.is_active() && finding.level == Level::Deny)
}

/// The pins of which the file is gone.
fn gone<'a>(view: &View, book: &'a PinBook) -> Vec<&'a Pin> {
    let lock = book
        .change()
        .map(|change| &change.after)
        .or_else(|| book.lock());
    let Some(lock) = lock else {
        return Vec::new();
    };
    // What cannot be looked up is not known to be gone.
    let gone = view
        .lock_files()
        .missing(lock.pins().iter().map(|pin| &pin.path));
    let gone = gone.unwrap_or_default();
    lock.pins()
        .iter()
        .filter(|pin| gone.contains(&pin.path))
        .collect()
}

/// The file beside a missing one that says where its bytes are kept.
fn kept_by(view: &View, path: &Text) -> Option<Text> {
    let dvc = Text::new([path.as_bytes(), b".dvc"].concat());
    view.has_item(&dvc).then_some(dvc)
}

/// What the view's change does to the lock file. A pin that is removed with its file loosens nothing.
fn changed_lock<'a>(view: &View, book: &'a PinBook) -> Option<ChangedLock<'a>> {
    let change = book.change()?;
    let all = edits(&change.before, &change.after);
    let removed = all.iter().filter_map(|edit| match edit {
        LockEdit::Removed(pin) => Some(&pin.path),
        LockEdit::Added(_) | LockEdit::Changed { .. } => None,
    });
    let deleted = view.lock_files().missing(removed).unwrap_or_default();
    let edits = all
        .iter()
        .copied()
        .filter(|edit| !(matches!(edit, LockEdit::Removed(_)) && deleted.contains(edit.path())))
        .collect();
    Some(ChangedLock {
        edits,
        by_author: change.by_author,
    })
}
