//! `other-release`: a rule over the run, so that it is seen where files are checked together.

use super::{
    distributed_index::checked,
    parts::{global, pickle, text},
};
use crate::support::{cli::run, repo::repo};

/// An estimator that says which release wrote it.
fn estimator(version: &str) -> Vec<u8> {
    let class = global("sklearn.linear_model._logistic", "LogisticRegression");
    let state = [text("_sklearn_version"), text(version)].concat();
    pickle(&[&class[..], b")\x81}(", &state, b"ub"].concat())
}

const POLICY: &str = "version: 1\nextends: recommended\nglobals: {packs: [sklearn-estimators]}\npins: {require: never}\n";

#[test]
fn an_estimator_of_another_release_is_told_with_both() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    repo.write("models/churn.pkl", estimator("1.2.2"));
    repo.write(
        "requirements.txt",
        "numpy\nScikit_Learn[alldeps] == 1.5.2 ; python_version > '3.8'  # pinned\n",
    );
    let all = run(&repo.root, &["check"]).shown(&repo.root);
    let (_, told) = all.split_once("warning[other-release]").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    insta::assert_snapshot!(told, @"
    : scikit-learn 1.2.2 wrote it, and requirements.txt asks
      for `scikit-learn==1.5.2`
       ╭─ models/churn.pkl @ 0x58 SETITEMS
       ├─ requirements.txt:2:1
       │ asked for here
       │ help: fit the model with the release that loads it, and save it again:
       │       scikit-learn warns of others (`InconsistentVersionWarning`)
       │ help: or ask for the release that wrote it: `scikit-learn==1.2.2`
       ╰──
    ");
}

#[test]
fn the_nearest_folder_that_asks_for_releases_decides() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    repo.write("a/models/m.pkl", estimator("1.2.2"));
    let fires = |path: &str, asked: &str| {
        repo.write(path, asked);
        let told = checked(&repo);
        std::fs::remove_file(repo.root.join(path)).unwrap();
        assert!(told.len() < 2, "{told:?}");
        told.iter().any(|line| line.contains("[other-release]"))
    };
    let poetry = "[[package]]\nname = \"numpy\"\nversion = \"1.2.2\"\n\n[[package]]\nname = \"scikit-learn\"\nversion = \"1.5.2\"\n";
    let pipenv = "{\n    \"default\": {\n        \"scikit-learn\": {\n            \"hashes\": [],\n            \"version\": \"==1.5.2\"\n        }\n    }\n}\n";
    for (path, asked) in [
        (
            "requirements.txt",
            "scikit-learn==1.5.2 \\\n    --hash=sha256:00\n",
        ),
        ("requirements-dev.txt", "scikit-learn>=1.3,<1.4\n"),
        ("a/constraints.txt", "scikit-learn~=1.5.0\n"),
        ("a/models/dev-requirements.txt", "scikit-learn===1.5.2\n"),
        ("uv.lock", poetry),
        ("poetry.lock", poetry),
        ("Pipfile.lock", pipenv),
        ("requirements.in", "scikit-learn==1.5.2\n"),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\n  \"numpy\",\n  'scikit-learn[alldeps] ~= 1.5.0; python_version > \"3\"', # why\n]\n",
        ),
        (
            "pyproject.toml",
            "[project.optional-dependencies]\nml = [\"scikit_learn==1.5.2\"]\n",
        ),
        (
            "pyproject.toml",
            "[dependency-groups]\nml = [{include-group = \"a\"}, \"scikit-learn==1.5.2\"]\n",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\npython = \"^3.9\"\nscikit-learn = \"~1.5.2\"\n",
        ),
        (
            "a/pyproject.toml",
            "[tool.poetry.group.dev.dependencies]\nscikit-learn = {version = \"1.5.*\", extras = [\"a\"]}\n",
        ),
        ("Pipfile", "[packages]\nscikit-learn = \"==1.5.2\"\n"),
        (
            "setup.cfg",
            "[options]\npackages = find:\ninstall_requires =\n    numpy\n    # why\n    scikit-learn==1.5.2; python_version > '3'\nzip_safe = no\n",
        ),
        (
            "setup.cfg",
            "[options.extras_require]\nall = scikit-learn==1.5.2\n",
        ),
        (
            "environment.yml",
            "name: a\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - conda-forge::scikit-learn=1.5.2=py311_0\n",
        ),
        (
            "environment-dev.yaml",
            "dependencies:\n- pip\n- pip:\n  - scikit-learn==1.5.2 # why\n- numpy\n",
        ),
        (
            "env.yml",
            "dependencies:\n  - \"scikit-learn 1.5.2 py311_0\"\n",
        ),
    ] {
        assert!(fires(path, asked), "{path}");
        assert!(
            !fires(path, &asked.replace("1.5.", "1.2.").replace("1.3,", "1.2,")),
            "{path}"
        );
    }
    for (path, asked) in [
        (
            "requirements.txt",
            "scikit-learn\n# scikit-learn==1.5.2\n-r scikit-learn==1.5\n",
        ),
        (
            "requirements.txt",
            "scikit-learn-intelex==1.5.2\nscikit-learn==what\n",
        ),
        (
            "requirements.txt",
            "scikit-learn @ https://example.org/a.whl\n",
        ),
        (
            "requirements.txt",
            "scikit-learn==1.5.2\nscikit-learn==1.2.2\n",
        ),
        ("b/requirements.txt", "scikit-learn==1.5.2\n"),
        ("notes.txt", "scikit-learn==1.5.2\n"),
        ("requirements.txt", ""),
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"scikit-learn==1.5.2\"]\n",
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"scikit-learn==1.5.2\"\n",
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = \"scikit-learn==1.5.2\"\ndescription = \"\"\"\nscikit-learn==1.5.2\n\"\"\"\n",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nscikit-learn = \"*\"\n",
        ),
        (
            "setup.cfg",
            "[options]\nsetup_requires =\n    scikit-learn==1.5.2\n",
        ),
        (
            "environment.yml",
            "dependencies:\n  - scikit-learn\n  - scikit-learn-extra=1.5\n  - scikit-learn=1.2\nname: scikit-learn=1.5\n",
        ),
        ("environment.yml", "channels:\n  - scikit-learn=1.5.2\n"),
    ] {
        assert!(!fires(path, asked), "{path}: {asked}");
    }
    // A lock file says more than a range, and the nearest folder more than one above.
    repo.write("requirements.txt", "scikit-learn>=1.0\n");
    assert!(fires("uv.lock", poetry));
    assert!(!fires("a/requirements.txt", "scikit-learn==1.2.2\n"));
    repo.write("a/requirements.txt", "scikit-learn==1.2.2\n");
    assert!(!fires("uv.lock", poetry));
}

