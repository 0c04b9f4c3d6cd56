//! Judging a repository by the organisation's policy, with its own below: from a view, and what is known of its entries, to a result.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::{
    answers,
    codeowners::CodeOwners,
    missing,
    recall::hex,
    record::Record,
    result::{
        AllowedHere, Artifact, AuditResult, Counts, Library, LoadedBy, Loosening, Status, VERSION,
        Versions, Waiver,
    },
};
use crate::{
    error::Error,
    fact::{Introduction, READER_EPOCH, Text},
    finding::{Disposition, Finding, Level},
    inventory,
    policy::{self, Attempts, Breach, PLACES, Policy},
    report::{self, json::v1},
    scan::{self, Memory, Needs, PolicyRequest, Report, Request, View},
};

/// The version of the program, with the commit that it was built from where that is known.
pub(super) const SCANNER: &str = match option_env!("WEIGHBRIDGE_BUILT_FROM") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Files of a repository that may say who owns what, the first that is there.
pub(super) const CODEOWNERS: &[&str] = &[
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitlab/CODEOWNERS",
];

/// What judges where no policy of an organisation is named.
pub(super) const OF_EACH: &str = "the policy of each, or recommended (built in)";

/// The organisation's policy.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// The file or the bundled policy that was named; without one, each repository's own judges alone.
    pub named: Option<PathBuf>,
    /// What reports call it.
    pub name: String,
    /// The digest of it and of what it extends.
    pub sha256: String,
}

impl Organisation {
    /// The policy that is named, if one is.
    ///
    /// # Errors
    /// A policy that cannot be read or does not hold together.
    pub fn load(named: Option<&Path>) -> Result<Self, Error> {
        let Some(named) = named else {
            let recommended = Policy::recommended();
            return Ok(Self {
                named: None,
                name: OF_EACH.to_owned(),
                sha256: policy::digest(&recommended),
            });
        };
        let policy = scan::load_policy(named)?;
        // Repositories are judged from folders of their own.
        let is_file = policy.files().iter().any(|file| file == named);
        let place = if is_file {
            std::fs::canonicalize(named).unwrap_or_else(|_| named.to_owned())
        } else {
            named.to_owned()
        };
        Ok(Self {
            named: Some(place),
            name: if is_file {
                named.display().to_string()
            } else {
                policy.name().to_owned()
            },
            sha256: policy::digest(&policy),
        })
    }
}

/// How a repository is judged.
#[derive(Debug, Clone)]
pub(super) struct Judging<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) today: Date,
    pub(super) deadline: Option<Instant>,
    pub(super) threads: usize,
}

/// What judging a view came to.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) report: Report,
    policy: Policy,
    /// Whether the repository's own policy could not be used.
    is_without_own: bool,
}

