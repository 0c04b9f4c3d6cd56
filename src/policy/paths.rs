//! Which paths an override, an entry or an exclusion is about.
//!
//! Patterns are those of `.gitignore`, without negation: one without a slash matches at any depth, one with a slash
//! counts from the root of what is checked, `*` stops at a slash, `**` does not, and what names a folder covers all that is in it.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

use super::{
    error::Errors,
    locate::{File, Origin},
};
use crate::fact::Text;

/// Globs that are matched together; a pattern with wildcards makes two. More would take more memory than any policy needs.
const MOST: usize = 10_000;

/// Patterns that are matched together. Those without wildcards are looked up; the others are globs.
#[derive(Debug, Clone)]
pub(super) struct Patterns {
    /// Literals by the path they name, from the root.
    paths: FxHashMap<Box<[u8]>, Vec<Owner>>,
    /// Literals by the name of a file or a folder at any depth.
    names: FxHashMap<Box<[u8]>, Vec<Owner>>,
    /// Bytes of the longest of `paths`: no longer part of a path is looked up.
    longest: usize,
    set: GlobSet,
    /// For each glob of the set, the group whose pattern it came from.
    groups: Vec<usize>,
}

/// The group that a literal came from.
#[derive(Debug, Clone, Copy)]
struct Owner {
    group: usize,
    /// Whether it is about what is inside a folder, and not about a file of that name.
    inside: bool,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            paths: FxHashMap::default(),
            names: FxHashMap::default(),
            longest: 0,
            set: GlobSet::empty(),
            groups: Vec::new(),
        }
    }
}

