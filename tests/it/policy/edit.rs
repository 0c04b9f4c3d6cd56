//! Edits keep every byte of a policy, and add exactly what they are asked for.

use weighbridge::policy::edit::{Fragment, Item, create, edit};

use super::{allows, parse, policy};
use crate::support::random::Random;

/// Two names under `globals.allow`, the second with uses.
fn names() -> Fragment {
    let items = [
        Item::new("app.models.Net").with_comment("models/net.pt"),
        Item::new("{global: \"app.make\", as: [import]}").with_comment("models/net.pt"),
    ];
    Fragment::default().with_items(&["globals", "allow"], items)
}

fn packs() -> Fragment {
    Fragment::default().with_items(&["globals", "packs"], [Item::new("timm")])
}

fn both() -> Fragment {
    let items = [Item::new("app.models.Net")];
    packs().with_items(&["globals", "allow"], items)
}

fn edited(text: &str, fragment: &Fragment) -> String {
    match edit(text, fragment) {
        Ok(new) => new,
        Err(why) => format!("cannot: {}:{}", why.line, why.why),
    }
}

#[test]
fn a_new_policy_is_whole() {
    insta::assert_snapshot!(create(Some("recommended"), &both()), @"
    version: 1
    extends: recommended
    globals:
      packs:
        - timm
      allow:
        - app.models.Net
    ");
}

#[test]
fn items_go_where_a_list_ends_in_its_style() {
    let text = "version: 1\nextends: recommended\nglobals:\n  packs: [numpy-arrays] # why\n  allow: # ours\n  - app.A   # first\n  # - app.B\n\n  # about refusing\n  refuse: [app.C]\nrules: {unusual-use: deny}\n";
    insta::assert_snapshot!(edited(text, &both()), @"
    version: 1
    extends: recommended
    globals:
      packs: [numpy-arrays, timm] # why
      allow: # ours
      - app.A   # first
      # - app.B
      - app.models.Net

      # about refusing
      refuse: [app.C]
    rules: {unusual-use: deny}
    ");
    insta::assert_snapshot!(edited(text, &names()), @r#"
    version: 1
    extends: recommended
    globals:
      packs: [numpy-arrays] # why
      allow: # ours
      - app.A   # first
      # - app.B
      # models/net.pt
      - app.models.Net
      - {global: "app.make", as: [import]}

      # about refusing
      refuse: [app.C]
    rules: {unusual-use: deny}
    "#);
}

#[test]
fn keys_go_where_a_mapping_ends() {
    let text = "version: 1\nextends: recommended\n\nglobals:\n    packs:\n        - numpy-arrays\n\n# The end.\n\n";
    insta::assert_snapshot!(edited(text, &names()), @r#"
    version: 1
    extends: recommended

    globals:
        packs:
            - numpy-arrays
        allow:
            # models/net.pt
            - app.models.Net
            - {global: "app.make", as: [import]}

    # The end.
    "#);
    insta::assert_snapshot!(edited("version: 1\nextends: recommended\n\nrules:\n  unusual-use: deny\n# The end.", &names()), @r#"
    version: 1
    extends: recommended

    rules:
      unusual-use: deny
    # The end.

    globals:
      allow:
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    "#);
}

#[test]
fn flow_style_stays_flow_style() {
    let lines = [
        "{version: 1, extends: recommended}",
        "{version: 1, extends: recommended, globals: {packs: [numpy-arrays], allow: [app.A,]}}",
        "{\"version\": 1, \"globals\": {\"allow\": []}, \"extends\": \"recommended\"}",
        "{version: 1, extends: recommended, globals: {allow: }}",
        "{version: 1, extends: recommended, globals: null}",
        "version: 1\nextends: recommended\nglobals: {allow: [app.A, # a\n  app.B # b\n  ]}",
        "version: 1\nextends: recommended\nglobals:\n  allow: [\n    app.A, # a\n    app.B # b\n  ]",
        "version: 1\nextends: recommended\nglobals:\n  allow: [\n    app.A, # a\n    app.B, # b\n    # none\n  ]",
    ];
    let all: Vec<String> = lines.iter().map(|text| edited(text, &names())).collect();
    insta::assert_snapshot!(all.join("\n---\n"), @r#"
    {version: 1, extends: recommended, globals: {allow: [app.models.Net, {global: "app.make", as: [import]}]}}
    ---
    {version: 1, extends: recommended, globals: {packs: [numpy-arrays], allow: [app.A, app.models.Net, {global: "app.make", as: [import]},]}}
    ---
    {"version": 1, "globals": {"allow": [app.models.Net, {global: "app.make", as: [import]}]}, "extends": "recommended"}
    ---
    {version: 1, extends: recommended, globals: {allow: [app.models.Net, {global: "app.make", as: [import]}] }}
    ---
    {version: 1, extends: recommended, globals: {allow: [app.models.Net, {global: "app.make", as: [import]}]}}
    ---
    version: 1
    extends: recommended
    globals: {allow: [app.A, # a
      app.B, # b
      app.models.Net,
      {global: "app.make", as: [import]}
      ]}
    ---
    version: 1
    extends: recommended
    globals:
      allow: [
        app.A, # a
        app.B, # b
        app.models.Net,
        {global: "app.make", as: [import]}
      ]
    ---
    version: 1
    extends: recommended
    globals:
      allow: [
        app.A, # a
        app.B, # b
        app.models.Net,
        {global: "app.make", as: [import]},
        # none
      ]
    "#);
}

#[test]
fn an_empty_value_makes_room() {
    let texts = [
        "version: 1\nextends: recommended\nglobals:\nrules: {}\n",
        "version: 1\nextends: recommended\nglobals: # of files\n  # allow: []\nrules: {}\n",
        "version: 1\nextends: recommended\nglobals: {} # none\n",
        "version: 1\nextends: recommended\nglobals: ~\nrules: {}\n",
        "version: 1\nextends: recommended\nglobals:\n  allow: [] # none\n  packs: null\n",
        "version: 1\nextends: recommended\nglobals:\n  allow: &names []\n",
    ];
    let all: Vec<String> = texts.iter().map(|text| edited(text, &names())).collect();
    insta::assert_snapshot!(all.join("---\n"), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    rules: {}
    ---
    version: 1
    extends: recommended
    globals: # of files
      allow:
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
      # allow: []
    rules: {}
    ---
    version: 1
    extends: recommended
    globals: # none
      allow:
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    ---
    version: 1
    extends: recommended
    globals:
      allow:
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    rules: {}
    ---
    version: 1
    extends: recommended
    globals:
      allow: # none
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
      packs: null
    ---
    version: 1
    extends: recommended
    globals:
      allow: &names
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    "#);
}

#[test]
fn what_stands_around_stays() {
    let texts = [
        "\u{feff}version: 1\r\nextends: recommended\r\nglobals:\r\n  allow:\r\n  - app.A # one\r\n\r\nrules: {}\r\n",
        "%YAML 1.2\n---\nversion: 1\nextends: recommended\nglobals: &g\n  allow:\n    - app.A\n...\n",
        "# \tfirst\n---\nversion: 1 #\ttab\nextends: recommended\nglobals:\n  allow:\n    - global: app.A\n      reason: |+\n        kept\n\n    - global: app.B\n      reason: >+\n        kept\n\n\n",
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    -\n      global: \"app.A\"\n      reason: 'it''s\n        long'",
        "version: 1\nextends: recommended\n\"globals\":\n  'allow':\n    - app.A\n    # the last one\n",
    ];
    let all: Vec<String> = texts
        .iter()
        .map(|text| {
            edited(text, &names())
                .replace('\r', "\\r")
                .replace('\u{feff}', "\\u{feff}")
        })
        .collect();
    insta::assert_snapshot!(all.join("\n===\n"), @r#"
    \u{feff}version: 1\r
    extends: recommended\r
    globals:\r
      allow:\r
      - app.A # one\r
      # models/net.pt\r
      - app.models.Net\r
      - {global: "app.make", as: [import]}\r
    \r
    rules: {}\r

    ===
    %YAML 1.2
    ---
    version: 1
    extends: recommended
    globals: &g
      allow:
        - app.A
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    ...

    ===
    # 	first
    ---
    version: 1 #	tab
    extends: recommended
    globals:
      allow:
        - global: app.A
          reason: |+
            kept

        - global: app.B
          reason: >+
            kept


        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}

    ===
    version: 1
    extends: recommended
    globals:
      allow:
        -
          global: "app.A"
          reason: 'it''s
            long'
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    ===
    version: 1
    extends: recommended
    "globals":
      'allow':
        - app.A
        # the last one
        # models/net.pt
        - app.models.Net
        - {global: "app.make", as: [import]}
    "#);
}

#[test]
fn what_has_no_place_is_said() {
    let texts = [
        "version: 1\nextends: recommended\nglobals: app.A\n",
        "version: 1\nextends: recommended\nglobals: {allow: app.A}\n",
        "version: 1\nextends: recommended\nglobals:\n  refuse: &names [app.A]\n  allow: *names\n",
        "- version: 1\n",
        "version: [1\n",
        "",
    ];
    let all: Vec<String> = texts.iter().map(|text| edited(text, &names())).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    cannot: 3:`globals` has a value already
    cannot: 3:`globals.allow` has a value already
    cannot: 5:`globals.allow` is an alias, and what it stands for is used elsewhere
    cannot: 1:it is not one mapping
    cannot: 1:it is written in a way that cannot be edited safely
    cannot: 1:it is not one mapping
    ");
}

/// A policy in one of thousands of spellings, and whether it has aliases, which no edit may follow.
fn generated(random: &mut Random) -> String {
    let mut lines: Vec<String> = Vec::new();
    let comments = [
        "# allow:",
        "#",
        "# - app.X\t\ttab",
        "## globals: {}",
        "# \u{e9}\u{4e2d}",
    ];
    let step = [2, 2, 4, 3][random.below(4)];
    let dash = if random.chance(40) { 0 } else { step };
    let comment = |random: &mut Random, lines: &mut Vec<String>, indent: usize| {
        while random.chance(20) {
            let indent = if random.chance(80) {
                indent
            } else {
                random.below(9)
            };
            lines.push(format!("{:indent$}{}", "", random.pick(&comments)));
        }
        while random.chance(10) {
            lines.push(" ".repeat(random.below(3)));
        }
    };
    let trailing = |random: &mut Random| if random.chance(25) { "  # why: [" } else { "" };
    let quoted = |random: &mut Random, word: &str| match random.below(6) {
        0 => format!("\"{word}\""),
        1 => format!("'{word}'"),
        _ => word.to_owned(),
    };
    let list =
        |random: &mut Random, lines: &mut Vec<String>, indent: usize, key: &str, items: &[&str]| {
            let key = quoted(random, key);
            let items: Vec<String> = items
                .iter()
                .take(random.below(4))
                .map(|it| quoted(random, it))
                .collect();
            let head = format!("{:indent$}{key}:", "");
            if items.is_empty() {
                let broken = format!(" [\n{:indent$} ]", "");
                let nothing = ["", " ", " []", " [ ]", " null", " ~", &broken];
                let nothing = nothing[random.below(nothing.len())];
                lines.push(format!("{head}{nothing}{}", trailing(random)));
                return;
            }
            match random.below(4) {
                0 => lines.push(format!(
                    "{head} [{}{}]{}",
                    items.join(", "),
                    if random.chance(30) { "," } else { "" },
                    trailing(random)
                )),
                1 => {
                    lines.push(format!("{head} [{}", trailing(random)));
                    let inner = indent + 2 + random.below(4);
                    let last = items.len() - 1;
                    for (n, item) in items.iter().enumerate() {
                        let comma = if n < last || random.chance(50) {
                            ","
                        } else {
                            ""
                        };
                        lines.push(format!("{:inner$}{item}{comma}{}", "", trailing(random)));
                    }
                    lines.push(format!(
                        "{:width$}]{}",
                        "",
                        trailing(random),
                        width = indent + 1
                    ));
                }
                _ => {
                    let anchor = if random.chance(15) {
                        format!(" &{}", key.trim_matches(['"', '\'']))
                    } else {
                        String::new()
                    };
                    lines.push(format!("{head}{anchor}{}", trailing(random)));
                    for item in &items {
                        let indent = indent + dash;
                        comment(random, lines, indent);
                        let plain = item.trim_matches(['"', '\'']);
                        match random.below(if plain.contains("app.") { 6 } else { 1 }) {
                            1 => lines.push(format!(
                                "{:indent$}- {{global: {item}, as: [import]}}{}",
                                "",
                                trailing(random)
                            )),
                            2 => {
                                lines.push(format!(
                                    "{:indent$}- global: {item}{}",
                                    "",
                                    trailing(random)
                                ));
                                lines.push(format!("{:indent$}  as: [call,", ""));
                                lines.push(format!("{:indent$}    build]", ""));
                            }
                            3 => {
                                lines.push(format!(
                                    "{:indent$}- reason: {}",
                                    "",
                                    random.pick(&["|", ">-", "|+", "|2-"])
                                ));
                                lines.push(format!("{:indent$}    - # {item}", ""));
                                lines.push(String::new());
                                lines.push(format!("{:indent$}  global: {item}", ""));
                            }
                            4 => {
                                lines.push(format!("{:indent$}- global: {item}", ""));
                                lines.push(format!(
                                    "{:indent$}  reason: {}",
                                    "",
                                    random.pick(&["|", ">", "|+", ">+", "|-"])
                                ));
                                lines.push(format!("{:indent$}    # {item}: it is", ""));
                                for _ in 0..random.below(3) {
                                    lines.push(String::new());
                                }
                            }
                            _ => lines.push(format!("{:indent$}- {item}{}", "", trailing(random))),
                        }
                    }
                }
            }
        };
    match random.below(5) {
        0 => lines.extend(["%YAML 1.2".into(), "---".into()]),
        1 => lines.push("--- # policy".into()),
        _ => {}
    }
    comment(random, &mut lines, 0);
    lines.push("version: 1".into());
    lines.push(format!("{}: recommended", quoted(random, "extends")));
    let mut keys = vec!["globals", "formats", "rules", "exclude"];
    while !keys.is_empty() {
        let key = keys.remove(random.below(keys.len()));
        comment(random, &mut lines, 0);
        if random.chance(25) {
            continue;
        }
        match key {
            "rules" => lines.push(
                random
                    .pick(&[
                        "rules: {unusual-use: deny}",
                        "rules:",
                        "rules: {}",
                        "rules:\n  unusual-use: deny # x",
                    ])
                    .to_string(),
            ),
            "exclude" => list(random, &mut lines, 0, "exclude", &["a/**", "b/**"]),
            key => {
                let shape = random.below(10);
                match (key, shape) {
                    (_, 0) => lines.push(format!("{key}:{}", trailing(random))),
                    (_, 1) => lines.push(format!("{key}: {{}}{}", trailing(random))),
                    ("globals", 2) => {
                        lines
                            .push("globals: {allow: [app.B, app.C], packs: [numpy-arrays]}".into());
                    }
                    ("globals", 3) => lines.push(
                        "globals: {refuse: [app.Z],\n  # inside\n  packs: [numpy-arrays], }".into(),
                    ),
                    (key, _) => {
                        let anchor = if random.chance(15) { " &all" } else { "" };
                        lines.push(format!(
                            "{}:{anchor}{}",
                            quoted(random, key),
                            trailing(random)
                        ));
                        let mut some = 0;
                        let inner: &[(&str, &[&str])] = if key == "globals" {
                            &[
                                ("packs", &["numpy-arrays", "timm"]),
                                ("allow", &["app.B", "app.C", "app.D"]),
                                ("refuse", &["app.Z"]),
                            ]
                        } else {
                            &[("allow", &["pickle", "joblib"]), ("refuse", &["egg"])]
                        };
                        for (name, items) in inner {
                            if random.chance(70) {
                                comment(random, &mut lines, step);
                                list(random, &mut lines, step, name, items);
                                some += 1;
                            }
                        }
                        if some == 0 {
                            lines.push(format!("{:step$}refuse: []", ""));
                        }
                    }
                }
            }
        }
    }
    comment(random, &mut lines, 0);
    let mut text = lines.join("\n");
    // Nothing can be added after the last line of a text in a block (`|`, `>+`) that has no end without changing that text.
    if random.chance(70) || text.ends_with(' ') || text.ends_with(": it is") {
        text.push('\n');
    }
    if random.chance(10) {
        text.push_str(if text.ends_with('\n') {
            "...\n"
        } else {
            "\n...\n"
        });
    }
    if random.chance(25) {
        text = text.replace('\n', "\r\n");
    }
    if random.chance(10) {
        text.insert(0, '\u{feff}');
    }
    text
}

/// Whether the bytes of one text are in another in their order, but for values that say nothing.
fn keeps(old: &str, new: &str) -> bool {
    let is_kept = |old: &str| {
        let mut left = new.chars();
        old.chars().all(|c| left.by_ref().any(|other| other == c))
    };
    // An empty value may go, with the blanks before it.
    is_kept(old) || {
        let mut bare = old.to_owned();
        for nothing in ["[ ]", "[]", "{}", "null", "~"] {
            bare = bare.replace(&format!(" {nothing}"), "");
        }
        for indent in 0..9 {
            bare = bare.replace(&format!(" [\n{:indent$} ]", ""), "");
            bare = bare.replace(&format!(" [\r\n{:indent$} ]", ""), "");
        }
        is_kept(&bare)
    }
}

#[test]
fn generated_policies_keep_all_they_say() {
    let mut cannot = Vec::new();
    let mut made = 0;
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let text = generated(&mut random);
        if parse(&text).is_err() {
            continue;
        }
        made += 1;
        let fragment = Fragment::default();
        let fragment = if random.chance(60) {
            let items = [
                Item::new("app.models.Net").with_comment("a.pt"),
                Item::new("{global: \"app.make\", as: [import]}"),
            ];
            fragment.with_items(&["globals", "allow"], items)
        } else {
            fragment
        };
        let fragment = if random.chance(40) {
            fragment.with_items(&["globals", "packs"], [Item::new("sklearn-estimators")])
        } else {
            fragment
        };
        let fragment = if random.chance(40) {
            fragment.with_items(
                &["exclude"],
                [Item::new("{paths: [\"x.bin\"], reason: \"say, why\"}")],
            )
        } else {
            fragment
        };
        let fragment = if random.chance(20) {
            fragment.with_scalar(&["target", "torch"], "\">=2.6\"")
        } else {
            fragment
        };
        match edit(&text, &fragment) {
            Ok(new) => {
                assert!(
                    keeps(&text, &new),
                    "seed {seed}:\n{text}\n=== became\n{new}"
                );
                assert!(fragment.is_empty() || text != new);
                let ends = |text: &str| {
                    (
                        text.ends_with('\n'),
                        text.contains("\r\n"),
                        text.starts_with('\u{feff}'),
                    )
                };
                assert_eq!(ends(&text), ends(&new), "seed {seed}:\n{text:?}\n{new:?}");
                assert_eq!(
                    new.matches('\n').count() - new.matches("\r\n").count(),
                    if text.contains('\r') {
                        0
                    } else {
                        new.matches('\n').count()
                    }
                );
                if let Err(errors) = parse(&new) {
                    panic!("seed {seed}: {}\n{new}", super::render(&errors));
                }
            }
            Err(why) => cannot.push(format!("seed {seed}: {}: {}\n{text}", why.line, why.why)),
        }
    }
    assert!(made > 2000, "{made}");
    assert!(
        cannot.is_empty(),
        "{} of {made} cannot be edited, such as\n{}",
        cannot.len(),
        cannot
            .iter()
            .take(3)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n=====\n")
    );
}

#[test]
fn what_was_added_is_what_the_policy_allows() {
    let text = "version: 1\nextends: recommended\n";
    let scope = policy(&edited(text, &names())).scope(&"models/net.pt".into());
    assert!(allows(
        &scope,
        "app.models:Net",
        weighbridge::fact::Usage::Build
    ));
    assert!(allows(&scope, "app:make", weighbridge::fact::Usage::Import));
    assert!(!allows(&scope, "app:make", weighbridge::fact::Usage::Call));
}
