//! Files that set the environment of the programs they start: `Dockerfile`s, shell scripts, `.env` files, workflows and compose files, and
//! their like. They are not parsed: a watched variable is found by its name, and what follows it says what it is set to.

use std::ops::Range;

use super::excerpt::Lines;
use crate::{
    fact::{Fact, Text},
    loader,
    record::Recorder,
};

/// Names of such files, in lower case.
const NAMES: &[&[u8]] = &[
    b".bash_profile",
    b".bashrc",
    b".env",
    b".envrc",
    b".flaskenv",
    b".profile",
    b".zshenv",
    b".zshrc",
    b"containerfile",
    b"devcontainer.json",
    b"dockerfile",
    b"gnumakefile",
    b"jenkinsfile",
    b"justfile",
    b"launch.json",
    b"makefile",
    b"procfile",
    b"settings.json",
    b"singularity",
    b"tasks.json",
];

/// What such names begin with: `Dockerfile.gpu`, `.env.production`.
const BEGINNINGS: &[&[u8]] = &[b".env.", b"containerfile.", b"dockerfile."];

/// The suffixes of such files.
const SUFFIXES: &[&[u8]] = &[
    b"bash",
    b"bat",
    b"cfg",
    b"cmd",
    b"conf",
    b"containerfile",
    b"csh",
    b"def",
    b"dockerfile",
    b"env",
    b"fish",
    b"hcl",
    b"ini",
    b"just",
    b"ksh",
    b"mk",
    b"nf",
    b"nomad",
    b"pbs",
    b"ps1",
    b"sbatch",
    b"service",
    b"sh",
    b"slurm",
    b"sub",
    b"tf",
    b"tfvars",
    b"toml",
    b"yaml",
    b"yml",
    b"zsh",
];

/// Words after which a name and a value are set with nothing but a blank between them.
const SETTERS: &[&str] = &["ENV", "setenv", "set", "set-environment"];

/// Keys of YAML whose values are for people.
const TOLD: &[&str] = &["description", "name", "summary", "title"];

/// Lines below one that says `name: NAME` in which its `value:` is looked for.
const BELOW: usize = 3;

/// Whether a file of this name, or one that begins so, sets the environment of others.
pub fn sets_environment(name: &[u8], front: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.as_slice();
    let suffix = name.iter().rposition(|byte| *byte == b'.');
    let suffix = suffix.and_then(|dot| name.get(dot.saturating_add(1)..));
    NAMES.contains(&name)
        || BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        || suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
        || runs_a_shell(front)
}

/// Whether a file begins with the interpreter line of a shell.
fn runs_a_shell(front: &[u8]) -> bool {
    let line = front.strip_prefix(b"#!");
    let line = line.and_then(|line| line.split(|byte| *byte == b'\n').next());
    let mut words = line
        .into_iter()
        .flat_map(|line| line.split(|byte| *byte == b'/' || byte.is_ascii_whitespace()));
    words.any(|word| {
        matches!(
            word,
            b"sh" | b"bash" | b"dash" | b"ash" | b"ksh" | b"zsh" | b"fish"
        )
    })
}

/// Records which watched variables a file sets. Returns whether it sets any.
pub fn read_environment(source: &[u8], recorder: &mut Recorder) -> bool {
    let names = || loader::VARIABLES.iter().map(|variable| variable.name);
    if !names().any(|name| memchr::memmem::find(source, name.as_bytes()).is_some()) {
        return false;
    }
    let text = String::from_utf8_lossy(source);
    let lines = Lines::new(&text);
    let mut found: Vec<(Range<usize>, &str, Option<&str>)> = Vec::new();
    for name in names() {
        for at in memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()) {
            let at = at..at.saturating_add(name.len());
            match setting(&text, &at) {
                Setting::Not => {}
                Setting::Constant(value) => found.push((at, name, Some(value))),
                Setting::Computed => found.push((at, name, None)),
            }
        }
    }
    found.sort_by_key(|(at, ..)| at.start);
    for (at, name, value) in &found {
        let fact = Fact::Env {
            name: Text::from(*name),
            value: value.map(Text::from),
        };
        let excerpt = lines.show(at).finish(at);
        recorder.record_at(fact, lines.place(at), Some(excerpt));
    }
    !found.is_empty()
}

/// What a name that stands somewhere does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting<'t> {
    /// It is read, named or removed.
    Not,
    /// It is set to this.
    Constant(&'t str),
    /// It is set to what another variable or command says.
    Computed,
}

