"""Whether anything takes longer, or costs more, where there are many articles."""

import random
import re
import statistics
import time

from running import server
from seeding import SHORT, seeded

TITLE = "As the store grows"

FEW, MANY = 100, 100_000


def requests(count, sample):
    """What is asked of a store with `count` articles: the same, as far as both have it."""
    deep = 5_000 if count == MANY else 5
    yield "article", lambda ours: ours.send("GET", f"/v1/articles/article-{sample.randrange(count)}")
    yield "page 1", lambda ours: ours.send("GET", "/v1/users/ada/articles?page=1&limit=10")
    yield f"page {MANY // 20:,} (with few: page 5)", lambda ours: ours.send("GET", f"/v1/users/ada/articles?page={deep}&limit=10")
    yield "publish", lambda ours: ours.publish(f"{time.time_ns()}", SHORT)


def cost(headers):
    """Requests, read units and write units."""
    return [float(number) for number in re.findall(r"=([\d.]+)", headers["X-Consumed-Capacity"])]


def run(options, report):
    report.line("Without a cache, on the embedded store in a folder, one request after the other, in turn.\n")
    report.row("Request", f"{FEW} articles, ms", f"{MANY:,} articles, ms", "Times as long", "Requests / units with few",
               "Requests / units with many", head=True)
    sample = random.Random(1)
    # In development, answers say what they cost.
    options_of_both = {"ENV": "development", "CACHE_TTL": "0"}
    with server(seeded(FEW), **options_of_both) as small, server(seeded(MANY), **options_of_both) as large:
        for ours in small, large:
            ours.log_in(register=False)
        for (name, ask_small), (_, ask_large) in zip(requests(FEW, sample), requests(MANY, sample)):
            times, costs = ([], []), ([], [])
            for _ in range(30 if options.short else 300):
                for ours, ask, took, spent in zip((small, large), (ask_small, ask_large), times, costs):
                    started = time.perf_counter()
                    headers = ask(ours)[1]
                    took.append((time.perf_counter() - started) * 1_000)
                    spent.append(cost(headers))
            few, many = map(statistics.median, times)
            (requests, *units), (more_requests, *more_units) = [[statistics.median(column) for column in zip(*one)] for one in costs]
            report.row(name, f"{few:.2f}", f"{many:.2f}", f"**{many / few:.2f}**", f"{requests:.0f} / {sum(units):g}",
                       f"{more_requests:.0f} / {sum(more_units):g}")
            report.check(f"{name}, times as long with {MANY:,} articles", many / few, at_most=1.2, of_time=True)
            report.check(f"{name}, times as many requests to the store", more_requests / requests, at_most=1)
            report.check(f"{name}, times as many units", sum(more_units) / sum(units), at_most=1.1)
