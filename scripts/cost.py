#!/usr/bin/env python3
"""Adds up what a month costs on either road, from list prices.

    scripts/cost.py [--reads N] [--writes N] [--images GB]

Prices are those of us-east-1 in US dollars, without taxes and free tiers. The
capacity units of a read and a write are the ones that docs/data-model.md has, which
the tests measure.
"""

import argparse

HOURS = 730

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--reads", type=int, default=100_000, help="articles read in the month")
arguments.add_argument("--writes", type=int, default=100, help="articles published in the month")
arguments.add_argument("--images", type=float, default=1.0, help="gigabytes of images kept")
given = arguments.parse_args()

READ_UNITS, WRITE_UNITS = 2, 30
SECONDS_OF_A_READ, GIGABYTES_OF_MEMORY = 0.02, 0.5
KILOBYTES_OF_AN_ANSWER = 15

kept = [
    ("DynamoDB: reads", given.reads * READ_UNITS * 0.125e-6),
    ("DynamoDB: writes", given.writes * WRITE_UNITS * 0.625e-6),
    ("DynamoDB: 1 GB, with point-in-time recovery", 0.25 + 0.20),
    ("S3: images", given.images * 0.023),
    ("Traffic out", given.reads * KILOBYTES_OF_AN_ANSWER / 1e6 * 0.09),
]
roads = {
    "ECS on one t2.micro": [
        ("EC2: t2.micro", HOURS * 0.0116),
        ("EBS: 30 GB gp3", 30 * 0.08),
        ("Public IPv4 address", HOURS * 0.005),
        ("ECR: two images of 0.1 GB", 0.2 * 0.10),
        ("CloudWatch: 0.5 GB of logs, 4 alarms, 1 metric", 0.5 * 0.50 + 4 * 0.10 + 0.30),
        *kept,
    ],
    "Lambda": [
        ("Lambda: requests", (given.reads + given.writes) * 0.20e-6),
        ("Lambda: time (arm64, 512 MB)", given.reads * SECONDS_OF_A_READ * GIGABYTES_OF_MEMORY * 0.0000133334),
        ("API Gateway: HTTP API", (given.reads + given.writes) * 1.00e-6),
        ("CloudWatch: 0.2 GB of logs, 3 alarms", 0.2 * 0.50 + 3 * 0.10),
        *kept,
    ],
}
for road, parts in roads.items():
    print(f"{road}, {given.reads:,} reads and {given.writes:,} writes a month")
    for name, dollars in parts:
        print(f"  {dollars:8.2f}  {name}")
    print(f"  {sum(dollars for _, dollars in parts):8.2f}  altogether\n")
