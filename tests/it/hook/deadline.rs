//! A time by which reading ends: nothing passes unread.

use std::time::{Duration, Instant};

use weighbridge::{
    policy::{Catalog, Policy},
    scan::{self, Outcome, Request},
};

use crate::support::repo::repo;

#[test]
fn what_is_not_read_in_time_is_refused_whatever_the_policy_says() {
    let repo = repo!();
    repo.write("a.txt", "text")
        .write("b.py", "1\n")
        .write("left/out.py", "1\n")
        .write(
            "weighbridge.yaml",
            "version: 1\nextends: recommended\nrules: {incomplete-read: allow}\nexclude: [\"left/**\"]\n",
        );
    let (rules, formats) = (scan::rules(), scan::format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    let policy = Policy::load(&repo.root.join("weighbridge.yaml"), &catalog).unwrap();
    let check = |deadline: Option<Instant>, threads| {
        let view = repo.work_tree(&[]);
        let request = Request {
            deadline,
            threads,
            ..Request::default()
        };
        scan::check(&view, &policy, String::new(), request, &()).unwrap()
    };
    for threads in [None, Some(1)] {
        let late = check(Some(Instant::now()), threads);
        // What the policy excludes is not read in any case.
        assert_eq!((late.coverage.entries, late.coverage.late), (4, 3));
        assert_eq!(late.outcome(), Outcome::Refused);
        let soon = Instant::now().checked_add(Duration::from_mins(10));
        for deadline in [None, soon] {
            let report = check(deadline, threads);
            assert_eq!(report.coverage.late, 0);
            assert_eq!(report.outcome(), Outcome::Clean);
        }
    }
    let policy = Policy::recommended();
    let view = repo.work_tree(&["a.txt"]);
    let request = Request {
        deadline: Some(Instant::now()),
        ..Request::default()
    };
    let report = scan::check(&view, &policy, String::new(), request, &()).unwrap();
    assert_eq!(
        report.findings[0].message,
        "it was not read: the time given for reading had passed"
    );
}
