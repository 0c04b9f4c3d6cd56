//! A CycloneDX 1.6 ML-BOM: the artifacts of a run with their digests, the libraries they come from, and the sources that load
//! them.
//!
//! The same artifacts give the same bytes: the serial number is made of the content, and there is no time in it unless
//! `SOURCE_DATE_EPOCH` gives one. What the bytes do not say is left out, not guessed.

mod organisation;

pub use organisation::{Bill, Knowledge};

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Display, Write as _},
    io::{self, BufWriter, Write},
};

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Presentation, Reporter, json::Escaping, sarif::uri};
use crate::{
    fact::{Place, Text},
    finding::Level,
    inventory::{Artifact, Library},
    link::Load,
    verdict::{Needs, Report},
};

/// Globals listed of one artifact; all are counted.
const GLOBALS: usize = 200;
/// The component that stands for all that was checked.
const ROOT: &str = "root";

/// The reporter.
#[derive(Debug)]
pub(super) struct CycloneDx;

impl Reporter for CycloneDx {
    fn name(&self) -> &'static str {
        "cyclonedx"
    }

    fn summary(&self) -> &'static str {
        "an inventory of the artifacts: CycloneDX 1.6 ML-BOM"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".cdx.json", ".json"]
    }

    fn needs(&self) -> Needs {
        Needs {
            artifacts: true,
            digests: true,
            date: true,
            ..Needs::default()
        }
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write(bom(report, presentation.date), out)
    }
}

/// Writes a bill, under a serial number that is made of it.
fn write(mut bom: Bom, out: &mut dyn Write) -> io::Result<()> {
    bom.serial_number = serial(&serde_json::to_vec(&bom)?);
    let mut out: &mut dyn Write = &mut BufWriter::new(out);
    serde_json::to_writer_pretty(Escaping(&mut out), &bom)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::struct_field_names,
    reason = "the names are the specification's"
)]
struct Bom {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    serial_number: String,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compositions: Vec<Composition>,
}

/// How much of what some components hold is known.
#[derive(Debug, Serialize)]
struct Composition {
    aggregate: &'static str,
    dependencies: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Component,
    properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
struct Tools {
    components: [Component; 1],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    bom_ref: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Occurrence {
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_context: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: BTreeSet<String>,
}

fn bom(report: &Report, date: Option<i64>) -> Bom {
    let levels = levels(report);
    // By reference: what is there twice (the same bytes at the same path, introduced twice) is one component.
    let mut components: BTreeMap<String, Component> = BTreeMap::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut all: BTreeSet<String> = BTreeSet::new();
    for artifact in &report.artifacts {
        let model = model(artifact, &levels);
        let of = model.bom_ref.clone();
        all.insert(of.clone());
        let libraries = needs.entry(of.clone()).or_default();
        for library in &artifact.libraries {
            let library = of_library(library);
            libraries.insert(library.bom_ref.clone());
            components.entry(library.bom_ref.clone()).or_insert(library);
        }
        for load in &artifact.loaded_by {
            let source = of_source(&load.source);
            all.insert(source.bom_ref.clone());
            let models = needs.entry(source.bom_ref.clone()).or_default();
            models.insert(of.clone());
            components.entry(source.bom_ref.clone()).or_insert(source);
        }
        components.entry(of).or_insert(model);
    }
    for name in components.keys() {
        needs.entry(name.clone()).or_default();
    }
    needs.insert(ROOT.to_owned(), all);
    let name = match report.root.to_string() {
        name if name.is_empty() => String::from("unnamed"),
        name => name,
    };
    let properties = vec![
        property("weighbridge:view", &report.view),
        property("weighbridge:policy", &report.policy),
        property("weighbridge:incomplete", report.coverage.incomplete),
    ];
    Bom {
        components: components.into_values().collect(),
        dependencies: dependencies(needs),
        ..Bom::of(name, properties, date)
    }
}

fn dependencies(needs: impl IntoIterator<Item = (String, BTreeSet<String>)>) -> Vec<Dependency> {
    let each = needs.into_iter();
    each.map(|(of, depends_on)| Dependency { of, depends_on })
        .collect()
}

impl Bom {
    /// One of what has a name, without components.
    fn of(name: String, properties: Vec<Property>, date: Option<i64>) -> Self {
        Self {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            serial_number: String::new(),
            version: 1,
            metadata: Metadata {
                timestamp: timestamp(date),
                tools: Tools::this(),
                component: Component {
                    kind: "application",
                    bom_ref: ROOT.to_owned(),
                    name,
                    ..Component::default()
                },
                properties,
            },
            components: Vec::new(),
            dependencies: Vec::new(),
            compositions: Vec::new(),
        }
    }
}

/// A time in seconds since 1970, as the format writes it.
fn timestamp(date: Option<i64>) -> Option<String> {
    let time = jiff::Timestamp::from_second(date?).ok()?;
    Some(time.to_string())
}

impl Tools {
    /// This program.
    fn this() -> Self {
        Self {
            components: [Component {
                kind: "application",
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                ..Component::default()
            }],
        }
    }
}

/// What kind of component a file of these formats is: an array by itself is data, because nothing says that it is a model's.
fn kind(formats: &[String]) -> &'static str {
    let is_data = |format: &String| format == "npy" || format == "npz";
    if formats.first().is_some_and(is_data) {
        "data"
    } else {
        "machine-learning-model"
    }
}

/// The worst level of each version of each path.
type Levels<'a> = BTreeMap<(&'a Text, Option<&'a str>), Level>;

fn levels(report: &Report) -> Levels<'_> {
    let mut levels = Levels::new();
    for finding in report.active() {
        let commit = finding
            .primary
            .introduced_by
            .as_ref()
            .map(|b| b.commit.id.as_str());
        let level = levels
            .entry((&finding.primary.path, commit))
            .or_insert(finding.level);
        *level = finding.level.max(*level);
    }
    levels
}

