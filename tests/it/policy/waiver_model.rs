//! Waivers over generated policies: each is compared with a model of ten lines.

use jiff::civil::Date;
use serde_json::{Value, json};
use weighbridge::{fact::Text, rule::by_id};

use super::{
    generated::{DAYS, DIGESTS, Random, finding, is_waived, random, terms, waiver},
    parse,
};

const PATHS: &[&str] = &["a.pt", "models/a.pt", "models/old/b.pkl", "tests/c.joblib"];
const RULES: &[&str] = &[
    "pickle-load",
    "global-not-allowed",
    "torch-load-implicit",
    "unusual-use",
];
/// Names as files store them, each with how waivers may spell it.
const NAMES: &[(&str, &[&str])] = &[
    ("app.models.Net", &["app.models.Net", "app.models:Net"]),
    ("app.models:Net.Block", &["app.models:Net.Block"]),
    (
        "numpy._core.multiarray.scalar",
        &[
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray.scalar",
        ],
    ),
    ("posix.system", &["os.system", "posix.system", "nt.system"]),
    ("lib.f", &["lib.f"]),
];

/// Whether a waiver covers a finding, as the page says it.
fn covers(
    waiver: &Value,
    terms: &Value,
    of: (&str, &str, &[&str], bool),
    digest: &str,
    day: &str,
) -> bool {
    let (rule, path, spellings, dangerous) = of;
    let says = |key: &str| waiver.get(key).and_then(Value::as_str);
    let required = terms["require"].as_array().into_iter().flatten();
    let days = |last: &str| {
        let (from, to): (Date, Date) = (day.parse().unwrap(), last.parse().unwrap());
        from.until(to).unwrap().get_days()
    };
    let longest = terms["max-days"].as_i64();
    says("rule") == Some(rule)
        && waiver["paths"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| is_match(it.as_str().unwrap(), path))
        && says("subject").is_none_or(|subject| spellings.contains(&subject))
        && says("sha256").is_none_or(|wanted| wanted == digest)
        && says("expires").is_none_or(|last| day <= last)
        && required
            .clone()
            .all(|key| says(key.as_str().unwrap()).is_some())
        && longest
            .is_none_or(|most| says("expires").is_some_and(|last| i64::from(days(last)) <= most))
        && (!dangerous || waiver["dangerous"] == true && says("reason").is_some())
}

/// Whether one of the patterns that are generated matches.
fn is_match(pattern: &str, path: &str) -> bool {
    match pattern {
        "**" => true,
        "*.pkl" => path.strip_suffix(".pkl").is_some(),
        "models/old/**" => path.starts_with("models/old/"),
        folder if folder.ends_with('/') => path.starts_with(folder),
        file => file == path,
    }
}

/// A waiver that may be about a dangerous name, and about a file.
fn any_waiver(random: &mut Random) -> Value {
    let mut waiver = waiver(random);
    let object = waiver.as_object_mut().unwrap();
    if random.one_in(4) {
        object.insert("rule".into(), json!(random.of(RULES)));
    }
    if random.one_in(3) {
        object.insert("paths".into(), json!([random.of(PATHS), "models/"]));
    }
    if random.one_in(2) {
        let (_, spellings) = random.of(NAMES);
        object.insert("subject".into(), json!(random.of(spellings)));
    }
    if random.one_in(3) {
        object.insert("dangerous".into(), json!(true));
        object.insert("reason".into(), json!("reviewed"));
    }
    waiver
}

#[test]
fn what_is_waived_is_what_the_model_says() {
    let mut random = random(31);
    let mut both = [0, 0];
    for _ in 0..400 {
        let waivers: Vec<Value> = (0..=random.below(5))
            .map(|_| any_waiver(&mut random))
            .collect();
        let terms = if random.one_in(3) {
            terms(&mut random)
        } else {
            json!({})
        };
        let text = json!({"version": 1, "waivers": waivers, "waiver-terms": terms}).to_string();
        // A dangerous name has to be meant.
        let Ok(policy) = parse(&text) else {
            continue;
        };
        for _ in 0..60 {
            let (stored, spellings) = random.of(NAMES);
            let (rule, path) = (random.of(RULES), random.of(PATHS));
            let (digest, day) = (random.of(DIGESTS), random.of(DAYS));
            let dangerous = stored == "posix.system" && by_id(rule).unwrap().meta.could_run_code();
            let of = (rule, path, spellings, dangerous);
            let wanted = waivers.iter().any(|it| covers(it, &terms, of, digest, day));
            let found = finding(rule, stored, &Text::from(path));
            let found = is_waived(&policy, &found, digest, day);
            assert_eq!(
                found, wanted,
                "{rule} {stored} {path} {digest} {day} by {text}"
            );
            both[usize::from(found)] += 1;
        }
    }
    assert!(both[0] > 2_000 && both[1] > 1_000, "{both:?}");
}

/// Once a waiver has ended, it never holds again, and no question changes the answer to another.
#[test]
fn a_waiver_holds_until_it_ends_and_no_longer() {
    let mut random = random(32);
    let mut ended = 0;
    for _ in 0..300 {
        let waiver = any_waiver(&mut random);
        let text = json!({"version": 1, "waivers": [waiver]}).to_string();
        let Ok(policy) = parse(&text) else {
            continue;
        };
        let again = parse(&text).unwrap();
        let (stored, _) = random.of(NAMES);
        for (rule, path) in RULES
            .iter()
            .flat_map(|rule| PATHS.iter().map(move |path| (rule, path)))
        {
            let finding = finding(rule, stored, &Text::from(*path));
            let on = |policy, day: &&str| is_waived(policy, &finding, DIGESTS[0], day);
            let days: Vec<bool> = DAYS.iter().map(|day| on(&policy, day)).collect();
            let backwards: Vec<bool> = DAYS.iter().rev().map(|day| on(&again, day)).collect();
            assert!(days.iter().eq(backwards.iter().rev()), "{text}");
            assert!(days.is_sorted_by(|a, b| a >= b), "{days:?} {text}");
            ended += usize::from(days.first() != days.last());
        }
    }
    assert!(ended > 20, "{ended}");
}
