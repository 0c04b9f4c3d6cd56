"""Where the action takes the program from: what vouches for a release, and what happens without one."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from checks import BINARY, act, expect, says, scenario
from world import ROOT


class Shelf:
    """A copy of the action that is used from `acme/weighbridge`, and programs on PATH that stand for the network."""

    def __init__(self, world):
        self.folder = Path(tempfile.mkdtemp(prefix="shelf-", dir=world.folder))
        self.action = self.folder / "action"
        (self.action / ".github").mkdir(parents=True)
        for name in ("action.yml", "Cargo.toml"):
            shutil.copy(ROOT / name, self.action)
        shutil.copytree(ROOT / ".github/action", self.action / ".github/action")
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        version = subprocess.run([BINARY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[1]
        self.name, self.version = "weighbridge-x86_64-unknown-linux-musl.tar.gz", version
        self.archive = self.folder / self.name
        with tarfile.open(self.archive, "w:gz", compresslevel=1) as archive:
            archive.add(BINARY, "weighbridge-x86_64-unknown-linux-musl/weighbridge")
        self.digest = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        url = f"https://github.com/acme/weighbridge/releases/download/v{version}/{self.name}"
        self.program("curl", f'for last; do :; done\n[ "$last" = "{url}" ] || exit 22\n'
                     f'while [ "$1" != --output ]; do shift; done\ncp "{self.archive}" "$2"')

    def program(self, name, script):
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def path(self, *without):
        """PATH with our programs first, and without some of the machine's."""
        kept = [part for part in os.environ["PATH"].split(":") if not any((Path(part) / name).exists() for name in without)]
        return ":".join([str(self.bin), *kept])


def install(shelf, world, inputs, path=None, repository="acme/weighbridge", **more):
    github = {"sha": world.main, "ref": "refs/heads/main", "action_repository": repository}
    workspace = world.checkout("refs/heads/main")
    return act(
        workspace, "schedule", github, {"repository": world.repository()}, {"binary": "", "fail-on": "never", **inputs},
        action=shelf.action, path=path or shelf.path("cargo", "weighbridge"), **more,
    )


@scenario
def the_release_is_used_only_if_something_vouches_for_it(world):
    shelf = Shelf(world)
    # Pinned by the user.
    result = install(shelf, world, {"checksum": shelf.digest})
    expect(result, "refused")
    assert "its digest is the pinned one" in result.log
    result = install(shelf, world, {"checksum": "0" * 64})
    assert (result.code, result.failed) == (2, "install")
    says(result, "it is not used")
    # By nothing: not even fetched; and there is no cargo here to build it.
    result = install(shelf, world, {})
    assert (result.code, result.failed) == (2, "install")
    assert "nothing would vouch" in result.log and "fetched" not in result.log
    says(result, "no cargo")
    # By an attestation, which is asked for with the token and bound to the workflow and the tag.
    shelf.program("gh", 'echo "$GH_TOKEN" "$@" >"$RUNNER_TEMP/asked"')
    result = install(shelf, world, {}, token="secret")
    expect(result, "refused")
    asked = Path(result.outputs["program"]).parents[2].joinpath("asked").read_text().split()
    assert asked[:3] == ["secret", "attestation", "verify"], asked
    assert f"refs/tags/v{shelf.version}" in asked and "acme/weighbridge/.github/workflows/release.yml" in asked
    shelf.program("gh", "echo forged >&2; exit 1")
    result = install(shelf, world, {}, token="secret")
    assert (result.code, result.failed) == (2, "install")
    says(result, "could not be verified")
    # By the list that came with the action; the token is then nobody's business.
    sums = shelf.action / ".github/action/checksums.txt"
    with sums.open("a") as file:
        file.write(f"{shelf.digest}  v{shelf.version}/{shelf.name}\n")
    expect(install(shelf, world, {}, token="secret"), "refused")
    sums.write_text(f"{'0' * 64}  v{shelf.version}/{shelf.name}\n")
    assert install(shelf, world, {}).failed == "install"
    # A release that is not there.
    result = install(shelf, world, {"version": "9.9.9", "checksum": shelf.digest})
    assert (result.code, result.failed) == (2, "install")
    assert "could not be fetched" in result.log
    for inputs in ({"version": "../x"}, {"install": "maybe"}, {"binary": "not/there"}, {"checksum": "sha256"}):
        assert install(shelf, world, inputs).failed == "install", inputs


@scenario
def a_program_that_is_there_is_used_in_the_right_version_only(world):
    shelf = Shelf(world)
    shelf.program("weighbridge", f'exec "{BINARY}" "$@"')
    result = install(shelf, world, {}, path=shelf.path("cargo"))
    expect(result, "refused")
    assert result.outputs["program"] == str(shelf.bin / "weighbridge")
    shelf.program("weighbridge", 'echo weighbridge 0.0.1; exit 0')
    assert install(shelf, world, {}, path=shelf.path("cargo")).failed == "install"
    result = install(shelf, world, {"binary": str(shelf.bin / "weighbridge"), "version": shelf.version})
    assert (result.code, result.failed) == (2, "install")


@scenario
def without_a_release_it_is_built(world):
    shelf = Shelf(world)
    shelf.action = ROOT
    target = os.environ["CARGO_TARGET_DIR"]
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    rustup = Path(os.environ.get("RUSTUP_HOME", Path.home() / ".rustup"))
    more = {"CARGO_TARGET_DIR": target, "CARGO_HOME": str(home), "RUSTUP_HOME": str(rustup)}
    # What the checkout would have cargo do must not count.
    world.write(".cargo/config.toml", b"[build]\nrustc = '/no/such/rustc'\n")
    world.write("rust-toolchain.toml", b"[toolchain]\nchannel = 'no-such'\n")
    world.git(world.desk, "checkout", "-q", "main")
    world.main = world.commit("a trap", push="main")
    result = install(shelf, world, {}, path=shelf.path(), repository="", more=more)
    expect(result, "refused")
    assert "built from the sources" in result.log
    result = install(shelf, world, {"version": "9.9.9"}, path=shelf.path(), repository="", more=more)
    assert (result.code, result.failed) == (2, "install")
    says(result, "not of 9.9.9")
