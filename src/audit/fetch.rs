//! Repositories that are elsewhere: mirrored with `git`, without the contents of files first, then exactly those that are judged.
//!
//! The one place where a program is run: `git` knows the protocols and the credentials, and asks nobody for them.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use super::target::{Place, Target};
use crate::{
    error::Error,
    files::Drawer,
    scan::{self, View},
};

/// How often a fetch is tried.
const TRIES: u32 = 4;

/// The pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// Lines of what a server says that are told.
const SERVER_LINES: usize = 3;

/// Blobs that are asked for at once: a request of 80 kB.
const AT_ONCE: usize = 2_000;

/// Where repositories are mirrored to.
#[derive(Debug)]
pub(super) struct Mirrors {
    folder: PathBuf,
    /// Open since something was first cloned.
    drawer: OnceLock<Drawer>,
}

impl Mirrors {
    /// A folder for mirrors.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            drawer: OnceLock::new(),
        }
    }

    /// The folder, open for clones; those that a run has left which was killed are removed.
    fn drawer(&self) -> Result<&Drawer, Error> {
        if let Some(drawer) = self.drawer.get() {
            return Ok(drawer);
        }
        let to = self.folder.display().to_string();
        let opened = Drawer::open(&self.folder).map_err(|refused| {
            refused.into_error(&to, |source| Error::Write {
                path: self.folder.clone(),
                source,
            })
        })?;
        // Of two that are opened at once, one is closed again.
        Ok(self.drawer.get_or_init(|| opened))
    }

    /// The mirror of a repository: itself if it is on this machine.
    pub(super) fn folder(&self, target: &Target) -> PathBuf {
        match &target.place {
            Place::Folder(folder) => folder.clone(),
            Place::Url(_) => self.folder.join(format!("{}.git", target.repository.id)),
        }
    }

    /// Brings the mirror of a repository to its present state, without the contents of files.
    ///
    /// # Errors
    /// What git says, in the end.
    pub(super) fn update(&self, target: &Target) -> Result<(), Error> {
        let Place::Url(url) = &target.place else {
            return Ok(());
        };
        let folder = self.folder(target);
        if folder.join("HEAD").is_file() {
            let fetch = [
                "fetch",
                "--quiet",
                "--prune",
                "--filter=blob:none",
                "origin",
            ];
            return patiently(&target.repository.location, || {
                git(Some(&folder), &fetch, None)?;
                // The branch that `HEAD` names may have been renamed there.
                let _ = git(
                    Some(&folder),
                    &["remote", "set-head", "origin", "--auto"],
                    None,
                );
                Ok(())
            });
        }
        // Half a clone is none: it takes its name when it is whole.
        let draft = self.drawer()?.draft();
        let draft_name = draft.display().to_string();
        let clone = [
            "clone",
            "--quiet",
            "--mirror",
            "--filter=blob:none",
            "--",
            url,
            &draft_name,
        ];
        let cloned = patiently(&target.repository.location, || {
            let _ = fs::remove_dir_all(&draft);
            git(None, &clone, None)
        });
        if let Err(error) = cloned {
            let _ = fs::remove_dir_all(&draft);
            return Err(error);
        }
        fs::rename(&draft, &folder).map_err(|source| Error::Write {
            path: folder,
            source,
        })
    }

    /// Fetches the blobs of a view that the mirror lacks, and no others. Whatever cannot be had is missing in the view.
    pub(super) fn complete(&self, target: &Target, view: &View) {
        if matches!(target.place, Place::Folder(_)) {
            return;
        }
        let folder = self.folder(target);
        let missing = scan::missing_blobs(view);
        for lot in missing.chunks(AT_ONCE) {
            let ids = lot.join("\n");
            // As git itself fetches what a partial clone lacks.
            let fetch = [
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--recurse-submodules=no",
                "--filter=blob:none",
                "--stdin",
                "origin",
            ];
            let fetched = patiently(&target.repository.location, || {
                git(Some(&folder), &fetch, Some(&ids))
            });
            if fetched.is_err() {
                return;
            }
        }
    }
}

/// Tries until it succeeds, or often enough. The pauses grow, and differ from one repository to the next, so that not all come back at once.
fn patiently(name: &str, mut work: impl FnMut() -> Result<(), String>) -> Result<(), Error> {
    let spread = name.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut pause = PAUSE.saturating_add(Duration::from_millis(spread % 700));
    let mut tries = 1;
    loop {
        match work() {
            Ok(()) => return Ok(()),
            Err(message) if tries >= TRIES || is_final(&message) => {
                return Err(Error::Usage {
                    help: advice(&message).to_owned(),
                    message: format!("git could not fetch it: {message}"),
                });
            }
            Err(_) => {
                tries = tries.saturating_add(1);
                thread::sleep(pause);
                pause = pause.saturating_mul(2);
            }
        }
    }
}

