//! `model-requirements`: a rule over the run, so that it is seen where files are checked together.

use super::distributed_index::checked;
use crate::support::repo::repo;

const MLMODEL: &str = "flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n    loader_module: mlflow.sklearn\n    model_path: model.skops\nmlflow_version: 2.9.2\n";

/// As `MLflow` writes them.
const CONDA: &str = "channels:\n- conda-forge\ndependencies:\n- python=3.10.12\n- pip<=23.2.1\n- pip:\n  - mlflow==2.9.2\n  - scikit-learn==1.3.2\nname: mlflow-env\n";
const ENVIRONMENT: &str = "python: 3.10.12\nbuild_dependencies:\n- pip==23.2.1\n- setuptools==68.0.0\n- wheel==0.41.2\ndependencies:\n- -r requirements.txt\n";
const LIST: &str = "mlflow==2.9.2\nscikit-learn==1.3.2\n--extra-index-url https://download.pytorch.org/whl/cu118\ntorch==2.1.0\n";

#[test]
fn what_a_model_has_installed_from_elsewhere_is_said() {
    let repo = repo!();
    repo.write("m/MLmodel", MLMODEL);
    repo.write("m/conda.yaml", CONDA);
    repo.write("m/python_env.yaml", ENVIRONMENT);
    repo.write("m/requirements.txt", LIST);
    assert_eq!(checked(&repo), [""; 0]);
    repo.write(
        "m/conda.yaml",
        "{channels: [conda-forge, 'https://channel.invalid/x'], dependencies: [python, {pip: ['git+https://a.invalid/b']}]}\n",
    );
    repo.write(
        "m/python_env.yaml",
        "dependencies:\n- -r https://a.invalid/list.txt\n",
    );
    repo.write(
        "m/requirements.txt",
        "mlflow==2.9.2\nb @ https://a.invalid/b.whl\n--extra-index-url \\\n  https://a.invalid/simple\n",
    );
    insta::assert_snapshot!(checked(&repo).join("\n"), @"
    m/conda.yaml:1:27: warning[model-requirements] serving the model beside it installs from an index of packages of its own: https://channel.invalid/x
    m/conda.yaml:1:87: warning[model-requirements] serving the model beside it installs from a repository without a commit: git+https://a.invalid/b
    m/python_env.yaml:2:3: warning[model-requirements] serving the model beside it installs from an address without a digest: https://a.invalid/list.txt
    m/requirements.txt:2:1: warning[model-requirements] serving the model beside it installs from an address without a digest: b @ https://a.invalid/b.whl
    m/requirements.txt:3:1: warning[model-requirements] serving the model beside it installs from an index of packages of its own: https://a.invalid/simple
    ");
}

#[test]
fn lists_of_repositories_are_not_those_of_models() {
    let repo = repo!();
    repo.write("requirements.txt", "git+https://a.invalid/b\n");
    repo.write("m/MLmodel", MLMODEL);
    repo.write("m/other/requirements.txt", "git+https://a.invalid/b\n");
    assert_eq!(checked(&repo), [""; 0]);
}