fn setting<'t>(text: &'t str, at: &Range<usize>) -> Setting<'t> {
    let before = text.get(..at.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let after = text.get(at.end..).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    // `$NAME`, `${NAME}`, `%NAME%`, `env.NAME`: its value is used.
    let is_used = |c: char| is_part(c) || "$%!.".contains(c);
    let is_used = before.ends_with(is_used) || before.ends_with("${");
    if is_used || after.starts_with(is_part) || is_comment(before) || is_prose(before, after) {
        return Setting::Not;
    }
    let quote = before.chars().next_back().filter(|c| "\"'".contains(*c));
    let unescaped = after.trim_start_matches('\\');
    let rest = quote.and_then(|quote| unescaped.strip_prefix(quote));
    let rest = rest.unwrap_or(after).trim_start_matches([' ', '\t']);
    let value = if let Some(value) = after_sign(rest) {
        value
    } else if is_set_by_word(before) && !rest.starts_with(['=', '\n', '\r']) {
        rest
    } else if let Some(value) = below(before, rest) {
        value
    } else {
        return Setting::Not;
    };
    constant(value)
}

/// What a line of comment begins with, in INI files, in batch files and in languages with braces.
const COMMENTS: &[&str] = &[";", "//", "::", "rem ", "REM "];

/// Whether what follows on a line is a comment: such a line, or a `#` at the beginning of a word, outside of quotes.
fn is_comment(before: &str) -> bool {
    let line = before.trim_start();
    if COMMENTS.iter().any(|sign| line.starts_with(sign)) {
        return true;
    }
    let mut quote = None;
    let mut last = ' ';
    for c in before.chars() {
        match quote {
            Some(open) if open == c && last != '\\' => quote = None,
            None if c == '#' && last.is_whitespace() => return true,
            // An apostrophe within a word is no quote.
            None if "\"'".contains(c) && !last.is_alphanumeric() => quote = Some(c),
            Some(_) | None => {}
        }
        last = c;
    }
    false
}

/// Whether a line only tells people something: text that is printed and goes nowhere else, and what YAML says of a step or an input.
fn is_prose(before: &str, after: &str) -> bool {
    let rest = after.split('\n').next().unwrap_or_default();
    let command = before.rsplit([';', '&', '|', '(', '`']).next();
    let mut words = command.unwrap_or_default().split_ascii_whitespace();
    let is_printed = words.any(|word| matches!(word, "echo" | "printf"));
    let line = before.trim_start_matches([' ', '\t', '-']);
    let key = line.split_once([':', ' ']).map(|(key, _)| key);
    let is_told = key.is_some_and(|key| TOLD.contains(&key));
    is_printed && !rest.contains(['>', '|', ';', '&']) || is_told && rest.starts_with(['=', ' '])
}

/// What follows the sign that sets a variable: `=`, `:`, `:=`, `?=`. Two of a kind compare.
fn after_sign(rest: &str) -> Option<&str> {
    let signs = [":=", "?=", "+=", "=", ":"];
    let value = signs.iter().find_map(|sign| rest.strip_prefix(sign))?;
    (!value.starts_with(['=', '~', ':'])).then(|| value.trim_start_matches([' ', '\t']))
}

/// Whether the words before a name set it: `ENV NAME 1`, `setenv NAME 1`, and `set -gx NAME 1` of fish.
fn is_set_by_word(before: &str) -> bool {
    let mut words = before.split_ascii_whitespace().rev();
    let setter = words.find(|word| !word.starts_with('-'));
    setter.is_some_and(|word| SETTERS.contains(&word))
}

/// The value of `name: NAME` in the lines below it, as manifests of Kubernetes have it.
fn below<'t>(before: &str, rest: &'t str) -> Option<&'t str> {
    let key = before.trim_end_matches(['"', '\'', ' ', '\t']);
    let key = key
        .strip_suffix([':', '='])?
        .trim_end_matches(['"', '\'', ' ', '\t']);
    if !key.ends_with("name") {
        return None;
    }
    let lines = rest.split_inclusive(['\n', ',']).take(BELOW);
    lines.into_iter().find_map(|line| {
        let line = line.trim_start_matches([' ', '\t', '"', '\'', '{', ',']);
        let value = line.strip_prefix("value")?;
        after_sign(value.trim_start_matches(['"', '\'', ' ', '\t']))
    })
}

