#!/usr/bin/env python3
"""Measures what each request costs in the store, and adds up what that costs in dollars.

    scripts/bench/cost.py [--reads N] [--writes N] [--images GB] [--write]

Starts target/release/talelio-backend (or what the variable PROGRAM names) on embedded
stores of 1, 1,000 and 100,000 articles, without a cache, and reads the capacity units
off its answers. The embedded engine counts them by the rules that AWS documents.

Prices are list prices of us-east-1 in US dollars, without taxes and free tiers, as
listed at the end of 2025. --write puts the results into docs/cost.md. The first run publishes the
articles, which takes a while; they are kept in target/bench.
"""

import argparse
import os
import pathlib
import sys

from growth import cost
from report import Report
from running import ORDINARY, PROGRAM, server
from seeding import seeded

SIZES = 1, 1_000, 100_000

# Dollars.
READ_UNIT, WRITE_UNIT = 0.125e-6, 0.625e-6
STORED_GB, RECOVERABLE_GB = 0.25, 0.20
LAMBDA_REQUEST, LAMBDA_GB_SECOND, API_REQUEST = 0.20e-6, 0.0000133334, 1.00e-6
TRAFFIC_GB = 0.09
HOURS = 730

# What template.yaml gives the function, and how much of a core AWS gives with that.
LAMBDA_GB = 0.5
LAMBDA_CORES = 512 / 1_769

# AWS: "single-digit millisecond"; each request waits for the one before it.
SECONDS_OF_DYNAMODB = 0.005


class Measured:
    """What a request costs: in the store, in time of a core, in bytes sent."""

    def __init__(self, ours, ask, times=200):
        ask(ours)
        before = cpu_seconds(ours.pid)
        for _ in range(times):
            body, headers = ask(ours)
        self.cpu = (cpu_seconds(ours.pid) - before) / times
        self.requests, self.read_units, self.write_units = cost(headers)
        self.bytes = len(body)

    def units(self):
        return f"{self.requests:.0f} / {self.read_units:g} / {self.write_units:g}"

    def store_dollars(self):
        return self.read_units * READ_UNIT + self.write_units * WRITE_UNIT

    def seconds(self):
        """In Lambda, whose share of a core is what it is, and whose billing is by the millisecond."""
        return self.cpu / LAMBDA_CORES + self.requests * SECONDS_OF_DYNAMODB

    def lambda_dollars(self):
        return LAMBDA_REQUEST + API_REQUEST + self.seconds() * LAMBDA_GB * LAMBDA_GB_SECOND

    def traffic_dollars(self):
        return self.bytes / 1e9 * TRAFFIC_GB


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def operations(count):
    title = iter(range(10**9))
    yield "Read an article", lambda ours: ours.send("GET", "/v1/articles/ordinary")
    yield "List, page of 10", lambda ours: ours.send("GET", "/v1/users/ada/articles")
    yield "Publish an article", lambda ours: ours.publish(f"{count} {os.getpid()} {next(title)}", ORDINARY)
    yield "Log in", lambda ours: ours.send("POST", "/v1/accounts/login", ours.account)


def measure(report):
    """What each operation costs, by the number of articles."""
    measured = {}
    for count in SIZES:
        with server(seeded(count), ENV="development", CACHE_TTL="0") as ours:
            ours.log_in(register=False)
            for number in range(10):
                ours.publish("Ordinary", ORDINARY)
            for name, ask in operations(count):
                measured.setdefault(name, {})[count] = Measured(ours, ask, 20 if name == "Log in" else 200)
    report.line("Requests to DynamoDB / read units / write units, for articles whose answer has 13.5 KB:\n")
    report.row("What is asked", *(f"{count:,} article{'s' if count > 1 else ''}" for count in SIZES), head=True)
    for name, by_count in measured.items():
        report.row(name, *(by_count[count].units() for count in SIZES))
        first, last = by_count[SIZES[0]], by_count[SIZES[-1]]
        report.check(f"{name}: requests as the store grows", last.requests / first.requests, at_most=1)
        report.check(f"{name}: dollars as the store grows", last.store_dollars() / first.store_dollars(), at_most=1.1)
    return {name: by_count[SIZES[-1]] for name, by_count in measured.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reads", type=int, default=100_000, help="articles read in the month")
    parser.add_argument("--writes", type=int, default=100, help="articles published in the month")
    parser.add_argument("--images", type=float, default=1.0, help="gigabytes of images kept")
    parser.add_argument("--write", action="store_true", help="into docs/cost.md")
    given = parser.parse_args()
    if not PROGRAM.exists():
        sys.exit(f"there is no {PROGRAM}: make release")
    report = Report()
    report.part("Capacity units")
    measured = measure(report)
    report.part("A million requests")
    report.line("On Lambda with DynamoDB on demand, when nothing is cached; in a container, only the columns DynamoDB and traffic:\n")
    report.row("A million times", "DynamoDB", "Lambda and API Gateway", "Traffic", "Altogether", "Milliseconds in Lambda", head=True)
    for name, one in measured.items():
        parts = one.store_dollars(), one.lambda_dollars(), one.traffic_dollars()
        report.row(name, *(f"{1e6 * part:.2f}" for part in (*parts, sum(parts))), f"{1_000 * one.seconds():.0f}")
    report.part("A month")
    read, write = measured["Read an article"], measured["Publish an article"]
    storage = [
        ("DynamoDB: reads", given.reads * read.store_dollars()),
        ("DynamoDB: writes", given.writes * write.store_dollars()),
        ("DynamoDB: 1 GB, with point-in-time recovery", STORED_GB + RECOVERABLE_GB),
        ("S3: images", given.images * 0.023),
        ("Traffic out", given.reads * read.traffic_dollars()),
    ]
    roads = {
        "ECS on one t2.micro": [
            ("EC2: t2.micro", HOURS * 0.0116),
            ("EBS: 30 GB gp3", 30 * 0.08),
            ("Public IPv4 address", HOURS * 0.005),
            ("ECR: two images of 0.1 GB", 0.2 * 0.10),
            ("CloudWatch: 0.5 GB of logs, 4 alarms, 1 metric", 0.5 * 0.50 + 4 * 0.10 + 0.30),
            *storage,
        ],
        "Lambda": [
            ("Lambda and API Gateway", given.reads * read.lambda_dollars() + given.writes * write.lambda_dollars()),
            ("CloudWatch: 0.2 GB of logs, 3 alarms", 0.2 * 0.50 + 3 * 0.10),
            *storage,
        ],
    }
    report.line(f"{given.reads:,} articles read, {given.writes:,} published, {given.images:g} GB of images, nothing cached:")
    for road, parts in roads.items():
        report.line("")
        report.row(road, "Dollars", head=True)
        for name, dollars in parts:
            report.row(name, f"{dollars:.2f}")
        report.row("Altogether", f"**{sum(dollars for _, dollars in parts):.2f}**")
    failed = report.end()
    if given.write:
        report.write(pathlib.Path("docs/cost.md"))
    sys.exit(failed)


main()
