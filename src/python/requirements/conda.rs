//! Environments of conda: `environment.yml`, a list with one package on each line, and under `pip` what pip installs.

use super::{Asked, each_line, is_exact, named};

/// Records what the list under `dependencies` asks for.
pub(super) fn read(text: &str, asked: &mut Asked) {
    let mut is_inside = false;
    // How deep `- pip:` stands: what is deeper is pip's.
    let mut pip = None;
    for (line, at) in each_line(text) {
        let content = line.trim_start();
        let depth = line.len().saturating_sub(content.len());
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let Some(item) = content.strip_prefix("- ") else {
            if depth == 0 {
                is_inside = content.starts_with("dependencies:");
                pip = None;
            }
            continue;
        };
        if !is_inside {
            continue;
        }
        if pip.is_some_and(|pip| depth <= pip) {
            pip = None;
        }
        let item = item.split(" #").next().unwrap_or(item).trim();
        let item = item.trim_matches(['"', '\'']);
        if item == "pip:" {
            pip = Some(depth);
        } else if pip.is_some() {
            asked.requirement(item, at);
        } else if let Some((library, specifier)) = package(item) {
            asked.releases(library, &specifier, at);
        }
    }
}

/// The library of a package and its releases, as pip takes them: `conda-forge::scikit-learn=1.3.2=py311_0`.
fn package(item: &str) -> Option<(&'static str, String)> {
    let item = item.rsplit_once("::").map_or(item, |(_, package)| package);
    let (library, rest) = named(item)?;
    if let Some(exact) = rest.strip_prefix("==") {
        let release = exact.split(['=', ' ']).find(|part| !part.is_empty())?;
        return Some((library, format!("=={release}")));
    }
    let is_fuzzy = rest.starts_with('=');
    let is_release = is_fuzzy || rest.starts_with(|c: char| c.is_ascii_digit());
    if !is_release {
        let is_range = rest.starts_with(['<', '>', '!', '~']);
        return is_range.then(|| (library, rest.to_owned()));
    }
    let rest = rest.trim_start_matches('=').trim_start();
    let (release, build) = rest
        .split_once(|c: char| c == '=' || c.is_whitespace())
        .unwrap_or((rest, ""));
    // With one equals sign, later releases of the same beginning count as well, unless a build is named.
    let whole = format!("=={release}");
    let is_whole = !is_fuzzy || !build.is_empty() || release.matches('.').count() >= 2;
    if is_whole || !is_exact(&whole) {
        return Some((library, whole));
    }
    Some((library, format!("{whole}.*")))
}
