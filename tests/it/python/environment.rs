//! Environment switches set by source.

use super::told;

#[test]
fn every_way_to_set_a_switch() {
    for source in [
        "os.environ[X] = '1'",
        "env = os.environ.copy()\nenv[X] = '1'",
        "os.environ.setdefault(X, '1')",
        "os.environ.update({X: '1'})",
        "os.environ |= {X: '1'}",
        "os.putenv(X, '1')",
        "monkeypatch.setenv(X, '1')",
        "subprocess.run(a, env={**os.environ, X: '1'})",
        "subprocess.run(a, env=dict(os.environ, TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD='1'))",
        "V = '1'\nos.environ[X] = V",
    ] {
        let source = format!("import os\nX = 'TORCH_FORCE_NO_' 'WEIGHTS_ONLY_LOAD'\n{source}\n");
        let text = told(&source);
        assert!(
            text.ends_with("env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"),
            "{source}\n-> {text}"
        );
    }
    assert!(
        told("import os\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = str(x)").ends_with("=?")
    );
    assert_eq!(
        told("import os\nos.environ.get('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')"),
        ""
    );
}
