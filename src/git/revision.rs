//! From what the user calls a commit to the commit, and if there is none, to what would help.

use gix::bstr::{BStr, ByteSlice as _};

use super::{locate::usage, repository, repository::describe};
use crate::{
    error::Error,
    fact::{Text, shell_word},
};

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    /// As the user wrote it, harmless to show.
    pub(super) name: String,
    /// The commit; `None` where a tree was named.
    pub(super) commit: Option<gix::ObjectId>,
    pub(super) tree: gix::ObjectId,
}

impl Revision {
    /// The commit, tag or tree that `name` stands for, as `git rev-parse` has it.
    ///
    /// # Errors
    /// A name that stands for nothing here, for a range, or for a file.
    pub(super) fn find(repository: &gix::Repository, name: &str) -> Result<Self, Error> {
        let shown = Text::from(name).to_string();
        let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
        let head = repository.head().map_err(broken)?;
        if head.is_unborn() && (name == "HEAD" || name == "@") {
            return Err(usage(
                "`HEAD` has no commit yet",
                "commit first; `weighbridge check` judges the files as they are",
            ));
        }
        let spec = repository
            .rev_parse(BStr::new(name))
            .map_err(|error| unknown(repository, name, &error))?;
        let Some(id) = spec.single() else {
            return Err(usage(
                format!("`{shown}` names a range of commits, not one"),
                "`--diff BASE..HEAD` judges what lies between two",
            ));
        };
        let object = id
            .object()
            .map_err(|error| unknown(repository, name, &error))?;
        let object = object
            .peel_tags_to_end()
            .map_err(|error| unknown(repository, name, &error))?;
        match object.kind {
            gix::objs::Kind::Commit => {
                let commit = object.try_into_commit().map_err(|_| neither(&shown))?;
                Ok(Self {
                    name: shown,
                    commit: Some(commit.id),
                    tree: commit.tree_id().map_err(broken)?.detach(),
                })
            }
            gix::objs::Kind::Tree => Ok(Self {
                name: shown,
                commit: None,
                tree: object.id,
            }),
            _ => Err(neither(&shown)),
        }
    }

    /// Its id: the commit's if there is one.
    pub(super) fn id(&self) -> gix::ObjectId {
        self.commit.unwrap_or(self.tree)
    }

    /// Its id, short.
    pub(super) fn short(&self) -> String {
        short(self.id())
    }
}

/// An id as people are shown it.
pub(super) fn short(id: gix::ObjectId) -> String {
    id.to_hex_with_len(7).to_string()
}

/// The newest commits that two histories have in common: one, or several where each was merged into the other.
///
/// # Errors
/// Trees instead of commits, histories that have nothing in common, or nothing in what a shallow clone has of them.
pub(super) fn forks(
    repository: &gix::Repository,
    one: &Revision,
    other: &Revision,
) -> Result<Vec<gix::ObjectId>, Error> {
    let (Some(a), Some(b)) = (one.commit, other.commit) else {
        let tree = if one.commit.is_none() { one } else { other };
        return Err(usage(
            format!("`{}` is a tree and has no history", tree.name),
            format!(
                "compare them as they are: `--diff {}..{}`",
                one.name, other.name
            ),
        ));
    };
    let bases = repository
        .merge_bases_many(a, &[b])
        .map_err(|error| repository::unreadable(repository.git_dir(), &error))?;
    if !bases.is_empty() {
        return Ok(bases.into_iter().map(gix::Id::detach).collect());
    }
    let (message, help) = if repository.is_shallow().unwrap_or(false) {
        (
            format!(
                "this clone is shallow, and `{}` and `{}` have no commit in common in what it holds",
                one.name, other.name
            ),
            format!(
                "fetch the history first: git fetch --unshallow{}",
                remote(repository).map_or_else(String::new, |remote| format!(" {remote}"))
            ),
        )
    } else {
        (
            format!(
                "`{}` and `{}` have no commit in common",
                one.name, other.name
            ),
            format!(
                "compare them as they are: `--diff {}..{}`",
                one.name, other.name
            ),
        )
    };
    Err(usage(message, help))
}

fn neither(shown: &str) -> Error {
    usage(
        format!("`{shown}` is a file, not a commit or a folder"),
        "name a commit, a tag, a branch or a folder such as `HEAD:models`",
    )
}

