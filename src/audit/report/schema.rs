//! What the tables of a run are called, what their columns are, and what each means. `docs/audit-report.md` is written from this.

use super::table::{
    Column,
    Kind::{self, Bytes, Code, Flag, Lines, Number, Text, Time},
    Schema,
};

/// A column.
const fn c(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// Whether all of a repository was looked at.
const STATUS: Column = c(
    "status",
    Text,
    "`complete`, `partial` (a lower bound) or `failed`",
);
const REPOSITORY: Column = c("repository", Code, "its location");
const OWNER: Column = c(
    "owner",
    Text,
    "who owns the file, as `CODEOWNERS` or the list of repositories says",
);
const IN_COMPLETE: Column = c(
    "repositories",
    Number,
    "repositories, of those that were looked at completely",
);
const IN_PARTIAL: Column = c(
    "repositories_partial",
    Number,
    "repositories, of those that were looked at in part",
);
const ARTIFACTS_COMPLETE: Column = c("artifacts", Number, "model files in complete repositories");
const ARTIFACTS_PARTIAL: Column = c(
    "artifacts_partial",
    Number,
    "model files in partial repositories",
);

pub(super) static REPOSITORIES: Schema = Schema {
    name: "repositories",
    title: "Repositories",
    about: "A repository of the run, those with the most refused findings first.",
    empty: "The run has no repository.",
    columns: &[
        REPOSITORY,
        c(
            "reference",
            Code,
            "the branch, tag or commit that was asked for",
        ),
        c(
            "owner",
            Text,
            "who answers for it, as the list of repositories says",
        ),
        c(
            "status",
            Text,
            "`complete`, `partial`, `failed`, or `pending` where there is no result yet",
        ),
        c("denied", Number, "findings of level deny that count"),
        c("warned", Number, "findings of level warn that count"),
        c(
            "executable",
            Number,
            "model files that can run code when they are loaded",
        ),
        c("unpinned", Number, "those of them that no lock file pins"),
        c(
            "artifacts",
            Number,
            "model files; in a history, their versions",
        ),
        c("bytes", Bytes, "bytes of the model files"),
        c("entries", Number, "files that were looked at"),
        c(
            "refused_files",
            Number,
            "files with a finding of level deny that counts",
        ),
        c("waived", Number, "findings that are waived"),
        c("overridden", Number, "findings that an override lets pass"),
        c("baseline", Number, "findings that the baseline has"),
        c(
            "loosenings",
            Number,
            "lines of its policy that try to loosen what is locked",
        ),
        c("own_policy", Code, "its own policy file, if it has one"),
        c("commit", Code, "the commit that was looked at"),
        c("judged_on", Time, "the day on which waivers were judged"),
        c("why", Lines, "what is missing of it, or why it failed"),
    ],
};

pub(super) static FINDINGS: Schema = Schema {
    name: "findings",
    title: "Findings",
    about: "A finding, what refuses first.",
    empty: "Nothing was found.",
    columns: &[
        REPOSITORY,
        c(
            "level",
            Text,
            "`deny`, `warn`, or `allow` for what an override lets pass",
        ),
        c(
            "rule",
            Code,
            "the rule; `weighbridge explain RULE` says more",
        ),
        c("path", Code, "the file"),
        c("place", Code, "where in the file"),
        c(
            "message",
            Text,
            "what loading would do, and why it is refused",
        ),
        c("subject", Code, "what it is about"),
        OWNER,
        STATUS,
        c("count", Number, "how often the same was seen there"),
        c(
            "state",
            Text,
            "`counts`, or what lets it pass: `overridden`, `waived` or `baseline`",
        ),
        c(
            "first_commit",
            Code,
            "the first commit with these bytes there, in an audit of a history",
        ),
        c("first_time", Time, "when that was"),
        c("author", Text, "who made it"),
        c(
            "gone",
            Flag,
            "whether the newest commits no longer have the bytes there",
        ),
        c(
            "disassembly",
            Lines,
            "the opcodes that show it, of a pickle",
        ),
        c("help", Lines, "what to do next"),
        c(
            "fingerprint",
            Code,
            "what makes it the same finding in the next run",
        ),
    ],
};

pub(super) static ARTIFACTS: Schema = Schema {
    name: "artifacts",
    title: "Model files",
    about: "A model file; in a history, a version of one. What can run code comes first.",
    empty: "There is no model file.",
    columns: &[
        REPOSITORY,
        c("path", Code, "the file"),
        c("executable", Flag, "whether loading it can run code"),
        c(
            "refused",
            Flag,
            "whether a finding of level deny that counts is about it",
        ),
        c(
            "pinned",
            Flag,
            "whether the lock file pins it; empty where there is no lock file",
        ),
        c("size", Bytes, "its bytes"),
        c("formats", Text, "its formats, outermost first"),
        c("globals", Number, "globals that loading it resolves"),
        c(
            "libraries",
            Text,
            "the libraries that it comes from or needs",
        ),
        OWNER,
        STATUS,
        c(
            "first_commit",
            Code,
            "the first commit with these bytes there, in an audit of a history",
        ),
        c("first_time", Time, "when that was"),
        c("author", Text, "who made it"),
        c(
            "gone",
            Flag,
            "whether the newest commits no longer have it there",
        ),
        c(
            "sha256",
            Code,
            "the SHA-256 of its content, where that is in git",
        ),
        c("loaded_by", Lines, "the calls that load it"),
    ],
};

pub(super) static RULES: Schema = Schema {
    name: "rules",
    title: "Rules",
    about: "A rule with findings that count.",
    empty: "Nothing was found.",
    columns: &[
        c("rule", Code, "the rule"),
        c("level", Text, "`deny` or `warn`"),
        c("findings", Number, "findings in complete repositories"),
        c(
            "findings_partial",
            Number,
            "findings in partial repositories",
        ),
        IN_COMPLETE,
        IN_PARTIAL,
    ],
};

pub(super) static FORMATS: Schema = Schema {
    name: "formats",
    title: "Formats",
    about: "A format of model files. A file of several formats counts in each.",
    empty: "There is no model file.",
    columns: &[
        c("format", Code, "the format"),
        ARTIFACTS_COMPLETE,
        ARTIFACTS_PARTIAL,
        c(
            "executable",
            Number,
            "those that can run code, in complete repositories",
        ),
        c("bytes", Bytes, "their bytes, in complete repositories"),
        IN_COMPLETE,
        IN_PARTIAL,
    ],
};

pub(super) static GLOBALS: Schema = Schema {
    name: "globals",
    title: "Globals",
    about: "A global that loading resolves.",
    empty: "No model file resolves a global.",
    columns: &[
        c("global", Code, "the global, `module.name`"),
        c("packs", Text, "the packs that list it"),
        c(
            "danger",
            Text,
            "what makes it dangerous, if it is one of the known",
        ),
        c(
            "allowed_by_hand",
            Number,
            "repositories whose own policy allows it",
        ),
        ARTIFACTS_COMPLETE,
        ARTIFACTS_PARTIAL,
        IN_COMPLETE,
        IN_PARTIAL,
    ],
};

pub(super) static PACKS: Schema = Schema {
    name: "packs",
    title: "Packs",
    about: "A pack that lists a global in use. A global that several packs list counts for each.",
    empty: "No model file resolves a global that a pack lists.",
    columns: &[
        c("pack", Code, "the pack"),
        c("globals", Number, "globals of it that are in use"),
        ARTIFACTS_COMPLETE,
        ARTIFACTS_PARTIAL,
        IN_COMPLETE,
        IN_PARTIAL,
        c(
            "needed",
            Number,
            "complete repositories with files that are refused and would pass with this pack",
        ),
        c("needed_files", Number, "those files"),
    ],
};

pub(super) static LIBRARIES: Schema = Schema {
    name: "libraries",
    title: "Libraries",
    about: "A version of a library that model files come from or need, those below their floor first.",
    empty: "No model file says what library it is of.",
    columns: &[
        c("library", Code, "its name where it is published"),
        c("version", Code, "its version, where the files say it"),
        c(
            "floor",
            Code,
            "the oldest version for which the policy holds",
        ),
        c(
            "below",
            Flag,
            "whether the version is older; empty where one of them is not known",
        ),
        ARTIFACTS_COMPLETE,
        ARTIFACTS_PARTIAL,
        IN_COMPLETE,
        IN_PARTIAL,
    ],
};

pub(super) static OWNERS: Schema = Schema {
    name: "owners",
    title: "Owners",
    about: "An owner of files. What several own counts for each.",
    empty: "Nobody owns a file with findings or a model file.",
    columns: &[
        c("owner", Text, "the owner; `(nobody)` for files without one"),
        c(
            "denied",
            Number,
            "findings of level deny that count, in complete repositories",
        ),
        c("denied_partial", Number, "the same in partial repositories"),
        c(
            "executable",
            Number,
            "model files that can run code, in complete repositories",
        ),
        c(
            "executable_partial",
            Number,
            "the same in partial repositories",
        ),
        c(
            "unpinned",
            Number,
            "those of complete repositories that no lock file pins",
        ),
        IN_COMPLETE,
        IN_PARTIAL,
    ],
};

pub(super) static WAIVERS: Schema = Schema {
    name: "waivers",
    title: "Waivers",
    about: "A waiver of a policy, those that have ended or cover nothing first.",
    empty: "No policy waives anything.",
    columns: &[
        REPOSITORY,
        c("owner", Text, "who answers for it"),
        c(
            "state",
            Text,
            "`ended`, `beyond the terms`, `covers nothing`, `ends soon` (within 30 days), or `holds`",
        ),
        c("expires", Time, "the last day on which it holds"),
        c("covers", Number, "findings that it covers"),
        c("rule", Code, "the rule whose findings it covers"),
        c("paths", Code, "the patterns of its files"),
        c("subject", Code, "what the findings are about"),
        c("reason", Text, "why"),
        c(
            "breaches",
            Lines,
            "in what it is beyond the terms of the policy",
        ),
        c(
            "organisation",
            Flag,
            "whether the organisation's policy has it",
        ),
        c("file", Code, "the policy file"),
        c("line", Number, "its line"),
    ],
};

pub(super) static ALLOWED: Schema = Schema {
    name: "allowed",
    title: "Allowed by hand",
    about: "Something in use that repositories allow in their own policies: what many allow may belong into the organisation's.",
    empty: "No repository's own policy allows anything that is in use.",
    columns: &[
        c("what", Code, "the global, or `format` and a format"),
        c("repositories", Number, "repositories that allow it"),
        c("files", Number, "files in which that lets it pass"),
        c("packs", Text, "the packs that list it"),
        c(
            "danger",
            Text,
            "what makes it dangerous, if it is one of the known",
        ),
        c("where", Lines, "the lines that allow it"),
    ],
};

pub(super) static LOOSENINGS: Schema = Schema {
    name: "loosenings",
    title: "Loosened",
    about: "A line of a repository's policy that tries to loosen what the organisation's locks. It does not hold.",
    empty: "No repository's policy tries to loosen what is locked.",
    columns: &[
        REPOSITORY,
        OWNER,
        c("file", Code, "the policy file"),
        c("line", Number, "its line"),
        c("key", Code, "the key"),
        c("message", Text, "what it says, and what locks it"),
        c(
            "first_commit",
            Code,
            "the commit that brought the line; where its history is not here, the first with this version of the file",
        ),
        c("first_time", Time, "when that was"),
        c("author", Text, "who made it"),
    ],
};

pub(super) static ADOPTION: Schema = Schema {
    name: "adoption",
    title: "Adoption",
    about: "How far the policy has come, in repositories that were looked at completely.",
    empty: "No repository was looked at completely.",
    columns: &[
        c("what", Text, "what is counted"),
        c("repositories", Number, "repositories of which it is so"),
        c("of", Number, "repositories of which it could be so"),
    ],
};

pub(super) static COVERAGE: Schema = Schema {
    name: "coverage",
    title: "Not looked at",
    about: "Something that was not looked at, and why.",
    empty: "Everything was looked at.",
    columns: &[
        REPOSITORY,
        STATUS,
        c(
            "kind",
            Text,
            "`failed`, `pending`, or what is missing: `time`, `shallow`, `object`, `lfs`, `unreadable`, `limit`, `facts` or `policy`",
        ),
        c("files", Number, "of how many files"),
        c("example", Code, "the path of one of them"),
        c("why", Lines, "why, and what to do about it"),
    ],
};

pub(super) static RUNS: Schema = Schema {
    name: "runs",
    title: "Runs",
    about: "This run, and the earlier ones that it is compared with; the latest is last.",
    empty: "There is no run.",
    columns: &[
        c(
            "run",
            Text,
            "its folder; `this run` for the one that is reported",
        ),
        c(
            "judged_on",
            Time,
            "the latest day on which a repository was judged",
        ),
        c("policy", Text, "the organisation's policy"),
        c(
            "complete",
            Number,
            "repositories that were looked at completely",
        ),
        c(
            "partial",
            Number,
            "repositories that were looked at in part",
        ),
        c("failed", Number, "repositories that could not be audited"),
        c("pending", Number, "repositories without a result"),
        c(
            "refused",
            Number,
            "complete repositories with something refused",
        ),
        c(
            "refused_partial",
            Number,
            "partial repositories with something refused",
        ),
        c(
            "denied",
            Number,
            "findings of level deny in complete repositories",
        ),
        c("denied_partial", Number, "the same in partial repositories"),
        c(
            "executable",
            Number,
            "model files that can run code, in complete repositories",
        ),
        c(
            "executable_partial",
            Number,
            "the same in partial repositories",
        ),
        c(
            "unpinned",
            Number,
            "those of complete repositories that no lock file pins",
        ),
        c(
            "waived",
            Number,
            "findings that are waived, in complete repositories",
        ),
        c(
            "below_floor",
            Number,
            "model files of complete repositories that come from or need a library below its floor",
        ),
        c(
            "own_policies",
            Number,
            "complete repositories with a policy of their own",
        ),
        c(
            "pinned_repositories",
            Number,
            "complete repositories that have pinned all that can run code",
        ),
        c(
            "loosenings",
            Number,
            "lines of policies that try to loosen what is locked",
        ),
        c("waivers", Number, "waivers of repositories"),
    ],
};

/// All tables, in the order in which people read them.
pub static SCHEMAS: &[&Schema] = &[
    &REPOSITORIES,
    &FINDINGS,
    &ARTIFACTS,
    &RULES,
    &OWNERS,
    &FORMATS,
    &GLOBALS,
    &PACKS,
    &LIBRARIES,
    &WAIVERS,
    &ALLOWED,
    &LOOSENINGS,
    &ADOPTION,
    &COVERAGE,
    &RUNS,
];