impl Judging<'_> {
    /// Judges a view, of which `memory` may know entries. Returns it with what it came to.
    ///
    /// # Errors
    /// Workers that cannot be started, an organisation's policy that has gone.
    pub(super) fn judge(&self, view: View, memory: &dyn Memory) -> Result<(View, Judged), Error> {
        let root = view.root.clone();
        let request = PolicyRequest {
            organisation: self.organisation.named.as_deref(),
            attempts: Attempts::AreSetAside,
            ..PolicyRequest::default()
        };
        let (view, policy, name, unusable) = scan::find_usable_policy(view, &request, &root)?;
        let request = Request {
            threads: Some(self.threads),
            needs: Needs {
                artifacts: true,
                evidence: true,
                ..Needs::default()
            },
            deadline: self.deadline,
            today: self.today,
            is_whole: view.is_whole(),
            ..Request::default()
        };
        let mut report = scan::check_with(&view, &policy, name, request, (memory, &()))?;
        if let Some(error) = &unusable {
            let errors = scan::unusable_policy(&view, error);
            report.findings.extend(errors);
            report.sort();
        }
        let judged = Judged {
            report,
            policy,
            is_without_own: unusable.is_some(),
        };
        Ok((view, judged))
    }

    /// The result of a repository that was judged: a function of the record, of what judging came to, and of the day.
    pub(super) fn result(&self, record: &Record, judged: Judged, lost: u64) -> AuditResult {
        let Judged {
            report,
            policy,
            is_without_own,
        } = judged;
        let missing = missing::of(record, lost, is_without_own);
        let own = own_file(record);
        let mut waivers = waivers(&policy, &report, self.today, own);
        for waiver in &mut waivers {
            waiver.file = self.named(without_place(&waiver.file, record));
        }
        let mut answers = answers::of(report.active());
        for answer in &mut answers {
            let texts = [&mut answer.message, &mut answer.condition];
            let texts = texts
                .into_iter()
                .chain(&mut answer.edits)
                .chain(&mut answer.besides);
            for text in texts {
                *text = self.named(text);
            }
        }
        let advice = report::advice(&report).unwrap_or_default();
        let mut findings = Vec::new();
        let [mut overridden, mut waived, mut baseline] = [(); 3].map(|()| Vec::new());
        let sorted = report
            .findings
            .iter()
            .zip(v1::findings(report.findings.iter()));
        for (finding, said) in sorted {
            let said = self.told(without_lines(said));
            match &finding.disposition {
                Disposition::Active => findings.push(said),
                Disposition::Overridden { .. } => overridden.push(said),
                Disposition::Waived(_) => waived.push(said),
                Disposition::Baseline { .. } => baseline.push(said),
            }
        }
        let refused = refused(report.active());
        let artifacts: Vec<Artifact> = report
            .artifacts
            .iter()
            .map(|artifact| {
                let key = version_of(&artifact.path, artifact.introduced_by.as_deref());
                self::artifact(artifact, refused.contains(&key))
            })
            .collect();
        let of_level = |level: Level| report.active().filter(|it| it.level == level).count();
        let executable = artifacts.iter().filter(|it| it.executable);
        let counts = Counts {
            denied: of_level(Level::Deny),
            warned: of_level(Level::Warn),
            overridden: overridden.len(),
            waived: waived.len(),
            baseline: baseline.len(),
            refused_files: refused.len(),
            executable: executable.clone().count(),
            executable_unpinned: executable.filter(|it| it.pinned != Some(true)).count(),
        };
        let inline = waived.iter().chain(&findings);
        let depends_on_day = !waivers.is_empty()
            || inline
                .clone()
                .any(|it| it.rule.starts_with("waiver-") || it.rule == "inline-suppression")
            || !waived.is_empty();
        let owners = owners(record, &report);
        AuditResult {
            version: VERSION,
            repository: record.repository.clone(),
            status: if missing.is_empty() {
                Status::Complete
            } else {
                Status::Partial
            },
            missing,
            failure: None,
            scope: record.scope.clone(),
            versions: self.versions(own),
            inputs: self.inputs(
                &record.state,
                &record.scope.what,
                record.repository.reference.as_deref(),
            ),
            depends_on_day,
            coverage: v1::Coverage::from(&report.coverage),
            counts,
            artifacts,
            findings,
            answers,
            advice: advice.iter().map(|said| self.named(said)).collect(),
            overridden,
            waived,
            baseline,
            waivers,
            loosenings: self.loosenings(&policy, record),
            allowed: allowed(&report, own.filter(|_| !is_without_own)),
            owners,
            notices: report.told().map(|said| self.named(&said)).collect(),
        }
    }

    /// A text with the name of the organisation's policy as it was given, and those of the files beside it that it extends: where they are on
    /// this machine is nobody's to know, and differs between machines.
    fn named(&self, text: &str) -> String {
        let Some(place) = self.organisation.named.as_deref() else {
            return text.to_owned();
        };
        let folder = |path: &Path| {
            let folder = path.parent()?.to_str()?;
            (!folder.is_empty() && folder != "/").then(|| format!("{folder}/"))
        };
        let name = &self.organisation.name;
        let text = place
            .to_str()
            .map_or_else(|| text.to_owned(), |place| text.replace(place, name));
        match folder(place).filter(|_| place.is_absolute()) {
            Some(here) => text.replace(&here, &folder(Path::new(name)).unwrap_or_default()),
            None => text,
        }
    }

    fn told(&self, mut finding: v1::Finding) -> v1::Finding {
        finding.message = self.named(&finding.message);
        for help in &mut finding.help {
            *help = self.named(help);
        }
        if let Some(line) = &mut finding.decided_by {
            line.file = self.named(&line.file);
        }
        if let Some(v1::Disposition::Overridden { by, .. } | v1::Disposition::Waived { by, .. }) =
            &mut finding.disposition
        {
            by.file = self.named(&by.file);
        }
        finding
    }

    fn loosenings(&self, policy: &Policy, record: &Record) -> Vec<Loosening> {
        let mut all = loosenings(policy);
        let owners = code_owners(record);
        for one in &mut all {
            one.message = self.named(&one.message);
            one.file = without_place(&one.file, record).to_owned();
            if let Some(owners) = &owners {
                one.owners = owners.of(&one.file).to_vec();
            }
            // Where the history of the line is not here, what brought this version of the file is as much as is known.
            let introduction = introduction_of(record, &one.file, one.line)
                .or_else(|| record.introduction(&one.file));
            one.introduced_by = introduction.map(v1::Introduction::from);
        }
        all
    }

    /// By what a repository is judged; `own` is its own policy file.
    pub(super) fn versions(&self, own: Option<(&str, &[u8])>) -> Versions {
        Versions {
            scanner: SCANNER.to_owned(),
            reader_epoch: READER_EPOCH,
            policy: self.organisation.name.clone(),
            policy_sha256: self.organisation.sha256.clone(),
            own_policy: own.map(|(path, _)| path.to_owned()),
            own_policy_sha256: own.map(|(_, text)| hex(&Sha256::digest(text).into())),
            judged_on: self.today.to_string(),
        }
    }

    /// A digest of all that a result depends on but the day: what the repository is, what of it is looked at, who looks and by what it
    /// is judged.
    pub(super) fn inputs(&self, state: &[u8; 32], what: &str, reference: Option<&str>) -> String {
        let mut digest = Sha256::new();
        let epoch = READER_EPOCH.to_string();
        let fields: [&[u8]; 7] = [
            b"weighbridge/audit/v1",
            state,
            what.as_bytes(),
            reference.unwrap_or_default().as_bytes(),
            SCANNER.as_bytes(),
            epoch.as_bytes(),
            self.organisation.sha256.as_bytes(),
        ];
        for field in fields {
            digest.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(field);
        }
        digest.update(env!("WEIGHBRIDGE_FACTS_LAYOUT"));
        hex(&digest.finalize().into())
    }
}

