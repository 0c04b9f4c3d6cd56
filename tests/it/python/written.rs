//! Round trips: what a function loads of its own, and everything that only looks like it.

use super::told;

const IMPORTS: &str = "import cloudpickle, dill, io, joblib, os, pickle, tempfile, torch\nimport numpy as np\nimport pandas as pd\nfrom pathlib import Path\n";

fn in_a_test(body: &str) -> String {
    let lines: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    told(format!(
        "{IMPORTS}def test_it(tmp_path, data, sock):\n{}\n",
        lines.join("\n")
    ))
}

#[test]
fn what_a_function_wrote_itself_is_its_own() {
    for body in [
        "pickle.loads(pickle.dumps(data))",
        "dill.loads(dill.dumps(data))",
        "pickle.loads(cloudpickle.dumps(data), encoding='x')",
        "[pickle.loads(pickle.dumps(x, p)) for p in range(5)]",
        "s = pickle.dumps(data)\nassert pickle.loads(s) == data",
        "if data:\n    s = pickle.dumps(data)\nelse:\n    s = pickle.dumps(1)\nt = s\npickle.loads(t)",
        "for s in [pickle.dumps(data)]:\n    pickle.loads(s)",
        "(s := pickle.dumps(data))\npickle.loads(s)",
        "f = io.BytesIO()\npickle.dump(data, f)\nf.seek(0)\npickle.load(f)",
        "f = io.BytesIO()\ntorch.save(data, f)\nf.seek(0)\ntorch.load(f, weights_only=False)",
        "with io.BytesIO() as f:\n    np.save(f, data)\n    f.seek(0)\n    np.load(f, allow_pickle=True)",
        "pickle.load(io.BytesIO(pickle.dumps(data)))",
        "f = io.BytesIO()\nf.write(pickle.dumps(data))\npickle.loads(f.getvalue())",
        "f = io.BytesIO()\npickle.Pickler(f, 2).dump(data)\ng = io.BytesIO(f.getvalue())\npickle.Unpickler(g)",
        "f = tempfile.NamedTemporaryFile()\ntorch.save(data, f.name)\ntorch.load(f.name)",
        "with tempfile.TemporaryDirectory() as d:\n    p = os.path.join(d, 'x.pkl')\n    joblib.dump(data, p)\n    joblib.load(p)",
        "fd, p = tempfile.mkstemp()\nos.close(fd)\nwith open(p, 'wb') as f:\n    pickle.dump(data, f)\nwith open(p, 'rb') as f:\n    pickle.load(f)\nos.unlink(p)",
        "p = tmp_path / 'a' / 'x.pt'\ntorch.save(data, p)\ntorch.load(str(p))",
        "data.to_pickle(tmp_path / 'x')\npd.read_pickle(tmp_path / 'x')",
        "p = f'{tmp_path}/x'\njoblib.dump(data, p)\njoblib.load(p)",
        "with (tmp_path / 'x').open('wb') as f:\n    dill.dump(data, f)\nwith Path(tmp_path / 'x').open('rb') as f:\n    dill.load(f)",
    ] {
        let text = in_a_test(body);
        assert!(!text.is_empty(), "{body}");
        assert!(
            text.lines().all(|line| line.ends_with(" of its own")),
            "{body}\n{text}"
        );
    }
    // At the top, in methods, in async functions.
    for source in [
        "import pickle\ns = pickle.dumps(x)\npickle.loads(s)",
        "try:\n  import cPickle as pickle\nexcept ImportError:\n  import pickle\ndef f(x):\n  return pickle.loads(pickle.dumps(x))",
        "from pickle import dumps as d, loads as l\nclass A:\n  def f(self): return l(d(self))",
        "import pickle as p\nasync def f(x):\n  s = p.dumps(x)\n  return p._loads(s)",
    ] {
        assert!(
            told(source).ends_with("of its own"),
            "{source}\n{}",
            told(source)
        );
    }
}

