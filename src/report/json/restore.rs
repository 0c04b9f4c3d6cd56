//! From the words of version 1 back to findings: an audit keeps its findings as JSON, and writes its other outputs of them.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use super::v1;
use crate::{
    fact::{self, Global, GlobalName, Op, Text, Unresolved},
    finding::{self, Level, RuleMeta},
    verdict,
};

/// What a text and its bytes in hexadecimal stand for.
pub(crate) fn text(shown: &str, hex: Option<&String>) -> Text {
    let bytes = hex.and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
    bytes.map_or_else(|| Text::from(shown), Text::new)
}

impl v1::Finding {
    /// The finding that this says, of its rule. It has the fingerprint that is said, because what that was made of is not here.
    pub(crate) fn restored(&self, rule: &'static RuleMeta) -> finding::Finding {
        let primary = finding::Location {
            path: text(&self.path, self.path_hex.as_ref()),
            introduced_by: self.introduced_by.as_ref().map(v1::Introduction::restored),
            site: self.site.restored(),
            label: String::new(),
            excerpt: self.excerpt.as_ref().map(v1::Excerpt::restored),
        };
        let subject = self.subject.restored();
        finding::Finding {
            level: match self.level.as_str() {
                "deny" => Level::Deny,
                "warn" => Level::Warn,
                _ => Level::Allow,
            },
            known_fingerprint: Some(self.fingerprint.clone()),
            related: self.related.iter().map(v1::Location::restored).collect(),
            decided_by: self.decided_by.as_ref().map(v1::PolicyLine::restored),
            count: self.count,
            help: self.help.iter().cloned().collect(),
            on_change: self.on_change,
            disposition: self
                .disposition
                .as_ref()
                .map_or(finding::Disposition::Active, v1::Disposition::restored),
            ..finding::Finding::new(rule, subject, primary, self.message.clone())
        }
    }
}

impl v1::Location {
    fn restored(&self) -> finding::Location {
        finding::Location {
            path: text(&self.path, self.path_hex.as_ref()),
            introduced_by: self.introduced_by.as_ref().map(v1::Introduction::restored),
            site: self.site.restored(),
            label: self.label.clone(),
            excerpt: self.excerpt.as_ref().map(v1::Excerpt::restored),
        }
    }
}

impl v1::Introduction {
    /// The introduction that this says.
    pub(crate) fn restored(&self) -> Arc<fact::Introduction> {
        Arc::new(fact::Introduction {
            commit: fact::Commit {
                id: self.commit.clone(),
                time: self.time,
                author: text(&self.author, self.author_hex.as_ref()),
                summary: text(&self.summary, self.summary_hex.as_ref()),
            },
            gone: self.gone,
        })
    }
}

impl v1::Site {
    fn restored(&self) -> fact::Site {
        let hops = self.hops.iter().map(|hop| match hop {
            v1::Hop::Member {
                name,
                name_hex,
                copy,
            } => fact::Hop::Member {
                name: text(name, name_hex.as_ref()),
                copy: *copy,
            },
            v1::Hop::Stream { index } => fact::Hop::Stream(*index),
            v1::Hop::Constant { offset } => fact::Hop::Constant(*offset),
            v1::Hop::From { offset } => fact::Hop::From(*offset),
            v1::Hop::Cell { index } => fact::Hop::Cell(*index),
            v1::Hop::Key { name, name_hex } => fact::Hop::Key(text(name, name_hex.as_ref())),
        });
        fact::Site {
            hops: hops.collect(),
            at: match &self.at {
                v1::Place::Whole => fact::Place::Whole,
                v1::Place::Bytes { start, end } => fact::Place::Bytes {
                    start: *start,
                    end: *end,
                },
                v1::Place::Opcode { offset, op } => fact::Place::Opcode {
                    offset: *offset,
                    op: Op::named(op),
                },
                v1::Place::Span {
                    line,
                    column,
                    end_line,
                    end_column,
                } => fact::Place::Span {
                    line: *line,
                    column: *column,
                    end_line: *end_line,
                    end_column: *end_column,
                },
            },
        }
    }
}

