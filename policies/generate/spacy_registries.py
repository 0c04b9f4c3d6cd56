"""Names that spaCy, thinc and the packages of Explosion register: the list of `src/format/model_files/spacy_names.rs`.

    python3 policies/generate/spacy_registries.py FOLDER... > src/format/model_files/spacy_names.rs

Each folder holds unpacked wheels of one or more releases. Nothing in them is imported: names are read from their sources and entry points.
"""

import configparser
import pathlib
import re
import sys

# `@registry.layers("A.v1")`, `registry.misc("a")(make)`, `registry.readers.register("a", func=...)`.
REGISTERED = re.compile(r"\bregistry\s*\.\s*(\w+)(?:\s*\.\s*register)?\s*\(\s*(?:name\s*=\s*)?[\"']([^\"']+)[\"']")
# `@Language.factory("ner", ...)`, `@Japanese.factory("morphologizer", ...)`, `@Language.component("merge_entities")`.
FACTORY = re.compile(r"\b[A-Z]\w*\s*\.\s*(?:factory|component)\s*\(\s*(?:name\s*=\s*)?[\"']([^\"']+)[\"']")
# Sections of entry points that name no registry of configurations.
OTHERS = {"cli"}
# What is no function of a registry: methods with a name for an argument.
METHODS = {"get", "has", "find", "create", "get_registry_names", "resolve", "fill"}
# Names in examples of documentation.
EXAMPLES = {"your_name"}


def names(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".pyx"} and "tests" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            for namespace, name in REGISTERED.findall(text):
                if namespace not in METHODS:
                    yield namespace, name
            for name in FACTORY.findall(text):
                yield "factories", name
        elif path.name == "entry_points.txt":
            points = configparser.ConfigParser(delimiters=["="], interpolation=None)
            points.optionxform = str
            points.read_string(path.read_text(encoding="utf-8"))
            for section in points.sections():
                library, _, namespace = section.partition("_")
                if library in {"spacy", "thinc"} and namespace not in OTHERS:
                    for name in points[section]:
                        yield namespace, name


def main():
    found = {}
    for folder in sys.argv[1:]:
        for namespace, name in names(pathlib.Path(folder)):
            if name not in EXAMPLES:
                found.setdefault(namespace, set()).add(name)
    print("//! Made by `policies/generate/spacy_registries.py`: what spaCy, thinc and the packages of Explosion register in their releases.")
    print()
    print("/// The registries, each with its names.")
    print("pub(super) const REGISTRIES: &[(&str, &[&str])] = &[")
    for namespace, listed in sorted(found.items()):
        print("    (")
        print(f'        "{namespace}",')
        print("        &[")
        for name in sorted(listed):
            print(f'            "{name}",')
        print("        ],")
        print("    ),")
    print("];")


main()
