"""How torch takes files: weights_only.py LIST MODE

LIST names one file a line; prints one JSON line for each: {"verdict": "loads" | "listed" | "refused", "unsafe": [...] or
null, "error": ...}. Every global that torch does not list by default counts as listed, once it is asked for. MODE `real`
lists the real objects (only for files that torch itself has just written); MODE `stand-in` lists a harmless class, so
that nothing a file names is ever imported."""
import importlib, json, re, sys, warnings

warnings.filterwarnings('ignore')
import torch
import torch._weights_only_unpickler as weights_only


class StandIn:
    def __new__(cls, *args, **kwargs): return object.__new__(cls)
    def __init__(self, *args, **kwargs): pass
    def __setstate__(self, state): pass


class Anything(dict):
    """A table of listed globals that has whatever it is asked for, and remembers it."""

    def __contains__(self, name):
        asked.append(name)
        return True

    def __getitem__(self, name):
        if sys.argv[2] != 'real':
            found.append(StandIn)
            return StandIn
        parts = name.split('.')
        for n in range(len(parts) - 1, 0, -1):
            try:
                thing = importlib.import_module('.'.join(parts[:n]))
                for part in parts[n:]:
                    thing = getattr(thing, part)
            except (ImportError, AttributeError):
                continue
            found.append(thing)
            return thing
        # A class of the program that wrote the file: something of its kind.
        thing = type(parts[-1], (torch.Tensor,), {}) if 'Tensor' in parts[-1] else StandIn
        found.append(thing)
        return thing

    def values(self):
        return list(found)


asked, found, built = [], [], []
table = Anything()
weights_only._get_user_allowed_globals = lambda: table

for path in open(sys.argv[1]).read().splitlines():
    asked.clear()
    found.clear()
    built.clear()
    out = {'unsafe': None, 'error': None}
    try:
        # `difference` asks for the keys, of which the table shows none: so this is against the default list alone.
        out['unsafe'] = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception as e:
        out['unsafe error'] = '%s: %s' % (type(e).__name__, str(e)[:200])
    for _ in range(20):
        try:
            torch.load(path, weights_only=True, map_location='cpu')
            out['verdict'] = 'listed' if asked else 'loads'
        except Exception as e:
            # numpy's dtypes have classes that no pickle names, and torch wants them listed.
            unnamed = re.search(r"got <class 'numpy\.dtypes\.(\w+)'>", str(e))
            if unnamed and sys.argv[2] == 'real':
                import numpy.dtypes
                found.append(getattr(numpy.dtypes, unnamed.group(1)))
                built.append(found[-1])
                kept = list(built)
                asked.clear(); found.clear(); found.extend(kept)
                continue
            out['verdict'] = 'refused'
            out['error'] = '%s: %s' % (type(e).__name__, str(e)[-300:])
        break
    out['built'] = sorted('numpy.dtypes.' + c.__name__ for c in built)
    out['asked'] = sorted(set(asked))
    print(json.dumps(out), flush=True)