/// A name that stands for nothing.
pub(super) fn unknown(repository: &gix::Repository, name: &str, error: &gix::Error) -> Error {
    let shown = Text::from(name).to_string();
    let why = describe(error);
    // A name that is there and leads to nothing readable: the repository is damaged.
    let named = |name: &str| {
        repository
            .try_find_reference(name)
            .is_ok_and(|found| found.is_some())
    };
    let stored = |name: &str| {
        gix::ObjectId::from_hex(name.as_bytes()).is_ok_and(|id| repository.has_object(id))
    };
    if name == "HEAD" || name == "@" || named(name) || stored(name) {
        return repository::unreadable(repository.git_dir(), error);
    }
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    // What a name such as `main~3` begins with may be right; then it is the history that ends too early.
    let stem = name.split(['~', '^', '@', ':']).next().unwrap_or(name);
    let starts =
        stem != name && !stem.is_empty() && repository.rev_parse_single(BStr::new(stem)).is_ok();
    let message = if why.contains("ambiguous") {
        format!("`{shown}` stands for several objects")
    } else if starts {
        format!(
            "`{shown}` leads nowhere, though there is `{}`",
            Text::from(stem)
        )
    } else {
        format!("there is no revision `{shown}`")
    };
    let shallow = repository.is_shallow().unwrap_or(false);
    let remote = remote(repository);
    let zeros = name.len() >= 40 && name.bytes().all(|b| b == b'0');
    let help = if zeros {
        String::from("an id of zeros is no commit: a new branch has no base; use `--rev HEAD`")
    } else if message.ends_with("objects") {
        String::from("write more of its id")
    } else if let Some(near) = near(repository, name).filter(|_| !starts) {
        format!("did you mean `{near}`?")
    } else if starts && shallow {
        let remote = remote.unwrap_or_default();
        format!("this clone is shallow; its history is brought by: git fetch --unshallow {remote}")
            .trim_end()
            .to_owned()
    } else if let Some(remote) = remote.filter(|_| plain && !name.starts_with('-')) {
        let word = shell_word(name.as_bytes());
        let word = word.to_str_lossy();
        let branch = word.strip_prefix(&format!("{remote}/")).map(str::to_owned);
        let fetched = match branch {
            Some(branch) => format!("{branch}:refs/remotes/{remote}/{branch}"),
            None if word.bytes().all(|b| b.is_ascii_hexdigit()) && word.len() >= 40 => {
                word.into_owned()
            }
            None => format!("{word}:{word}"),
        };
        if shallow {
            format!(
                "this clone is shallow; if the remote has it: git fetch --depth=1 {remote} {fetched}"
            )
        } else {
            format!("if the remote has it: git fetch {remote} {fetched}")
        }
    } else {
        String::from("`git log --oneline` and `git branch -a` show what there is")
    };
    usage(message, help)
}

/// The remote that is asked first.
fn remote(repository: &gix::Repository) -> Option<String> {
    let names = repository.remote_names();
    let origin = names.iter().find(|name| name.as_bytes() == b"origin");
    let name = origin.or_else(|| names.iter().next())?;
    let word = shell_word(name.as_bytes());
    (!word.starts_with(b"-") && !word.starts_with(b"'")).then(|| word.to_str_lossy().into_owned())
}

/// The branch or tag that was probably meant.
fn near(repository: &gix::Repository, name: &str) -> Option<String> {
    /// Refs that are compared; hosts keep one for each pull request.
    const MOST: usize = 20_000;
    let platform = repository.references().ok()?;
    let names = platform
        .all()
        .ok()?
        .take(MOST)
        .filter_map(Result::ok)
        .map(|reference| reference.name().shorten().to_string());
    names
        .filter_map(|full| {
            // `main` is near to `origin/main`, which is how it must be written.
            let last = full.rsplit_once('/').map(|(_, last)| last.to_owned());
            let whole = strsim::damerau_levenshtein(name, &full);
            let part = last.map_or(usize::MAX, |last| {
                strsim::damerau_levenshtein(name, &last).saturating_add(1)
            });
            (whole.min(part) <= 2.max(name.len() / 4) && whole.min(part) < name.len())
                .then_some((whole.min(part), full))
        })
        .min()
        .map(|(_, name)| Text::from(name).to_string())
}
