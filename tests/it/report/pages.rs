//! The pages about outputs: every command on them is run, with the policy they show.

use std::{fs, path::Path};

use crate::support::{
    cli::{finish, program},
    repo::repo,
};

/// The blocks of a page in a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    page.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

#[test]
fn every_command_on_the_pages_does_what_they_say() {
    for (name, commands) in [("sarif", 2), ("html", 1), ("ml-bom", 2)] {
        let repo = repo!();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{name}.md"));
        let page = fs::read_to_string(path).unwrap();
        repo.write(
            "load.py",
            "import torch\nx = torch.load('x.pt', weights_only=False)\n",
        );
        repo.write(
            "tests/fixture.py",
            "import torch\nx = torch.load('x.pt', weights_only=False)\n",
        );
        let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/state_dict.pth");
        repo.write("x.pt", fs::read(weights).unwrap());
        for policy in blocks(&page, "yaml") {
            repo.write("weighbridge.yaml", policy);
        }
        repo.git(&["add", "-A"]);
        let blocks = blocks(&page, "sh");
        assert_eq!(blocks.len(), commands, "{name}");
        for command in blocks {
            let mut words = command.split_whitespace().peekable();
            let mut run = program(&repo.root);
            run.env_remove("SOURCE_DATE_EPOCH")
                .env_remove("WEIGHBRIDGE_SARIF_CATEGORY");
            while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
                run.env(name, value);
                words.next();
            }
            assert_eq!(words.next(), Some("weighbridge"));
            let arguments: Vec<&str> = words.collect();
            let run = finish(run.args(&arguments));
            assert_eq!(run.code, 1, "{command}: {run:?}");
            let at = arguments
                .iter()
                .position(|word| *word == "--output")
                .unwrap();
            let written = fs::read_to_string(repo.root.join(arguments[at + 1])).unwrap();
            assert!(written.contains("load.py"), "{command}");
            if name == "sarif" {
                let reason = written.contains("fixtures that must be refused");
                assert!(reason, "{written}");
                assert_eq!(
                    written.contains(r#""automationDetails":{"id":"staged/"}"#),
                    command.contains("staged")
                );
            }
        }
    }
}
