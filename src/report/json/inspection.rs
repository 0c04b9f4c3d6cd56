//! What loading one file would do, for programs: version 1 of the schema of `weighbridge inspect --format json`, which
//! `docs/json.md` describes. What [`v1`] says of strings and versions holds here too.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{
    Escaping,
    v1::{self, PolicyLine, Site, Subject, Tool, exact},
};
use crate::{
    fact::{self, Fact, Global, ListingLine},
    finding,
    report::inspect::{circumstance, refusal, remark, unavailable},
    verdict,
};

/// The version of this schema.
pub const VERSION: u32 = 1;

/// One file, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Always 1.
    pub version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// The file, as it was named.
    pub path: String,
    /// The path's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Its bytes, if it could be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The policy that judged: a path, or `recommended (built in)`.
    pub policy: String,
    /// What it is, and what is inside it.
    pub formats: Vec<Format>,
    /// What the lock file says of it; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// Whether the policy, or an attribute that it honours, excludes the file from `check`.
    pub excluded: bool,
    /// The findings of `check`; none if it is excluded.
    pub findings: Vec<v1::Finding>,
    /// What an override of the policy lets pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<v1::Finding>,
    /// What is waived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<v1::Finding>,
    /// Every global that loading resolves, once.
    pub globals: Vec<JudgedGlobal>,
    /// Every call, with its arguments as far as they are known.
    pub calls: Vec<Call>,
    /// Everything else that was seen. Wording may change between releases.
    pub remarks: Vec<Remark>,
    /// What was not read to its end, so that nothing is known of the rest.
    pub unread: Vec<Remark>,
    /// How `torch.load(weights_only=True)` takes it, and each thing of torch's inside it.
    pub weights_only: Vec<WeightsOnly>,
    /// The members of an archive.
    pub members: Vec<Member>,
    /// The tensors that a format lists.
    pub tensors: Vec<Tensors>,
    /// Every opcode with its effect, a line each, if `--disassemble` asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disassembly: Option<Vec<Line>>,
}

/// What the lock file says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// `pinned`, `changed` (other bytes are pinned) or `none`.
    pub state: String,
    /// The lock file.
    pub lock: String,
    /// The line of the pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<PolicyLine>,
}

impl From<&verdict::PinState> for Pin {
    fn from(state: &verdict::PinState) -> Self {
        let (state, lock, line) = match state {
            verdict::PinState::Pinned(line) => ("pinned", &line.file, Some(line)),
            verdict::PinState::Changed(line) => ("changed", &line.file, Some(line)),
            verdict::PinState::NotPinned(lock) => ("none", lock, None),
        };
        Self {
            state: state.to_owned(),
            lock: lock.clone(),
            line: line.map(PolicyLine::from),
        }
    }
}

/// A format that was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Its id: `weighbridge explain <format>` says more.
    pub format: String,
    /// Where.
    pub site: Site,
}

/// A global, with its uses and the policy's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedGlobal {
    /// The global, exactly as stored.
    pub global: Subject,
    /// `import`, `call`, `construct`, `build` and `configure`.
    pub uses: Vec<String>,
    /// How often its most frequent use is made.
    pub count: u64,
    /// Whether `check` lets the file pass as far as this global is concerned.
    pub allowed: bool,
    /// Why not, in words. Wording may change between releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The line of the policy that refuses it, or the list that does not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<PolicyLine>,
    /// The entries that allow its uses: the line of each, with the uses as its label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_by: Vec<PolicyLine>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What is called.
    pub callee: Subject,
    /// The call, readable and short.
    pub text: String,
    /// Where the first of its kind is.
    pub site: Site,
    /// How many there are.
    pub count: u64,
}

/// Something in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What.
    pub text: String,
    /// Where.
    pub site: Site,
    /// How often.
    pub count: u64,
}

/// How torch's weights-only loader takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsOnly {
    /// The way to it from the file; empty for the file itself.
    pub place: String,
    /// Whether it loads.
    pub loads: bool,
    /// Why not, or under which condition, in words.
    pub reasons: Vec<String>,
    /// The globals that `torch.serialization.safe_globals` would have to list; empty if nothing needs listing, or no list mends it.
    pub safe_globals: Vec<Subject>,
}

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name as stored.
    pub name: String,
    /// The name's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_hex: Option<String>,
    /// Its bytes, unpacked.
    pub size: u64,
    /// Where the archive is.
    pub site: Site,
}

/// The tensors of one file, or of one inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensors {
    /// Where they are described.
    pub site: Site,
    /// How many there are, listed or not.
    pub count: u64,
    /// The first of them, in the order of the file.
    pub listed: Vec<Tensor>,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dtype, as the format spells it.
    pub dtype: String,
    /// Its shape; empty for a scalar.
    pub shape: Vec<u64>,
    /// Bytes of its data.
    pub bytes: u64,
}

/// A line of a disassembly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The offset, the opcode and its operand in columns; where the stream is, at its beginning; or a note.
    pub text: String,
    /// What the opcode does to the stack or the memo; empty if the text says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub effect: String,
}

/// Writes an inspection and a final line end.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(inspection: &verdict::Inspection, mut out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping(&mut out), &Inspection::from(inspection))?;
    out.write_all(b"\n")?;
    out.flush()
}

