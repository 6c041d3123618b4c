"""What becomes of what was written when stores, the network, the mail server, the disk or the program fail.

    make test-faults                 everything
    python3 scripts/faults --short   what CI runs
    python3 scripts/faults kills     one part

Each part prints a line of figures. It is an error when the program says what is not so: what it acknowledged is
there once, what it said was surely not done is not there, and what it serves is what was written. PROGRAM names
another program.
"""

import argparse
import importlib
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "bench"))

# The module of each part; its function is called the same.
PARTS = {
    "faults": "load",
    "lost reply": "lost",
    "kills": "kills",
    "mail": "mail",
    "unavailable": "unavailable",
    "damage": "damage",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="what CI runs")
    parser.add_argument("--seed", type=int, help="of everything that is left to chance")
    parser.add_argument("--seconds", type=int, help="how long there are faults, in the part of that name")
    parser.add_argument("--verbose", action="store_true", help="say what is done")
    parts = f"those whose names have one of these in them: {', '.join(PARTS)}"
    parser.add_argument("only", nargs="*", metavar="part", help=parts)
    options = parser.parse_args()
    options.seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"--seed {options.seed}", flush=True)
    wrong = []
    for name, module in PARTS.items():
        if options.only and not any(part in name for part in options.only):
            continue
        folder = tempfile.mkdtemp(prefix=f"talelio-{module}-")
        began = time.monotonic()
        found = getattr(importlib.import_module(module), module)(folder, options)
        print(f"{'':12} {time.monotonic() - began:.0f} s; logs in {folder}", flush=True)
        wrong += found
    if wrong:
        sys.exit("\n".join(["", *wrong]))


main()
