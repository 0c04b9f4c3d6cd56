//! Findings that share an answer, where reports join them and where they do not.

use std::sync::Arc;

use weighbridge::{
    finding::{Answer, Finding},
    report::Style,
    verdict::Report,
};

use crate::support::report::{GLOBAL, finding, global, only, written};

/// Two findings with one answer, which says this.
fn two(message: &str) -> Report {
    let answer = Arc::new(Answer {
        message: message.to_owned(),
        names: String::from("used:\n  app.A\n  app.B"),
        condition: String::from("if you trust them,"),
        edits: vec![String::from("add to weighbridge.yaml:\nglobals: {}")],
        ..Answer::default()
    });
    let one = |name: &str| Finding {
        subject: global("app", name),
        answer: Some(Arc::clone(&answer)),
        help: answer.help().into_iter().collect(),
        ..finding(&GLOBAL, "a.pkl", &format!("loading imports app.{name}"))
    };
    only(vec![one("A"), one("B")])
}

#[test]
fn an_answer_without_words_joins_nothing() {
    for format in ["human", "plain", "markdown", "github", "html"] {
        let text = written(format, &two(""), Style::default());
        assert!(
            text.contains("app.A") && text.contains("app.B"),
            "{format}: {text}"
        );
        let empty = [
            "error[global-not-allowed]: \n",
            "Error, rule global-not-allowed: .",
            "`global-not-allowed`: \n",
            "<h4></h4>",
            "::\n",
        ];
        for empty in empty {
            assert!(!text.contains(empty), "{format}: {text}");
        }
        let joint = written(format, &two("loading uses 2 names"), Style::default());
        assert_eq!(
            joint.matches("loading uses 2 names").count(),
            1,
            "{format}: {joint}"
        );
        // Each stays where there is room for it.
        let single = joint.matches("loading imports app.").count();
        assert_eq!(
            single,
            if format == "html" { 2 } else { 0 },
            "{format}: {joint}"
        );
    }
}
