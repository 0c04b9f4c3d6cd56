//! Files that a loader opens beside the one that it is given: whether they are there, and long enough.

use std::collections::BTreeMap;

use crate::fact::{ContentFacts, Entry, Fact, FileRole, Hop, Site, Text};

/// A file that the loader of an entry opens as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Its path in the view.
    pub path: Vec<u8>,
    /// Where the last byte ends that is read of it, as far as the entry says.
    pub end: u64,
    /// Where the entry names it.
    pub site: Site,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Nobody knows.
    Unknown,
    /// Nothing.
    No,
    /// Something, of this length if it is known.
    Yes(Option<u64>),
}

/// What is missing of the files that the loader of an entry opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet<'a> {
    /// The path of the entry.
    pub path: &'a Text,
    /// Where the first of these files is named.
    pub site: Site,
    /// How many files its loader opens.
    pub of: usize,
    /// What is missing.
    pub lack: Lack,
}

/// What is missing of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// All of these: the paths, in their order. Never empty.
    Files(Vec<Text>),
    /// The end of one.
    Bytes {
        /// Its path.
        path: Text,
        /// Where the last byte ends that is read.
        end: u64,
        /// How many bytes it has.
        has: u64,
    },
}

impl Needed {
    /// The files that the loader of an entry opens, each once, in the order of their paths. What the history of a file held is not
    /// compared with its neighbours at that time.
    pub fn all(entry: &Entry, facts: &ContentFacts) -> Vec<Self> {
        if entry.introduced_by.is_some() {
            return Vec::new();
        }
        // A path in an archive is looked up there.
        let in_file = |hop: &Hop| matches!(hop, Hop::Stream(_) | Hop::Key(_));
        let mut all: BTreeMap<Vec<u8>, Self> = BTreeMap::new();
        for observation in &facts.observations {
            let Fact::FileReference(reference) = &observation.fact else {
                continue;
            };
            let site = &observation.site;
            if reference.role != FileRole::Weights || !site.hops.iter().all(in_file) {
                continue;
            }
            let Some(path) = reference.path_beside(entry.path.as_bytes()) else {
                continue;
            };
            let needed = all.entry(path.clone()).or_insert_with(|| Self {
                path,
                end: 0,
                site: site.clone(),
            });
            needed.end = needed.end.max(reference.end);
        }
        all.into_values().collect()
    }
}

/// What is missing of the files that the loader of the entry at a path opens.
pub(super) fn unmet<'a>(
    path: &'a Text,
    needed: Vec<Needed>,
    there: &mut dyn FnMut(&[u8]) -> There,
) -> Vec<Unmet<'a>> {
    let of = needed.len();
    let (mut missing, mut short) = (Vec::new(), Vec::new());
    let mut first = None;
    for needed in needed {
        let Needed {
            path: of_file,
            end,
            site,
        } = needed;
        match there(&of_file) {
            There::No => {
                first.get_or_insert(site);
                missing.push(Text::new(of_file));
            }
            There::Yes(Some(has)) if has < end => short.push(Unmet {
                path,
                site,
                of,
                lack: Lack::Bytes {
                    path: Text::new(of_file),
                    end,
                    has,
                },
            }),
            There::Yes(_) | There::Unknown => {}
        }
    }
    let missing = first.map(|site| Unmet {
        path,
        site,
        of,
        lack: Lack::Files(missing),
    });
    missing.into_iter().chain(short).collect()
}