fn model(artifact: &Artifact, levels: &Levels<'_>) -> Component {
    let commit = artifact
        .introduced_by
        .as_ref()
        .map(|b| b.commit.id.as_str());
    let path = artifact.path.to_string();
    let mut bom_ref = format!("artifact:{}", uri(&artifact.path));
    // A history has several contents of one path.
    if let Some(version) = artifact.sha256.as_deref().or(commit) {
        let _ = write!(bom_ref, "@{version}");
    }
    let mut properties = vec![property("weighbridge:size", artifact.size)];
    let formats = artifact.formats.iter();
    properties.extend(formats.map(|format| property("weighbridge:format", format)));
    let verdict = match levels.get(&(&artifact.path, commit)) {
        Some(Level::Deny) => "refused",
        Some(Level::Warn) => "warned",
        Some(Level::Allow) | None => "passed",
    };
    properties.push(property("weighbridge:verdict", verdict));
    properties.extend(
        artifact
            .pinned
            .map(|pinned| property("weighbridge:pinned", pinned)),
    );
    properties.push(property("weighbridge:globals", artifact.globals.len()));
    let globals = artifact.globals.iter().take(GLOBALS);
    properties.extend(globals.map(|global| property("weighbridge:global", global)));
    if let Some(introduction) = &artifact.introduced_by {
        properties.push(property("weighbridge:commit", &introduction.commit.id));
        properties.push(property("weighbridge:gone", introduction.gone));
    }
    if artifact.path.as_str().is_none() {
        let hex = HEXLOWER.encode(artifact.path.as_bytes());
        properties.push(property("weighbridge:path-hex", hex));
    }
    let here = Occurrence {
        location: path.clone(),
        ..Occurrence::default()
    };
    let occurrences = std::iter::once(here).chain(artifact.loaded_by.iter().map(loaded));
    Component {
        kind: kind(&artifact.formats),
        bom_ref,
        name: path,
        hashes: artifact
            .sha256
            .iter()
            .map(|sha256| Hash {
                alg: "SHA-256",
                content: sha256.clone(),
            })
            .collect(),
        evidence: Some(Evidence {
            occurrences: occurrences.collect(),
        }),
        properties,
        ..Component::default()
    }
}

/// The call that loads an artifact, and how it was found to be this one.
fn loaded(load: &Load) -> Occurrence {
    Occurrence {
        location: load.source.to_string(),
        line: match load.site.at {
            Place::Span { line, .. } => Some(line),
            _ => None,
        },
        symbol: Some(load.callee.to_string()),
        additional_context: Some(format!(
            "loads `{}`: found by {}",
            load.written,
            load.matched.words()
        )),
    }
}

fn of_library(library: &Library) -> Component {
    // A version comes from a file: what cannot be one is none.
    let version = library.version.as_ref().and_then(|version| {
        let plausible = |c: char| c.is_ascii_alphanumeric() || ".+-_!".contains(c);
        let text = version.as_str()?;
        (!text.is_empty() && text.len() <= 64 && text.chars().all(plausible)).then_some(text)
    });
    let mut purl = format!("pkg:pypi/{}", library.name);
    if let Some(version) = version {
        let _ = write!(purl, "@{}", uri(&Text::from(version)));
    }
    Component {
        kind: "library",
        bom_ref: purl.clone(),
        name: library.name.clone(),
        version: version.map(str::to_owned),
        purl: Some(purl),
        ..Component::default()
    }
}

fn of_source(path: &Text) -> Component {
    Component {
        kind: "file",
        bom_ref: format!("source:{}", uri(path)),
        name: path.to_string(),
        ..Component::default()
    }
}

fn property(name: &'static str, value: impl Display) -> Property {
    Property {
        name,
        value: value.to_string(),
    }
}

/// A UUID of version 8 (RFC 9562: of our own making), from the content.
fn serial(content: &[u8]) -> String {
    let mut bytes: [u8; 16] = [0; 16];
    for (byte, digest) in bytes.iter_mut().zip(Sha256::digest(content)) {
        *byte = digest;
    }
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | 0x8 << 76;
    let number = number & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
