#!/usr/bin/env python3
"""Measures the server beside NGINX with the same bytes as static files.

    scripts/bench.py [--rounds N] [--seconds N] [--concurrency N ...] [--check]

Starts target/release/talelio-backend on the embedded store and NGINX, and lets wrk
ask each in turn, round after round, so that whatever else the machine does falls on
both. What counts are the ratios of the medians; a number alone says more about the
machine. `--check` fails when a ratio is worse than FLOORS allows.

Needs wrk and nginx (on Debian: apt install wrk nginx-light), and a release build.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PROGRAM = pathlib.Path("target/release/talelio-backend")

# The least that each measurement may be of what NGINX does, for --check.
FLOORS = {"article": 0.04, "list of 10": 0.04, "health": 0.4}

# Words that compress about as well as a language does, the same at every run.
SYLLABLES = "an be ci de en fo ga hu is jo ka le mi no or pre".split()


def body():
    """A text whose article is 13.5 KB as JSON, which says everything twice."""
    state, text = 1, []
    while sum(map(len, text)) < 6_200:
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        word = SYLLABLES[state >> 60] + SYLLABLES[(state >> 55) % 16]
        text.append(word + (".\n\n" if (state >> 40) % 40 == 0 else " "))
    return "## Why\n\n" + "".join(text)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def request(url, document=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(document).encode() if document is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return answer.read(), answer.headers


@contextlib.contextmanager
def process(command, url, **options):
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                request(url)
                break
            time.sleep(0.05)
        else:
            sys.exit(f"{command[0]} does not answer at {url}")
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()


def wrk(url, concurrency, seconds):
    """Requests a second, and how long the slowest hundredth took at least, in milliseconds."""
    command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "--latency", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"{url}\n{text}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def seeded(base):
    """Publishes eleven articles; the paths to measure, with what each answers."""
    account = {"email": "ada@example.com", "password": "correct horse", "username": "ada"}
    request(f"{base}/v1/accounts/register", account)
    token = json.loads(request(f"{base}/v1/accounts/login", account)[0])["access_token"]
    for number in range(11):
        article = {"title": f"Article {number}", "body": body(), "meta_description": "An article"}
        request(f"{base}/v1/articles", article, token)
    paths = {"article": "/v1/articles/article-5", "list of 10": "/v1/users/ada/articles", "health": "/v1/health"}
    return {name: (path, request(base + path)[0]) for name, path in paths.items()}


def nginx_configuration(folder, port):
    return f"""
        worker_processes auto;
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{ worker_connections 4096; }}
        http {{
          access_log off;
          sendfile on;
          tcp_nopush on;
          open_file_cache max=100 inactive=60s;
          keepalive_requests 1000000000;
          default_type application/json;
          client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
          uwsgi_temp_path {folder}; scgi_temp_path {folder};
          server {{ listen 127.0.0.1:{port}; root {folder}/site; }}
        }}
        daemon off;
    """


def measure(arguments, folder):
    server, static = free_port(), free_port()
    variables = {"PORT": str(server), "DATA_DIR": f"{folder}/data", "ENV": "production", "RUST_LOG": "warn",
                 "SECRET_KEY": "only for this measurement, and gone after it"}
    with process([PROGRAM], f"http://127.0.0.1:{server}/v1/health", env=os.environ | variables):
        measured = seeded(f"http://127.0.0.1:{server}")
        site = pathlib.Path(folder) / "site"
        site.mkdir()
        for name, (_, answer) in measured.items():
            (site / name.replace(" ", "-")).write_bytes(answer)
        pathlib.Path(folder, "nginx.conf").write_text(nginx_configuration(folder, static))
        # NGINX gives up being root, and has to reach the files all the same.
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        command = ["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"]
        with process(command, f"http://127.0.0.1:{static}/health"):
            for concurrency in arguments.concurrency:
                for name, (path, answer) in measured.items():
                    urls = (f"http://127.0.0.1:{server}{path}", f"http://127.0.0.1:{static}/{name.replace(' ', '-')}")
                    rounds = [[wrk(url, concurrency, arguments.seconds) for url in urls] for _ in range(arguments.rounds)]
                    ours, theirs = zip(*rounds)
                    yield name, concurrency, len(answer), ours, theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 16, 256])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool):
            sys.exit(f"make bench needs {tool}")
    if not PROGRAM.exists():
        sys.exit("make bench needs a release build: make release")
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}; "
          f"medians of {arguments.rounds} rounds of {arguments.seconds} s\n")
    print("| Answer | Bytes | Connections | Of NGINX's rate | Times NGINX's p99 | Requests/s | p99 ms | NGINX requests/s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, concurrency, length, ours, theirs in measure(arguments, folder):
            (rate, p99), (static_rate, static_p99) = (
                [statistics.median(one[index] for one in rounds) for index in (0, 1)] for rounds in (ours, theirs)
            )
            ratio = rate / static_rate
            failed |= ratio < FLOORS[name]
            print(f"| {name} | {length:,} | {concurrency} | **{ratio:.2f}** | {p99 / static_p99:.1f} "
                  f"| {rate:,.0f} | {p99:.2f} | {static_rate:,.0f} |", flush=True)
    if arguments.check and failed:
        sys.exit(f"slower than {FLOORS} of NGINX")


main()
