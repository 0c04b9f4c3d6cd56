//! What writes pickles, and where to: tables for `written`, by qualified and public name.

/// What gives bytes of an object, or writes them to what it is given.
pub(super) const WRITERS: &[&str] = &[
    "cloudpickle.CloudPickler",
    "cloudpickle.Pickler",
    "cloudpickle.dump",
    "cloudpickle.dumps",
    "dill.Pickler",
    "dill.dump",
    "dill.dumps",
    "joblib.dump",
    "joblib.numpy_pickle.dump",
    "numpy.save",
    "numpy.savez",
    "numpy.savez_compressed",
    "pandas.to_pickle",
    "pickle.Pickler",
    "pickle._Pickler",
    "pickle._dump",
    "pickle._dumps",
    "pickle.dump",
    "pickle.dumps",
    "torch.save",
    "torch.serialization.save",
];

/// Those of them that give the bytes.
pub(super) const GIVE_BYTES: &[&str] = &[
    "cloudpickle.dumps",
    "dill.dumps",
    "pickle._dumps",
    "pickle.dumps",
];

/// What makes a file, a folder or a buffer that nothing else knows.
pub(super) const ROOTS: &[&str] = &[
    "tempfile.NamedTemporaryFile",
    "tempfile.SpooledTemporaryFile",
    "tempfile.TemporaryDirectory",
    "tempfile.TemporaryFile",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
    "tempfile.mktemp",
];

/// What makes of its first argument another way to the same thing.
pub(super) const WRAPPERS: &[&str] = &[
    "builtins.bytes",
    "builtins.memoryview",
    "builtins.open",
    "builtins.str",
    "bz2.open",
    "gzip.open",
    "io.BytesIO",
    "io.open",
    "lzma.open",
    "os.fdopen",
    "os.fspath",
    "os.path.abspath",
    "os.path.join",
    "os.path.realpath",
    "pathlib.Path",
    "pathlib.PurePath",
    "six.BytesIO",
];

/// What looks at it, or takes it away.
pub(super) const LOOKS: &[&str] = &[
    "builtins.len",
    "builtins.isinstance",
    "builtins.print",
    "builtins.repr",
    "os.close",
    "os.path.exists",
    "os.path.getsize",
    "os.path.isfile",
    "os.remove",
    "os.rmdir",
    "os.unlink",
    "shutil.rmtree",
];

/// Methods that give another way to the same thing, or its bytes.
pub(super) const GIVING: &[&str] = &[
    "absolute",
    "as_posix",
    "getbuffer",
    "getvalue",
    "join",
    "joinpath",
    "mkdir",
    "open",
    "read",
    "resolve",
];

/// Methods that give nothing and write nothing.
pub(super) const STILL: &[&str] = &[
    "cleanup", "close", "exists", "flush", "is_file", "remove", "rmdir", "seek", "stat", "tell",
    "truncate", "unlink",
];

/// Parameters by which pytest hands a test a new folder.
pub(super) const FIXTURES: &[&str] = &["tmp_path", "tmpdir"];

/// Whether a last word is that of something that writes, or is written to.
pub(super) fn is_writers(name: &str) -> bool {
    let last = |path: &&str| path.rsplit('.').next() == Some(name);
    WRITERS.iter().chain(ROOTS).chain(WRAPPERS).any(last)
}
