//! From the results of a run to its tables. One result is in memory at a time.

use jiff::civil::Date;

use super::{
    floors::Floors,
    governance::Governance,
    runs::{self, RunSums, latest},
    schema,
    sums::Sums,
    table::{Cell, Pool, Row, Schema, Table},
    words,
};
use crate::{
    audit::{
        folder::{RunFolder, RunInfo},
        result::{Artifact, AuditResult, Repository, Status},
        summary::Summary,
    },
    error::Error,
    report::json::v1,
};

/// A run as tables.
#[derive(Debug)]
pub struct Tables {
    /// What was asked for.
    pub info: RunInfo,
    /// The numbers of the run, apart by status.
    pub summary: Summary,
    /// Whose floors of versions these are: the policy's that says them.
    pub floors_of: String,
    /// The latest day on which a repository was judged; empty if none was.
    pub judged_on: String,
    /// The tables, in the order of [`schema::SCHEMAS`].
    pub tables: Vec<Table>,
    /// The texts of their cells.
    pub pool: Pool,
}

impl Tables {
    /// Reads a run, and the numbers of earlier ones, oldest first.
    ///
    /// # Errors
    /// A run that cannot be read.
    pub fn read(run: &RunFolder, before: &[RunFolder]) -> Result<Self, Error> {
        let summary = Summary::of(run)?;
        let info = run.known_info()?;
        let judged_on = latest(&summary);
        let floors = Floors::of(&info);
        let mut run_sums = RunSums::default();
        let mut made = Making {
            pool: Pool::default(),
            today: judged_on.parse().ok(),
            repositories: Vec::new(),
            findings: Vec::new(),
            artifacts: Vec::new(),
            coverage: Vec::new(),
            sums: Sums::default(),
            governance: Governance::default(),
        };
        for (index, line) in summary.repositories.iter().enumerate() {
            let result = run.result(line)?;
            made.add(index, &result);
            run_sums.add(&result, &floors);
        }
        for repository in &info.repositories {
            let known = summary
                .repositories
                .binary_search_by(|line| line.repository.cmp_place(repository));
            if known.is_err() {
                made.pending(repository);
            }
        }
        let mut runs = Vec::new();
        for run in before {
            runs.push(runs::earlier(run, &floors, &mut made.pool)?);
        }
        runs.push(run_sums.row("this run", &summary, &mut made.pool));
        let floors_of = floors.of.clone();
        let (tables, pool) = made.end(&floors, runs);
        Ok(Self {
            info,
            summary,
            floors_of,
            judged_on,
            tables,
            pool,
        })
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.schema.name == name)
    }

    /// The rows of a table.
    pub fn rows(&self, schema: &'static Schema) -> &[Box<[Cell]>] {
        self.table(schema.name).map_or(&[], |table| &table.rows)
    }
}

/// Rows with what they are sorted by.
type Sorted<K> = Vec<(K, Box<[Cell]>)>;

