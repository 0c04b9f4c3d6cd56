"""Speaks to yaml-language-server over its standard input and output, as an editor does."""

import json, pathlib, subprocess, sys, tempfile, threading

server, policy, cases, lock = sys.argv[1:]
process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
threading.Timer(120, process.kill).start()
counter = 0
published = {}


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    process.stdin.flush()


def receive():
    length = 0
    while line := process.stdout.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length:
        sys.exit("FAILED: the server has gone")
    message = json.loads(process.stdout.read(length))
    if message.get("method") == "textDocument/publishDiagnostics":
        published[message["params"]["uri"]] = message["params"]["diagnostics"]
    elif "method" in message and "id" in message:
        # What the server asks the editor: nothing is configured.
        items = message.get("params", {}).get("items") if message["method"] == "workspace/configuration" else None
        send({"id": message["id"], "result": [{} for _ in items] if items else None})
    return message


def ask(method, params):
    global counter
    counter += 1
    send({"id": counter, "method": method, "params": params})
    while True:
        message = receive()
        if message.get("id") == counter and "method" not in message:
            return message.get("result")


folder = pathlib.Path(tempfile.mkdtemp())
ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}, "hover": {"contentFormat": ["markdown"]}}, "workspace": {"configuration": True}}})
send({"method": "initialized", "params": {}})
number = 0


schema = policy


def opened(text):
    """A file of the current schema in the editor; `|` is the cursor."""
    global number
    number += 1
    text = f"# yaml-language-server: $schema={schema}\n{text}"
    before = text.split("|")[0]
    position = {"line": before.count("\n"), "character": len(before.rsplit("\n", 1)[-1])}
    uri = (folder / f"{number}.yaml").as_uri()
    send({"method": "textDocument/didOpen", "params": {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text.replace("|", "")}}})
    return {"textDocument": {"uri": uri}, "position": position}


def completed(text):
    result = ask("textDocument/completion", opened(text)) or {}
    return {item["label"] for item in result.get("items", [])}


def hovered(text):
    result = ask("textDocument/hover", opened(text)) or {}
    return json.dumps(result.get("contents", ""))


def diagnosed(text):
    uri = opened(text)["textDocument"]["uri"]
    while uri not in published:
        receive()
    return [(it["range"]["start"]["line"], it["message"]) for it in published[uri]]


passed = 0


def expect(what, holds, seen):
    global passed
    if not holds:
        process.kill()
        sys.exit(f"FAILED: {what}: {seen}")
    passed += 1
    print(f"ok: {what}")


seen = completed("version: 1\n|\n")
expect("keys are completed", {"formats", "globals", "overrides", "waivers", "rules"} <= seen, seen)
seen = completed("version: 1\nrules:\n  |\n")
expect("rules are completed", {"global-not-allowed", "policy-loosened"} <= seen, seen)
seen = completed("version: 1\nrules:\n  pickle-load: |\n")
expect("levels are completed", {"allow", "warn", "deny"} <= seen, seen)
seen = completed("version: 1\nglobals:\n  packs:\n    - |\n")
expect("packs are completed", {"numpy-arrays", "torch-weights"} <= seen, seen)
seen = completed("version: 1\noverrides:\n  - paths: [a]\n    formats:\n      allow:\n        - |\n")
expect("formats are completed in overrides", {"npy", "pickle"} <= seen, seen)
seen = hovered("version: 1\nexcl|ude: []\n")
expect("a key is explained", "files that are not checked" in seen, seen)
seen = diagnosed("version: 1\nextends: recommended\nglobals:\n  allow:\n    - myapp.models.Net\n    - {global: a.B, as: [import]}\n")
expect("a policy that holds together has no diagnostics", not seen, seen)
seen = diagnosed("version: 1\nfrmats:\n  allow: [npy]\n")
expect("a misspelt key is marked on its line", any(line == 2 and "frmats" in message for line, message in seen), seen)
seen = diagnosed("version: 1\nrules:\n  pickle-load: error\n")
expect("a wrong level is marked on its line", [line for line, _ in seen] == [3], seen)
schema = cases
seen = completed("cases:\n  - global: os.system\n    |\n")
expect("keys of a case are completed", {"as", "args", "expect", "path"} <= seen, seen)
seen = completed("cases:\n  - rule: |\n")
expect("rules of a case are completed", "global-not-allowed" in seen, seen)
seen = completed("cases:\n  - {global: a.B, expect: |}\n")
expect("what is expected is completed", {"allowed", "refused", "deny"} <= seen, seen)
seen = hovered("cases:\n  - {global: a.B, exp|ect: allowed}\n")
expect("a key of a case is explained", "what is expected" in seen, seen)
seen = diagnosed("cases:\n  - {global: a.B, args: [{text: t}, data], expect: allowed}\n")
expect("cases that hold together have no diagnostics", not seen, seen)
seen = diagnosed("cases:\n  - {globl: a.B, expect: allowed}\n")
expect("a misspelt key of a case is marked", any(line == 2 and "globl" in message for line, message in seen), seen)
schema = lock
digest = "0" * 63 + "a"
pin = f"version: 1\nartifacts:\n  - path: a.pt\n    sha256: {digest}\n    size: 3\n"
seen = completed(f"{pin}    |\n")
expect("keys of a pin are completed", {"formats", "globals", "loaded-by"} <= seen, seen)
seen = diagnosed(pin)
expect("a lock file that holds together has no diagnostics", not seen, seen)
seen = diagnosed(pin.replace(digest, "abc"))
expect("a wrong digest is marked on its line", [line for line, _ in seen] == [4], seen)
process.kill()
print(f"{passed} passed, 0 failed")
