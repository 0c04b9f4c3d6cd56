//! What of a policy is looser than of another.

use std::cell::Cell;

use proptest::{prelude::*, test_runner::Config};
use weighbridge::{
    fact::{Argument, Direction, Global, GlobalName, PolicyChange, PolicyItem, Text, Usage},
    finding::{Level, RuleMeta},
    policy::{ArgumentVerdict, Policy, compare},
    rule::RULES,
};

use super::{CATALOG, policy};

fn changes(old: &str, new: &str) -> Vec<PolicyChange> {
    compare(&policy(old), &policy(new), CATALOG.rules)
}

/// The differences, a line each.
fn told(old: &str, new: &str) -> String {
    let told = changes(old, new).into_iter().map(|change| {
        let direction = match change.direction {
            Direction::Looser => "looser",
            Direction::PerhapsLooser => "perhaps",
            Direction::Tighter => "tighter",
        };
        let line = change.line.as_ref().map_or_else(String::new, |line| {
            let side = if line.is_new { "new" } else { "old" };
            format!(" ({side}:{})", line.line)
        });
        format!("{direction}{line}: {change}")
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_policy_in_another_order_does_not_differ() {
    let one = "version: 1\nextends: recommended\nformats: {allow: [npy]}\nglobals:\n  allow: [a.B, a.*]\n  refuse: [c.**]\nrules: {pickle-load: deny}\n";
    let other = "version: 1\n# comment\nrules: {pickle-load: deny}\nglobals:\n  refuse: [c.**]\n  allow: [a.*, {global: a.B, reason: ours}]\nformats: {allow: [npy]}\nextends: recommended\n";
    assert_eq!(told(one, other), "");
}

#[test]
fn names_formats_packs_and_levels() {
    insta::assert_snapshot!(told(
        "version: 1\nglobals:\n  packs: [numpy-arrays]\n  allow:\n    - app.Net\n    - {global: app.Gone, as: [construct]}\nformats: {allow: [npy, npz]}\nrules: {pickle-load: deny, torch-load-implicit: warn}\n",
        "version: 1\nglobals:\n  packs: [numpy-arrays, joblib-arrays]\n  allow:\n    - app.Net\n    - app.make\n    - lib.*\nformats: {allow: [npy, safetensors]}\nrules: {pickle-load: warn, torch-load-implicit: deny}\n",
    ), @"
    looser (new:3): the pack `joblib-arrays` allows 6 names
    looser (new:6): `app.make` may be imported and called
    looser (new:7): `lib.*` may be imported, called, constructed and given state
    looser (new:8): the format `safetensors` is allowed
    looser (new:9): the rule `pickle-load` goes from deny to warn
    tighter (new:9): the rule `torch-load-implicit` goes from warn to deny
    tighter (old:6): `app.Gone` may no longer be imported and constructed
    tighter (old:7): the format `npz` is no longer allowed
    ");
}

#[test]
fn paths_are_compared_by_what_they_match() {
    // Wider, although the text is another; then the same paths in other words.
    insta::assert_snapshot!(told(
        "version: 1\noverrides:\n  - paths: [\"tests/fixtures/**\"]\n    formats: {allow: [pickle]}\n",
        "version: 1\noverrides:\n  - paths: [\"tests/**\"]\n    formats: {allow: [pickle]}\n",
    ), @"looser (new:4): the format `pickle` is allowed in more paths: `tests/**`, for example `tests/x`");
    insta::assert_snapshot!(told(
        "version: 1\nglobals: {allow: [{global: a.B, paths: [\"models/**\", \"x/*.pt\"]}]}\n",
        "version: 1\nglobals: {allow: [{global: a.B, paths: [\"models/\", \"x/*.pt\"]}]}\n",
    ), @"looser (new:2): `a.B` may be imported, called, constructed and given state in more paths: `models/`, `x/*.pt`, for example `x/models/x`");
    insta::assert_snapshot!(told(
        "version: 1\nexclude: [\"third_party/**\", a/b]\n",
        "version: 1\nexclude: [\"third_party/x/**\", \"*.bin\", \"a/**\"]\n",
    ), @"
    looser (new:2): `*.bin` is no longer checked, for example at `.bin`
    looser (new:2): `a/**` is no longer checked, for example at `a/x`
    tighter (old:2): `third_party/**` is checked, for example at `third_party/x`
    ");
}

#[test]
fn refusals_that_are_gone_and_overrides_that_come_later() {
    insta::assert_snapshot!(told(
        "version: 1\nglobals:\n  allow: [app.*, app.Other]\n  refuse: [app.Net, torch.hub.*]\nformats:\n  allow: [npy]\noverrides:\n  - paths: [a/]\n    formats: {refuse: [npy]}\n",
        "version: 1\nglobals:\n  allow: [app.*, app.Other]\nformats:\n  allow: [npy]\noverrides:\n  - paths: [a/]\n    formats: {refuse: [npy]}\n  - paths: [a/b/]\n    formats: {allow: [npy]}\n",
    ), @"
    looser (new:10): the format `npy` is allowed in more paths: `a/b/`, for example `a/b/x`
    looser (old:4): `app.Net` is no longer refused
    looser (old:4): `torch.hub.*` is no longer refused
    ");
}

#[test]
fn arguments_and_danger() {
    insta::assert_snapshot!(told(
        "version: 1\nglobals:\n  allow:\n    - {global: builtins.getattr, args: [{allowed-global: class}, {one-of: [a]}], reason: x}\n    - {global: app.make, args: [{data: true}]}\n",
        "version: 1\nglobals:\n  allow:\n    - {global: builtins.getattr, args: [{allowed-global: class}, {one-of: [a, b]}], reason: x}\n    - app.make\n",
    ), @"
    looser (new:4): `builtins.getattr` may be called with more arguments
    looser (new:5): `app.make` may be called with more arguments
    ");
    insta::assert_snapshot!(told(
        "version: 1\nglobals:\n  allow:\n    - {global: builtins.getattr, args: [{allowed-global: class}, {one-of: [a]}], reason: x}\n",
        "version: 1\nglobals:\n  allow:\n    - {global: builtins.getattr, dangerous: true, reason: x}\n",
    ), @"
    looser (new:4): `builtins.getattr` may be called with more arguments
    looser (new:4): `builtins.getattr` may be used in any shape (`dangerous: true`)
    ");
}

#[test]
fn targets_attributes_and_bundled_policies() {
    insta::assert_snapshot!(told(
        "version: 1\nextends: strict\ntarget: {torch: \">=2.13\"}\n",
        "version: 1\nextends: strict\ntarget: {torch: \"2.14\"}\nattributes: honour\n",
    ), @"
    looser (new:3): `target.torch` goes from `>=2.13` to `2.14`: files are no longer judged for torch 2.13, 2.15
    looser (new:4): lines `weighbridge=off` in .gitattributes exclude files
    ");
    let (strict, recommended) = (
        "version: 1\nextends: strict\n",
        "version: 1\nextends: recommended\n",
    );
    let looser = changes(strict, recommended);
    assert!(looser.iter().any(PolicyChange::is_looser));
    let back = changes(recommended, strict);
    assert!(!back.iter().any(PolicyChange::is_looser), "{back:?}");
    assert_eq!(looser.len(), back.len());
}

#[test]
fn waivers_their_terms_and_pins() {
    let waiver = |more: &str| {
        format!("  - {{rule: global-not-allowed, subject: app.Net, reason: r, {more}}}\n")
    };
    let policy = |head: &str, waivers: &[String]| {
        format!("version: 1\n{head}waivers:\n{}", waivers.concat())
    };
    // Longer, wider, another content; what says the same in other words is no difference.
    insta::assert_snapshot!(told(
        &policy(
            "waiver-terms: {max-days: 90, require: [reason, owner]}\npins: {require: all}\n",
            &[waiver("paths: [a/, b/], expires: 2027-01-31"), waiver("paths: [c.pt], expires: 2027-01-31")],
        ),
        &policy(
            "waiver-terms: {max-days: 180, require: [reason]}\npins: {require: executable, lock: other.lock}\n",
            &[waiver("paths: [a/, b/], expires: 2027-06-30"), waiver("paths: [c.pt], expires: 2027-01-31")],
        ),
    ), @"
    looser (new:2): `waiver-terms.require` goes from [reason, owner] to [reason]
    looser (new:2): `waiver-terms.max-days` goes from 90 to 180
    looser (new:3): `pins.require` goes from all to executable
    perhaps (new:3): perhaps: `pins.lock` goes from weighbridge.lock to other.lock
    looser (new:5): findings of `global-not-allowed` about `app.Net` are waived further, until 2027-06-30
    tighter (old:5): findings of `global-not-allowed` about `app.Net` are no longer waived as far as they were
    ");
    insta::assert_snapshot!(told(
        &policy("", &[waiver("paths: [\"a/**\", \"b/**\"]")]),
        &policy("", &[waiver("paths: [\"a/**\"]"), waiver("paths: [\"b/*\", \"c/*\"], expires: 2027-01-31")]),
    ), @"
    looser (new:4): findings of `global-not-allowed` about `app.Net` are waived further, until 2027-01-31
    tighter (old:3): findings of `global-not-allowed` about `app.Net` are no longer waived as far as they were
    ");
    insta::assert_snapshot!(told(
        "version: 1\nrules: {unusual-use: allow}\noverrides: [{paths: [a/], reason: r, rules: {global-not-allowed: allow}}]\n",
        "version: 1\nrules: {unusual-use: allow}\noverrides: [{paths: [a/], reason: r, dangerous: true, rules: {global-not-allowed: allow}}]\n",
    ), @"looser (new:3): findings of `global-not-allowed` about dangerous names go from deny to allow in `a/`");
}

#[test]
fn locks_and_baselines() {
    insta::assert_snapshot!(told(
        "version: 1\nlocked: [globals.refuse, exclude]\nbaseline: known.json\n",
        "version: 1\nlocked: [exclude, globals.allow]\nbaseline: other.json\n",
    ), @"
    perhaps (new:3): perhaps: `baseline` goes from known.json to other.json
    looser (old:2): `globals.refuse` is no longer locked
    tighter (new:2): `globals.allow` is locked
    ");
}

/// A policy of a few words, so that pairs of them are about the same things.
fn some_policy() -> impl Strategy<Value = Parts> {
    let paths = prop::sample::select(vec![
        "[a/]",
        "[\"a/**\"]",
        "[\"*.pt\"]",
        "[a/b/]",
        "[\"**\"]",
        "[\"[ab]/*.pt\", c/]",
        "[\"a/*\"]",
    ]);
    let pattern = prop::sample::select(vec![
        "m.A",
        "m.f",
        "m.*",
        "m.**",
        "m.n.A",
        "m.n.*",
        "n.f",
        "\"m:A.B\"",
        "torch._utils._rebuild_tensor_v2",
        "collections.OrderedDict",
        "torch.*",
    ]);
    let uses = prop::sample::select(vec![
        "",
        ", as: [import]",
        ", as: [construct]",
        ", as: [call, build]",
    ]);
    let args = prop::sample::select(vec![
        "",
        "",
        "",
        ", args: [{data: true}]",
        ", args: [{one-of: [a, b]}]",
        ", args: [{one-of: [a]}]",
        ", args: [{allowed-global: class}]",
        ", args: [{allowed-global: any}]",
    ]);
    let allow = (
        pattern.clone(),
        uses,
        args,
        prop::option::weighted(0.3, paths.clone()),
    )
        .prop_map(|(pattern, uses, args, paths)| {
            // Arguments are constrained of one name at a time, and of what is called.
            let args = if pattern.ends_with('*') { "" } else { args };
            let paths = paths.map_or_else(String::new, |paths| format!(", paths: {paths}"));
            // A pattern may reach a dangerous name.
            let danger = if pattern.starts_with("torch.*") {
                ", dangerous: true, reason: r"
            } else {
                ""
            };
            format!("{{global: {pattern}{uses}{args}{paths}{danger}}}")
        });
    let packs = prop::sample::subsequence(vec!["torch-weights", "python-data"], 0..=2);
    let format = prop::sample::select(vec!["npy", "npz", "pickle"]);
    let level = (
        prop::sample::select(vec!["pickle-load", "joblib-load"]),
        prop::sample::select(vec!["allow", "warn", "deny"]),
    );
    let body = (
        prop::collection::vec(allow, 0..3),
        prop::collection::vec(pattern, 0..2),
        packs,
        prop::collection::vec(format.clone(), 0..2),
        prop::collection::vec(format, 0..2),
        prop::collection::vec(level, 0..2),
    )
        .prop_map(|(allow, refuse, packs, formats, refused, levels)| {
            let list = |items: &[String]| format!("[{}]", items.join(", "));
            let formats: Vec<String> = formats
                .iter()
                .filter(|format| !refused.contains(format))
                .map(ToString::to_string)
                .collect();
            let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
            // What is refused beside it in one file is an error.
            let allow: Vec<String> = allow
                .into_iter()
                .filter(|entry| {
                    !refuse.iter().any(|refused| entry.starts_with(&format!("{{global: {refused}")))
                })
                .collect();
            let refuse: Vec<String> = refuse.iter().map(ToString::to_string).collect();
            let packs: Vec<String> = packs.iter().map(ToString::to_string).collect();
            let mut known = std::collections::BTreeMap::new();
            known.extend(levels);
            let levels: Vec<String> = known.iter().map(|(rule, level)| format!("{rule}: {level}")).collect();
            format!(
                "globals: {{packs: {}, allow: {}, refuse: {}}}, formats: {{allow: {}, refuse: {}}}, rules: {{{}}}",
                list(&packs), list(&allow), list(&refuse), list(&formats), list(&refused), levels.join(", ")
            )
        });
    let over = (paths.clone(), body.clone())
        .prop_map(|(paths, body)| format!("{{paths: {paths}, {body}}}"));
    let target = prop::sample::select(vec!["auto", "2.6", ">=2.4", ">=2.6,<2.9"]);
    (
        prop::collection::vec(body, 1),
        prop::collection::vec(over, 0..3),
        prop::option::weighted(0.3, paths),
        target,
        any::<bool>(),
    )
}

/// The parts of a policy: what holds everywhere, overrides, what is excluded, the target, attributes.
type Parts = (
    Vec<String>,
    Vec<String>,
    Option<&'static str>,
    &'static str,
    bool,
);

fn text((body, overrides, exclude, target, honours): &Parts) -> String {
    format!(
        "{{version: 1, {}, overrides: [{}], exclude: {}, target: {{torch: \"{target}\"}}, attributes: {}}}",
        body.join(", "),
        overrides.join(", "),
        exclude.unwrap_or("[]"),
        if *honours { "honour" } else { "ignore" },
    )
}

/// A policy and one that differs from it in one part.
fn some_pair() -> impl Strategy<Value = (String, String)> {
    (some_policy(), some_policy(), 0..6).prop_map(|(old, other, part)| {
        let mut new = old.clone();
        match part {
            0 => new.0 = other.0,
            1 => new.1 = other.1,
            2 => new.2 = other.2,
            3 => new.3 = other.3,
            4 => new.1.reverse(),
            _ => {
                new.1.pop();
            }
        }
        (text(&old), text(&new))
    })
}

/// Something that a policy judges.
#[derive(Debug, Clone)]
enum Asked {
    Format(&'static str),
    Level(&'static RuleMeta, Level),
    Use(GlobalName, Usage),
    Call(GlobalName, Vec<Argument>),
    Skip,
    Honours,
}

impl Asked {
    fn passes(&self, policy: &Policy, path: &Text) -> bool {
        let scope = policy.scope(path);
        match self {
            Self::Format(id) => scope.format(id).is_allowed(),
            Self::Level(rule, level) => scope.level(rule) <= *level,
            Self::Use(name, usage) => scope.globals().allows(name, *usage),
            Self::Call(name, arguments) => {
                scope.globals().allows(name, Usage::Call)
                    // A plain call takes no globals.
                    && (scope.globals().constrains(name)
                        || arguments.iter().all(|argument| !matches!(argument, Argument::Global(_))))
                    && scope.globals().arguments(name, arguments) == ArgumentVerdict::Allowed
            }
            Self::Skip => policy.excludes(path),
            Self::Honours => policy.honours_attributes(),
        }
    }
}

impl Asked {
    /// Whether a difference is about it.
    fn is_in(&self, what: &PolicyItem) -> bool {
        match (self, what) {
            (
                Self::Format(id),
                PolicyItem::Format { id: of } | PolicyItem::FormatRefusal { id: of },
            ) => of == id,
            (Self::Level(rule, _), PolicyItem::Level { rule: of, .. }) => of == rule.id,
            (
                Self::Use(name, _) | Self::Call(name, _),
                PolicyItem::Global { entry, .. }
                | PolicyItem::Arguments { entry }
                | PolicyItem::AnyShape { entry }
                | PolicyItem::GivenToCalls { entry }
                | PolicyItem::Refusal { entry },
            ) => {
                let called = format!("{}.{}", name.module, name.name);
                let stem = entry.trim_end_matches('*').replace(':', ".");
                // What refuses a class refuses what is in it.
                let refuses = matches!(what, PolicyItem::Refusal { .. });
                let inside = called.strip_prefix(&stem);
                called == stem
                    || inside.is_some_and(|rest| {
                        entry.ends_with('*') || refuses && rest.starts_with('.')
                    })
                    // A call may be given what another entry lists.
                    || matches!(self, Self::Call(..))
            }
            (
                Self::Use(..) | Self::Call(..),
                PolicyItem::Pack { .. } | PolicyItem::Target { .. },
            )
            | (Self::Skip, PolicyItem::Exclusion { .. })
            | (Self::Honours, PolicyItem::Attributes) => true,
            _ => false,
        }
    }
}

fn everything() -> Vec<Asked> {
    let names = [
        ("m", "A"),
        ("m", "f"),
        ("m", "Z"),
        ("m", "z"),
        ("m.n", "A"),
        ("m.n", "q"),
        ("m.k", "Y"),
        ("n", "f"),
        ("n", "A"),
        ("m", "A.B"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("collections", "OrderedDict"),
        ("torch", "FloatStorage"),
        ("torch", "nothing_known"),
        ("torch.hub", "load"),
        ("builtins", "set"),
        ("torch", "float8_e4m3fn"),
    ];
    let arguments = [
        vec![],
        vec![Argument::Other],
        vec![Argument::Str("a".into())],
        vec![Argument::Str("b".into())],
        vec![Argument::Global(Global::Named(GlobalName::new("m", "A")))],
        vec![Argument::Global(Global::Named(GlobalName::new("m", "f")))],
        vec![Argument::Global(Global::Named(GlobalName::new(
            "torch",
            "FloatStorage",
        )))],
    ];
    let mut all = vec![Asked::Skip, Asked::Honours];
    all.extend(["npy", "npz", "pickle"].map(Asked::Format));
    for id in ["pickle-load", "joblib-load"] {
        let rule = RULES.iter().find(|rule| rule.meta.id == id).unwrap().meta;
        all.extend([Level::Allow, Level::Warn].map(|level| Asked::Level(rule, level)));
    }
    for (module, name) in names {
        let name = GlobalName::new(module, name);
        for usage in [Usage::Import, Usage::Call, Usage::Construct, Usage::Build] {
            all.push(Asked::Use(name.clone(), usage));
        }
        for arguments in &arguments {
            all.push(Asked::Call(name.clone(), arguments.clone()));
        }
    }
    all
}

/// What the real judge refuses under one policy and lets pass under another, the comparison must have called looser; and a
/// path that it names as an example must show it.
#[test]
fn nothing_is_looser_of_which_nothing_is_said() {
    let cases = std::env::var("WEIGHBRIDGE_POLICY_PAIRS").ok();
    let cases: u32 = cases.map_or(60, |cases| cases.parse().unwrap());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let asked = everything();
    let paths = [
        "x", "x.pt", "a/x", "a/x.pt", "a/b/x", "a/b/x.pt", "b/x.pt", "b/x", "c/x", "c/d/x.pt",
        "a/c/x", "a",
    ]
    .map(Text::from);
    let (looser, not_looser) = (Cell::new(0), Cell::new(0));
    proptest!(config, |((one, other) in some_pair())| {
        for (old, new) in [(&one, &other), (&other, &one)] {
            let (old_policy, new_policy) = (policy(old), policy(new));
            let changes = compare(&old_policy, &new_policy, CATALOG.rules);
            let is_looser = changes.iter().any(PolicyChange::is_looser);
            let count = if is_looser { &looser } else { &not_looser };
            count.set(count.get() + 1);
            let passes = |asked: &Asked, path: &Text| {
                !asked.passes(&old_policy, path) && asked.passes(&new_policy, path)
            };
            for path in &paths {
                for asked in &asked {
                    let is_said = || changes.iter().any(|change| change.is_looser() && asked.is_in(&change.what));
                    prop_assert!(
                        !passes(asked, path) || is_said(),
                        "{asked:?} passes at {path} under\n{new}\nand not under\n{old}\nand is not said to be looser"
                    );
                }
            }
            for change in &changes {
                if let (PolicyItem::Format { id }, Direction::Looser) = (&change.what, change.direction) {
                    let path = change.example.clone().unwrap_or_else(|| Text::from("q"));
                    let format = ["npy", "npz", "pickle"].into_iter().find(|it| it == id).unwrap();
                    prop_assert!(passes(&Asked::Format(format), &path), "{change} under\n{new}\nand\n{old}");
                }
            }
        }
    });
    // Both answers are given often.
    let (looser, not_looser) = (looser.get(), not_looser.get());
    assert!(
        looser > cases / 10 && not_looser > cases / 10,
        "{looser} {not_looser}"
    );
}

/// Dropping a line of a policy never makes two policies of which each is looser, and a policy compared with itself is the same.
#[test]
fn a_policy_does_not_differ_from_itself() {
    let config = Config {
        cases: 100,
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(parts in some_policy())| {
        let text = text(&parts);
        let (one, other) = (policy(&text), policy(&text));
        prop_assert!(compare(&one, &other, CATALOG.rules).is_empty());
    });
}
