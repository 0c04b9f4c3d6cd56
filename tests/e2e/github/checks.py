"""What the scenarios have in common: running the action, and what must hold of every run."""

import json
import os
from pathlib import Path

from runner import Runner
from world import HOSTILE, ROOT

BINARY = Path(os.environ["WEIGHBRIDGE_BINARY"]).resolve()
SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


def act(workspace, event, github, payload, inputs=None, action=ROOT, **more):
    inputs = {"binary": str(BINARY), **(inputs or {})}
    result = Runner(action, workspace, more.pop("path", None)).run(event, github, payload, inputs, **more)
    assert not result.powers, f"a line of the log is a command: {result.powers}"
    assert not result.environment and not result.path, "the environment of later steps was changed"
    assert len(result.of("error")) <= 10 and not result.dropped, "annotations were dropped"
    return result


def expect(result, outcome, code=0):
    assert (result.outputs["outcome"], result.code) == (outcome, code), f"{result.outputs} {result.code}\n{result.log}"


def says(result, words):
    assert words in " ".join(told["message"] for told in result.annotations), f"nobody says {words!r}\n{result.log}"


def report(result):
    return json.loads(Path(result.outputs["json"]).read_text())


def paths(result):
    return sorted({finding["path"] for finding in report(result)["findings"] if finding["level"] == "deny"})


def numbers_are_right(result):
    findings = report(result)["findings"]
    for name, of in (("refused", ["deny"]), ("warnings", ["warn"]), ("findings", ["deny", "warn"])):
        assert int(result.outputs[name]) == sum(f["level"] in of for f in findings), name
    sarif = json.loads(Path(result.outputs["sarif"]).read_text())
    assert sarif["version"] == "2.1.0" and len(sarif["runs"]) == 1
    assert len(sarif["runs"][0]["results"]) >= (1 if findings else 0)


def careless(world, branch="feature", start=None):
    """A change that brings a checkpoint with a payload and a call that would load it."""
    world.on(branch, start)
    world.write("models/new.pt", HOSTILE)
    world.write("train.py", b"import torch\n\nprint(torch.__version__)\nm = torch.load('models/new.pt', weights_only=False)\n")
    return world.commit("a new model", push=branch)


def refused_for_what_it_brings(result):
    expect(result, "refused", 1)
    assert paths(result) == ["models/new.pt", "train.py"], paths(result)
    numbers_are_right(result)
    errors = result.of("error")
    assert {told["file"] for told in errors} == {"models/new.pt", "train.py"}, errors
    call = next(told for told in errors if told["file"] == "train.py")
    assert call["line"] == "4" and "weights_only=False" in call["message"], call
    assert "models/new.pt" in result.summary and "old.pkl" not in result.summary, result.summary
    assert "old.pkl" not in result.log
