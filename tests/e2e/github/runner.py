"""Runs a composite action as GitHub's runner does, and reads what it says as the runner would.

It knows exactly the part of the syntax that our action uses, and fails on anything else: a step of another kind, a key it does
not know, an expression that is more than the name of a value. What it is strict about is what an attacker would use: workflow
commands wherever the runner would find them, the files that set outputs and environment, and the limits past which GitHub
drops what it is told.
"""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

STEP_KEYS = {"name", "id", "shell", "run", "env"}
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*\Z")
SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
# Annotations of each kind that one step may have, and bytes of a summary past which none of it is shown.
ANNOTATIONS, SUMMARY = 10, 1024 * 1024
KINDS = {"error", "warning", "notice"}
# Commands the runner obeys. The first four would let a line of a log change the job.
POWERS = {"set-env", "add-path", "set-output", "save-state", "add-matcher", "remove-matcher", "add-mask", "echo", "debug"}
LEGACY = re.compile(r"##\[([\w-]+)[^\]]*\]")


class Result:
    """What came of a run: the code of the step that failed (0 if none did), and what GitHub knows afterwards."""

    def __init__(self):
        self.code, self.failed, self.log = 0, None, ""
        self.outputs, self.steps, self.annotations, self.dropped = {}, {}, [], 0
        self.summary, self.powers, self.environment, self.path = "", [], {}, ""

    def of(self, *kinds):
        return [told for told in self.annotations if told["kind"] in kinds]


def unescape(text, of_property=False):
    if of_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def read_log(log, result):
    """Finds workflow commands as the runner does: at the start of a line after white space, or in the old form anywhere."""
    stopped, kept = None, dict.fromkeys(KINDS, 0)
    for line in re.split(r"\r\n|\r|\n", log):
        text = line.lstrip()
        if stopped is not None:
            if text == f"::{stopped}::":
                stopped = None
            continue
        found = re.match(r"::([\w-]+)(?: +([^:]*(?::(?!:)[^:]*)*))?::(.*)\Z", text)
        if not found:
            result.powers += [(name, line) for name in LEGACY.findall(line)]
            continue
        name, properties, message = found.groups()
        if name == "stop-commands":
            stopped = message
        elif name in KINDS:
            told = {"kind": name, "message": unescape(message)}
            for part in filter(None, (properties or "").split(",")):
                key, _, value = part.partition("=")
                told[key.strip()] = unescape(value, True)
            kept[name] += 1
            if kept[name] > ANNOTATIONS:
                result.dropped += 1
            else:
                result.annotations.append(told)
        elif name in POWERS:
            result.powers.append((name, line))
        elif name not in {"group", "endgroup"}:
            raise AssertionError(f"a command the runner does not know: {line!r}")
    assert stopped is None, "workflow commands are still switched off at the end of the step"


def read_pairs(path):
    """`name=value` and `name<<delimiter` as the runner takes them from the files that it gives to a step."""
    values, lines = {}, path.read_text().split("\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            values[line[:equals]] = line[equals + 1 :]
            continue
        assert heredoc > 0, f"neither name=value nor name<<delimiter: {line!r}"
        name, end = line[:heredoc], line[heredoc + 2 :]
        assert end in lines, f"{name} has no end"
        at = lines.index(end)
        values[name], lines = "\n".join(lines[:at]), lines[at + 1 :]
    return values


class Runner:
    """A machine with a workspace, for one job."""

    def __init__(self, action, workspace, path=None):
        self.action = Path(action)
        self.workspace = Path(workspace)
        self.temp = Path(tempfile.mkdtemp(prefix="runner-", dir=self.workspace.parent))
        self.path = path or os.environ["PATH"]
        self.definition = yaml.safe_load((self.action / "action.yml").read_text())
        assert self.definition["runs"]["using"] == "composite"

    def run(self, event, github, payload, inputs=None, token="", more=None):
        inputs = dict(inputs or {})
        known = self.definition["inputs"]
        assert not set(inputs) - set(known), f"no such inputs: {set(inputs) - set(known)}"
        home = self.temp / "home"
        home.mkdir(exist_ok=True)
        (self.temp / "_temp").mkdir(exist_ok=True)
        payload_file = self.temp / "event.json"
        payload_file.write_text(json.dumps(payload))
        context = {
            "github": {
                "event_name": event, "event": payload, "workspace": str(self.workspace), "token": token,
                "action_repository": "", "action_path": str(self.action), **github,
            },
            "steps": {},
        }
        context["inputs"] = {
            name: inputs.get(name, self.value(str(known[name].get("default", "")), context)) for name in known
        }
        environment = {
            "PATH": self.path, "HOME": str(home), "LANG": "C.UTF-8", "CI": "true", "GITHUB_ACTIONS": "true",
            "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": str(self.temp / "_temp"),
            "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(payload_file), "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_SHA": github.get("sha", ""), "GITHUB_REF": github.get("ref", ""),
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_ACTION_PATH": str(self.action),
            "GIT_CONFIG_NOSYSTEM": "1", **(more or {}),
        }
        result = Result()
        for number, step in enumerate(self.definition["runs"]["steps"]):
            assert not set(step) - STEP_KEYS, f"the runner does not know {set(step) - STEP_KEYS}"
            # A step without an `if` runs only while none has failed.
            if result.code:
                break
            self.step(step, f"step{number}", context, environment, result)
        for name, output in self.definition["outputs"].items():
            result.outputs[name] = self.value(output["value"], context)
        return result

    def step(self, step, label, context, environment, result):
        assert "${{" not in step["run"], "an expression in a script"
        files = {name: self.temp / f"{label}-{name}" for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY", "STATE")}
        for file in files.values():
            file.write_bytes(b"")
        script = self.temp / f"{label}.sh"
        script.write_text(step["run"])
        own = {name: self.value(str(value), context) for name, value in step.get("env", {}).items()}
        ran = subprocess.run(
            [*SHELLS[step["shell"]], str(script)],
            cwd=self.workspace,
            env={**environment, **{f"GITHUB_{name}": str(file) for name, file in files.items()}, **own},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800,
        )
        log = ran.stdout.decode("utf-8", "replace")
        result.log += log
        read_log(log, result)
        outputs = read_pairs(files["OUTPUT"])
        context["steps"][step.get("id", label)] = {"outputs": outputs}
        result.steps[step.get("id", label)] = outputs
        result.environment.update(read_pairs(files["ENV"]))
        result.path += files["PATH"].read_text()
        summary = files["STEP_SUMMARY"].read_bytes()
        assert len(summary) <= SUMMARY, "the summary is too long: GitHub would show none of it"
        result.summary += summary.decode()
        if ran.returncode:
            result.code, result.failed = ran.returncode, step.get("id", label)

    def value(self, text, context):
        """A value with its expressions replaced; each may only be the name of something."""

        def look(found):
            assert NAME.match(found[1]), f"the runner does not know the expression {found[0]}"
            value = context
            for part in found[1].split("."):
                value = value.get(part) if isinstance(value, dict) else None
            return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

        return EXPRESSION.sub(look, text)
