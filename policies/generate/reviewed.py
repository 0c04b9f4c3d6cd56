"""Hooks of libraries that were read and do no harm: (library:Class.hook, digest of its text) and why.

`classes.py` leaves a class out whose hooks are not here. A release that changes a hook has another digest: read it again."""
REVIEWED = {
    ("transformers:ExplicitEnum._missing_", "8744ff4293f8"): "raises ValueError and names the values",
    ("transformers:ExplicitEnum._missing_", "a3a8e156aa60"): "raises ValueError and names the values",
    ("accelerate:PartialState.__getattr__", "8828c91c10ca"): "raises AttributeError",
    ("accelerate:AcceleratorState.__getattr__", "ab8f05953d2a"): "raises AttributeError",
    # `padding_mode` and its kin are set by `Module.__setattr__`, which looks into `_parameters`, `_buffers` and `_modules`.
    ("torch:Module.__setstate__", "f78694450fcc"): "updates __dict__ and adds empty dicts",
    ("torch:Module.__getattr__", "a561678c62d6"): "looks a name up in three dicts",
    ("torch:Module.__getattr__", "e6c13dfcf88f"): "looks a name up in three dicts",
    ("torch:_ConvNd.__setstate__", "6dc701463214"): "adds a text",
    ("torch:Softmin.__setstate__", "a3ce2060b1b7"): "adds None",
    ("torch:Softmax.__setstate__", "a3ce2060b1b7"): "adds None",
    ("torch:LogSoftmax.__setstate__", "a3ce2060b1b7"): "adds None",
    ("torch:MultiheadAttention.__setstate__", "ef6c1a168823"): "adds True to the dict of attributes",
    ("torch:Upsample.__setstate__", "891c3b003fbd"): "adds True to the dict of attributes",
    ("torch:AvgPool3d.__setstate__", "87fd86415bf0"): "adds constants",
    ("torch:TransformerEncoderLayer.__setstate__", "030e5214e98d"): "adds torch's relu",
    ("torch:TransformerDecoderLayer.__setstate__", "6e916ec08a5e"): "adds torch's relu",
    # Not RNNBase.__setstate__, which loops as often as `num_layers` says.
    ("sklearn:BaseEstimator.__setstate__", "7662c54acc65"): "updates __dict__, and warns of another version",
    ("sklearn:BaseEstimator.__setstate__", "043c0fc8e7bb"): "updates __dict__, and warns of another version",
    ("sklearn:BaseEstimator.__setstate__", "39b7837d7e8a"): "updates __dict__, and warns of another version",
    ("sklearn:BaseEstimator.__setstate__", "d3bf39599343"): "updates __dict__, and warns of another version",
    ("sklearn:BaseEstimator.__setstate__", "548a300ca118"): "updates __dict__, and warns of another version",
    ("sklearn:TreePredictor.__setstate__", "8ddd013c1933"): "updates __dict__, and converts the nodes to its own dtype",
    ("scipy:coo_matrix.__setstate__", "60fb439c46a6"): "gives two attributes another name, and updates __dict__",
    ("scipy:BSpline.__setstate__", "cf7989d72873"): "keeps one attribute, and asks of which library two arrays are",
    # A class with `__eq__` and no `__hash__` is no key.
    ("sklearn:Kernel.__eq__", "52622f2a215f"): "compares parameters",
    ("sklearn:CompoundKernel.__eq__", "71d8b7520a06"): "compares kernels",
    ("sklearn:KernelOperator.__eq__", "4961e06acf50"): "compares kernels",
    ("sklearn:Exponentiation.__eq__", "0f781e3e2024"): "compares kernels",
    # `Dictionary` keeps the dict that it is given: nothing may be added to that later.
    ("flair:Dictionary.__setstate__", "034aa5644e74"): "keeps the dict, and looks for a text among its items",
    ("flair:Dictionary.__setstate__", "0772fe76fc07"): "keeps the dict, and looks for a text among its items",
    ("flair:Dictionary.__setstate__", "c26d7f078739"): "keeps the dict, and looks for a text among its items",
    ("flair:Dictionary.__setstate__", "edb560d6765e"): "keeps the dict, and looks for a text among its items",
    ("flair:Dictionary.__eq__", "97b8ffb6cbe3"): "compares three attributes",
    ("fairseq:Dictionary.__eq__", "403718ff1439"): "compares two dicts",
    ("ultralytics:AAttn.__setstate__", "26a7df388bdd"): "as Module, and multiplies two numbers",
    ("pytorch_lightning:LightningEnum.__eq__", "e7f2379c2e5f"): "compares texts",
    ("pytorch_lightning:LightningEnum.__eq__", "e9e958debabb"): "compares texts",
    ("pytorch_lightning:LightningEnum.__hash__", "5da4ab2d5525"): "of a text",
    ("pytorch_lightning:LightningEnum.__hash__", "d9f49e1df02e"): "of a text",
    ("coqpit:Coqpit.__getattribute__", "1a2e605c3fc7"): "compares a text",
    # Not IsotonicRegression.__setstate__, which builds an interpolation, nor FrozenEstimator.__getattr__, which asks what it holds.
}

# What those hooks call, for `classes.py prove`.
CALLED = {
    "torch:Module.__setattr__": "keeps an attribute, and looks for it among parameters, buffers and modules",
    "torch:_ParameterMeta.__instancecheck__": "looks at a type and a flag",
    "torch:_BufferMeta.__instancecheck__": "looks at a type and a flag",
    "lightning_utilities:StrEnum.__hash__": "of a text",
    "scipy:array_namespace": "looks at the types of arrays",
    "lightning_utilities:StrEnum.__eq__": "compares texts",
    "sklearn:deprecated._decorate_class.<locals>.wrapped": "warns, and makes an object",
    "sklearn:InconsistentVersionWarning.__init__": "keeps three texts",
    "sklearn:InconsistentVersionWarning.__str__": "formats them",
}
