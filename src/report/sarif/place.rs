//! Where things are, in SARIF's words: files as URIs relative to the root, text as regions, and what stands inside an archive
//! or a pickle as logical locations, each with what it stands in.

use std::{collections::BTreeMap, fmt::Write as _};

use super::log::{
    ArtifactLocation, Location, LogicalLocation, LogicalReference, Message, PhysicalLocation,
    Region,
};
use crate::{
    fact::{Excerpt, Hop, Place, Site, Text},
    finding::{self, Edit, Finding, LineRef, Subject},
    report::PathSpelling,
};

/// The name of the root of what is checked.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A path as a URI reference: only what RFC 3986 never gives a meaning stays as it is, and `/`. A name that is not UTF-8
/// keeps its bytes.
pub(in crate::report) fn uri(path: &Text) -> String {
    let mut uri = String::with_capacity(path.as_bytes().len());
    for byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The files and the places inside them that a log names, each once, in the order in which they are first named.
#[derive(Debug, Default)]
pub(super) struct Places {
    files: BTreeMap<Text, usize>,
    paths: Vec<Text>,
    inside: BTreeMap<String, usize>,
    pub(super) logical: Vec<LogicalLocation>,
}

impl Places {
    /// Notes the file and the places inside it that lead to a finding.
    pub(super) fn note(&mut self, finding: &Finding) {
        if !self.files.contains_key(&finding.primary.path) {
            self.files
                .insert(finding.primary.path.clone(), self.paths.len());
            self.paths.push(finding.primary.path.clone());
        }
        let mut parent = None;
        for (name, full, kind) in steps(finding) {
            let known = self.inside.get(&full).copied();
            parent = Some(known.unwrap_or_else(|| {
                let at = self.logical.len();
                self.inside.insert(full.clone(), at);
                self.logical.push(LogicalLocation {
                    name,
                    fully_qualified_name: full,
                    kind,
                    parent_index: parent,
                });
                at
            }));
        }
    }

    /// The files, in order.
    pub(super) fn files(&self) -> &[Text] {
        &self.paths
    }

    pub(super) fn file(&self, path: &Text) -> ArtifactLocation {
        ArtifactLocation {
            uri: uri(path),
            uri_base_id: ROOT,
            index: self.files.get(path).copied(),
        }
    }

    /// Where a finding is. Services want a line even of what has none: it is the first.
    pub(super) fn location(&self, finding: &Finding) -> Location {
        let logical = steps(finding).pop().and_then(|(_, full, _)| {
            let index = *self.inside.get(&full)?;
            Some(LogicalReference {
                index,
                fully_qualified_name: full,
            })
        });
        Location {
            logical_locations: logical.into_iter().collect(),
            ..self.physical(&finding.primary)
        }
    }

    /// A place that explains a finding.
    pub(super) fn related(&self, location: &finding::Location) -> Location {
        let text = match location.site.to_string() {
            site if site.is_empty() || matches!(location.site.at, Place::Span { .. }) => {
                location.label.clone()
            }
            site => format!("{} ({site})", location.label),
        };
        Location {
            message: Some(Message::plain(super::sentence(&text))),
            ..self.physical(location)
        }
    }

    fn physical(&self, location: &finding::Location) -> Location {
        let region = region(&location.site);
        let excerpt = location.excerpt.as_ref();
        let excerpt = excerpt.filter(|_| location.site.hops.is_empty());
        let context_region = excerpt.and_then(|excerpt| around(&region, excerpt));
        let snippet = excerpt.and_then(|excerpt| exact(&region, excerpt));
        Location {
            physical_location: Some(PhysicalLocation {
                artifact_location: self.file(&location.path),
                region: Region {
                    snippet: snippet.map(Message::plain),
                    ..region
                },
                context_region,
            }),
            ..Location::default()
        }
    }
}

/// The steps from a file to what a finding is about: name, full name, kind. None for a line of a text.
fn steps(finding: &Finding) -> Vec<(String, String, &'static str)> {
    let mut steps = Vec::new();
    let mut full = finding.primary.path.to_string();
    for (i, hop) in finding.primary.site.hops.iter().enumerate() {
        let name = Site {
            hops: vec![hop.clone()],
            at: Place::Whole,
        };
        let name = name.to_string();
        full.push(if i == 0 { '!' } else { '>' });
        full.push_str(&name);
        let kind = match hop {
            Hop::Member { .. } | Hop::Stream(_) | Hop::From(_) => "resource",
            Hop::Constant(_) => "value",
            Hop::Key(_) => "property",
            Hop::Cell(_) => "element",
        };
        steps.push((name, full.clone(), kind));
    }
    let offset = match finding.primary.site.at {
        Place::Bytes { start, .. } => start,
        Place::Opcode { offset, .. } => offset,
        Place::Whole | Place::Span { .. } => return steps,
    };
    let name = match &finding.subject {
        Subject::Artifact => finding.rule.id.to_owned(),
        subject => subject.to_string(),
    };
    let _ = write!(full, "@{offset:#x}: {name}");
    steps.push((name, full, "element"));
    steps
}

/// A site in the text or the bytes of its file. What stands inside a member of an archive has no bytes of its own there.
fn region(site: &Site) -> Region {
    let first = Region {
        start_line: Some(1),
        ..Region::default()
    };
    // Offsets count from what the last hop other than a stream led to.
    let base = site.hops.iter().try_fold(0_u64, |base, hop| match hop {
        Hop::Stream(_) => Some(base),
        Hop::From(offset) => base.checked_add(*offset),
        Hop::Member { .. } | Hop::Constant(_) | Hop::Cell(_) | Hop::Key(_) => None,
    });
    match (&site.at, base) {
        (
            Place::Span {
                line,
                column,
                end_line,
                end_column,
            },
            Some(0),
        ) => Region {
            start_line: Some(*line),
            start_column: Some(*column),
            end_line: Some(*end_line),
            end_column: Some(*end_column),
            ..Region::default()
        },
        (Place::Bytes { start, end }, Some(base)) => Region {
            byte_offset: base.checked_add(*start),
            byte_length: end.checked_sub(*start),
            ..first
        },
        (Place::Opcode { offset, .. }, Some(base)) => Region {
            byte_offset: base.checked_add(*offset),
            byte_length: Some(1),
            ..first
        },
        _ => first,
    }
}

/// The lines of an excerpt as the region around another, if they hold all of it and more.
fn around(region: &Region, excerpt: &Excerpt) -> Option<Region> {
    let first = excerpt.first_line?;
    let lines = u32::try_from(excerpt.text.split('\n').count()).ok()?;
    let last = first.checked_add(lines)?.checked_sub(1)?;
    let (start, end) = (region.start_line?, region.end_line?);
    let holds = first <= start && end <= last;
    (holds && (first < start || end < last)).then(|| Region {
        start_line: Some(first),
        end_line: Some(last),
        snippet: Some(Message::plain(excerpt.text.clone())),
        ..Region::default()
    })
}

/// The exact text of a region, if its excerpt shows all of it as it is: not cut, nothing escaped.
fn exact(region: &Region, excerpt: &Excerpt) -> Option<String> {
    let (start, end) = (region.start_line?, region.end_line?);
    let (from, to) = (region.start_column?, region.end_column?);
    let skip = usize::try_from(start.checked_sub(excerpt.first_line?)?).ok()?;
    let wanted = usize::try_from(end.checked_sub(start)?)
        .ok()?
        .checked_add(1)?;
    let lines: Vec<&str> = excerpt.text.split('\n').skip(skip).take(wanted).collect();
    let as_it_is = |line: &&str| !line.contains(['\\', '…']) && !line.contains("...");
    if lines.len() != wanted || !lines.iter().all(as_it_is) {
        return None;
    }
    let column = |line: &str, column: u32| {
        let n = usize::try_from(column.checked_sub(1)?).ok()?;
        let ends = line.char_indices().map(|(at, _)| at);
        ends.chain(std::iter::once(line.len())).nth(n)
    };
    let stop = column(lines.last()?, to)?;
    let start = column(lines.first()?, from)?;
    let mut text = lines.join("\n");
    let beyond = lines.last()?.len().checked_sub(stop)?;
    text.truncate(text.len().checked_sub(beyond)?);
    text.get(start..).map(str::to_owned)
}

/// The region that an edit replaces.
pub(super) fn edited(edit: &Edit) -> Region {
    Region {
        start_line: Some(edit.start.0),
        start_column: Some(edit.start.1),
        end_line: Some(edit.end.0),
        end_column: Some(edit.end.1),
        ..Region::default()
    }
}

/// Whether a policy's name is that of a file of the view: what is built in or was recorded elsewhere says so after its path.
fn is_file(name: &str) -> bool {
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| ["yaml", "yml"].contains(&suffix))
}

/// A line of a policy: a place in a file below the root, or else only its name.
pub(super) fn policy_line(line: &LineRef, paths: &PathSpelling) -> Location {
    let path = paths.below_root(&line.file).filter(|_| is_file(&line.file));
    let text = if line.label.is_empty() {
        format!("{}:{}", line.file, line.line)
    } else {
        format!("{}:{}: {}", line.file, line.line, line.label)
    };
    Location {
        physical_location: path.map(|path| PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: uri(&path),
                uri_base_id: ROOT,
                index: None,
            },
            region: Region {
                start_line: Some(line.line),
                snippet: Some(Message::plain(line.text.clone())),
                ..Region::default()
            },
            context_region: None,
        }),
        message: Some(Message::plain(super::sentence(&text))),
        ..Location::default()
    }
}