#[test]
fn what_may_come_from_outside_is_not() {
    for body in [
        "pickle.loads(data)",
        "pickle.loads(sock.recv(9))",
        "b = pickle.dumps(data)\nb = sock.recv(9)\npickle.loads(b)",
        "b = pickle.dumps(data)\nif data:\n    b = sock.recv(9)\npickle.loads(b)",
        "b = pickle.dumps(data)\nb += sock.recv(9)\npickle.loads(b)",
        "b = pickle.dumps(data)\nfor b in sock: pass\npickle.loads(b)",
        "b = pickle.dumps(data)\nwith sock as b: pass\npickle.loads(b)",
        "b = pickle.dumps(data)\nb, c = sock\npickle.loads(b)",
        "b = pickle.dumps(data)\ndef g():\n    nonlocal b\n    b = sock.recv(9)\ng()\npickle.loads(b)",
        "c = pickle.dumps(data)\nb = c or sock\npickle.loads(b)",
        "dumps = pickle.dumps\ndef dumps(x): return sock.recv(9)\npickle.loads(dumps(data))",
        "pickle.dumps = sock.recv\npickle.loads(pickle.dumps(data))",
        "setattr(pickle, 'dumps', sock.recv)\npickle.loads(pickle.dumps(data))",
        "data.setattr('pickle.dumps', sock.recv)\npickle.loads(pickle.dumps(data))",
        "globals()['pickle'] = sock\npickle.loads(pickle.dumps(data))",
        "f = io.BytesIO(data)\npickle.load(f)",
        "f = io.BytesIO()\nf.write(data)\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nf.write(sock.recv(9))\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nsock.fill(f)\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nsock.recv_into(f.getbuffer())\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nf.getbuffer()[:] = data\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\ng = f\ng.write(data)\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nl = [f]\nl[0].write(data)\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\ndef g(): f.write(data)\ng()\npickle.load(f)",
        "f = io.BytesIO()\npickle.dump(data, f)\nprint(data, file=f)\npickle.load(f)",
        "f = io.BytesIO()\nf = open(data)\npickle.dump(1, io.BytesIO())\npickle.load(f)",
        "f = tempfile.NamedTemporaryFile()\nsock.download(f.name)\ntorch.save(data, io.BytesIO())\ntorch.load(f.name)",
        "fd, p = tempfile.mkstemp()\nwith os.fdopen(fd, 'wb') as g: g.write(data)\npickle.dump(1, io.BytesIO())\npickle.load(open(p, 'rb'))",
        "p = tmp_path / 'x'\nsock.run(['get', p])\njoblib.dump(data, tmp_path / 'y')\njoblib.load(p)",
        "p = tmp_path / '/etc/x'\njoblib.dump(data, tmp_path / 'y')\njoblib.load(p)",
        "p = tmp_path / '../x'\njoblib.dump(data, tmp_path / 'y')\njoblib.load(p)",
        "p = os.path.join(tmp_path, data)\njoblib.dump(data, p)\njoblib.load(p)",
        "p = tmp_path / 'x'\np.write_bytes(data)\npickle.load(open(p, 'rb'))",
        "joblib.load(tmp_path / 'x')",
        "joblib.dump(data, 'x')\njoblib.load('x')",
        "joblib.dump(data, data.path)\njoblib.load(data.path)",
        "open = sock\nwith open(tmp_path / 'x') as f: pickle.load(f)\npickle.dump(data, io.BytesIO())",
    ] {
        let text = in_a_test(body);
        assert!(text.contains(" call "), "{body}\n{text}");
        assert!(!text.contains("of its own"), "{body}\n{text}");
    }
    for source in [
        "import pickle\nfrom x import *\npickle.loads(pickle.dumps(x))",
        "import pickle\ndef f(tmp_path):\n  pickle.dump(1, open(tmp_path / 'x', 'wb'))\n  pickle.load(open(tmp_path / 'x', 'rb'))",
        "import pickle\nb = pickle.dumps(x)\ndef f(): return pickle.loads(b)",
        "import pickle\ndef f(pickle, x, cPickle): pass\ndef g(x, pickle):\n  import cPickle\n  cPickle.loads(pickle.dumps(x))",
        "import pickle\nclass A:\n  def f(self): self.b = pickle.dumps(1)\n  def g(self): return pickle.loads(self.b)",
        "import pickle\nb = pickle.dumps(x)\ndef f():\n  global b\n  b = sock.recv(9)\npickle.loads(b)",
    ] {
        let text = told(source);
        assert!(
            text.contains("call ") && !text.contains("of its own"),
            "{source}\n{text}"
        );
    }
}
