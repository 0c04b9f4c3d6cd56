"""Hooks of libraries that were read and do no harm: (library:Class.hook, digest of its text) and why.

`classes.py` leaves a class out whose hooks are not here. A release that changes a hook has another digest: read it again."""
REVIEWED = {
    ("transformers:ExplicitEnum._missing_", "8744ff4293f8"): "raises ValueError and names the values",
    ("transformers:ExplicitEnum._missing_", "a3a8e156aa60"): "raises ValueError and names the values",
    ("accelerate:PartialState.__getattr__", "8828c91c10ca"): "raises AttributeError",
    ("accelerate:AcceleratorState.__getattr__", "ab8f05953d2a"): "raises AttributeError",
}
