"""What GitHub would have: an origin that serves commits by id, people who push to it, and checkouts as actions/checkout makes them."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# A pickle in text that would run `true`; nothing ever loads it.
HOSTILE = b"cposix\nsystem\n(S'true'\ntR."
ZERO = "0" * 40


class World:
    """An origin whose `main` has honest weights, some old code, and a checkpoint that was let in long ago."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.origin = self.folder / "origin.git"
        self.git(self.folder, "init", "-q", "--bare", "-b", "main", str(self.origin))
        # As GitHub does.
        for allowed in ("allowAnySHA1InWant", "allowFilter"):
            self.git(self.origin, "config", f"uploadpack.{allowed}", "true")
        self.desk = self.folder / "desk"
        self.git(self.folder, "init", "-q", "-b", "main", str(self.desk))
        self.git(self.desk, "remote", "add", "origin", self.origin.as_uri())
        self.write("models/encoder.pth", (ROOT / "tests/corpus/state_dict.pth").read_bytes())
        self.write("models/old.pkl", HOSTILE)
        self.write("train.py", b"import torch\n\nprint(torch.__version__)\n")
        self.main = self.commit("the beginning", push="main")
        self.write("README.md", b"# shop\n")
        self.main = self.commit("say what it is", push="main")
        self.number = 0

    def git(self, folder, *args, fails=False):
        ran = subprocess.run(
            ["git", *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
                "GIT_AUTHOR_NAME": "e2e", "GIT_AUTHOR_EMAIL": "e2e@example.com", "GIT_COMMITTER_NAME": "e2e",
                "GIT_COMMITTER_EMAIL": "e2e@example.com", "GIT_TERMINAL_PROMPT": "0",
            },
        )
        assert fails or ran.returncode == 0, f"git {' '.join(args)}\n{ran.stdout}"
        return ran.stdout.strip()

    def write(self, name, data):
        path = self.desk / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def on(self, branch, start=None):
        """A new branch, from `main` unless told otherwise."""
        self.git(self.desk, "checkout", "-q", "-f", "-B", branch, start or self.main)

    def commit(self, message="change", push=None):
        self.git(self.desk, "add", "-A")
        self.git(self.desk, "commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.git(self.desk, "push", "-q", "--force", "origin", f"HEAD:refs/heads/{push}")
        return self.git(self.desk, "rev-parse", "HEAD")

    def advance(self):
        """`main` goes on while others work: it takes in another checkpoint that nobody of them brought."""
        self.git(self.desk, "checkout", "-q", "-f", "-B", "main", self.main)
        self.write("models/newer.pkl", HOSTILE)
        self.main = self.commit("let another one in", push="main")

    def pull(self, head, fork=False):
        """Opens a pull request of a commit: the refs and the payload that GitHub makes of it."""
        self.number += 1
        refs = f"refs/pull/{self.number}"
        self.git(self.desk, "push", "-q", "origin", f"{head}:{refs}/head")
        self.git(self.desk, "checkout", "-q", "-f", "--detach", self.main)
        self.git(self.desk, "merge", "-q", "--no-ff", "-m", f"Merge {head} into {self.main}", head)
        merge = self.git(self.desk, "rev-parse", "HEAD")
        self.git(self.desk, "push", "-q", "origin", f"HEAD:{refs}/merge")
        payload = {
            "action": "synchronize", "number": self.number, "repository": self.repository(),
            "pull_request": {
                "commits": int(self.git(self.desk, "rev-list", "--count", f"{self.main}..{head}")),
                "base": {"sha": self.main, "ref": "main", "repo": {"fork": False}},
                "head": {"sha": head, "ref": "feature", "repo": {"fork": fork}},
            },
        }
        return {"sha": merge, "ref": f"{refs}/merge"}, payload

    @staticmethod
    def repository():
        return {"default_branch": "main", "full_name": "acme/shop"}

    def checkout(self, ref, depth=1, lacking=None):
        """What actions/checkout leaves: a shallow clone of one commit (of depth 0, everything), without what a filter leaves out."""
        folder = Path(self.folder / f"work-{len(list(self.folder.iterdir()))}" / "shop")
        folder.mkdir(parents=True)
        self.git(folder, "init", "-q")
        self.git(folder, "remote", "add", "origin", self.origin.as_uri())
        if not depth:
            self.git(folder, "fetch", "-q", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
        if lacking:
            self.git(folder, "config", "remote.origin.promisor", "true")
            self.git(folder, "config", "remote.origin.partialclonefilter", lacking)
        options = [*([f"--depth={depth}"] if depth else []), *([f"--filter={lacking}"] if lacking else [])]
        self.git(folder, "fetch", "-q", "--no-tags", *options, "origin", ref)
        self.git(folder, "checkout", "-q", "--force", "--detach", "FETCH_HEAD")
        return folder

    def forget(self, workspace):
        """The way back to the origin is gone: no credentials, or no network."""
        self.git(workspace, "remote", "set-url", "origin", (self.folder / "nowhere.git").as_uri())

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
