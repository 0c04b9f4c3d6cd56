//! What makes a finding the same finding in the next run, for whoever follows it there.
//!
//! `docs/json.md` describes the encoding field by field, and tests hold it to fixed values: another encoding makes every finding
//! look new. Offsets, lines and the wording are left out, because saving weights again or adding an import moves or changes
//! them; what a dangerous call is given is in it. Equal findings (two calls of one loader in one script) are told apart by
//! their order.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Finding, Subject};
use crate::fact::{Global, Hop};

/// What a finding's identity begins with: the encoding and its version.
const IDENTITY: &str = "weighbridge/finding/v1";
/// What a fingerprint begins with.
const FINGERPRINT: &str = "weighbridge/fingerprint/v1";
/// What a payload begins with.
const PAYLOAD: &str = "weighbridge/payload/v1";

/// A digest of what runs: the arguments of a call, a state, a name that is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload([u8; 32]);

impl Payload {
    /// The digest of some parts. Another order, or another division into parts, is another payload.
    pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut fields = Fields::new(PAYLOAD);
        for part in parts {
            fields.bytes(part.as_ref());
        }
        Self(fields.digest())
    }
}

/// The fingerprint of each of the findings of a report, in its order: 64 lower-case hex digits, no two alike.
pub fn fingerprints<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
    let mut seen: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    findings
        .into_iter()
        .map(|finding| {
            if let Some(known) = &finding.known_fingerprint {
                return known.clone();
            }
            let identity = identity(finding);
            let nth = seen.entry(identity).or_default();
            let mut fields = Fields::new(FINGERPRINT);
            fields.bytes(&identity);
            fields.number(*nth);
            *nth = nth.saturating_add(1);
            HEXLOWER.encode(&fields.digest())
        })
        .collect()
}

/// What identifies a finding, and every other that is the same but for its place: 64 lower-case hex digits.
pub fn key(finding: &Finding) -> String {
    HEXLOWER.encode(&identity(finding))
}

/// The digest of all that identifies a finding.
fn identity(finding: &Finding) -> [u8; 32] {
    let mut fields = Fields::new(IDENTITY);
    fields.bytes(finding.rule.id.as_bytes());
    fields.bytes(finding.primary.path.as_bytes());
    let hops = &finding.primary.site.hops;
    fields.count(hops.len());
    for hop in hops {
        match hop {
            Hop::Member { name, copy } => {
                fields.bytes(b"member");
                fields.bytes(below_root(name.as_bytes()));
                fields.number(u64::from(*copy));
            }
            Hop::Stream(index) => {
                fields.bytes(b"stream");
                fields.number(u64::from(*index));
            }
            // A cell or a constant is known by what is in it: where it stands changes when others are added.
            Hop::Cell(_) => fields.bytes(b"cell"),
            Hop::Key(name) => {
                fields.bytes(b"key");
                fields.bytes(name.as_bytes());
            }
            Hop::Constant(_) => fields.bytes(b"constant"),
            Hop::From(_) => fields.bytes(b"from"),
        }
    }
    fields.bytes(finding.subject.kind().as_bytes());
    match &finding.subject {
        Subject::Artifact => fields.count(0),
        Subject::Global(Global::Named(name)) => {
            fields.count(2);
            fields.bytes(name.module.as_bytes());
            fields.bytes(name.name.as_bytes());
        }
        Subject::Global(Global::Unresolved(why)) => {
            fields.count(1);
            fields.bytes(why.id().as_bytes());
        }
        Subject::Format(id) | Subject::Anomaly(id) => {
            fields.count(1);
            fields.bytes(id.as_bytes());
        }
        Subject::Member(text)
        | Subject::Call(text)
        | Subject::Variable(text)
        | Subject::File(text) => {
            fields.count(1);
            fields.bytes(text.as_bytes());
        }
    }
    fields.bytes(finding.payload.as_ref().map_or(&[], |payload| &payload.0));
    fields.digest()
}

