"""What clients can do to the server, on the optimised program: hold memory, hold connections.

    make test-limits                 everything
    python3 scripts/limits --short   what CI runs

Each load runs on a server of its own that is told to have 256 MB. Meanwhile another reader asks for
an article, and is served within 100 ms. PROGRAM names another program.
"""

import argparse
import contextlib
import pathlib
import resource
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "bench"))

import loads
from running import PROGRAM, UNLIMITED, Server, free_port, process, variables

MEMORY = 256 << 20

# In MB of a million bytes.
PEAK, PEAK_WITH_IMAGES, AFTERWARDS = 200, 240, 64


class Reader:
    """Another reader, in a process of its own."""

    def __init__(self, port):
        program = pathlib.Path(__file__).with_name("reader.py")
        self.process = subprocess.Popen(
            [sys.executable, program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def stop(self):
        """The 99th percentile in milliseconds, and how many requests failed."""
        p99, failures = self.process.communicate()[0].split()
        return float(p99), int(failures)


class Watched(Server):
    """A server whose memory is watched."""

    def peak(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1_024 / 1e6

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def descriptors(most):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextlib.contextmanager
def server(load):
    port = free_port()
    environment = variables(port, MEMORY_LIMIT=str(MEMORY))
    if load.limited:
        environment = {name: value for name, value in environment.items() if name not in UNLIMITED}
        environment["TRUSTED_PROXIES"] = "127.0.0.1"
    limit = descriptors(load.descriptors)
    with process([PROGRAM], port, env=environment, preexec_fn=limit) as started:
        ours = Watched(port, started.pid)
        ours.log_in()
        ours.publish("Read meanwhile")
        ours.send("GET", "/v1/articles/read-meanwhile")
        yield ours, started


def measure(name, load):
    """Runs one load. Returns what was wrong."""
    with server(load) as (ours, started):
        prepared = load.prepare(ours)
        # What was needed to prepare is none of this.
        time.sleep(1)
        ours.forget_peak()
        reader = Reader(ours.port)
        with load.run(ours, prepared) as outcome:
            p99, failures = reader.stop()
            peak = ours.peak() if started.poll() is None else float("inf")
        if started.poll() is not None:
            return print(f"{name:52} KILLED") or [f"{name}: the server ended with {started.returncode}"]
        time.sleep(10)
        afterwards = ours.resident()
    most = PEAK_WITH_IMAGES if load.images else PEAK
    print(f"{name:52} {peak:7.1f} MB {afterwards:7.1f} MB {p99:8.1f} ms   {outcome}", flush=True)
    bars = [
        ("peak, MB", peak, most),
        ("ten seconds later, MB", afterwards, AFTERWARDS),
        ("p99 of another reader, ms", p99, 100),
        ("requests of another reader that failed", failures, 0),
    ]
    return [f"{name}: {what} {value:.1f}, at most {bar}" for what, value, bar in bars if value > bar]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="what CI runs")
    parser.add_argument("only", nargs="*", help="the loads whose names have one of these in them")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print(f"{'':52} {'peak':>10} {'10 s later':>10} {'reader p99':>11}")
    wrong = []
    for name, load in loads.LOADS.items():
        asked = not options.only or any(part in name for part in options.only)
        if asked and (load.short or not options.short):
            wrong += measure(name, load)
    if wrong:
        sys.exit("\n".join(["", *wrong]))


main()
