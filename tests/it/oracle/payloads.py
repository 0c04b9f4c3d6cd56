"""Pickles of one payload: a JSON object on each line, with the protocol, what was changed, and the pickle in hex.

Nothing is loaded: `posix.system` is only named.
"""

import io
import json
import os
import pickle

WEIGHTS = [1.5, 2.25, -3.0]
CHANGES = {
    "same": lambda given: given,
    "seventeenth": lambda given: given[:16] + (given[16] + 1,) + given[17:],
    "bytes": lambda given: (given[0][:-1] + b"!",) + given[1:],
    "text": lambda given: given[:1] + (given[1] + "é",) + given[2:],
    "long text": lambda given: given[:2] + (given[2][:-1] + "y",) + given[3:],
    "float": lambda given: given[:3] + (0.1 + 0.2,) + given[4:],
    "integer": lambda given: given[:4] + (given[4] + 1,) + given[5:],
    "dict": lambda given: given[:5] + ({"k": [1, (2, 4)]},) + given[6:],
    "list": lambda given: given[:6] + (given[6][:-1] + [7],) + given[7:],
    "bytearray": lambda given: given[:7] + (bytearray(b"\x00\xfe"),) + given[8:],
}


class Runs:
    def __init__(self, given):
        self.given = given

    def __reduce__(self):
        return os.system, self.given


def given():
    return (
        b"\x00import os\xff" * 9,
        "a text",
        "x" * 5000,
        0.1,
        -(2**70),
        {"k": [1, (2, 3)]},
        list(range(2500)),
        bytearray(b"\x00\xff"),
        None,
        True,
        255,
        -1,
        2**31,
        b"",
        "",
        (),
        16,
    )


def written(value, protocol):
    out = io.BytesIO()
    pickle.Pickler(out, protocol).dump(value)
    return out.getvalue().hex()


for protocol in range(6):
    for name, change in CHANGES.items():
        payload = Runs(change(given()))
        for weights in (WEIGHTS, WEIGHTS * 2):
            print(
                json.dumps(
                    {
                        "protocol": protocol,
                        "change": name,
                        "weights": len(weights),
                        "pickle": written([weights, payload], protocol),
                    }
                )
            )
