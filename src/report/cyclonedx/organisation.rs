//! The bill of an organisation: its repositories, and the artifacts that they hold. The same content is one component, however many
//! repositories have it under however many names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    Bom, Component, Composition, Evidence, GLOBALS, Hash, Levels, Occurrence, ROOT, dependencies,
    kind, levels, of_library, property, uri,
};
use crate::{fact::Text, finding::Level, inventory::Artifact, verdict::Report};

/// Places that are listed of one content; all are counted.
const PLACES: usize = 200;

/// A bill in the making. Repositories are added one after another.
#[derive(Debug, Default)]
pub struct Bill {
    repositories: Vec<Component>,
    contents: BTreeMap<String, Content>,
    libraries: BTreeMap<String, Component>,
    needs: BTreeMap<String, BTreeSet<String>>,
    /// Repositories of which all, something or nothing is known.
    known: [Vec<String>; 3],
}

/// A content, wherever it is.
#[derive(Debug)]
struct Content {
    name: String,
    kind: &'static str,
    size: u64,
    formats: Vec<String>,
    globals: Vec<String>,
    all_globals: usize,
    sha256: Option<String>,
    places: Vec<String>,
    all_places: usize,
    worst: Level,
    is_executable: bool,
    /// Whether every place where somebody pins files pins it; `None` where nobody does.
    is_pinned: Option<bool>,
    /// Whether it is in no newest commit any more.
    is_gone: bool,
}

/// How much is known of what a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// All.
    Complete,
    /// Something is missing.
    Partial,
    /// Nothing.
    None,
}

impl Bill {
    /// Adds a repository, known by its location and what was asked for of it, with what it holds.
    pub fn add(&mut self, name: &str, commit: Option<&str>, known: Knowledge, report: &Report) {
        let of = format!("repository:{}", uri(&Text::from(name)));
        let levels = levels(report);
        let mut held = BTreeSet::new();
        for artifact in &report.artifacts {
            held.insert(self.content(name, artifact, &levels));
        }
        self.needs.insert(of.clone(), held);
        let (status, place) = match known {
            Knowledge::Complete => ("complete", 0),
            Knowledge::Partial => ("partial", 1),
            Knowledge::None => ("unknown", 2),
        };
        if let Some(place) = self.known.get_mut(place) {
            place.push(of.clone());
        }
        self.repositories.push(Component {
            kind: "application",
            bom_ref: of,
            name: Text::from(name).to_string(),
            version: commit.map(str::to_owned),
            properties: vec![property("weighbridge:status", status)],
            ..Component::default()
        });
    }

    /// Adds an artifact of a repository; returns what its content is referred to by.
    fn content(&mut self, repository: &str, artifact: &Artifact, levels: &Levels<'_>) -> String {
        let introduction = artifact.introduced_by.as_deref();
        let commit = introduction.map(|it| it.commit.id.as_str());
        let mut of = String::from("artifact:");
        if let Some(sha256) = &artifact.sha256 {
            let _ = write!(of, "sha256:{sha256}");
        } else {
            // What is not here is known by its place alone.
            let _ = write!(
                of,
                "{}/{}",
                uri(&Text::from(repository)),
                uri(&artifact.path)
            );
            if let Some(commit) = commit {
                let _ = write!(of, "@{commit}");
            }
        }
        let place = format!("{}/{}", Text::from(repository), artifact.path);
        let worst = levels.get(&(&artifact.path, commit)).copied();
        let is_gone = introduction.is_some_and(|it| it.gone);
        let content = self.contents.entry(of.clone()).or_insert_with(|| Content {
            name: artifact.path.to_string(),
            kind: kind(&artifact.formats),
            size: artifact.size,
            formats: artifact.formats.clone(),
            globals: artifact
                .globals
                .iter()
                .take(GLOBALS)
                .map(ToString::to_string)
                .collect(),
            all_globals: artifact.globals.len(),
            sha256: artifact.sha256.clone(),
            places: Vec::new(),
            all_places: 0,
            worst: Level::Allow,
            is_executable: false,
            is_pinned: None,
            is_gone: true,
        });
        content.all_places = content.all_places.saturating_add(1);
        if content.places.len() < PLACES {
            content.places.push(place);
        }
        content.worst = content.worst.max(worst.unwrap_or(Level::Allow));
        content.is_executable |= artifact.executable;
        if let Some(pinned) = artifact.pinned {
            content.is_pinned = Some(content.is_pinned.unwrap_or(true) && pinned);
        }
        content.is_gone &= is_gone;
        for library in &artifact.libraries {
            let library = of_library(library);
            let libraries = self.needs.entry(of.clone()).or_default();
            libraries.insert(library.bom_ref.clone());
            let name = library.bom_ref.clone();
            self.libraries.entry(name).or_insert(library);
        }
        of
    }

    /// Writes the bill; `policy` is what it was judged by, `looked_at` what of each repository was looked at, in words.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write(
        mut self,
        (policy, looked_at): (&str, &str),
        date: Option<i64>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let roots: BTreeSet<String> = self
            .repositories
            .iter()
            .map(|it| it.bom_ref.clone())
            .collect();
        let mut components = self.repositories;
        components.extend(self.contents.into_iter().map(|(of, it)| it.component(of)));
        components.extend(self.libraries.into_values());
        for component in &components {
            self.needs.entry(component.bom_ref.clone()).or_default();
        }
        self.needs.insert(ROOT.to_owned(), roots);
        let aggregates = ["complete", "incomplete", "unknown"]
            .into_iter()
            .zip(self.known);
        let compositions = aggregates.filter(|(_, repositories)| !repositories.is_empty());
        let properties = vec![
            property("weighbridge:view", looked_at),
            property("weighbridge:policy", policy),
        ];
        let bom = Bom {
            components,
            dependencies: dependencies(self.needs),
            compositions: compositions
                .map(|(aggregate, dependencies)| Composition {
                    aggregate,
                    dependencies,
                })
                .collect(),
            ..Bom::of(String::from("audited repositories"), properties, date)
        };
        super::write(bom, out)
    }
}

impl Content {
    fn component(self, bom_ref: String) -> Component {
        let mut properties = vec![property("weighbridge:size", self.size)];
        let formats = self.formats.iter();
        properties.extend(formats.map(|format| property("weighbridge:format", format)));
        let verdict = match self.worst {
            Level::Deny => "refused",
            Level::Warn => "warned",
            Level::Allow => "passed",
        };
        properties.push(property("weighbridge:verdict", verdict));
        properties.push(property("weighbridge:executable", self.is_executable));
        let pinned = self
            .is_pinned
            .map(|pinned| property("weighbridge:pinned", pinned));
        properties.extend(pinned);
        properties.push(property("weighbridge:gone", self.is_gone));
        properties.push(property("weighbridge:places", self.all_places));
        properties.push(property("weighbridge:globals", self.all_globals));
        let globals = self.globals.iter();
        properties.extend(globals.map(|global| property("weighbridge:global", global)));
        let occurrences = self.places.into_iter().map(|location| Occurrence {
            location,
            ..Occurrence::default()
        });
        let hashes = self.sha256.into_iter().map(|content| Hash {
            alg: "SHA-256",
            content,
        });
        Component {
            kind: self.kind,
            bom_ref,
            name: self.name,
            hashes: hashes.collect(),
            evidence: Some(Evidence {
                occurrences: occurrences.collect(),
            }),
            properties,
            ..Component::default()
        }
    }
}
