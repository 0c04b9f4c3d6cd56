//! What an entry under `globals` matches: one name, the names of one module, or those of a package.
//!
//! * `pkg.mod.Name` is the name `Name` of the module `pkg.mod`, as stored; never an attribute of something else.
//! * `pkg.mod:Outer.Inner` is the dotted name `Outer.Inner` of the module `pkg.mod`. A loader walks the dots, through
//!   modules too (`logging:os.system`), so only an entry that spells the whole way with a colon allows it.
//! * `pkg.mod.*` is every name directly in `pkg.mod`: none with dots, none like `__this__`, none of a submodule.
//! * `pkg.**` is the same for `pkg` and all its submodules.

use super::alias;

/// A parsed entry, in canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Pattern {
    Exact { module: String, name: String },
    Direct { module: String },
    Deep { package: String },
}

/// What is wrong with an entry's spelling: the sentence and what to write instead.
pub(super) type Wrong = (String, String);

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = |what: &str, help: &str| Err((format!("`{text}` {what}"), help.to_owned()));
        if let Some(module) = text.strip_suffix(".**") {
            return module_of(text, module).map(|package| Self::Deep { package });
        }
        if let Some(module) = text.strip_suffix(".*") {
            return module_of(text, module).map(|module| Self::Direct { module });
        }
        if matches!(text, "*" | "**") {
            return wrong(
                "matches every global",
                "list the globals, or the modules, that loading may resolve",
            );
        }
        if text.contains('*') {
            return wrong(
                "has a `*` inside a name",
                "a `*` stands for all names of a module and only at the end: `package.module.*`",
            );
        }
        let (module, name) = match text.split_once(':') {
            Some(parts) => parts,
            None => match text.rsplit_once('.') {
                Some(parts) => parts,
                None => {
                    return wrong(
                        "is not a full name",
                        "write the module as well, as the checkpoint stores it: `package.module.Name`",
                    );
                }
            },
        };
        if !is_path(module) || !is_path(name) {
            return wrong(
                "is not a valid Python name",
                "write `package.module.Name`, or `package.module:Outer.Inner` for a name with dots",
            );
        }
        let (module, name) = alias::canonical(module, name);
        Ok(Self::Exact {
            module: module.into_owned(),
            name: name.into_owned(),
        })
    }

    /// Whether an entry under `allow` with this pattern matches a global (both in canonical spelling): what
    /// [`Names`](super::names::Names) look up.
    #[cfg(test)]
    pub(super) fn allows(&self, module: &str, name: &str) -> bool {
        match self {
            Self::Exact { module: m, name: n } => m == module && n == name,
            Self::Direct { module: m } => m == module && is_plain(name),
            Self::Deep { package } => within(package, module) && is_plain(name),
        }
    }

    /// Whether an entry under `refuse` matches: as above, and dotted names and dunders as well, for a refusal must not be
    /// walked around.
    #[cfg(test)]
    pub(super) fn refuses(&self, module: &str, name: &str) -> bool {
        match self {
            Self::Exact { module: m, name: n } => {
                m == module
                    && (n == name
                        || name
                            .strip_prefix(n.as_str())
                            .is_some_and(|rest| rest.starts_with('.')))
            }
            Self::Direct { module: m } => m == module,
            Self::Deep { package } => within(package, module),
        }
    }
}

impl Pattern {
    /// Whether this one, under `refuse`, refuses all that a pattern with a `*` allows.
    pub(super) fn covers(&self, allow: &Self) -> bool {
        match (self, allow) {
            (Self::Direct { module: m }, Self::Direct { module }) => m == module,
            (
                Self::Deep { package: p },
                Self::Direct { module: inner } | Self::Deep { package: inner },
            ) => within(p, inner),
            _ => false,
        }
    }

