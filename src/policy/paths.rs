//! Which paths an override, an entry or an exclusion is about.
//!
//! Patterns are those of `.gitignore`, without negation: one without a slash matches at any depth, one with a slash
//! counts from the root of what is checked, `*` stops at a slash, `**` does not, and what names a folder covers all that is in it.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{error::Errors, locate::Origin};
use crate::fact::Text;

/// Globs that are matched together; each pattern makes two. More would take more memory than any policy needs.
const MOST: usize = 10_000;

/// Patterns that are matched together.
#[derive(Debug, Clone)]
pub(super) struct Patterns {
    set: GlobSet,
    /// For each glob of the set, the group whose pattern it came from.
    groups: Vec<usize>,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
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
        let mut builder = GlobSetBuilder::new();
        let mut owners = Vec::new();
        let mut last = None;
        for (group, patterns) in groups.into_iter().enumerate() {
            for (pattern, origin) in patterns {
                last = Some(origin);
                if owners.len() >= MOST {
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
                            owners.push(group);
                        }
                    }
                    Err((message, help)) => errors.of(origin, message, help),
                }
            }
        }
        match (builder.build(), last) {
            (Ok(set), _) => Self {
                set,
                groups: owners,
            },
            // Each of them compiled; together they are too much for the automaton.
            (Err(_), Some(origin)) => {
                let message = "the patterns up to this one are too large together";
                errors.of(origin, message, "use fewer or shorter ones");
                Self::default()
            }
            (Err(_), None) => Self::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The groups of which a pattern matches a path, ascending, each once.
    pub(super) fn matching(&self, path: &Text) -> Vec<usize> {
        if self.is_empty() {
            return Vec::new();
        }
        let candidate = Candidate::from_bytes(path.as_bytes());
        let mut found: Vec<usize> = self
            .set
            .matches_candidate(&candidate)
            .into_iter()
            .filter_map(|at| self.groups.get(at).copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn is_match(&self, path: &Text) -> bool {
        !self.is_empty()
            && self
                .set
                .is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
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
        if let Err((message, help)) = globs(pattern) {
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
    let mut globs = vec![build(&format!("{body}/**"))?];
    if folder.is_none() {
        globs.push(build(&body)?);
    }
    Ok(globs)
}

#[cfg(test)]
mod tests {
    use super::Patterns;
    use crate::{
        fact::Text,
        policy::{
            error::Errors,
            locate::{File, Origin},
        },
    };

    #[test]
    fn patterns_are_those_of_gitignore() {
        let origin = Origin {
            file: File::new("x", ""),
            way: Box::default(),
            key: false,
        };
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
