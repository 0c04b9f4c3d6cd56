"""Which globals CPython's unpicklers resolve before their first error: unpickle.py DIR COUNT

Reads DIR/0 ... DIR/COUNT-1 and prints one JSON line each: {reading: [[module, name], ...]}. Nothing named is imported:
`find_class` gives a class that accepts whatever is done to it, so that every unpickler goes as far as any could.
A file of several pickles is read one after another, as loaders do."""
import io, json, os, pickle, resource, signal, sys

resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
sys.setrecursionlimit(5000)


class Meta(type):
    def __call__(cls, *a, **k): return cls
    def __setitem__(cls, key, value): pass
    def __iter__(cls): return iter(())


class Stub(metaclass=Meta):
    def __new__(*a, **k): return Stub
    def __setstate__(*a): pass
    def append(*a): pass
    def extend(*a): pass
    def add(*a): pass


def reading(base, source, again):
    found = []

    class Unpickler(base):
        def find_class(self, module, name):
            found.append([module, name])
            return Stub

        def persistent_load(self, pid):
            return Stub

    try:
        unpickler = None
        while True:
            if unpickler is None or not again:
                unpickler = Unpickler(source)
            unpickler.load()
    except BaseException:
        pass
    return found


def loads(data):
    """`loads` has no hook: the audit event says what it looks for; what it finds are harmless stand-ins."""
    found = []
    events.append(found)
    try:
        while data:
            rest = io.BytesIO(data)
            pickle._Unpickler(rest)
            pickle.loads(data)
            break
    except BaseException:
        pass
    events.pop()
    return found


events = []
modules = ['os', 'builtins', 'collections']


def hook(event, args):
    if event == 'pickle.find_class' and events:
        events[-1].append([str(args[0]), str(args[1])])
        # What would be resolved is not: the event comes before the import, and ends it.
        raise LookupError('stop here')


def timed_out(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, timed_out)
if len(sys.argv) > 3 and sys.argv[3] == 'audit':
    sys.addaudithook(hook)
for n in range(int(sys.argv[2])):
    path = os.path.join(sys.argv[1], str(n))
    data = open(path, 'rb').read()
    out = {}
    signal.alarm(120)
    try:
        if len(sys.argv) > 3:
            out['audit of loads'] = loads(data)
        else:
            out['C load(BytesIO)'] = reading(pickle.Unpickler, io.BytesIO(data), False)
            out['C load(BytesIO), used again'] = reading(pickle.Unpickler, io.BytesIO(data), True)
            with open(path, 'rb') as f:
                out['C load(file)'] = reading(pickle.Unpickler, f, False)
            with open(path, 'rb', buffering=0) as f:
                out['C load(unbuffered file)'] = reading(pickle.Unpickler, f, False)
            out['Python load'] = reading(pickle._Unpickler, io.BytesIO(data), False)
    except BaseException as e:
        out['error'] = [[type(e).__name__, '']]
    signal.alarm(0)
    print(json.dumps(out))