fn subject(global: &Global) -> Subject {
    Subject::from(&finding::Subject::Global(global.clone()))
}

fn remarks(
    observations: &[fact::Observation],
    words: impl Fn(&Fact) -> Option<String>,
) -> impl Iterator<Item = Remark> {
    observations.iter().filter_map(move |observation| {
        Some(Remark {
            text: words(&observation.fact)?,
            site: Site::from(&observation.site),
            count: observation.count.max(1),
        })
    })
}

/// What is said of the file as a whole.
fn said(texts: impl Iterator<Item = String>) -> impl Iterator<Item = Remark> {
    texts.map(|text| Remark {
        text,
        site: Site::from(&fact::Site::default()),
        count: 1,
    })
}

impl From<&verdict::Inspection> for Inspection {
    fn from(inspection: &verdict::Inspection) -> Self {
        let (path, path_hex) = exact(&inspection.path);
        let observations = &inspection.facts.observations;
        let circumstances = &inspection.circumstances;
        let active = inspection.findings.iter().filter(|it| it.is_active());
        let of = |why| v1::findings(v1::set_aside(inspection.findings.iter(), why)).collect();
        let mut whole = Self {
            version: VERSION,
            tool: Tool::this(),
            path,
            path_hex,
            size: inspection.size,
            policy: inspection.policy.clone(),
            formats: Vec::new(),
            pin: inspection.pin.as_ref().map(Pin::from),
            excluded: inspection.is_excluded,
            findings: v1::findings(active).collect(),
            overridden: of(v1::is_overridden),
            waived: of(v1::is_waived),
            globals: inspection.globals.iter().map(JudgedGlobal::from).collect(),
            calls: Vec::new(),
            remarks: said(circumstances.noted.iter().filter_map(circumstance))
                .chain(remarks(observations, remark))
                .collect(),
            unread: said(circumstances.unavailable().map(unavailable))
                .chain(circumstances.interrupted.iter().map(|it| Remark {
                    text: format!("could not be read: {}", it.fault),
                    site: Site::from(&it.site),
                    count: 1,
                }))
                .chain(remarks(observations, |fact| match fact {
                    Fact::Unread(why) => Some(why.to_string()),
                    _ => None,
                }))
                .collect(),
            weights_only: inspection
                .torch_loads
                .iter()
                .map(WeightsOnly::from)
                .collect(),
            members: Vec::new(),
            tensors: inspection.tensors.iter().map(Tensors::from).collect(),
            disassembly: inspection
                .disassembly
                .as_ref()
                .map(|lines| lines.iter().map(Line::from).collect()),
        };
        for observation in observations {
            let site = Site::from(&observation.site);
            match &observation.fact {
                Fact::Is(id) => whole.formats.push(Format {
                    format: id.to_string(),
                    site,
                }),
                Fact::Call { callee, given, .. } => whole.calls.push(Call {
                    callee: subject(callee),
                    text: given.of(callee).to_string(),
                    site,
                    count: observation.count.max(1),
                }),
                Fact::Member { name, size } => {
                    let (name, name_hex) = exact(name);
                    whole.members.push(Member {
                        name,
                        name_hex,
                        size: *size,
                        site,
                    });
                }
                _ => {}
            }
        }
        whole
    }
}

impl From<&verdict::JudgedGlobal> for JudgedGlobal {
    fn from(global: &verdict::JudgedGlobal) -> Self {
        let refusal_of = global.refusal.as_ref();
        let decided_by = refusal_of.and_then(|refusal| refusal.decided_by.as_ref());
        Self {
            global: subject(&global.global),
            uses: global.usages.iter().map(ToString::to_string).collect(),
            count: global.count,
            allowed: !global.is_refused,
            reason: global.is_refused.then(|| refusal(global)),
            decided_by: decided_by.map(PolicyLine::from),
            allowed_by: global.allowed_by.iter().map(PolicyLine::from).collect(),
        }
    }
}

impl From<&verdict::TorchVerdict> for WeightsOnly {
    fn from(verdict: &verdict::TorchVerdict) -> Self {
        let named = |name: &fact::GlobalName| subject(&Global::Named(name.clone()));
        Self {
            place: verdict.place.clone(),
            loads: verdict.loads,
            reasons: verdict.reasons.clone(),
            safe_globals: verdict.safe_globals.iter().map(named).collect(),
        }
    }
}

impl From<&fact::Tensors> for Tensors {
    fn from(tensors: &fact::Tensors) -> Self {
        let listed = tensors.listed.iter().map(|tensor| Tensor {
            name: exact(&tensor.name).0,
            dtype: tensor.dtype.clone(),
            shape: tensor.shape.clone(),
            bytes: tensor.bytes,
        });
        Self {
            site: Site::from(&tensors.site),
            count: tensors.count,
            listed: listed.collect(),
        }
    }
}

impl From<&ListingLine> for Line {
    fn from(line: &ListingLine) -> Self {
        let (text, effect) = match line {
            ListingLine::In(site) => (site.to_string(), String::new()),
            ListingLine::Opcode { text, effect } => (text.clone(), effect.clone()),
            ListingLine::Note(note) => (note.clone(), String::new()),
        };
        Self { text, effect }
    }
}