/// Why a name could not be told, in the order of its words.
const UNRESOLVED: [Unresolved; 7] = [
    Unresolved::Computed,
    Unresolved::Extension,
    Unresolved::Result,
    Unresolved::Persistent,
    Unresolved::Memo,
    Unresolved::Configured,
    Unresolved::Oversized,
];

impl v1::Subject {
    fn restored(&self) -> finding::Subject {
        use finding::Subject as S;
        let name = || text(&self.name, self.name_hex.first());
        match self.kind.as_str() {
            "global" => {
                let (module, name) = if let [module, name] = self.name_hex.as_slice() {
                    (text("", Some(module)), text("", Some(name)))
                } else {
                    // Where a name with dots is taken apart changes nothing that is shown.
                    let (module, name) = self.name.rsplit_once('.').unwrap_or(("", &self.name));
                    (Text::from(module), Text::from(name))
                };
                S::Global(Global::Named(GlobalName::new(module, name)))
            }
            "unresolved-global" => {
                let why = UNRESOLVED
                    .into_iter()
                    .find(|why| Global::Unresolved(*why).to_string() == self.name);
                S::Global(Global::Unresolved(why.unwrap_or(Unresolved::Computed)))
            }
            "format" => S::Format(self.name.clone()),
            "member" => S::Member(name()),
            "anomaly" => S::Anomaly(self.name.clone()),
            "call" => S::Call(name()),
            "variable" => S::Variable(name()),
            "file" => S::File(name()),
            _ => S::Artifact,
        }
    }
}

impl v1::PolicyLine {
    fn restored(&self) -> finding::LineRef {
        finding::LineRef {
            file: self.file.clone(),
            line: self.line,
            text: self.text.clone(),
            range: self.start..self.end,
            label: self.label.clone(),
        }
    }
}

impl v1::Excerpt {
    fn restored(&self) -> fact::Excerpt {
        let marks = self.marks.iter().map(|mark| fact::Mark {
            range: mark.start..mark.end,
            label: mark.label.clone(),
        });
        fact::Excerpt {
            text: self.text.clone(),
            first_line: self.first_line,
            marks: marks.collect(),
            arguments: Vec::new(),
        }
    }
}

impl v1::Disposition {
    fn restored(&self) -> finding::Disposition {
        match self {
            Self::Overridden { by, reason } => finding::Disposition::Overridden {
                by: by.restored(),
                reason: reason.clone(),
            },
            Self::Waived {
                source,
                by,
                reason,
                owner,
                expires,
            } => finding::Disposition::Waived(Box::new(finding::Waived {
                kind: match source.as_str() {
                    "inline" => finding::WaiverKind::Inline,
                    _ => finding::WaiverKind::Policy,
                },
                by: by.restored(),
                reason: reason.clone(),
                owner: owner.clone(),
                expires: expires.as_ref().and_then(|day| day.parse().ok()),
            })),
            Self::Baseline { file } => finding::Disposition::Baseline { file: file.clone() },
        }
    }
}

