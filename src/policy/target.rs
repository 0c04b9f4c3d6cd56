//! What will load the artifacts: which release of torch, of those whose lists are known.

/// A release, by its minor version: `2.6`.
type Release = (u32, u32);

/// Which of the known releases a policy's `target.torch` selects, oldest first; never empty.
///
/// `auto` is the newest. An exact version selects its minor release, a range (`>=2.6`, `>=2.6,<2.9`, `~=2.6`, `==2.6.*`)
/// all that lie in it.
pub(super) fn select(text: &str, known: &[String]) -> Result<Vec<String>, (String, String)> {
    let releases: Vec<(Release, &String)> = known
        .iter()
        .filter_map(|name| Some((version(name)?.0, name)))
        .collect();
    let (Some((_, oldest)), Some((newest_release, newest))) = (releases.first(), releases.last())
    else {
        return Err(("no release of torch is known".to_owned(), String::new()));
    };
    let span = format!("this version of weighbridge knows torch {oldest} to {newest}");
    if text.trim() == "auto" {
        return Ok(vec![(*newest).clone()]);
    }
    let mut tests = Vec::new();
    for part in text.split(',') {
        let Some(passes) = specifier(part.trim()) else {
            return Err((
                format!("`{text}` is not a version of torch"),
                "write `auto`, a version such as \"2.6\", or a range such as \">=2.6,<2.9\""
                    .to_owned(),
            ));
        };
        tests.push(passes);
    }
    // What only newer releases could satisfy is a policy for a newer weighbridge, not an empty range.
    let chosen: Vec<String> = releases
        .iter()
        .filter(|(release, _)| tests.iter().all(|test| test(*release)))
        .map(|(_, name)| (*name).clone())
        .collect();
    if chosen.is_empty() {
        let newer = tests
            .iter()
            .all(|test| test((newest_release.0, newest_release.1.saturating_add(1))));
        let help = if newer {
            format!("{span}: update weighbridge, or write `auto`")
        } else {
            span
        };
        return Err((format!("no known release of torch is `{text}`"), help));
    }
    Ok(chosen)
}

type Test = Box<dyn Fn(Release) -> bool>;

/// One part of a range. Patch versions do not matter: the lists change with minor ones.
fn specifier(text: &str) -> Option<Test> {
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let (operator, rest) = text.split_at(at);
    let (wanted, patch) = version(rest.trim_end_matches(".*"))?;
    Some(match operator.trim() {
        "" | "==" | "===" => Box::new(move |release| release == wanted),
        ">=" => Box::new(move |release| release >= wanted),
        // A later patch of the same minor release satisfies it.
        ">" => Box::new(move |release| {
            if patch.is_some() {
                release >= wanted
            } else {
                release > wanted
            }
        }),
        "<=" => Box::new(move |release| release <= wanted),
        // `<2.6.1` still admits 2.6.0.
        "<" => Box::new(move |release| {
            if patch.is_some_and(|patch| patch > 0) {
                release <= wanted
            } else {
                release < wanted
            }
        }),
        // `~=2.6` is any later 2.x; `~=2.6.0` is 2.6 only.
        "~=" => Box::new(move |release| {
            if patch.is_some() {
                release == wanted
            } else {
                release >= wanted && release.0 == wanted.0
            }
        }),
        _ => return None,
    })
}

/// `2.6`, `2.6.1` or `2.6.1+cu124`: the minor release, and the patch if it is given.
fn version(text: &str) -> Option<(Release, Option<u32>)> {
    let public = text.split('+').next()?;
    let mut parts = public.split('.');
    let release = (
        parts.next()?.parse().ok()?,
        parts.next().map_or(Some(0), |minor| minor.parse().ok())?,
    );
    let patch = match parts.next() {
        Some(patch) => Some(patch.parse().ok()?),
        None => None,
    };
    parts.next().is_none().then_some((release, patch))
}

#[cfg(test)]
mod tests {
    use super::select;

    #[test]
    fn ranges_select_releases() {
        let known: Vec<String> = ["1.13", "2.5", "2.6", "2.9", "2.10", "2.15"]
            .map(str::to_owned)
            .into();
        let chosen = |text| select(text, &known).map(|found| found.join(" "));
        assert_eq!(chosen("auto").unwrap(), "2.15");
        assert_eq!(chosen("2.6").unwrap(), "2.6");
        assert_eq!(chosen("2.6.0+cu124").unwrap(), "2.6");
        assert_eq!(chosen("==2.10.*").unwrap(), "2.10");
        assert_eq!(chosen(">=2.6,<2.10").unwrap(), "2.6 2.9");
        assert_eq!(chosen("~=2.9").unwrap(), "2.9 2.10 2.15");
        assert_eq!(chosen("~=2.9.0").unwrap(), "2.9");
        assert_eq!(chosen("<2").unwrap(), "1.13");
        assert_eq!(chosen(">2.5").unwrap(), "2.6 2.9 2.10 2.15");
        assert!(chosen("2.16").unwrap_err().1.contains("update weighbridge"));
        assert!(!chosen("1.8").unwrap_err().1.contains("update"));
        for wrong in [
            "",
            "two",
            "=>2.6",
            "2.6.x",
            ">=2.6,,",
            "2.6.1.1",
            "99999999999.1",
        ] {
            assert!(chosen(wrong).is_err(), "{wrong}");
        }
    }
}