/// The repository's own policy file, and its bytes.
fn own_file(record: &Record) -> Option<(&'static str, &[u8])> {
    let mut places = PLACES.iter();
    places.find_map(|place| Some((*place, record.files.get(place)?)))
}

/// What a line of the repository's own policy came with; a file is named with the place that it was read from.
fn introduction_of<'r>(record: &'r Record, file: &str, line: u32) -> Option<&'r Introduction> {
    let (own, _) = own_file(record)?;
    if file.split(' ').next() != Some(own) {
        return None;
    }
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let introduction = usize::try_from((*record.policy_lines.get(at)?)?).ok()?;
    record.introductions.get(introduction)
}

/// What tells the versions of a path apart.
type Version = (Text, Option<String>);

fn version_of(path: &Text, introduced_by: Option<&Introduction>) -> Version {
    (path.clone(), introduced_by.map(|it| it.commit.id.clone()))
}

/// The files with a finding of level deny.
fn refused<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeSet<Version> {
    let denied = findings.filter(|finding| finding.level == Level::Deny);
    denied
        .map(|it| version_of(&it.primary.path, it.primary.introduced_by.as_deref()))
        .collect()
}

/// A finding without what only its bytes show: those may not be here. A disassembly is kept with the facts.
fn without_lines(mut finding: v1::Finding) -> v1::Finding {
    finding.excerpt = finding.excerpt.filter(|lines| lines.first_line.is_none());
    finding.fix = None;
    // Of a comment in source, the line is known and its text is not.
    if let Some(v1::Disposition::Waived { source, by, .. }) = &mut finding.disposition
        && source == "inline"
    {
        by.text.clear();
        (by.start, by.end) = (0, 0);
    }
    // Which places of the same file explain a finding depends on the lines that were shown.
    finding
        .related
        .retain(|related| related.path != finding.path);
    for related in &mut finding.related {
        related.excerpt = None;
    }
    finding
}