impl v1::Coverage {
    /// The numbers that this says.
    pub(crate) fn restored(&self) -> verdict::Coverage {
        verdict::Coverage {
            entries: self.entries,
            artifacts: self.artifacts,
            sources: self.sources,
            incomplete: self.incomplete,
            excluded: self.excluded,
            pinned: self.pinned,
            formats: self.formats.clone(),
            bytes: self.bytes,
            ..verdict::Coverage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{UNRESOLVED, v1};
    use crate::{
        fact::{
            Commit, Excerpt, Global, GlobalName, Hop, Introduction, Mark, Op, Place, Site, Text,
        },
        finding::{
            Disposition, Finding, Level, LineRef, Location, Subject, TESTED, Waived, WaiverKind,
            fingerprints,
        },
    };

    fn line() -> LineRef {
        LineRef {
            file: "weighbridge.yaml".into(),
            line: 3,
            text: "  - x".into(),
            range: 4..5,
            label: "here".into(),
        }
    }

    fn findings() -> Vec<Finding> {
        let bytes = Text::new(b"caf\xe9.pkl");
        let hops = vec![
            Hop::Member {
                name: bytes.clone(),
                copy: 1,
            },
            Hop::Stream(2),
            Hop::Constant(7),
            Hop::From(8),
            Hop::Cell(3),
            Hop::Key(bytes.clone()),
        ];
        let location = |at: Place| Location {
            path: bytes.clone(),
            introduced_by: Some(Arc::new(Introduction {
                commit: Commit {
                    id: "1a".repeat(20),
                    time: 5,
                    author: "a".into(),
                    summary: bytes.clone(),
                },
                gone: true,
            })),
            site: Site {
                hops: hops.clone(),
                at,
            },
            label: String::new(),
            excerpt: Some(Excerpt {
                text: "0x0000 STOP".into(),
                first_line: None,
                marks: vec![Mark {
                    range: 0..6,
                    label: "x".into(),
                }],
                arguments: Vec::new(),
            }),
        };
        let named = |module: &str, name: &str| {
            Subject::Global(Global::Named(GlobalName::new(module, name)))
        };
        let mut subjects = vec![
            Subject::Artifact,
            named("posix", "system"),
            Subject::Global(Global::Named(GlobalName::new(bytes.clone(), "x"))),
            Subject::Format("pickle".into()),
            Subject::Member(bytes.clone()),
            Subject::Anomaly("more".into()),
            Subject::Call("torch.load".into()),
            Subject::Variable("X".into()),
            Subject::File("../x".into()),
        ];
        subjects.extend(UNRESOLVED.map(|why| Subject::Global(Global::Unresolved(why))));
        let places = [
            Place::Whole,
            Place::Bytes { start: 1, end: 2 },
            Place::Opcode {
                offset: 9,
                op: Some(Op::REDUCE),
            },
            Place::Opcode {
                offset: 9,
                op: None,
            },
            Place::Span {
                line: 1,
                column: 2,
                end_line: 3,
                end_column: 4,
            },
        ];
        let waived = |kind| {
            Disposition::Waived(Box::new(Waived {
                kind,
                by: line(),
                reason: Some("r".into()),
                owner: None,
                expires: "2027-03-31".parse().ok(),
            }))
        };
        let dispositions = [
            Disposition::Active,
            Disposition::Overridden {
                by: line(),
                reason: None,
            },
            waived(WaiverKind::Policy),
            waived(WaiverKind::Inline),
            Disposition::Baseline {
                file: "known".into(),
            },
        ];
        let places = places.iter().cycle();
        let dispositions = dispositions.iter().cycle();
        let findings = subjects.into_iter().zip(places).zip(dispositions);
        findings
            .map(|((subject, place), disposition)| Finding {
                level: Level::Warn,
                count: 3,
                help: ["do"].into_iter().collect(),
                related: vec![Location {
                    label: "why".into(),
                    ..location(Place::Whole)
                }],
                decided_by: Some(line()),
                on_change: false,
                disposition: disposition.clone(),
                ..Finding::new(&TESTED, subject, location(place.clone()), "says")
            })
            .collect()
    }

    #[test]
    fn what_is_restored_says_the_same() {
        let findings = findings();
        let said: Vec<v1::Finding> = v1::findings(findings.iter()).collect();
        let restored: Vec<Finding> = said.iter().map(|it| it.restored(&TESTED)).collect();
        let again: Vec<v1::Finding> = v1::findings(restored.iter()).collect();
        assert_eq!(said, again);
        let prints: Vec<String> = said.into_iter().map(|it| it.fingerprint).collect();
        assert_eq!(fingerprints(&restored), prints);
        for (one, other) in findings.iter().zip(&restored) {
            assert_eq!(one.subject, other.subject);
            assert_eq!(one.primary, other.primary);
            assert_eq!(one.disposition, other.disposition);
        }
    }
}