impl Patterns {
    /// Compiles groups of patterns.
    pub(super) fn new<'a>(
        groups: impl IntoIterator<Item = &'a [(String, Origin)]>,
        errors: &mut Errors,
    ) -> Self {
        let mut patterns = Self::default();
        let mut builder = GlobSetBuilder::new();
        let mut last = None;
        for (group, written) in groups.into_iter().enumerate() {
            for (pattern, origin) in written {
                if let Some(literal) = Literal::of(pattern) {
                    patterns.add(&literal, group);
                    continue;
                }
                last = Some(origin);
                if patterns.groups.len() >= MOST {
                    errors.of(
                        origin,
                        "there are too many patterns of paths",
                        "use fewer, wider ones",
                    );
                    return Self::default();
                }
                match globs(pattern) {
                    Ok(globs) => {
                        for glob in globs {
                            builder.add(glob);
                            patterns.groups.push(group);
                        }
                    }
                    Err((message, help)) => errors.of(origin, message, help),
                }
            }
        }
        let Some(last) = last else {
            return patterns;
        };
        if let Ok(set) = builder.build() {
            return Self { set, ..patterns };
        }
        // Each of them compiled; together they are too much for the automaton.
        let message = "the patterns up to this one are too large together";
        errors.of(last, message, "use fewer or shorter ones");
        Self::default()
    }

    fn add(&mut self, literal: &Literal<'_>, group: usize) {
        let map = if literal.anchored {
            self.longest = self.longest.max(literal.text.len());
            &mut self.paths
        } else {
            &mut self.names
        };
        let owner = Owner {
            group,
            inside: literal.inside,
        };
        map.entry(literal.text.as_bytes().into())
            .or_default()
            .push(owner);
    }

    /// The groups of the literals that match a path: one for each folder on the way that a literal names, and for its end.
    fn literals<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let folders = memchr::memchr_iter(b'/', path).map(|end| (end, true));
        let mut start = 0;
        folders
            .chain([(path.len(), false)])
            .flat_map(move |(end, is_folder)| {
                let whole = path.get(..end).filter(|whole| whole.len() <= self.longest);
                let name = path.get(start..end);
                start = end.saturating_add(1);
                let whole = whole.and_then(|whole| self.paths.get(whole));
                let name = name.and_then(|name| self.names.get(name));
                whole
                    .into_iter()
                    .chain(name)
                    .flatten()
                    .filter(move |owner| is_folder || !owner.inside)
                    .map(|owner| owner.group)
            })
    }

    /// The groups of which a pattern matches a path, ascending, each once.
    pub(super) fn matching(&self, path: &Text) -> Vec<usize> {
        let mut found: Vec<usize> = self.literals(path.as_bytes()).collect();
        if !self.groups.is_empty() {
            let candidate = Candidate::from_bytes(path.as_bytes());
            let globs = self.set.matches_candidate(&candidate).into_iter();
            found.extend(globs.filter_map(|at| self.groups.get(at).copied()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn is_match(&self, path: &Text) -> bool {
        let globs = || {
            let candidate = Candidate::from_bytes(path.as_bytes());
            self.set.is_match_candidate(&candidate)
        };
        self.literals(path.as_bytes()).next().is_some() || !self.groups.is_empty() && globs()
    }
}

/// Patterns that are in no policy yet.
#[derive(Debug, Clone, Default)]
pub struct PathPatterns(Patterns);

impl PathPatterns {
    /// Patterns as they were typed.
    ///
    /// # Errors
    /// What is wrong with the first that is none, and what to write.
    pub fn new(typed: &[String]) -> Result<Self, (String, String)> {
        let mut errors = Errors::default();
        let origin = Origin::new(File::new("", ""), Box::default(), false);
        let typed: Vec<(String, Origin)> = typed
            .iter()
            .map(|pattern| (pattern.clone(), origin.clone()))
            .collect();
        let patterns = Patterns::new([typed.as_slice()], &mut errors);
        match errors.finish().0.into_iter().next() {
            None => Ok(Self(patterns)),
            Some(error) => Err((error.message, error.help)),
        }
    }

    /// Whether one of them matches a path.
    pub fn is_match(&self, path: &Text) -> bool {
        self.0.is_match(path)
    }
}

/// A pattern without wildcards, or with none but `**` for all that is in a folder.
struct Literal<'a> {
    text: &'a str,
    /// Whether it counts from the root, and not at any depth.
    anchored: bool,
    inside: bool,
}

impl<'a> Literal<'a> {
    /// The literal that a pattern is, if it is one. What is no pattern is none either.
    fn of(pattern: &'a str) -> Option<Self> {
        let folder = pattern.strip_suffix('/');
        let body = folder.unwrap_or(pattern);
        let anchored = body.contains('/');
        let body = body.strip_prefix('/').unwrap_or(body);
        let contents = body.strip_suffix("/**").filter(|_| folder.is_none());
        let body = contents.unwrap_or(body);
        let anywhere = body.strip_prefix("**/").filter(|name| !name.contains('/'));
        let text = anywhere.unwrap_or(body);
        let is_literal = !text.contains(['*', '?', '[', ']', '{', '}', '\\', '!'])
            && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        is_literal.then_some(Self {
            text,
            anchored: anchored && anywhere.is_none(),
            inside: folder.is_some() || contents.is_some(),
        })
    }
}

/// Whether any of some patterns matches a path: for a path of which little is asked.
pub(super) fn is_match(patterns: &[String], path: &Text) -> bool {
    let candidate = Candidate::from_bytes(path.as_bytes());
    let mut globs = patterns
        .iter()
        .filter_map(|pattern| globs(pattern).ok())
        .flatten();
    globs.any(|glob| glob.compile_matcher().is_match_candidate(&candidate))
}

/// What is wrong with patterns, each by itself.
pub(super) fn check(patterns: &[(String, Origin)], errors: &mut Errors) {
    for (pattern, origin) in patterns {
        if Literal::of(pattern).is_none()
            && let Err((message, help)) = globs(pattern)
        {
            errors.of(origin, message, help);
        }
    }
}

/// The globs of one pattern: what it names, and what is inside that.
pub(super) fn globs(pattern: &str) -> Result<Vec<globset::Glob>, (String, String)> {
    let wrong = |why: String| {
        (
            format!("`{pattern}` is not a pattern of paths: {why}"),
            "patterns are those of .gitignore, without `!`: `models/**`, `*.pt`, `third_party/`"
                .to_owned(),
        )
    };
    if pattern.starts_with('!') {
        return Err(wrong("negation is not known here".to_owned()));
    }
    if pattern.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(wrong("`.` and `..` match nothing".to_owned()));
    }
    let folder = pattern.strip_suffix('/');
    let body = folder.unwrap_or(pattern);
    let anchored = body.contains('/');
    let body = body.strip_prefix('/').unwrap_or(body);
    if body.is_empty() {
        return Err(wrong("it names nothing".to_owned()));
    }
    let body = if anchored {
        body.to_owned()
    } else {
        format!("**/{body}")
    };
    let build = |text: &str| {
        GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| wrong(error.kind().to_string()))
    };
    let mut globs = Vec::new();
    if folder.is_none() {
        globs.push(build(&body)?);
    }
    // What ends in `/**` is about all that is in a folder already.
    if folder.is_some() || !body.ends_with("/**") {
        globs.push(build(&format!("{body}/**"))?);
    }
    Ok(globs)
}

