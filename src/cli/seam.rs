//! Doors to rooms that are being furnished: each module here has the name and the signatures of the one it stands for,
//! and gives way to it.

use std::path::Path;

use crate::error::Error;

/// Stands for the opcodes of a pickle, a line each.
pub(super) fn disassemble(path: &Path) -> Result<Vec<String>, Error> {
    Err(Error::Usage {
        message: format!("`{}` has no opcodes to show", path.display()),
        help: String::from("leave `--disassemble` out"),
    })
}

/// Stands for [`crate::policy`]'s loading.
pub(super) mod policy {
    use std::path::Path;

    use crate::{
        error::Error,
        policy::{Policy, PolicyError, PolicyErrors},
        scan::Survey,
    };

    pub(in crate::cli) fn recommended() -> Policy {
        Policy::default()
    }

    pub(in crate::cli) fn load(path: &Path) -> Result<Policy, Error> {
        if path.is_file() {
            return Ok(Policy::default());
        }
        Err(Error::Policy(PolicyErrors(vec![PolicyError {
            file: path.display().to_string(),
            source: "".into(),
            range: 0..0,
            message: String::from("there is no such file"),
            help: String::new(),
        }])))
    }

    pub(in crate::cli) fn init(_: &Survey) -> String {
        String::from("version: 1\nextends: recommended\n")
    }
}

/// Stands for [`crate::docs`].
pub(super) mod docs {
    pub(in crate::cli) fn names() -> impl Iterator<Item = &'static str> {
        ["incomplete-read", "pickle"].into_iter()
    }

    pub(in crate::cli) fn explain(name: &str) -> Option<String> {
        names().find(|known| *known == name).map(String::from)
    }

    pub(in crate::cli) fn list() -> String {
        names().collect::<Vec<_>>().join("\n")
    }
}

/// Stands for [`crate::report`].
pub(super) mod report {
    use std::io::{self, Write};

    use crate::scan::{Inspection, Outcome, Report};

    #[derive(Debug, Clone, Copy)]
    pub(in crate::cli) struct Style {
        pub(in crate::cli) color: bool,
        pub(in crate::cli) unicode: bool,
        pub(in crate::cli) width: usize,
        pub(in crate::cli) links: bool,
    }

    pub(in crate::cli) struct Reporter(&'static str);

    pub(in crate::cli) static REPORTERS: &[&Reporter] = &[&Reporter("human"), &Reporter("json")];

    pub(in crate::cli) fn by_name(name: &str) -> Option<&'static Reporter> {
        REPORTERS.iter().copied().find(|it| it.name() == name)
    }

    impl Reporter {
        pub(in crate::cli) fn name(&self) -> &'static str {
            self.0
        }

        #[allow(clippy::unused_self, reason = "as the trait has it")]
        pub(in crate::cli) fn write(
            &self,
            report: &Report,
            _: Style,
            out: &mut dyn Write,
        ) -> io::Result<()> {
            for finding in &report.findings {
                writeln!(
                    out,
                    "{} {}: {}",
                    finding.level, finding.path, finding.message
                )?;
            }
            let coverage = &report.coverage;
            let head = match report.outcome() {
                Outcome::Nothing => "nothing to check",
                Outcome::Refused => "refused",
                _ => "clean",
            };
            writeln!(
                out,
                "{head}: {} entries, {} artifacts, {} sources, {} incomplete in {} by {}",
                coverage.entries,
                coverage.artifacts,
                coverage.sources,
                coverage.incomplete,
                report.view,
                report.policy
            )
        }
    }

    pub(in crate::cli) fn inspect(
        inspection: &Inspection,
        _: Style,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(out, "{}: {} bytes", inspection.path, inspection.size)?;
        for observation in &inspection.observations {
            writeln!(out, "  {:?}", observation.fact)?;
        }
        Ok(())
    }

    pub(in crate::cli) fn diagnostic(
        diagnostic: &dyn miette::Diagnostic,
        style: Style,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let theme = match (style.color, style.unicode) {
            (true, true) => miette::GraphicalTheme::unicode(),
            (false, true) => miette::GraphicalTheme::unicode_nocolor(),
            _ => miette::GraphicalTheme::none(),
        };
        let mut text = String::new();
        let _ = miette::GraphicalReportHandler::new_themed(theme)
            .with_width(style.width)
            .with_links(style.links)
            .render_report(&mut text, diagnostic);
        out.write_all(text.as_bytes())
    }
}
