#!/usr/bin/env python3
"""Prints what audits cost, compared with git that reads the same objects: run it on a machine that does nothing else.

The repositories are those of `repositories.py`, and those of `many_contents.py` for judging again. Each figure is the best of several runs, and has
the seconds on the clock, of the processor, and the memory. With `--cold`, which needs root and slows down whatever else runs, files are also read from the
disk and not from memory.

"The same objects" is each object once, however many repositories have it. git reads them in three ways: as loose objects of one repository, in the
packs of all repositories as they are (through alternates), and in one pack, where similar objects of different repositories are deltas of each other.

usage: audit_figures.py PROGRAM WORK [--count 1000] [--files 1000000] [--times 3] [--cold]
"""
import argparse, os, pathlib, shutil, subprocess, sys, time

HERE = pathlib.Path(__file__).parent
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Cost:
    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory

    def __str__(self):
        return f"{self.wall:8.3f} s wall {self.cpu:8.3f} s CPU {self.memory / 1024:6.0f} MiB"


def cost(command, **where):
    """What a command costs, and how it ends."""
    start = time.monotonic()
    child = subprocess.Popen([str(part) for part in command], env=dict(os.environ, SOURCE_DATE_EPOCH="1795000000"), **QUIET, **where)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 2):
        raise SystemExit(f"{command}: exit code {child.returncode}")
    return Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def drop_caches():
    """Whether nothing of the disk is in memory now."""
    subprocess.run(["sync"], check=True)
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def best(times, command, before=lambda: None):
    found = []
    for _ in range(times):
        before()
        found.append(cost(command()))
    return min(found, key=lambda it: it.wall)


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def made(path, command):
    if not path.exists():
        subprocess.run([sys.executable, *map(str, command), str(path)], check=True, stdout=subprocess.DEVNULL)
    return path


def packed(source, to):
    """A copy of repositories in which each has one pack."""
    if not to.exists():
        shutil.copytree(source, to, symlinks=True)
        for repository in to.glob("*/*.git"):
            subprocess.run(["git", "-C", repository, "repack", "-adq"], check=True)
    return to


def each_object_once(source, to):
    """A repository with each loose object of others once."""
    if not to.exists():
        subprocess.run(["git", "init", "-q", "--bare", to], check=True)
        for file in source.glob("*/*.git/objects/??/*"):
            place = to / "objects" / file.parent.name / file.name
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                shutil.copy(file, place)
    return to


def in_one_pack(source, to):
    if not to.exists():
        shutil.copytree(source, to)
        ids = "\n".join(file.parent.name + file.name for file in to.glob("objects/??/*"))
        subprocess.run(["git", "-C", to, "pack-objects", "-q", "objects/pack/pack"], input=ids.encode(), check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["git", "-C", to, "prune-packed", "-q"], check=True)
    return to


def as_they_are(source, to):
    """A repository that has the objects of others, where they are."""
    if not to.exists():
        subprocess.run(["git", "init", "-q", "--bare", to], check=True)
        folders = [str((repository / "objects").resolve()) for repository in sorted(source.glob("*/*.git"))]
        (to / "objects/info/alternates").write_text("\n".join(folders) + "\n")
    return to


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    arguments = parser.parse_args()
    program, work, times = arguments.program.resolve(), arguments.work, arguments.times
    work.mkdir(parents=True, exist_ok=True)
    os.environ["WEIGHBRIDGE_STORE_KEY"] = "measured"
    runs = 0

    def out():
        nonlocal runs
        runs += 1
        return work / f"out-{os.getpid()}-{runs}"

    def told(name, figure):
        print(f"{name:42} {figure}", flush=True)

    loose = made(work / "repositories", [HERE / "repositories.py", "--count", arguments.count])
    all_packed = packed(loose, work / "repositories-packed")
    once_loose = each_object_once(loose, work / "once-loose.git")
    once_packed = in_one_pack(once_loose, work / "once-packed.git")
    in_packs = as_they_are(all_packed, work / "once-as-they-are.git")
    told("repositories", f"{len(list(loose.glob('*/*.git')))}, objects that differ {len(list(once_loose.glob('objects/??/*')))}")

    def cat_file(repository):
        return lambda: ["git", "-C", repository, "cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered"]

    kept = None
    for kind, repositories, ways in [
        ("loose", loose, [("loose", once_loose)]),
        ("packed", all_packed, [("in their packs", in_packs), ("in one pack", once_packed)]),
    ]:
        for state in ["warm", "cold"] if arguments.cold else ["warm"]:
            before = drop_caches if state == "cold" else lambda: None
            if state == "cold" and not drop_caches():
                told(f"{kind}, cold", "not measured: only root can have memory forget files")
                continue
            references = [(way, best(times, cat_file(once), before)) for way, once in ways]
            for way, reference in references:
                told(f"git cat-file, {way}, {state}", reference)
            for jobs in [2, 1] if state == "warm" else [2]:
                first = best(times, lambda: [program, "audit", repositories, "--history", "--jobs", jobs, "--out", out()], before)
                told(f"first run, {kind}, {state}, {jobs} at once", first)
                for way, reference in references:
                    told(f"  of git, {way}", f"{first.wall / reference.wall:8.1f} times as long, {first.cpu / reference.cpu:5.1f} times the CPU")
        kept = work / f"out-{os.getpid()}-{runs}"
        audit = lambda: [program, "audit", repositories, "--history", "--jobs", 2, "--out", kept]
        # What changed within three seconds of a run is looked at again.
        time.sleep(4)
        subprocess.run(list(map(str, audit())), env=dict(os.environ, SOURCE_DATE_EPOCH="1795000000"), **QUIET)
        told(f"second run, {kind}, warm", best(times * 3, audit))
    store = size(kept / "store")
    result = subprocess.run(cat_file(once_packed)(), check=True, capture_output=True).stdout
    for what, length in [("repositories", size(loose)), ("the objects that differ, unpacked,", len(result))]:
        told("store", f"{store / 1e6:.1f} MB for {what} of {length / 1e6:.0f} MB: 1/{length / store:.0f}")

    many = made(work / "many", [HERE / "many_contents.py", "--files", arguments.files])
    run = work / "many-out"
    told(f"{arguments.files} contents, first run", cost([program, "audit", many, "--jobs", 2, "--out", run]))
    for jobs in [2, 1]:
        for policy in ["strict", "recommended"]:
            judge = lambda: [program, "audit", "judge", run, "--policy", policy, "--jobs", jobs]
            told(f"judged again by {policy}, {jobs} at once", best(times, judge))
    told("their store", f"{size(run / 'store') / 1e6:.0f} MB")


main()