#[cfg(test)]
mod tests {
    use globset::Candidate;

    use super::{Literal, Patterns, globs};
    use crate::{
        fact::Text,
        policy::{
            error::Errors,
            locate::{File, Origin},
        },
    };

    fn origin() -> Origin {
        Origin::new(File::new("x", ""), Box::default(), false)
    }

    /// All sequences of up to three of some parts, joined by slashes.
    fn joined(parts: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let mut last = all.clone();
        for _ in 0..2 {
            last = last
                .iter()
                .flat_map(|rest| parts.iter().map(move |part| format!("{part}/{rest}")))
                .collect();
            all.extend_from_slice(&last);
        }
        all
    }

    #[test]
    fn literals_match_as_their_globs_do() {
        let paths: Vec<Text> = joined(&["a", "b", "ab"])
            .into_iter()
            .map(Text::from)
            .collect();
        let mut literals = 0;
        for body in joined(&["a", "b", "*", "**", "a*", ""]) {
            for pattern in [
                body.clone(),
                format!("/{body}"),
                format!("{body}/"),
                format!("/{body}/"),
            ] {
                let mut errors = Errors::default();
                let one = [(pattern.clone(), origin())];
                let patterns = Patterns::new([one.as_slice()], &mut errors);
                let Ok(globs) = globs(&pattern) else {
                    assert!(!errors.is_empty(), "{pattern}");
                    continue;
                };
                literals += usize::from(Literal::of(&pattern).is_some());
                let globs: Vec<_> = globs.iter().map(globset::Glob::compile_matcher).collect();
                for path in &paths {
                    let candidate = Candidate::from_bytes(path.as_bytes());
                    let wanted = globs.iter().any(|glob| glob.is_match_candidate(&candidate));
                    assert_eq!(patterns.is_match(path), wanted, "{pattern} {path}");
                    let groups = patterns.matching(path);
                    assert_eq!(groups.len(), usize::from(wanted), "{pattern} {path}");
                }
            }
        }
        assert!(literals > 100, "{literals}");
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let origin = origin();
        let table = [
            ("*.pt", "a.pt", true),
            ("*.pt", "deep/in/a.pt", true),
            ("*.pt", "a.pth", false),
            ("/a.pt", "a.pt", true),
            ("/a.pt", "b/a.pt", false),
            ("models/*.pt", "models/a.pt", true),
            ("models/*.pt", "models/x/a.pt", false),
            ("models/*.pt", "x/models/a.pt", false),
            ("models/**", "models/x/a.pt", true),
            ("models/**", "models", false),
            ("third_party/", "third_party/a", true),
            ("third_party/", "x/third_party/a", true),
            ("third_party/", "third_party", false),
            ("third_party", "x/third_party/y/z", true),
            ("tests/fixtures", "tests/fixtures/a.pkl", true),
            ("tests/fixtures", "tests/fixtures2/a.pkl", false),
            ("a[bc].pt", "ab.pt", true),
            ("**/a/*.pt", "a/x.pt", true),
        ];
        for (pattern, path, wanted) in table {
            let mut errors = Errors::default();
            let one = [(pattern.to_owned(), origin.clone())];
            let patterns = Patterns::new([one.as_slice()], &mut errors);
            assert!(errors.is_empty(), "{pattern}");
            assert_eq!(
                patterns.is_match(&Text::from(path)),
                wanted,
                "{pattern} {path}"
            );
        }
        for pattern in ["!a", "../x", "a[", "/", "./a"] {
            let mut errors = Errors::default();
            Patterns::new(
                [[(pattern.to_owned(), origin.clone())].as_slice()],
                &mut errors,
            );
            assert!(!errors.is_empty(), "{pattern}");
        }
    }
}