/// The name of a member in the folder that an archive keeps everything in: `torch.save` names that folder after the file, which is
/// another one while it is written.
fn below_root(name: &[u8]) -> &[u8] {
    let slash = name.iter().position(|byte| *byte == b'/');
    let below = slash.and_then(|slash| name.get(slash.saturating_add(1)..));
    below.filter(|below| !below.is_empty()).unwrap_or(name)
}

/// Fields of bytes, each behind its length as eight bytes, the most significant first: no two lists of fields read alike.
struct Fields(Sha256);

impl Fields {
    /// Begins with what the fields are.
    fn new(domain: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.bytes(domain.as_bytes());
        fields
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
    }

    /// A number is a field of eight bytes, the most significant first.
    fn number(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Payload, fingerprints};
    use crate::{
        fact::{Global, GlobalName, Hop, Place, Site},
        finding::{Finding, Level, Location, Subject, TESTED},
    };

    fn finding(hops: Vec<Hop>, subject: Subject, payload: Option<Payload>) -> Finding {
        let location = Location {
            path: "models/a.pt".into(),
            site: Site {
                hops,
                at: Place::Whole,
            },
            ..Location::default()
        };
        Finding {
            payload,
            ..Finding::new(&TESTED, subject, location, "worded somehow")
        }
    }

    fn member() -> Vec<Hop> {
        let name = "archive/data.pkl".into();
        vec![Hop::Member { name, copy: 0 }]
    }

    fn system() -> Subject {
        Subject::Global(Global::Named(GlobalName::new("posix", "system")))
    }

    /// Computed from `docs/json.md` by another program: whoever changes one of these makes every finding look new.
    #[test]
    fn the_encoding_is_fixed() {
        let payload = Payload::of(["call", "true"]);
        let of = |finding: Finding| fingerprints([&finding]).remove(0);
        assert_eq!(
            of(finding(member(), system(), Some(payload))),
            "e8ccced9ddcd81efbbe78e95c64896d172b9c853b26925763d13b689d433d75d"
        );
        assert_eq!(
            of(finding(Vec::new(), Subject::Artifact, None)),
            "3c4c58478fe4d8d08e2ff3a407aca21e24567413037d22ea1a4240bd5882d3c3"
        );
        let streams = vec![Hop::Stream(2), Hop::Constant(7), Hop::From(8), Hop::Cell(3)];
        assert_eq!(
            of(finding(streams, Subject::Anomaly("x".into()), None)),
            "99b30f4697cfbce1a0970a0f2f0b38800db775b097035c2ace87372748815da5"
        );
    }

    #[test]
    fn equal_findings_are_counted() {
        let one = finding(member(), system(), None);
        let prints = fingerprints([&one, &one, &one]);
        assert!(prints[0] != prints[1] && prints[1] != prints[2] && prints[0] != prints[2]);
        assert_eq!(fingerprints([&one, &one]), prints[..2]);
    }

    #[test]
    fn only_what_identifies_a_finding_counts() {
        let one = || finding(member(), system(), Some(Payload::of(["x"])));
        let mut same = one();
        same.primary.site.at = Place::Opcode {
            offset: 9,
            op: Some(crate::fact::Op::REDUCE),
        };
        (same.message, same.count, same.level) = ("other words".into(), 7, Level::Warn);
        assert_eq!(fingerprints([&one()]), fingerprints([&same]));
        let mut others = vec![one(), one(), one(), one(), one()];
        others[0].payload = Some(Payload::of(["y"]));
        others[1].payload = None;
        others[2].primary.path = "models/b.pt".into();
        others[3].primary.site.hops.push(Hop::Stream(0));
        others[4].subject = Subject::Artifact;
        others.push(one());
        let mut prints: Vec<String> = others
            .iter()
            .map(|finding| fingerprints([finding]).remove(0))
            .collect();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), 6);
    }

    #[test]
    fn payloads_tell_parts_apart() {
        assert_ne!(Payload::of(["ab", "c"]), Payload::of(["a", "bc"]));
        assert_ne!(Payload::of([""]), Payload::of::<&str>([]));
    }
}
