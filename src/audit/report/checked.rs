//! A result as the report that `check` makes, so that its reporters write it.

use std::collections::BTreeMap;

use crate::{
    audit::{
        answers,
        judging::OF_EACH,
        result::{Artifact, AuditResult},
    },
    fact::{ContentSource, Global, GlobalName, Text},
    finding::{Finding, RuleMeta, Subject},
    inventory, policy,
    report::json::{restored_text, v1},
    scan,
    verdict::Report,
};

/// All rules, by their ids.
#[derive(Debug)]
pub(super) struct Rules(BTreeMap<&'static str, &'static RuleMeta>);

impl Rules {
    pub(super) fn all() -> Self {
        Self(
            scan::rules()
                .into_iter()
                .map(|rule| (rule.id, rule))
                .collect(),
        )
    }

    fn finding(&self, said: &v1::Finding) -> Option<Finding> {
        let mut finding = said.restored(self.0.get(said.rule.as_str())?);
        if let Subject::Global(Global::Named(name)) = &finding.subject
            && let (Some(module), Some(name)) = (name.module.as_str(), name.name.as_str())
        {
            finding.dangerous = policy::danger(module, name).is_some();
        }
        Some(finding)
    }

    /// The report.
    pub(super) fn report(&self, result: &AuditResult) -> Report {
        let restored = |all: &[v1::Finding]| -> Vec<Option<Finding>> {
            all.iter().map(|said| self.finding(said)).collect()
        };
        let mut findings = restored(&result.findings);
        answers::give(&result.answers, &mut findings);
        for others in [&result.overridden, &result.waived, &result.baseline] {
            findings.extend(restored(others));
        }
        let all = findings.len();
        let findings: Vec<Finding> = findings.into_iter().flatten().collect();
        let mut notices = result.notices.clone();
        if let lost @ 1.. = all.saturating_sub(findings.len()) {
            notices.push(format!(
                "{lost} findings are of rules that this version does not have: audit the repository again"
            ));
        }
        notices.extend(result.missing.iter().map(|it| it.why.clone()));
        let mut report = Report {
            view: result.scope.view.clone(),
            findings,
            coverage: result.coverage.restored(),
            policy: policy_of(result),
            root: Text::from(result.repository.name.as_str()),
            content_source: match &result.scope.commit {
                Some(commit) if result.scope.what == "head" => ContentSource::InGit(commit.clone()),
                _ => ContentSource::Scattered,
            },
            notices,
            artifacts: result.artifacts.iter().map(artifact).collect(),
            advice: Some(result.advice.clone()),
            ..Report::default()
        };
        report.sort();
        report
    }
}

/// The organisation's policy, if one was named.
pub(super) fn organisation(result: &AuditResult) -> Option<&str> {
    let policy = result.versions.policy.as_str();
    (policy != OF_EACH).then_some(policy)
}

/// By which policies it was judged.
fn policy_of(result: &AuditResult) -> String {
    let own = result.versions.own_policy.as_deref();
    match (own, organisation(result)) {
        (Some(own), Some(organisation)) => format!("{own}, below {organisation}"),
        (Some(policy), None) | (None, Some(policy)) => policy.to_owned(),
        (None, None) => String::from("recommended (built in)"),
    }
}

fn artifact(artifact: &Artifact) -> inventory::Artifact {
    let globals = artifact.globals.iter().map(|name| {
        let (module, name) = name.rsplit_once('.').unwrap_or(("", name));
        Global::Named(GlobalName::new(module, name))
    });
    let libraries = artifact.libraries.iter().map(|library| inventory::Library {
        name: library.name.clone(),
        version: library.version.as_deref().map(Text::from),
    });
    inventory::Artifact {
        path: restored_text(&artifact.path, artifact.path_hex.as_ref()),
        size: artifact.size,
        introduced_by: artifact
            .introduced_by
            .as_ref()
            .map(v1::Introduction::restored),
        formats: artifact.formats.clone(),
        globals: globals.collect(),
        sha256: artifact.sha256.clone(),
        libraries: libraries.collect(),
        executable: artifact.executable,
        pinned: artifact.pinned,
        ..inventory::Artifact::default()
    }
}
