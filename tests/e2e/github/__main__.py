"""Runs the scenarios: all, or those whose names contain one of the arguments."""

import sys
import tempfile

import events  # noqa: F401 (each registers its scenarios)
import program  # noqa: F401
from checks import SCENARIOS
from world import World


def main():
    chosen = [s for s in SCENARIOS if not sys.argv[1:] or any(word in s.__name__ for word in sys.argv[1:])]
    for function in chosen:
        world = World(tempfile.mkdtemp(prefix="weighbridge-action-"))
        try:
            function(world)
        except AssertionError as error:
            print(f"FAILED: {function.__name__.replace('_', ' ')}\n{error}", file=sys.stderr)
            raise
        finally:
            world.close()
        print(f"ok: {function.__name__.replace('_', ' ')}", flush=True)
    assert chosen, "there is no such scenario"
    print(f"{len(chosen)} passed, 0 failed")


main()