/// What git and servers say where trying again is of no use, and what to do.
const FINAL: &[(&[&str], &str)] = &[
    (
        &["SAML", "SSO", "single sign-on"],
        "authorise the token that git uses for the organisation's single sign-on, in the settings of its owner at the forge",
    ),
    (
        &[
            "error: 403",
            "HTTP 403",
            "access denied",
            "Access denied",
            "not authorized",
        ],
        "the token that git uses may not read it: give it the scope to read repositories, authorise it for the organisation's single sign-on \
         where there is one, and check that the URL is right; `git ls-remote URL` tries it",
    ),
    (
        &[
            "error: 401",
            "Authentication failed",
            "could not read Username",
            "could not read Password",
        ],
        "give git a token for this host, in a credential helper or with `git credential approve`: the audit asks nobody for one; \
         `git ls-remote URL` tries it",
    ),
    (
        &["Permission denied ("],
        "give ssh a key that may read it, or list the repository by its `https://` URL",
    ),
    (
        &["Host key verification failed"],
        "let ssh know the host: `ssh-keyscan HOST >> ~/.ssh/known_hosts`, and compare the key with the one that the forge publishes",
    ),
    (
        &[
            "error: 404",
            "not found",
            "does not exist",
            "not appear to be a git repository",
        ],
        "check the URL; a forge says the same of a repository that the token may not see",
    ),
];

/// Whether trying again is of no use.
fn is_final(message: &str) -> bool {
    advised(message).is_some()
}

/// What to do about what git said.
fn advice(message: &str) -> &'static str {
    advised(message).unwrap_or("try `git ls-remote` with its URL: git will say what it needs")
}

fn advised(message: &str) -> Option<&'static str> {
    // Too many requests: some servers answer 403.
    if message.contains("rate limit") {
        return None;
    }
    let said = |(said, _): &&(&[&str], &str)| said.iter().any(|said| message.contains(said));
    FINAL.iter().find(said).map(|(_, advice)| *advice)
}

/// Runs git. It asks nobody for a password, and what it writes is the message if it fails.
#[allow(
    clippy::disallowed_methods,
    reason = "git knows the protocols and the credentials: this is the one program that is run, in an audit of URLs"
)]
fn git(folder: Option<&Path>, arguments: &[&str], input: Option<&str>) -> Result<(), String> {
    let mut command = Command::new("git");
    if let Some(folder) = folder {
        command.arg("-C").arg(folder);
    }
    let mut child = command
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        // Its words are told, and looked at.
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // git reads all before it writes.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(reason(&String::from_utf8_lossy(&output.stderr)))
}

/// What git said last, after what the server said, which knows better why. Of ssh, the reason stands before git's own words.
fn reason(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let ssh = "fatal: Could not read from remote repository.";
    let lines: Vec<&str> = lines.take_while(|line| *line != ssh).collect();
    let (servers, own): (Vec<&str>, Vec<&str>) =
        lines.iter().partition(|line| line.starts_with("remote:"));
    let servers = servers
        .iter()
        .filter_map(|line| line.strip_prefix("remote:"));
    let servers = servers.map(str::trim).filter(|line| !line.is_empty());
    let parts = servers.take(SERVER_LINES).chain(own.last().copied());
    let parts: Vec<&str> = parts.collect();
    if parts.is_empty() {
        return String::from("git says nothing");
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{advice, is_final, reason};

    #[test]
    fn what_git_says_comes_with_what_to_do() {
        for (said, message, word) in [
            (
                "Cloning into bare repository 'x'...\nremote: The `o' organization has enabled or enforced SAML SSO.\nremote: \nfatal: unable to access 'https://github.com/o/a/': The requested URL returned error: 403\n",
                "The `o' organization has enabled or enforced SAML SSO.; fatal: unable to access 'https://github.com/o/a/': The requested URL returned error: 403",
                "single sign-on",
            ),
            (
                "fatal: unable to access 'https://host/o/a/': The requested URL returned error: 403\n",
                "fatal: unable to access 'https://host/o/a/': The requested URL returned error: 403",
                "may not read it",
            ),
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n",
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                "give git a token",
            ),
            (
                "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
                "git@host: Permission denied (publickey).",
                "give ssh a key",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://host/o/a/' not found\n",
                "Repository not found.; fatal: repository 'https://host/o/a/' not found",
                "check the URL",
            ),
        ] {
            let found = reason(said);
            assert_eq!(found, message);
            assert!(is_final(&found));
            assert!(advice(&found).contains(word), "{found}");
        }
        for again in [
            "fatal: unable to access 'https://host/': Could not resolve host: host",
            "You have exceeded a secondary rate limit; fatal: unable to access 'https://host/': The requested URL returned error: 403",
        ] {
            assert!(!is_final(again), "{again}");
        }
        assert_eq!(reason("\n"), "git says nothing");
    }
}
