//! The effective policy: what a policy and all that it extends come to.

use weighbridge::{fact::Text, policy::show};

use super::{Memory, generated, policy};

const ORG: &str = "\
version: 1
extends: recommended
formats:
  refuse: {joblib: use skops, pickle: null}
globals:
  packs: [torch-nn]
  refuse:
    - global: myapp.legacy.*
      reason: it is gone
rules:
  pickle-load: warn
  torch-load-implicit: deny
exclude:
  - {paths: [third_party/], reason: not ours}
locked: [globals.refuse, rules.torch-load-implicit]
";

const OWN: &str = "\
version: 1
extends: org.yaml
target: {torch: \">=2.6\"}
formats: {allow: [npy, npz]}
globals:
  allow:
    - myapp.models.Net
    - myapp.legacy.Old
    - global: sklearn.linear_model._logistic.LogisticRegression
      as: [import, construct, build]
      paths: [\"models/baseline/**\"]
      reason: nightly baseline
rules: {pickle-load: deny}
overrides:
  - paths: [\"tests/fixtures/**\"]
    reason: old files
    formats: {allow: [joblib]}
    rules:
      pickle-load: allow
";

fn shown(path: Option<&str>) -> String {
    let policy = Memory::new(&[("org.yaml", ORG), ("weighbridge.yaml", OWN)])
        .load()
        .unwrap();
    let text = show(&policy.effective(path.map(Text::from).as_ref()));
    // What `recommended` holds is its own matter, but for what has no effect here.
    let is_own = |line: &&str| !line.contains("# recommended") || line.contains("no effect");
    let lines: Vec<&str> = text.lines().filter(is_own).collect();
    let text = lines.join("\n").replace(" (built in)", "");
    // Its lines move whenever it grows.
    let mut parts = text.split("recommended.yaml:");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("recommended.yaml:N");
        masked.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    masked
}

#[test]
fn each_line_says_where_it_comes_from() {
    insta::assert_snapshot!(shown(None), @r#"
    version: 1                                            # weighbridge.yaml:1
    target:
      torch: ">=2.6"                                      # weighbridge.yaml:3, replaces recommended.yaml:N
    globals:
      packs:
        - torch-nn                                        # org.yaml:6
      refuse:
        - {global: myapp.legacy.*, reason: "it is gone"}  # org.yaml:8
      allow:
        - myapp.models.Net                                # weighbridge.yaml:7
        # - myapp.legacy.Old                              # weighbridge.yaml:8; no effect: org.yaml:8 decides
        - {global: sklearn.linear_model._logistic.LogisticRegression, as: [import, construct, build], paths: [models/baseline/**], reason: "nightly baseline"}  # weighbridge.yaml:9
    pins:
    formats:
      allow:
        - npy                                             # weighbridge.yaml:4, recommended.yaml:N
        - npz                                             # weighbridge.yaml:4, recommended.yaml:N
        # - pickle                                        # recommended.yaml:N; no effect: org.yaml:4 decides
        # - joblib                                        # recommended.yaml:N; no effect: org.yaml:4 decides
      refuse:
        joblib: "use skops"                               # org.yaml:4
        pickle: null                                      # org.yaml:4
    rules:
      pickle-load: deny                                   # weighbridge.yaml:13, replaces org.yaml:11
      torch-load-implicit: deny                           # org.yaml:12
    exclude:
      - {paths: [third_party/], reason: "not ours"}       # org.yaml:14
    locked:
      - globals.refuse                                    # org.yaml:15
      - rules.torch-load-implicit                         # org.yaml:15
    overrides:
      - paths: [tests/fixtures/**]                        # weighbridge.yaml:15
        reason: "old files"                               # weighbridge.yaml:16
        formats:
          allow:
            - joblib                                      # weighbridge.yaml:17
        rules:
          pickle-load: allow                              # weighbridge.yaml:19
    "#);
}

#[test]
fn for_a_path_only_what_holds_there_is_shown_and_what_is_void() {
    let text = shown(Some("tests/fixtures/a.joblib"));
    let void: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("no effect"))
        .collect();
    insta::assert_snapshot!(void.join("\n"), @r#"
      # - myapp.legacy.Old                              # weighbridge.yaml:8; no effect: org.yaml:8 decides
      # - pickle                                        # recommended.yaml:N; no effect: org.yaml:4 decides
      # - joblib                                        # recommended.yaml:N; no effect: org.yaml:4 decides
      # joblib: "use skops"                             # org.yaml:4; no effect: weighbridge.yaml:17 decides
    # pickle-load: deny                                 # weighbridge.yaml:13, replaces org.yaml:11; no effect: weighbridge.yaml:19 decides
    "#);
    assert!(
        !text.contains("sklearn") && text.contains("overrides:"),
        "{text}"
    );
    let other = shown(Some("models/baseline/a.pkl"));
    assert!(
        other.contains("sklearn") && !other.contains("overrides:"),
        "{other}"
    );
}

#[test]
fn what_is_shown_judges_as_the_policy_does_and_each_line_has_a_place() {
    let mut random = generated::random(1);
    for _ in 0..300 {
        let files = generated::family(&mut random);
        let Ok(whole) = files.load() else {
            continue;
        };
        let lines = whole.effective(None);
        let again = policy(&show(&lines));
        assert_eq!(
            generated::judged(&whole),
            generated::judged(&again),
            "{files:?}"
        );
        for path in generated::PATHS {
            let path = Text::from(*path);
            let again = policy(&show(&whole.effective(Some(&path))));
            assert_eq!(
                generated::judged_at(&whole, &path),
                generated::judged_at(&again, &path),
                "{path}: {files:?}"
            );
        }
        for line in &lines {
            let opens = line.text.ends_with(':');
            assert!(opens || !line.places.is_empty(), "{line:?}");
            for place in &line.places {
                assert!(
                    files.0.contains_key(place.file.as_str()) || place.file.ends_with("(built in)")
                );
                // What is marked there is what is shown, however it is quoted.
                let marked = place.text[place.range.clone()].trim_matches('"');
                assert!(line.text.contains(marked), "{line:?}");
            }
        }
    }
}