fn artifact(artifact: &inventory::Artifact, refused: bool) -> Artifact {
    let (path, path_hex) = v1::exact(&artifact.path);
    let libraries = artifact.libraries.iter().map(|library| Library {
        name: library.name.clone(),
        version: library.version.as_ref().map(ToString::to_string),
    });
    let loaded_by = artifact.loaded_by.iter().map(|load| LoadedBy {
        source: load.source.to_string(),
        site: load.site.to_string(),
        callee: load.callee.to_string(),
    });
    Artifact {
        path,
        path_hex,
        size: artifact.size,
        formats: artifact.formats.clone(),
        globals: artifact.globals.iter().map(ToString::to_string).collect(),
        sha256: artifact.sha256.clone(),
        libraries: libraries.collect(),
        executable: artifact.executable,
        refused,
        pinned: artifact.pinned,
        introduced_by: artifact
            .introduced_by
            .as_deref()
            .map(v1::Introduction::from),
        loaded_by: loaded_by.collect(),
    }
}

fn waivers(
    policy: &Policy,
    report: &Report,
    today: Date,
    own: Option<(&str, &[u8])>,
) -> Vec<Waiver> {
    let mut covered: BTreeMap<(&str, u32), usize> = BTreeMap::new();
    for by in report.set_aside().filter_map(|it| it.disposition.by()) {
        let covers = covered.entry((by.file.as_str(), by.line)).or_default();
        *covers = covers.saturating_add(1);
    }
    let all = policy.accepts().waivers();
    let rows = all.all().iter().map(|waiver| {
        let line = waiver.line();
        let breaches = all.terms().breaches(waiver, today);
        Waiver {
            rule: waiver.rule.clone(),
            paths: waiver.paths.clone(),
            subject: waiver.subject.clone(),
            sha256: waiver.sha256.clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires.map(|day| day.to_string()),
            breaches: breaches.iter().map(Breach::to_string).collect(),
            covers: covered
                .get(&(line.file.as_str(), line.line))
                .copied()
                .unwrap_or_default(),
            is_organisations: own.is_none_or(|(path, _)| waiver.path() != path),
            file: line.file.clone(),
            line: line.line,
        }
    });
    rows.collect()
}

/// What the repository's policy tries to loosen.
fn loosenings(policy: &Policy) -> Vec<Loosening> {
    let attempts = policy.organisation();
    let attempts = attempts
        .iter()
        .flat_map(|it| &it.attempts)
        .map(|attempt| Loosening {
            file: attempt.line.file.clone(),
            line: attempt.line.line,
            key: attempt.key.clone(),
            message: attempt.message.clone(),
            owners: Vec::new(),
            introduced_by: None,
        });
    attempts.collect()
}

/// What lines of the repository's own policy let pass.
fn allowed(report: &Report, own: Option<(&str, &[u8])>) -> Vec<AllowedHere> {
    let Some((path, _)) = own else {
        return Vec::new();
    };
    let lines = report
        .evidence
        .allowed
        .iter()
        .filter(|(by, _)| by.starts_with(path));
    let lines = lines.map(|(by, allowed)| AllowedHere {
        by: by.clone(),
        what: allowed.what.iter().cloned().collect(),
        files: allowed.files,
    });
    lines.collect()
}

/// The path of a policy file, without the place in git where it was read.
fn without_place<'f>(file: &'f str, record: &Record) -> &'f str {
    let path = file.strip_suffix(record.place.as_str());
    path.map_or(file, str::trim_end)
}

/// Who owns files, as the repository says.
fn code_owners(record: &Record) -> Option<CodeOwners> {
    let mut places = CODEOWNERS.iter();
    let text = places.find_map(|place| record.files.get(place))?;
    Some(CodeOwners::parse(&String::from_utf8_lossy(text)))
}

/// Who owns what a report is about.
fn owners(record: &Record, report: &Report) -> BTreeMap<String, Vec<String>> {
    let Some(owners) = code_owners(record) else {
        return BTreeMap::new();
    };
    let findings = report.findings.iter().map(|finding| &finding.primary.path);
    let artifacts = report.artifacts.iter().map(|artifact| &artifact.path);
    let mut found = BTreeMap::new();
    for path in findings.chain(artifacts) {
        let shown = v1::exact(path).0;
        let of = owners.of(&shown);
        if !of.is_empty() {
            found.insert(shown, of.to_vec());
        }
    }
    found
}