    /// Whether there is a name that both match, as entries under `refuse` (this one) and under `allow`.
    pub(super) fn overlaps(&self, allow: &Self) -> bool {
        match (self, allow) {
            (Self::Exact { module: m, name: n }, Self::Exact { module, name }) => {
                m == module
                    && name
                        .strip_prefix(n.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
            (Self::Exact { module: m, name: n }, Self::Direct { module }) => {
                m == module && is_plain(n)
            }
            (Self::Exact { module: m, name: n }, Self::Deep { package }) => {
                within(package, m) && is_plain(n)
            }
            (Self::Direct { module: m }, Self::Exact { module, .. } | Self::Direct { module }) => {
                m == module
            }
            (Self::Direct { module: m }, Self::Deep { package }) => within(package, m),
            (Self::Deep { package: p }, Self::Exact { module, .. } | Self::Direct { module }) => {
                within(p, module)
            }
            (Self::Deep { package: p }, Self::Deep { package }) => {
                within(p, package) || within(package, p)
            }
        }
    }
}

fn module_of(text: &str, module: &str) -> Result<String, Wrong> {
    if is_path(module) {
        return Ok(alias::module(module));
    }
    Err((
        format!("`{text}` does not begin with a module"),
        "a `*` stands for all names of one module: `package.module.*`".to_owned(),
    ))
}

/// Whether a module is a package or inside it.
pub(super) fn within(package: &str, module: &str) -> bool {
    module
        .strip_prefix(package)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A name that a `*` may stand for: no traversal, no dunder.
pub(super) fn is_plain(name: &str) -> bool {
    let dunder = name.starts_with("__") && name.ends_with("__");
    !(name.is_empty() || name.contains('.') || dunder)
}

/// Identifiers joined by dots.
pub(super) fn is_path(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

/// What Python takes as a name, and `<locals>` and `<lambda>`, which qualified names may hold.
pub(super) fn is_identifier(text: &str) -> bool {
    let inner = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'))
        .unwrap_or(text);
    if inner.is_ascii() {
        let mut bytes = inner.bytes();
        return bytes
            .next()
            .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic())
            && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric());
    }
    let mut chars = inner.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// Whether a name looks like a class: its last part begins with a capital, leading underscores aside.
pub(super) fn looks_like_class(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim_start_matches('_')
        .chars()
        .next()
        .is_some_and(char::is_uppercase)
}

/// Whether a global is a class, as far as its name tells. Some of Python's own begin with a small letter.
pub(super) fn is_class(module: &str, name: &str) -> bool {
    const SMALL: &[(&str, &[&str])] = &[
        (
            "builtins",
            &[
                "bool",
                "bytearray",
                "bytes",
                "complex",
                "dict",
                "float",
                "frozenset",
                "int",
                "list",
                "object",
                "range",
                "set",
                "slice",
                "str",
                "tuple",
            ],
        ),
        ("collections", &["defaultdict", "deque"]),
        (
            "datetime",
            &["date", "datetime", "time", "timedelta", "timezone"],
        ),
    ];
    let small = |(known, names): &(&str, &[&str])| *known == module && names.contains(&name);
    looks_like_class(name) || SMALL.iter().any(small)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn what_an_entry_matches() {
        // entry, module, name, allowed by it, refused by it
        let table = [
            ("myapp.models.Net", "myapp.models", "Net", true, true),
            ("myapp.models.Net", "myapp", "models.Net", false, false),
            (
                "myapp.models.Net",
                "myapp.models",
                "Net.__init__",
                false,
                true,
            ),
            (
                "myapp.models:Net.Block",
                "myapp.models",
                "Net.Block",
                true,
                true,
            ),
            (
                "myapp.models.Net.Block",
                "myapp.models",
                "Net.Block",
                false,
                false,
            ),
            ("myapp.*", "myapp", "Net", true, true),
            ("myapp.*", "myapp", "_private", true, true),
            ("myapp.*", "myapp", "os.system", false, true),
            ("myapp.*", "myapp", "__loader__", false, true),
            ("myapp.*", "myapp", "", false, true),
            ("myapp.*", "myapp.models", "Net", false, false),
            ("myapp.*", "myapplication", "Net", false, false),
            ("myapp.**", "myapp.models", "Net", true, true),
            ("myapp.**", "myapp.models", "os.system", false, true),
            ("myapp.**", "myapplication", "Net", false, false),
            ("__builtin__.set", "builtins", "set", true, true),
            ("posix.*", "os", "getcwd", true, true),
            (
                "numpy.core.**",
                "numpy._core.multiarray",
                "scalar",
                true,
                true,
            ),
        ];
        for (entry, module, name, allows, refuses) in table {
            let pattern = Pattern::parse(entry).unwrap();
            assert_eq!(
                pattern.allows(module, name),
                allows,
                "{entry} allows {module}:{name}"
            );
            assert_eq!(
                pattern.refuses(module, name),
                refuses,
                "{entry} refuses {module}:{name}"
            );
        }
    }

    #[test]
    fn what_no_entry_may_say() {
        for entry in [
            "*",
            "**",
            "Net",
            "my*.Net",
            "myapp.Ne*",
            "my app.Net",
            "",
            ".x",
            "a..b",
            "a:b:c",
            "a.*.b",
            "*.*",
            "a:*",
        ] {
            assert!(Pattern::parse(entry).is_err(), "{entry}");
        }
    }
}