/// A value: to its closing quote, or to where a word ends in a shell, or an item in YAML.
fn constant(value: &str) -> Setting<'_> {
    let quote = value.chars().next().filter(|c| "\"'".contains(*c));
    let (word, rest) = if let Some(quote) = quote {
        let quoted = value.get(1..).unwrap_or_default();
        quoted.split_once(quote).unwrap_or((quoted, ""))
    } else {
        let ends = |c: char| c.is_whitespace() || "\"';&|,)}]".contains(c);
        let (word, rest) = value.split_at(value.find(ends).unwrap_or(value.len()));
        // The quote may close what the name stands in as well.
        (word, rest.strip_prefix(['"', '\'']).unwrap_or(rest))
    };
    // Words go on behind quotes; escapes, shells and templates make others of them.
    let goes_on = |c: char| c.is_alphanumeric() || "\"'\\$`{_".contains(c);
    let is_made = |c: char| "$`{%*&<(!\\".contains(c);
    let is_computed = rest.starts_with(goes_on) || word.contains(is_made);
    match word.trim() {
        _ if is_computed => Setting::Computed,
        "" => Setting::Not,
        word => Setting::Constant(word),
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, sets_environment, setting};

    const NAME: &str = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD";

    fn of(text: &str) -> Setting<'static> {
        let text: &'static str = Box::leak(text.replace("NAME", NAME).into_boxed_str());
        let at = text.find(NAME).unwrap();
        setting(text, &(at..at + NAME.len()))
    }

    #[test]
    fn what_sets_a_variable_is_seen() {
        for text in [
            "ENV NAME=1",
            "ENV NAME 1\n",
            "ENV A=b \\\n    NAME=1 \\\n    C=d\n",
            "ARG NAME=1",
            "RUN NAME=1 python train.py",
            "export NAME=1; python x",
            "export NAME='1'",
            "declare -x NAME=\"1\"",
            "env NAME=1 python x",
            "sbatch --export=ALL,NAME=1",
            "docker run -e NAME=1 image",
            "docker run -e \"NAME=1\" image",
            "echo \"NAME=1\" >> $GITHUB_ENV",
            "set -gx NAME 1",
            "setenv NAME 1",
            "set NAME=1\r\n",
            "$env:NAME = \"1\"",
            "Environment=NAME=1",
            "Environment=\"NAME=1\"",
            "  NAME: 1\n",
            "  NAME: \"1\"\n",
            "  'NAME': '1'\n",
            "env: {NAME: 1, B: 2}",
            "  - NAME=1\n",
            "\"NAME\": \"1\",",
            "NAME ?= 1",
            "setenv =\n  NAME = 1\n",
            "- name: NAME\n  value: \"1\"\n",
            "{\"name\": \"NAME\", \"value\": \"1\"}",
            "echo 'it # is' && export NAME=1",
            "say don't && export NAME=1",
            "echo \"NAME=1\" | tee -a $GITHUB_ENV",
            "echo loading; NAME=1 python x",
            "echo loading && export NAME=1",
        ] {
            assert_eq!(of(text), Setting::Constant("1"), "{text}");
        }
        assert_eq!(of("ENV NAME=true"), Setting::Constant("true"));
        assert_eq!(of("export NAME=0"), Setting::Constant("0"));
    }

    #[test]
    fn what_only_names_a_variable_is_not() {
        for text in [
            "# ENV NAME=1",
            "x  # export NAME=1",
            "; NAME = 1",
            "  // NAME = \"1\"",
            "REM set NAME=1",
            "echo $NAME = 1",
            "[ \"${NAME:-}\" = 1 ]",
            "echo %NAME%=1",
            "if: env.NAME == '1'",
            "unset NAME",
            "export NAME",
            "export NAME=\n",
            "NAME=''",
            "MY_NAME=1",
            "NAME_TOO=1",
            "- name: NAME\n- name: B\n",
            "NAME == 1",
            "echo \"set NAME=1 to load everything\"",
            "- name: Train with NAME=1\n",
            "description: as with `NAME=1`\n",
        ] {
            assert_eq!(of(text), Setting::Not, "{text}");
        }
    }

    #[test]
    fn what_is_set_to_something_else_is_computed() {
        for text in [
            "export NAME=$UNSAFE",
            "export NAME=\"$UNSAFE\"",
            "NAME: ${{ inputs.unsafe }}",
            "NAME: {{ unsafe }}",
            "NAME=$(unsafe)",
            "NAME=`unsafe`",
            "set NAME=%UNSAFE%",
            "NAME: *anchor",
            "NAME: !!str 1",
            "export NAME=\\1",
            "export NAME=tr''ue",
            "export NAME=''1",
            "ARGS='{\\\"NAME\\\": \\\"1\\\"}'",
        ] {
            assert_eq!(of(text), Setting::Computed, "{text}");
        }
    }

    #[test]
    fn such_files_are_known_by_their_names_or_their_interpreter() {
        for name in [
            "Dockerfile",
            "Dockerfile.gpu",
            "gpu.Dockerfile",
            "run.sh",
            ".env",
            ".env.local",
            "ci.yml",
            "tox.ini",
            "fly.toml",
            "supervisord.conf",
        ] {
            assert!(sets_environment(name.as_bytes(), b""), "{name}");
        }
        assert!(sets_environment(b"run", b"#!/usr/bin/env bash\nset -e\n"));
        for name in [
            "README.md",
            "model.pt",
            "a.json",
            "train.py",
            "dockerfile-notes.txt",
        ] {
            assert!(!sets_environment(name.as_bytes(), b"# no\n"), "{name}");
        }
        assert!(!sets_environment(b"run", b"#!/usr/bin/env ruby\n"));
    }
}
