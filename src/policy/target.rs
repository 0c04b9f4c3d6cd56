//! What will load the artifacts: which release of torch, of those whose lists are known.

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier, VersionSpecifiers};

/// A release, by its minor version: `2.6`.
type Release = (u64, u64);

/// Which of the known releases a policy's `target.torch` selects, oldest first; never empty.
///
/// `auto` is the newest. A version selects its minor release, because the lists change with minor releases only. A range as pip
/// takes it (`>=2.6`, `>=2.6,<2.9`, `~=2.6`, `==2.6.*`) selects each release of which a version lies in it.
pub(super) fn select(text: &str, known: &[String]) -> Result<Vec<String>, (String, String)> {
    let releases: Vec<(Release, &String)> = known
        .iter()
        .filter_map(|name| Some((release(&Version::from_str(name).ok()?)?, name)))
        .collect();
    let (Some((_, oldest)), Some(((major, minor), newest))) = (releases.first(), releases.last())
    else {
        return Err(("no release of torch is known".to_owned(), String::new()));
    };
    let span = format!("this version of weighbridge knows torch {oldest} to {newest}");
    if text.trim() == "auto" {
        return Ok(vec![(*newest).clone()]);
    }
    let Some(range) = range(text.trim()) else {
        return Err((
            format!("`{text}` is not a version of torch"),
            "write `auto`, a version such as \"2.6\", or a range such as \">=2.6,<2.9\"".to_owned(),
        ));
    };
    let chosen: Vec<String> = releases
        .iter()
        .filter(|(release, _)| holds(&range, *release))
        .map(|(_, name)| (*name).clone())
        .collect();
    if chosen.is_empty() {
        // A policy for a newer torch is one for a newer weighbridge.
        let help = if holds(&range, (*major, minor.saturating_add(1))) {
            format!("{span}: update weighbridge, or write `auto`")
        } else {
            span
        };
        return Err((format!("no known release of torch is `{text}`"), help));
    }
    Ok(chosen)
}

/// A version or a range; `None` if it is neither.
fn range(text: &str) -> Option<VersionSpecifiers> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let version = Version::from_str(text.trim_end_matches(".*")).ok()?;
        if version.release().len() > 3 {
            return None;
        }
        let (major, minor) = release(&version)?;
        let minor = VersionSpecifier::equals_star_version(Version::new([major, minor]));
        return Some(minor.into());
    }
    let range = VersionSpecifiers::from_str(text).ok()?;
    (!range.is_empty()).then_some(range)
}

/// Whether a range holds any version of a minor release: its first, or one next to a bound.
fn holds(range: &VersionSpecifiers, (major, minor): Release) -> bool {
    let bounds = || range.iter().map(VersionSpecifier::version);
    let patches = bounds().flat_map(|bound| {
        let patch = bound.release().get(2).copied().unwrap_or(0);
        [patch.saturating_sub(1), patch, patch.saturating_add(1)]
    });
    let mut versions = std::iter::once(0)
        .chain(patches)
        .map(|patch| Version::new([major, minor, patch]))
        .chain(bounds().cloned())
        .filter(|version| release(version) == Some((major, minor)));
    versions.any(|version| range.contains(&version))
}

/// The minor release of a version.
fn release(version: &Version) -> Option<Release> {
    let release = version.release();
    Some((*release.first()?, release.get(1).copied().unwrap_or(0)))
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
        // 2.5.1 is later than 2.5.
        assert_eq!(chosen(">2.5").unwrap(), "2.5 2.6 2.9 2.10 2.15");
        assert_eq!(chosen(">2.5.99").unwrap(), "2.5 2.6 2.9 2.10 2.15");
        assert_eq!(chosen(">=2.6.1,<2.6.2").unwrap(), "2.6");
        assert!(chosen(">2.6.0,<2.6.1").is_err());
        assert_eq!(chosen("<2.6.1,>2.5.1").unwrap(), "2.5 2.6");
        assert_eq!(chosen("==2.6.0+cu124").unwrap(), "2.6");
        assert_eq!(chosen("2.6.0a0+git1234").unwrap(), "2.6");
        assert_eq!(chosen("!=2.6.*,>=2.5").unwrap(), "2.5 2.9 2.10 2.15");
        assert_eq!(chosen("==2.*").unwrap(), "2.5 2.6 2.9 2.10 2.15");
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
