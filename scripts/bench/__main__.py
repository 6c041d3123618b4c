"""Measures the server, and says how good that is.

    python3 scripts/bench [PART ...] [--short] [--write]

Starts target/release/talelio-backend (or what the variable PROGRAM names) and whatever
it is compared with on this machine, and lets both work in turn, so that what else the
machine does falls on both. What counts are the ratios; a number alone says more about
the machine. Fails when something is worse than it has to be.

Parts: throughput, logins, growth, images, memory, starts. Without any, all of them.
--short takes a minute or two, for CI: it looks only at ratios, bears with half of what they have
to be, and leaves out growth, images and what needs Java. --write
puts the results into docs/benchmarks.md and docs/benchmarks.svg.

Needs wrk and nginx (on Debian: apt install wrk nginx-light), the whole also libvips, Java 11, npm
and pip; and a release build: make release.
"""

import argparse
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import growth
import images
import logins
import memory
import starts
import throughput
from report import Report
from running import PROGRAM

PARTS = {part.__name__: part for part in (throughput, logins, growth, images, memory, starts)}


def machine():
    name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores of {name}, {memory:.0f} GB of memory, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *PARTS], default=[])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, help="how often each is measured [5; short: 3]")
    parser.add_argument("--seconds", type=int, help="how long each time [3; short: 1]")
    parser.add_argument("--concurrency", type=int, nargs="+", help="connections [1 16 256; short: 16]")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.short else 5)
    options.seconds = options.seconds or (1 if options.short else 3)
    options.concurrency = options.concurrency or ([16] if options.short else [1, 16, 256])
    missing = [tool for tool in ("wrk", "nginx") if not shutil.which(tool)]
    if missing:
        sys.exit(f"make bench needs {' and '.join(missing)}: apt install wrk nginx-light")
    if not PROGRAM.exists():
        sys.exit(f"there is no {PROGRAM}: make release")
    options.dynamodb_local = options.emulator = None
    if not options.short:
        emulators = subprocess.run(["scripts/aws-emulators.sh"], check=True, capture_output=True, text=True).stdout
        options.dynamodb_local, options.emulator = map(pathlib.Path, emulators.split())
    parts = options.parts or [name for name in PARTS if not (options.short and name in ("growth", "images"))]
    # A second is no time to be accurate in, and CI's machines have others to serve.
    report = Report(slack=2 if options.short else 1)
    report.line(f"Measured on {machine()}. Medians of {options.rounds} rounds of {options.seconds} s.")
    for name in parts:
        report.part(PARTS[name].TITLE)
        PARTS[name].run(options, report)
    failed = report.end()
    if options.write:
        report.write(pathlib.Path("docs/benchmarks.md"))
    sys.exit(failed)


main()
