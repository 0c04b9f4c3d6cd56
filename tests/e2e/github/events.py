"""What the action says and does for each event, in each kind of checkout."""

import json
from pathlib import Path

from checks import act, careless, expect, numbers_are_right, paths, refused_for_what_it_brings, says, scenario
from world import HOSTILE, ROOT, ZERO


@scenario
def pull_request_in_a_clone_of_depth_one(world):
    github, payload = world.pull(careless(world))
    result = act(world.checkout(github["ref"]), "pull_request", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == world.main
    says(result, f"since {world.main}")


@scenario
def pull_request_in_a_clone_of_depth_two_needs_no_origin(world):
    head = careless(world)
    world.advance()
    github, payload = world.pull(head)
    # The base in the payload can be older than the one that was merged into.
    payload["pull_request"]["base"]["sha"] = world.git(world.desk, "rev-parse", f"{world.main}^")
    workspace = world.checkout(github["ref"], depth=2)
    world.forget(workspace)
    result = act(workspace, "pull_request", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == world.main


@scenario
def pull_request_from_a_fork_cannot_bring_its_own_policy(world):
    careless(world)
    world.write("weighbridge.yaml", b"version: 1\nextends: recommended\nexclude: ['**']\n")
    github, payload = world.pull(world.commit("nothing to see"), fork=True)
    workspace = world.checkout(github["ref"], depth=2)
    world.forget(workspace)
    result = act(workspace, "pull_request", github, payload, {"token": ""})
    expect(result, "refused", 1)
    assert {"models/new.pt", "train.py"} <= set(paths(result)), paths(result)


@scenario
def pull_request_that_brings_nothing_bad(world):
    world.on("feature")
    world.write("models/decoder.pth", (ROOT / "tests/corpus/state_dict.pth").read_bytes())
    github, payload = world.pull(world.commit("a decoder", push="feature"))
    result = act(world.checkout(github["ref"]), "pull_request", github, payload)
    expect(result, "clean")
    assert not result.of("error", "warning") and result.outputs["findings"] == "0"
    world.on("words")
    world.write("README.md", b"# the shop\n")
    github, payload = world.pull(world.commit("words", push="words"))
    result = act(world.checkout(github["ref"]), "pull_request", github, payload)
    assert result.code == 0 and result.outputs["outcome"] in {"clean", "nothing"}, result.log


@scenario
def pull_request_whose_head_is_checked_out(world):
    head = careless(world)
    world.advance()
    github, payload = world.pull(head)
    refused_for_what_it_brings(act(world.checkout(head, depth=0), "pull_request", github, payload))
    # Without a history, the trees are compared: what the base has gained since is no part of the change.
    result = act(world.checkout(head), "pull_request", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == world.main


@scenario
def pull_request_whose_head_is_a_merge_chooses_no_base(world):
    # The author merges the change into a base of their own, which has the checkpoint already.
    own = careless(world, "own")
    world.on("side")
    other = world.commit("a side")
    world.git(world.desk, "checkout", "-q", "-f", "--detach", own)
    world.git(world.desk, "merge", "-q", "--no-ff", "-m", "merge", other)
    head = world.git(world.desk, "rev-parse", "HEAD")
    github, payload = world.pull(head)
    for depth in (0, 1, 2):
        result = act(world.checkout(head, depth), "pull_request", github, payload)
        refused_for_what_it_brings(result)
        assert result.outputs["base"] == world.main


@scenario
def pull_request_in_a_partial_clone(world):
    world.write("weighbridge.yaml", b"version: 1\nextends: recommended\nexclude: ['third_party/**']\n")
    world.main = world.commit("a policy", push="main")
    world.on("feature")
    world.write("third_party/left-out.pkl", HOSTILE)
    world.write("weighbridge.yaml", b"version: 1\nextends: recommended\nexclude: ['**']\n")
    head = world.commit("a looser one")
    github, payload = world.pull(careless(world, start=head))
    for depth in (1, 2):
        workspace = world.checkout(github["ref"], depth, lacking="blob:none")
        result = act(workspace, "pull_request", github, payload)
        expect(result, "refused", 1)
        assert {"models/new.pt", "train.py"} <= set(paths(result)), paths(result)
        assert not [path for path in paths(result) if "third_party" in path or "old" in path], paths(result)


@scenario
def pull_request_without_its_base_is_an_error(world):
    github, payload = world.pull(careless(world))
    workspace = world.checkout(github["ref"])
    world.forget(workspace)
    result = act(workspace, "pull_request", github, payload)
    assert (result.code, result.failed) == (2, "base")
    says(result, "fetch-depth: 2")


@scenario
def pull_request_with_the_base_checked_out_is_an_error(world):
    github, payload = world.pull(careless(world))
    result = act(world.checkout("refs/heads/main"), "pull_request", github, payload)
    assert (result.code, result.failed) == (2, "base")
    says(result, "nothing of the change")


@scenario
def pull_request_target(world):
    github, payload = world.pull(careless(world))
    github = {"sha": world.main, "ref": "refs/heads/main"}
    result = act(world.checkout(payload["pull_request"]["head"]["sha"]), "pull_request_target", github, payload)
    assert "rights of the base" in result.of("warning")[0]["message"]
    expect(result, "refused", 1)
    assert paths(result) == ["models/new.pt", "train.py"]
    result = act(world.checkout("refs/heads/main"), "pull_request_target", github, payload)
    assert (result.code, result.failed) == (2, "base")
    says(result, "nothing of the change")


@scenario
def push_to_a_branch(world):
    before = world.main
    world.main = careless(world, "main")
    payload = {"before": before, "after": world.main, "repository": world.repository(), "forced": False}
    github = {"sha": world.main, "ref": "refs/heads/main"}
    result = act(world.checkout(world.main), "push", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == before


@scenario
def push_of_a_new_branch(world):
    head = careless(world)
    payload = {"before": ZERO, "after": head, "created": True, "repository": world.repository()}
    github = {"sha": head, "ref": "refs/heads/feature"}
    for depth in (0, 1):
        result = act(world.checkout(head, depth), "push", github, payload)
        refused_for_what_it_brings(result)
        assert result.outputs["base"] == world.main
        says(result, "compared with main")
    # The first push of all, and a branch that is nothing but a name.
    for ref in ("refs/heads/main", "refs/heads/name"):
        result = act(world.checkout(world.main), "push", {"sha": world.main, "ref": ref}, payload)
        expect(result, "refused", 1)
        assert paths(result) == ["models/old.pkl"] and result.outputs["base"] == ""
        says(result, "Checking everything")


@scenario
def push_by_force(world):
    world.on("feature")
    world.write("models/draft.pkl", HOSTILE)
    before = world.commit("a draft", push="feature")
    world.on("feature")
    head = careless(world)
    world.git(world.desk, "push", "-q", "--force", "origin", f"{head}:refs/heads/feature")
    payload = {"before": before, "after": head, "forced": True, "repository": world.repository()}
    github = {"sha": head, "ref": "refs/heads/feature"}
    # No branch leads there any more, but the origin still has it.
    result = act(world.checkout(head), "push", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == before
    payload["before"] = "1" * 40
    result = act(world.checkout(head), "push", github, payload)
    expect(result, "refused", 1)
    assert paths(result) == ["models/new.pt", "models/old.pkl", "train.py"]
    says(result, "no longer to be had")


@scenario
def push_of_a_tag(world):
    world.git(world.desk, "tag", "v1", world.main)
    world.git(world.desk, "push", "-q", "origin", "v1")
    payload = {"before": ZERO, "after": world.main, "repository": world.repository()}
    result = act(world.checkout("refs/tags/v1"), "push", {"sha": world.main, "ref": "refs/tags/v1"}, payload)
    expect(result, "refused", 1)
    assert paths(result) == ["models/old.pkl"]
    says(result, "no branch")


@scenario
def merge_group(world):
    head = careless(world)
    github, _ = world.pull(head)
    payload = {"merge_group": {"base_sha": world.main, "head_sha": github["sha"]}, "repository": world.repository()}
    github["ref"] = "refs/heads/gh-readonly-queue/main/pr-1"
    result = act(world.checkout(github["sha"]), "merge_group", github, payload)
    refused_for_what_it_brings(result)
    assert result.outputs["base"] == world.main


@scenario
def events_about_no_change_check_everything(world):
    github = {"sha": world.main, "ref": "refs/heads/main"}
    for event, payload in (("schedule", {"schedule": "0 5 * * 1"}), ("workflow_dispatch", {"inputs": {}})):
        payload["repository"] = world.repository()
        result = act(world.checkout("refs/heads/main"), event, github, payload)
        expect(result, "refused", 1)
        numbers_are_right(result)
        assert paths(result) == ["models/old.pkl"] and result.outputs["base"] == ""
        says(result, f"the event `{event}` is about no change")


@scenario
def no_checkout_is_an_error(world):
    github, payload = world.pull(careless(world))
    for event in ("pull_request", "schedule"):
        workspace = world.folder / f"bare-{event}" / "shop"
        workspace.mkdir(parents=True)
        result = act(workspace, event, github, payload)
        assert (result.code, result.failed) == (2, "base")
        says(result, "actions/checkout")
        # Files without git: what the change is cannot be known.
        (workspace / "model.pkl").write_bytes(HOSTILE)
        result = act(workspace, event, github, payload)
        if event == "schedule":
            expect(result, "refused", 1)
        else:
            assert (result.code, result.failed) == (2, "base")
    result = act(workspace, "pull_request", github, payload, {"working-directory": "not/there"})
    assert (result.code, result.failed) == (2, "base")
    says(result, "not/there")


@scenario
def a_base_by_name(world):
    head = careless(world)
    github = {"sha": head, "ref": "refs/heads/feature"}
    payload = {"repository": world.repository()}
    for base in ("main", world.main):
        refused_for_what_it_brings(act(world.checkout(head), "workflow_dispatch", github, payload, {"base": base}))
    pull, about = world.pull(head)
    result = act(world.checkout(pull["ref"]), "pull_request", pull, about, {"base": "none"})
    assert "models/old.pkl" in paths(result)
    for base in ("no-such-branch", "--upload-pack=touch x", "f" * 40):
        result = act(world.checkout(head), "workflow_dispatch", github, payload, {"base": base})
        assert (result.code, result.failed) == (2, "base"), result.log


@scenario
def hostile_names_forge_nothing(world):
    names = [
        "models/a\n::error file=forged.py::forged\n.pkl",
        "models/::set-env name=LD_PRELOAD::x.pkl",
        "models/##[set-env name=X]y.pkl",
        "models/%0A::add-path::z,line=7.pkl",
        "models/outcome=clean\nEOF.pkl",
        "models/<script>alert(1)</script>`|.pkl",
    ]
    world.on("feature")
    for name in names:
        world.write(name, HOSTILE)
    world.write("models/inside.pkl", b"c\xc3\xa9::set-output name=refused::0\n##[set-env name=X]y\n(S'a\\n::error::forged'\ntR.")
    github, payload = world.pull(world.commit("names", push="feature"))
    for inputs in ({}, {"annotations": "false"}):
        result = act(world.checkout(github["ref"]), "pull_request", github, payload, inputs)
        expect(result, "refused", 1)
        assert set(paths(result)) >= {"models/inside.pkl", names[1]}, paths(result)
        numbers_are_right(result)
        assert not [told for told in result.annotations if told.get("file") == "forged.py" or told["message"] == "forged"]
        assert set(result.steps["check"]) == {"outcome", "findings", "refused", "warnings", "json", "sarif"}
        assert "<script>" not in result.summary
        if not inputs:
            assert names[1] in {told.get("file") for told in result.of("error")}, result.annotations


@scenario
def many_findings_stay_within_the_limits(world):
    world.on("feature")
    for number in range(300):
        world.write(f"models/{number}.pkl", HOSTILE)
    github, payload = world.pull(world.commit("many", push="feature"))
    result = act(world.checkout(github["ref"]), "pull_request", github, payload)
    expect(result, "refused", 1)
    assert int(result.outputs["refused"]) >= 300
    assert 1 < len(result.of("error")) <= 10
    told = " ".join(told["message"] for told in result.annotations)
    assert "more" in told, told


@scenario
def inputs_are_obeyed(world):
    head = careless(world)
    github, payload = world.pull(head)
    workspace = world.checkout(github["ref"])
    result = act(
        workspace, "pull_request", github, payload,
        {"fail-on": "never", "sarif": "out.sarif", "reports": "junit=out.xml\n\nhtml=out.html\n", "paths": "models\n"},
    )
    expect(result, "refused")
    assert paths(result) == ["models/new.pt"]
    for name in ("out.sarif", "out.xml", "out.html"):
        assert (workspace / name).stat().st_size > 100, name
    assert result.outputs["sarif"] == "out.sarif"
    result = act(workspace, "pull_request", github, payload, {"annotations": "false", "summary": "false"})
    expect(result, "refused", 1)
    assert not result.of("error", "warning") and not result.summary and "models/new.pt" in result.log
    (workspace / "loose.yaml").write_text("version: 1\nextends: recommended\nexclude: ['**']\n")
    result = act(workspace, "pull_request", github, payload, {"policy": "loose.yaml"})
    assert result.code == 0, result.log
    result = act(workspace, "pull_request", github, payload, {"policy": "no-such.yaml"})
    assert result.code == 2 and result.outputs["outcome"] == "unable", result.log
    for inputs in ({"fail-on": "errors"}, {"annotations": "yes"}, {"reports": "html"}, {"reports": "no-such=x"}):
        result = act(workspace, "pull_request", github, payload, inputs)
        assert (result.code, result.failed) == (2, "check"), (inputs, result.log)
    # A warning fails the step only if that was asked for.
    world.on("warn")
    world.write("train.py", b"import torch\n\nm = torch.load('models/encoder.pth')\n")
    github, payload = world.pull(world.commit("implicit", push="warn"))
    workspace = world.checkout(github["ref"])
    result = act(workspace, "pull_request", github, payload)
    expect(result, "clean")
    assert result.outputs["warnings"] == "1" and len(result.of("warning")) == 1, result.log
    expect(act(workspace, "pull_request", github, payload, {"fail-on": "warnings"}), "clean", 1)


def removed_again(world):
    """A change whose first commit adds a checkpoint that its second takes away."""
    world.on("feature")
    world.write("models/hidden.pkl", HOSTILE)
    world.commit("add it")
    world.git(world.desk, "rm", "-q", "models/hidden.pkl")
    world.write("words.md", b"words\n")
    return world.commit("take it away", push="feature")


@scenario
def what_one_commit_adds_and_another_removes_is_said(world):
    head = removed_again(world)
    world.advance()
    github, payload = world.pull(head)
    # The merge of GitHub, and the head itself, each with its history.
    for ref in (github["ref"], head):
        workspace = world.checkout(ref, depth=0)
        result = act(workspace, "pull_request", github, payload)
        assert result.code == 0 and result.outputs["outcome"] in {"clean", "nothing"}, result.log
        assert "a later one removes it" in result.of("warning")[0]["message"], result.log
        assert "models/hidden.pkl" in result.log and "newer.pkl" not in result.log and "old.pkl" not in result.log
        result = act(workspace, "pull_request", github, payload, {"history": "true"})
        expect(result, "refused", 1)
        assert "a later one removes it" in result.of("error")[0]["message"], result.log
        result = act(workspace, "pull_request", github, payload, {"history": "false"})
        assert result.code == 0 and "hidden.pkl" not in result.log and not result.of("warning", "error"), result.log
        result = act(workspace, "pull_request", github, payload, {"paths": "other", "history": "true"})
        assert result.code == 0 and "hidden.pkl" not in result.log, result.log
    # Without the commits it is said that they are not looked at, or they are fetched.
    workspace = world.checkout(github["ref"], depth=2)
    result = act(workspace, "pull_request", github, payload)
    assert result.code == 0 and not result.of("warning"), result.log
    says(result, "what one of them adds and a later one removes is not looked at")
    result = act(workspace, "pull_request", github, payload, {"history": "true"})
    expect(result, "refused", 1)
    assert "models/hidden.pkl" in result.log and "old.pkl" not in result.log, result.log
    workspace = world.checkout(github["ref"], depth=2)
    world.forget(workspace)
    result = act(workspace, "pull_request", github, payload, {"history": "true"})
    assert (result.code, result.failed) == (2, "base")
    says(result, "fetch-depth: 0")
    result = act(workspace, "pull_request", github, payload, {"history": "maybe"})
    assert (result.code, result.failed) == (2, "base")
    # One commit hides nothing.
    github, payload = world.pull(careless(world))
    result = act(world.checkout(github["ref"], depth=2), "pull_request", github, payload)
    refused_for_what_it_brings(result)
    assert "fetch-depth" not in result.log


@scenario
def commits_are_judged_by_the_policy_of_the_base(world):
    world.on("feature")
    world.write("weighbridge.yaml", b"version: 1\nextends: recommended\nexclude: ['**']\n")
    world.write("models/hidden.pkl", HOSTILE)
    world.commit("add it, and a policy of my own")
    world.git(world.desk, "rm", "-q", "models/hidden.pkl")
    github, payload = world.pull(world.commit("take it away", push="feature"))
    result = act(world.checkout(github["ref"], depth=0), "pull_request", github, payload, {"history": "true"})
    expect(result, "refused", 1)
    assert "models/hidden.pkl" in result.log, result.log
    # A push, and a partial clone.
    head = payload["pull_request"]["head"]["sha"]
    push = {"before": world.main, "after": head, "repository": world.repository()}
    for lacking in (None, "blob:none"):
        workspace = world.checkout(head, depth=0, lacking=lacking)
        result = act(workspace, "push", {"sha": head, "ref": "refs/heads/feature"}, push, {"history": "true"})
        expect(result, "refused", 1)
        assert "models/hidden.pkl" in result.log and "could not be" not in result.log, result.log


@scenario
def paths_may_be_patterns_and_may_not_exist(world):
    github, payload = world.pull(careless(world))
    workspace = world.checkout(github["ref"])
    for given, expected in (
        ("models/*.pt\nno/such/folder", ["models/new.pt"]),
        ("**/*.py", ["train.py"]),
        ("mod*", ["models/new.pt"]),
        ("*.pkl\n--staged\n$(touch x)", []),
    ):
        result = act(workspace, "pull_request", github, payload, {"paths": given})
        assert result.code == (1 if expected else 0) and paths(result) == expected, (given, result.log)
    schedule, about = {"sha": world.main, "ref": "refs/heads/main"}, {"repository": world.repository()}
    result = act(world.checkout("refs/heads/main"), "schedule", schedule, about, {"paths": "models/**/*.pkl\nabsent"})
    expect(result, "refused", 1)
    assert paths(result) == ["models/old.pkl"]
    result = act(world.checkout("refs/heads/main"), "schedule", schedule, about, {"paths": "absent"})
    expect(result, "nothing", 3)


@scenario
def the_category_is_the_one_of_the_job(world):
    github, payload = world.pull(careless(world))
    workspace = world.checkout(github["ref"])
    for category, told in (("weights/cpu", {"id": "weights/cpu/"}), ("", None)):
        result = act(workspace, "pull_request", github, payload, {"category": category})
        run = json.loads(Path(result.outputs["sarif"]).read_text())["runs"][0]
        assert run.get("automationDetails") == told, run.get("automationDetails")


@scenario
def submodules_are_checked_if_asked_for(world):
    part = world.folder / "part"
    world.git(world.folder, "init", "-q", "-b", "main", str(part))
    (part / "inner.pkl").write_bytes(HOSTILE)
    world.git(part, "add", "-A")
    world.git(part, "commit", "-q", "-m", "part")
    world.on("feature")
    world.git(world.desk, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", part.as_uri(), "part")
    github, payload = world.pull(world.commit("a part", push="feature"))
    workspace = world.checkout(github["ref"], depth=2)
    result = act(workspace, "pull_request", github, payload)
    assert "part/inner.pkl" not in paths(result), result.log
    world.git(workspace, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    result = act(workspace, "pull_request", github, payload, {"submodules": "true"})
    expect(result, "refused", 1)
    assert "part/inner.pkl" in paths(result), paths(result)
    for inputs in ({"submodules": "true", "paths": "part", "base": "none"}, {"submodules": "true", "paths": "part/*.pkl"}):
        result = act(workspace, "pull_request", github, payload, inputs)
        expect(result, "refused", 1)
        assert paths(result) == ["part/inner.pkl"], paths(result)
    result = act(workspace, "pull_request", github, payload, {"submodules": "yes"})
    assert (result.code, result.failed) == (2, "check")


@scenario
def nothing_is_written_through_a_link_of_the_change(world):
    world.on("feature")
    world.write("models/new.pt", HOSTILE)
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "script").write_text("as it was")
    for name in ("report.json", "reports"):
        (world.desk / name).symlink_to(outside / "script" if "." in name else outside)
    github, payload = world.pull(world.commit("links", push="feature"))
    workspace = world.checkout(github["ref"])
    for inputs in (
        {"sarif": "report.json"}, {"sarif": "reports/a.sarif"}, {"reports": "json=report.json"}, {"reports": "html=reports/script"},
    ):
        result = act(workspace, "pull_request", github, payload, inputs)
        assert (result.code, result.failed, result.outputs["outcome"]) == (2, "check", "unable"), result.log
        says(result, "symbolic link")
    result = act(workspace, "pull_request", github, payload, {"working-directory": "reports"})
    assert (result.code, result.failed) == (2, "base")
    says(result, "leads out of the workspace")
    assert [path.name for path in outside.iterdir()] == ["script"] and (outside / "script").read_text() == "as it was"


@scenario
def nothing_to_check_is_said(world):
    world.git(world.desk, "checkout", "-q", "--orphan", "words")
    world.git(world.desk, "rm", "-rfq", ".")
    world.write("docs/a.md", b"words\n")
    head = world.commit("only words", push="words")
    github, payload = {"sha": head, "ref": "refs/heads/words"}, {"repository": world.repository()}
    result = act(world.checkout(head), "schedule", github, payload)
    expect(result, "nothing")
    says(result, "nothing was checked")
    expect(act(world.checkout(head), "schedule", github, payload, {"paths": "docs"}), "nothing", 3)
    subfolder = act(world.checkout(head), "schedule", github, payload, {"working-directory": "docs"})
    expect(subfolder, "nothing")
