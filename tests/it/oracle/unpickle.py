"""Which globals CPython's unpicklers resolve before their first error: unpickle.py DIR COUNT [hooks]

Reads DIR/0 ... DIR/COUNT-1 and prints one JSON line each: {reading: {"names": [[module, name], ...], "clean": bool}},
where clean says that the whole file was read without an error. A file of several pickles is read one after another, as
loaders do. Nothing named is ever imported.

Without `hooks`, `find_class` gives a class that accepts whatever is done to it, so that every unpickler goes as far as
any could. With `hooks`, it is `pickle.load`, `loads` and `_loads` themselves that run: the audit event before each import
says what is looked for, and puts a stand-in where the import will find it."""
import _compat_pickle, io, json, os, pickle, resource, signal, sys, types

resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
sys.setrecursionlimit(5000)


class Meta(type):
    def __call__(cls, *a, **k): return cls
    def __setitem__(cls, key, value): pass
    def __iter__(cls): return iter(())
    def __getattr__(cls, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return Stub


class Stub(metaclass=Meta):
    def __new__(*a, **k): return Stub
    def __setstate__(*a): pass
    def append(*a): pass
    def extend(*a): pass
    def add(*a): pass


class Module(types.ModuleType):
    """Has every attribute, and none of them is real."""
    def __getattr__(self, name):
        if name in ('__path__', '__spec__'):
            raise AttributeError(name)
        return Stub


def unpickler_of(base, found):
    class Unpickler(base):
        def find_class(self, module, name):
            found.append([module, name])
            return Stub

        def persistent_load(self, pid):
            return Stub

    return Unpickler


def until_error(load, source, size):
    """Calls `load` until it fails; whether all that is wrong is that nothing is left."""
    try:
        while True:
            before = source.tell()
            load()
    except EOFError:
        return before == size > 0
    except BaseException:
        return False


def reading(base, source, again, size):
    found = []
    unpickler = unpickler_of(base, found)
    one = unpickler(source)
    load = one.load if again else lambda: unpickler(source).load()
    return {'names': found, 'clean': until_error(load, source, size)}


def hook(event, args):
    if event != 'pickle.find_class':
        return
    module, name = args
    asked.append([str(module), str(name)])
    # Names of Python 2 are mapped after the event: the stand-in is put where either import would look.
    mapped = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))[0]
    for candidate in (module, mapped, _compat_pickle.IMPORT_MAPPING.get(module, module)):
        sys.modules[candidate] = Module('stand_in')


def hooked(load, source, size):
    """What a loader itself looks for; the modules it was given are taken away again."""
    asked.clear()
    modules = dict(sys.modules)
    try:
        clean = until_error(load, source, size)
    finally:
        sys.modules.clear()
        sys.modules.update(modules)
    return {'names': list(asked), 'clean': clean}


def timed_out(*_):
    raise TimeoutError


asked = []
hooks = len(sys.argv) > 3
if hooks:
    sys.addaudithook(hook)
# Of the processor's time, so that a busy machine changes nothing.
signal.signal(signal.SIGVTALRM, timed_out)
for n in range(int(sys.argv[2])):
    path = os.path.join(sys.argv[1], str(n))
    data = open(path, 'rb').read()
    size = len(data)
    out = {}
    signal.setitimer(signal.ITIMER_VIRTUAL, 20)
    try:
        if hooks:
            whole = io.BytesIO(data)
            out['pickle.loads'] = hooked(lambda: pickle.loads(whole.read() or whole.read(1)), whole, size)
            whole = io.BytesIO(data)
            out['pickle._loads'] = hooked(lambda: pickle._loads(whole.read() or whole.read(1)), whole, size)
            with open(path, 'rb') as f:
                out['pickle.load'] = hooked(lambda: pickle.load(f), f, size)
        else:
            out['C, from memory'] = reading(pickle.Unpickler, io.BytesIO(data), False, size)
            out['C, used again'] = reading(pickle.Unpickler, io.BytesIO(data), True, size)
            with open(path, 'rb') as f:
                out['C, from a file'] = reading(pickle.Unpickler, f, False, size)
            with open(path, 'rb', buffering=0) as f:
                out['C, from an unbuffered file'] = reading(pickle.Unpickler, f, False, size)
            out['Python'] = reading(pickle._Unpickler, io.BytesIO(data), False, size)
    except TimeoutError:
        pass
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(json.dumps(out))
