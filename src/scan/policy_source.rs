//! The policy of a view: where it is taken from, who decides that, and what the view says of it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    pins, policy_baseline, policy_edit,
    survey::{format_ids, rules},
};
use crate::{
    error::Error,
    fact::Text,
    git::{self, View, add_outputs_of_dvc},
    policy::{
        self, Arrival, Asker, Attempts, Catalog, Place, Policy, PolicyCase, Source, named_policy,
    },
};

/// Where the policy of a view is taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PolicyFrom {
    /// From where the view keeps it: the work tree, the index, the commit that a change starts from.
    #[default]
    View,
    /// From what the repository's `HEAD` has, whatever is looked at: what is pushed to a server does not choose its judge.
    Head,
    /// From what a revision has, as the view's own policy or as a file of it that the user names: a change does not choose its
    /// judge.
    Revision(String),
}

/// Which policy judges a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyRequest<'a> {
    /// Where it is taken from.
    pub from: PolicyFrom,
    /// The file or the bundled policy that the user names.
    pub named: Option<&'a Path>,
    /// The organisation's policy above it: a file or a bundled one.
    pub organisation: Option<&'a Path>,
    /// What becomes of attempts to loosen what that locks.
    pub attempts: Attempts,
}

/// The policy that judges a view, with the pins of what it judges, and its name for the report.
/// What of the policy the view's change edits is noted in the view.
///
/// # Errors
/// A policy that cannot be read or does not hold together, a revision that is not here.
pub fn find_policy(
    view: View,
    request: &PolicyRequest<'_>,
    cwd: &Path,
) -> Result<(View, Policy, String), Error> {
    let mut view = ruled(view, request)?;
    let (policy, name) = find_with_pins(&mut view, request, cwd)?;
    Ok((view, policy, name))
}

/// The same with the baseline, where nothing of a repository's own keeps it from being judged: if its policy, its lock file or its
/// baseline cannot be used, the organisation's policy judges alone, or `recommended`. What could not be used comes with it.
///
/// # Errors
/// An organisation's policy that cannot be used.
pub fn find_usable_policy(
    view: View,
    request: &PolicyRequest<'_>,
    cwd: &Path,
) -> Result<(View, Policy, String, Option<Error>), Error> {
    let mut view = ruled(view, request)?;
    let found = find_with_pins(&mut view, request, cwd).and_then(|(policy, name)| {
        let policy = policy_baseline::with_baseline(&view, policy, None)?;
        Ok((policy, name))
    });
    let unusable = match found {
        Ok((policy, name)) => return Ok((view, policy, name, None)),
        Err(error) => error,
    };
    let alone = PolicyRequest {
        named: Some(request.organisation.unwrap_or(Path::new("recommended"))),
        organisation: None,
        ..request.clone()
    };
    let (policy, name) = find_in(&mut view, &alone, cwd)?;
    Ok((view, policy, name, Some(unusable)))
}

/// The policy of a view that is ruled already, with its pins.
fn find_with_pins(
    view: &mut View,
    request: &PolicyRequest<'_>,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    let (policy, name) = find_in(view, request, cwd)?;
    let is_here = || std::fs::canonicalize(cwd).is_ok_and(|cwd| cwd == view.root);
    let is_asked = view.is_repository() || is_here();
    let policy = pins::find(view, policy, is_asked)?;
    Ok((policy, name))
}

/// The same without pins.
///
/// # Errors
/// As above.
pub fn find_policy_only(
    view: View,
    request: &PolicyRequest<'_>,
    cwd: &Path,
) -> Result<(View, Policy, String), Error> {
    let mut view = ruled(view, request)?;
    let (policy, name) = find_in(&mut view, request, cwd)?;
    Ok((view, policy, name))
}

/// A view whose policy is taken from where it is asked for, with what DVC keeps of it.
fn ruled(view: View, request: &PolicyRequest<'_>) -> Result<View, Error> {
    let mut view = match &request.from {
        PolicyFrom::View => view,
        PolicyFrom::Head => view.with_policy_of_head()?,
        PolicyFrom::Revision(name) => view.with_policy_of_revision(name)?,
    };
    add_outputs_of_dvc(&mut view);
    Ok(view)
}

