//! A call of a function of the repository that loads what it is given, and lets it run code.

use super::{
    Run,
    source::{CONVERT, lets_run},
};
use crate::finding::{Finding, Location, Subject};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a call that hands the path of a model to a function of the repository, if that function hands it on to a loader together with an
    /// argument that lets the file run code: one that the call gives, or the default of a parameter. The finding stands at the call and shows the
    /// loader. Followed are functions and lambdas, in the same file and through imports, also those that a package only exports; methods of
    /// classes and of instances that are made in the same file; functions that hand on to others, with `*args` and `**kwargs`; and what
    /// `functools.partial` binds. A path that is not known counts where the call takes it from outside (`sys.argv[1]`, `args.path`), or gives
    /// the argument that decides. Where the function itself says `weights_only=False`, that is the place to judge (`torch-load-unsafe`).
    ///
    /// ## Why it matters
    ///
    /// A wrapper with a parameter `weights_only` moves the decision to its callers, and its default to all who do not think of it. A review of the
    /// wrapper alone does not show which files are loaded so.
    ///
    /// ## Example
    ///
    /// ```text
    /// models/io.py   def load(path, weights_only=False):
    ///                    return torch.load(path, weights_only=weights_only)
    /// train.py       model = load("resnet.pt")
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// models/io.py   def load(path):
    ///                    return torch.load(path, weights_only=True)
    /// train.py       model = load("resnet.pt")
    /// ```
    "load-through-helper", "a call of a function of the repository that loads its argument and lets it run code",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["source"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    let mut told = None;
    for through in run.index.through_helpers() {
        let load = &through.load;
        // A function may call several loaders.
        let place = Some((&load.source, &load.site));
        if !through.decides || told == place || !lets_run(load, run.policy) {
            continue;
        }
        told = place;
        let primary = Location {
            path: load.source.clone(),
            site: load.site.clone(),
            excerpt: through.excerpt.clone(),
            ..Location::default()
        };
        let message = format!(
            "`{}` hands `{}` to `{}` in {}, which lets the file run any code that it names",
            through.function, load.written, load.callee, through.defined_in
        );
        let subject = Subject::Call(load.callee.clone());
        let mut finding = Finding::new(&META, subject, primary, message);
        finding.related.push(Location {
            path: through.defined_in.clone(),
            site: through.loads_at.clone(),
            label: "loaded here".into(),
            ..Location::default()
        });
        finding.help.push(CONVERT);
        findings.push(finding);
    }
}