fn in_order<K: Ord>(mut rows: Sorted<K>) -> Vec<Box<[Cell]>> {
    // Equal keys stay in the order of locations and paths.
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What is found comes first, then what could not be looked at.
type RepositoryOrder = (std::cmp::Reverse<(usize, usize, usize)>, u8);

/// Tables in the making.
struct Making {
    pool: Pool,
    today: Option<Date>,
    repositories: Sorted<RepositoryOrder>,
    findings: Sorted<(u8, u8)>,
    artifacts: Sorted<(bool, bool)>,
    coverage: Vec<Box<[Cell]>>,
    sums: Sums,
    governance: Governance,
}

impl Making {
    fn add(&mut self, index: usize, result: &AuditResult) {
        self.repository(result);
        let states = [
            ("counts", &result.findings),
            ("overridden", &result.overridden),
            ("waived", &result.waived),
            ("baseline", &result.baseline),
        ];
        for (state, findings) in states {
            for finding in findings {
                self.finding(result, finding, state);
            }
        }
        for artifact in &result.artifacts {
            self.artifact(result, artifact);
        }
        for missing in &result.missing {
            let kind = word(missing.kind);
            let row = begin(&mut self.pool, &result.repository, Some(result.status));
            let row = row
                .text(&kind)
                .number(missing.files)
                .maybe(missing.example.as_deref())
                .text(&missing.why);
            self.coverage.push(row.end());
        }
        if result.failure.is_some() {
            let why = why(result);
            let row = begin(&mut self.pool, &result.repository, Some(result.status));
            let row = row.text("failed").empty().empty().text(&why);
            self.coverage.push(row.end());
        }
        self.sums.add(index, result);
        self.governance.add(result);
    }

    fn repository(&mut self, result: &AuditResult) {
        let (repository, counts) = (&result.repository, &result.counts);
        let why = why(result);
        let row = Row::new(&mut self.pool)
            .text(&repository.location)
            .maybe(repository.reference.as_deref())
            .maybe(repository.owner.as_deref())
            .text(result.status.word());
        let row = if result.status == Status::Failed {
            // Nothing is known of it: no number is 0.
            (0..12).fold(row, |row, _| row.empty())
        } else {
            row.number(counts.denied)
                .number(counts.warned)
                .number(counts.executable)
                .number(counts.executable_unpinned)
                .number(result.artifacts.len())
                .bytes(result.coverage.bytes)
                .number(result.coverage.entries)
                .number(counts.refused_files)
                .number(counts.waived)
                .number(counts.overridden)
                .number(counts.baseline)
                .number(result.loosenings.len())
        };
        let row = row
            .maybe(result.versions.own_policy.as_deref())
            .maybe(result.scope.commit.as_deref())
            .text(&result.versions.judged_on)
            .maybe((!why.is_empty()).then_some(&why));
        let most = std::cmp::Reverse((counts.denied, counts.executable, counts.warned));
        let status = match result.status {
            Status::Failed => 0,
            Status::Partial => 1,
            Status::Complete => 2,
        };
        self.repositories.push(((most, status), row.end()));
    }

    fn pending(&mut self, repository: &Repository) {
        let why = "the run has no result of it yet: run the audit again";
        let row = Row::new(&mut self.pool)
            .text(&repository.location)
            .maybe(repository.reference.as_deref())
            .maybe(repository.owner.as_deref())
            .text("pending");
        let row = (0..15).fold(row, |row, _| row.empty()).text(why).end();
        let nothing = std::cmp::Reverse((0, 0, 0));
        self.repositories.push(((nothing, 0), row));
        let row = begin(&mut self.pool, repository, None);
        let row = row.text("pending").empty().empty().text(why).end();
        self.coverage.push(row);
    }

    fn finding(&mut self, result: &AuditResult, finding: &v1::Finding, state: &str) {
        let owner = result.owners_of(&finding.path).join(", ");
        let row = Row::new(&mut self.pool).text(&result.repository.location);
        let row = row
            .text(&finding.level)
            .text(&finding.rule)
            .text(&finding.path)
            .text(&finding.site.text)
            .text(&finding.message)
            .text(&finding.subject.name)
            .text(&owner)
            .text(result.status.word())
            .bytes(finding.count)
            .text(state);
        let row = introduced(row, finding.introduced_by.as_ref())
            .maybe(finding.excerpt.as_ref().map(|lines| lines.text.as_str()))
            .text(&finding.help.join("\n"))
            .text(&finding.fingerprint);
        let level = u8::from(finding.level != "deny");
        self.findings
            .push(((u8::from(state != "counts"), level), row.end()));
    }

    fn artifact(&mut self, result: &AuditResult, artifact: &Artifact) {
        let owner = result.owners_of(&artifact.path).join(", ");
        let libraries: Vec<String> = artifact
            .libraries
            .iter()
            .map(|library| match &library.version {
                Some(version) => format!("{} {version}", library.name),
                None => library.name.clone(),
            })
            .collect();
        let loads: Vec<String> = artifact
            .loaded_by
            .iter()
            .map(|load| format!("{}:{}: {}", load.source, load.site, load.callee))
            .collect();
        let row = Row::new(&mut self.pool).text(&result.repository.location);
        let row = row
            .text(&artifact.path)
            .flag(artifact.executable)
            .flag(artifact.refused)
            .maybe_flag(artifact.pinned)
            .bytes(artifact.size)
            .text(&artifact.formats.join(", "))
            .number(artifact.globals.len())
            .text(&libraries.join(", "))
            .text(&owner)
            .text(result.status.word());
        let row = introduced(row, artifact.introduced_by.as_ref())
            .maybe(artifact.sha256.as_deref())
            .text(&loads.join("\n"));
        let order = (!artifact.executable, !artifact.refused);
        self.artifacts.push((order, row.end()));
    }

    fn end(mut self, floors: &Floors, runs: Vec<Box<[Cell]>>) -> (Vec<Table>, Pool) {
        let mut pool = self.pool;
        let governance = self
            .governance
            .rows(self.today, &mut self.sums.names, &mut pool);
        let sums = self.sums.rows(&governance.by_hand, floors, &mut pool);
        let rows = [
            in_order(self.repositories),
            in_order(self.findings),
            in_order(self.artifacts),
            sums.rules,
            sums.owners,
            sums.formats,
            sums.globals,
            sums.packs,
            sums.libraries,
            governance.waivers,
            governance.allowed,
            governance.loosenings,
            governance.adoption,
            self.coverage,
            runs,
        ];
        let tables = schema::SCHEMAS.iter().zip(rows);
        let tables = tables.map(|(schema, rows)| Table { schema, rows });
        (tables.collect(), pool)
    }
}

/// A row that begins with a repository and its status.
fn begin<'a>(pool: &'a mut Pool, repository: &Repository, status: Option<Status>) -> Row<'a> {
    Row::new(pool)
        .text(&repository.location)
        .text(status.map_or("pending", Status::word))
}

/// What is missing of a repository, or why it failed, a sentence on each line.
fn why(result: &AuditResult) -> String {
    if let Some(failure) = &result.failure {
        return match &failure.help {
            Some(help) => format!("{}\n{help}", failure.message),
            None => failure.message.clone(),
        };
    }
    let why: Vec<&str> = result.missing.iter().map(|it| it.why.as_str()).collect();
    why.join("\n")
}

fn introduced<'a>(row: Row<'a>, by: Option<&v1::Introduction>) -> Row<'a> {
    let Some(by) = by else {
        return row.empty().empty().empty().empty();
    };
    row.text(&by.commit)
        .maybe(words::time(by).as_deref())
        .text(&by.author)
        .flag(by.gone)
}

/// The word of a kind, as results have it.
fn word(kind: crate::audit::result::MissingKind) -> String {
    let word = serde_json::to_value(kind).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}