/// An artifact says each release once, however many of its objects do.
#[test]
fn each_release_that_wrote_an_artifact_is_told_once() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    repo.write("requirements.txt", "scikit-learn==1.5.2\n");
    let told = |versions: &[&str]| {
        let objects = versions.iter().map(|version| {
            let class = global("sklearn.linear_model._logistic", "LogisticRegression");
            let state = [text("_sklearn_version"), text(version)].concat();
            [&class[..], b")\x81}(", &state, b"ub"].concat()
        });
        let list = [&b"]("[..], &objects.collect::<Vec<_>>().concat(), b"e"].concat();
        repo.write("m.pkl", pickle(&list));
        let lines = checked(&repo);
        let told = lines.iter().filter(|line| line.contains("[other-release]"));
        told.cloned().collect::<Vec<_>>()
    };
    assert_eq!(told(&["1.2.2", "1.2.2"]).len(), 1);
    let both = told(&["1.2.2", "1.3.0"]);
    assert!(both.iter().any(|line| line.contains("1.2.2")), "{both:?}");
    assert!(both.iter().any(|line| line.contains("1.3.0")), "{both:?}");
    assert!(told(&["1.5.2"]).is_empty());
}

#[test]
fn a_list_counts_with_those_that_it_includes() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY);
    repo.write("models/m.pkl", estimator("1.2.2"));
    repo.write(
        "deploy/requirements/base.txt",
        "-r ../../deploy/requirements/base.txt\nscikit-learn==1.5.2\n",
    );
    let fires = |asked: &str| {
        repo.write("requirements.txt", asked);
        checked(&repo)
            .iter()
            .any(|line| line.contains("[other-release]"))
    };
    assert!(!fires("numpy\n"));
    for line in [
        "-r deploy/requirements/base.txt",
        "-rdeploy/requirements/base.txt  # all of it",
        "--requirement=./deploy/../deploy/requirements/base.txt",
        "-c deploy/requirements/base.txt",
    ] {
        assert!(fires(&format!("{line}\n")), "{line}");
    }
    assert!(!fires(
        "-r ../requirements/base.txt\n-r https://example.org/deploy/requirements/base.txt\n"
    ));
    assert!(!fires(
        "-r deploy/requirements/base.txt\nscikit-learn==1.2.2\n"
    ));
}