/// The policy of a view that is ruled already.
fn find_in(
    view: &mut View,
    request: &PolicyRequest<'_>,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    let (rules, formats) = (rules(), format_ids());
    let asker = Asker {
        named: request.named,
        reviews: matches!(request.from, PolicyFrom::Revision(_)),
        organisation: request.organisation,
        attempts: request.attempts,
        cwd,
        catalog: Catalog {
            rules: &rules,
            formats: &formats,
        },
    };
    let source = Source::find(&*view, asker)?;
    view.notices.extend(source.notices);
    let mut files = source.files;
    files.extend(source.policy.accepts().baseline_path().map(PathBuf::from));
    if source.policy.honours_attributes() {
        let is_attributes =
            |path: &&[u8]| path.rsplit(|b| *b == b'/').next() == Some(b".gitattributes");
        let paths = view.items.iter().map(|item| item.entry.path.as_bytes());
        let paths = paths
            .filter(is_attributes)
            .filter_map(|path| std::str::from_utf8(path).ok());
        files.extend(paths.map(PathBuf::from));
    }
    git::mark_policy_edits(view, &files, &source.name, source.is_new);
    policy_edit::note_effect(view, asker);
    Ok((source.policy, source.name))
}

/// How comments in lines that a view's change brings came there: a change that another state judges does not judge itself.
pub(super) fn arrival(view: &View) -> Arrival {
    let files = view.policy_files();
    let recorded = files.state().is_some() && !files.is_index();
    match (files.are_of_change(), recorded) {
        _ if files.are_of_another() => Arrival::JudgedByBase,
        (true, true) => Arrival::JudgedByBase,
        (true, false) => Arrival::New,
        (false, _) => Arrival::Old,
    }
}

/// Where a file of the policy is in a view: its path below the root, or as it was named if it is elsewhere.
pub(super) fn path_in(view: &View, named: &str) -> Text {
    // What git recorded is named from the root already.
    let real = match view.policy_files().state() {
        None => std::fs::canonicalize(named).ok(),
        Some(_) => None,
    };
    let below = real.as_deref().and_then(|real| {
        let below = real.strip_prefix(&view.root).ok()?;
        Some(Text::new(below.as_os_str().as_encoded_bytes()))
    });
    below.unwrap_or_else(|| Text::from(named))
}

/// A policy that the user names, a file or a bundled one, checked against the rules and formats there are.
///
/// # Errors
/// A file that cannot be read or does not hold together; a name that stands for none.
pub fn load_policy(named: &Path) -> Result<Policy, Error> {
    let (rules, formats) = (rules(), format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Ok(named_policy(named, None, &catalog)?.0)
}

/// The policy at a path, as it would be with a text below an organisation's. Without a text there is no file: then the
/// organisation's judges, or `recommended`.
///
/// # Errors
/// A text that does not hold together with what it extends or with what the organisation locks.
pub fn policy_with(
    path: &Path,
    text: Option<&str>,
    organisation: Option<&Path>,
) -> Result<Policy, Error> {
    let (rules, formats) = (rules(), format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    policy::edited_policy(path, text, organisation, &catalog)
}

/// The test cases of a file.
///
/// # Errors
/// A file that cannot be read or does not hold together.
pub fn policy_cases(path: &Path) -> Result<Vec<PolicyCase>, Error> {
    let (rules, formats) = (rules(), format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Ok(policy::cases(path, &catalog)?)
}

/// Whether the policy that a commit of the repository has holds together, below the organisation's.
///
/// # Errors
/// One that does not, or cannot be read.
pub fn check_policy_of(cwd: &Path, commit: &str, organisation: Option<&Path>) -> Result<(), Error> {
    let nothing = git::policy_of(cwd, commit)?;
    let request = PolicyRequest {
        organisation,
        ..PolicyRequest::default()
    };
    find_policy(nothing, &request, cwd).map(|_| ())
}

/// A policy from its text.
///
/// # Errors
/// A text that does not hold together.
pub fn parse_policy(name: &str, text: &str) -> Result<Policy, Error> {
    let (rules, formats) = (rules(), format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Ok(Policy::parse(name, text, &catalog)?)
}

impl Place for View {
    fn root(&self) -> &Path {
        &self.root
    }

    fn is_repository(&self) -> bool {
        self.is_repository()
    }

    fn state(&self) -> Option<&str> {
        self.policy_files().state()
    }

    fn is_index(&self) -> bool {
        self.policy_files().is_index()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.policy_files().read(path)
    }

    fn has(&self, path: &Path) -> bool {
        self.policy_files().has(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.policy_files().resolve(path)
    }

    fn paths(&self) -> Box<dyn Iterator<Item = &Text> + '_> {
        Box::new(self.items.iter().map(|item| &item.entry.path))
    }
}
