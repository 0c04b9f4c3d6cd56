#!/usr/bin/env python3
"""Writes ../dangerous-aliases.yaml: the names under which CPython's standard library has what dangerous.yaml lists, besides those
that are listed: `collections._itemgetter` is `operator.itemgetter`.

    dangerous_aliases.py PYTHON...     each an interpreter; more releases find more names

Compared by identity: every module of the library is imported, and each of its attributes that *is* a listed function or class is
written down. Run it in a container or as a user without rights: importing some modules has effects.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
LIST = HERE / "dangerous.yaml"
TO = HERE / "dangerous-aliases.yaml"

PROBE = r'''
import importlib, inspect, io, json, os, pkgutil, sys, types, warnings
warnings.simplefilter("ignore")
groups = json.load(sys.stdin)
sys.stdin = open(os.devnull)
SKIP = ("test", "idlelib", "lib2to3", "turtledemo", "tkinter", "antigravity", "this", "__main__", "turtle", "ensurepip",
        "distutils", "pip", "setuptools", "site-packages", "__phello__", "__hello__", "xxlimited", "webbrowser")
CANONICAL = {"posix": "os", "nt": "os", "_io": "io", "_operator": "operator", "_pickle": "pickle", "_functools": "functools",
             "_collections": "collections", "posixpath": "os.path", "ntpath": "os.path"}
# Reviewed: they compute with text and numbers, or make a tuple.
HARMLESS = {"os.path._path_normpath", "os.path.normpath", "os.path.splitroot", "_signal.struct_siginfo", "pickletools.decode_long",
            "pathlib.urlquote_from_bytes", "reprlib.get_ident"}
stdlib = os.path.dirname(os.__file__)
names = set(sys.builtin_module_names)
for found in pkgutil.walk_packages([stdlib, os.path.join(stdlib, "lib-dynload")], onerror=lambda _: None):
    if found.name.split(".")[0] not in SKIP and not found.name.endswith("__main__") and ".test" not in found.name:
        names.add(found.name)
modules = {}
real = sys.stdout
sys.stdout = io.StringIO()
for name in sorted(names):
    if name.split(".")[0] in SKIP: continue
    try: modules[name] = importlib.import_module(name)
    except BaseException: pass
sys.stdout = real
exact, direct, deep = {}, {}, {}
for why, entries in groups.items():
    for entry in entries:
        if entry.endswith(".**"): deep[entry[:-3]] = why
        elif entry.endswith(".*"): direct[entry[:-2]] = why
        else: exact[entry] = why
def of_module(name):
    name = CANONICAL.get(name, name)
    if name in direct: return direct[name]
    for package, why in deep.items():
        if name == package or name.startswith(package + "."): return why
def ordinary(thing):
    return (isinstance(thing, type) and issubclass(thing, BaseException)) or not callable(thing)
listed, held = {}, {}
for entry, why in exact.items():
    module, name = entry.rsplit(".", 1)
    try: thing = getattr(modules.get(module) or importlib.import_module(module), name)
    except BaseException: continue
    if not isinstance(thing, types.ModuleType): listed[id(thing)] = why; held[id(thing)] = thing
for name, module in modules.items():
    why = of_module(name)
    if not why: continue
    for attribute, thing in vars(module).items():
        # What a dangerous module itself only imports is no danger of it.
        home = getattr(thing, "__module__", None)
        if ordinary(thing) or home is None or not isinstance(home, str): continue
        if CANONICAL.get(home, home) == CANONICAL.get(name, name) or (home not in modules):
            if isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType)):
                listed.setdefault(id(thing), why); held[id(thing)] = thing
out = {}
for name, module in modules.items():
    if of_module(name): continue
    for attribute, thing in vars(module).items():
        why = listed.get(id(thing))
        canonical = CANONICAL.get(name, name) + "." + attribute
        dunder = attribute.startswith("__") and attribute.endswith("__")     # dangerous whatever it is
        if why and canonical not in exact and not dunder and canonical not in HARMLESS:
            out[canonical] = why
print(json.dumps(out))
'''


def groups():
    found, reason = {}, None
    for line in LIST.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if entry := re.fullmatch(r"  - (\S+)", line):
            found[reason].append(entry[1])
        else:
            reason = line.removesuffix(":")
            found[reason] = []
    return found


def main():
    known, releases, names = groups(), [], {}
    for python in sys.argv[1:]:
        version = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True)
        releases.append(version.stdout.strip())
        probe = subprocess.run([python, "-I", "-c", PROBE], input=json.dumps(known), capture_output=True, text=True, check=True)
        for name, why in json.loads(probe.stdout.splitlines()[-1]).items():
            names.setdefault(name, why)
    releases.sort(key=lambda release: [int(part) for part in release.split(".")])
    out = [
        "# Names under which the standard library has what dangerous.yaml lists, found by identity.",
        "# Generated by policies/generate/dangerous_aliases.py from CPython " + ", ".join(releases) + "; do not edit.",
    ]
    for why in known:
        of_group = sorted(name for name, reason in names.items() if reason == why)
        if of_group:
            out.append(f"{why}:")
            out += [f"  - {name}" for name in of_group]
    TO.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
