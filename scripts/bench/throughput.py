"""How much is answered beside NGINX, which sends the same bytes out of files."""

import contextlib
import json
import pathlib
import subprocess
import tempfile

from running import ORDINARY, PROGRAM, Server, dynamodb_local, medians, nginx, server, wrk

TITLE = "Throughput"

# The least of NGINX's rate, and the most times its 99th percentile, that is good enough.
BOUNDS = {"article": (0.8, 1.5), "list of 10": (0.8, 1.5)}


def requests(ours, folder):
    """Name, path, the file that is posted if there is one, and what is answered, of each request."""
    for number in range(11):
        ours.publish(f"Article {number}")
    read = {"article": "/v1/articles/article-5", "list of 10": "/v1/users/ada/articles", "health": "/v1/health"}
    for name, path in read.items():
        yield name, path, None, ours.send("GET", path)[0]
    # Measured like the others; what NGINX says to it is the answer of one such request.
    log_in = Server.account | {"username": "NUMBER"}
    create = {"title": "NUMBER", "body": ORDINARY, "meta_description": "An article"}
    for name, path, document in ("log in", "/v1/accounts/login", log_in), ("publish", "/v1/articles", create):
        file = pathlib.Path(folder, name.replace(" ", "-") + ".json")
        file.write_text(json.dumps(document))
        answer = ours.send("POST", path, document | {"title": name})[0]
        yield name, path, file, answer


@contextlib.contextmanager
def embedded():
    with tempfile.TemporaryDirectory() as data, server(data) as ours:
        ours.log_in()
        yield ours


@contextlib.contextmanager
def on_dynamodb(jar):
    """A server on AWS's DynamoDB Local."""
    with dynamodb_local(jar) as port:
        table = {"DYNAMODB_TABLE": "bench", "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}"}
        subprocess.run([PROGRAM, "create-table"], env=table | {"DATA_DIR": ":memory:"}, check=True, capture_output=True)
        with server(**table) as ours:
            ours.log_in()
            yield ours


def measure(engine, ours, options):
    with tempfile.TemporaryDirectory() as folder:
        measured = list(requests(ours, folder))
        files = {name.replace(" ", "-"): answer for name, _, _, answer in measured}
        with nginx(folder, files) as static:
            for concurrency in options.concurrency:
                for name, path, file, answer in measured:
                    urls = ours.base + path, f"{static}/{name.replace(' ', '-')}"
                    rounds = [[], []]
                    for round in range(options.rounds):
                        for url, results in zip(urls, rounds):
                            posted, seconds = (), options.seconds
                            if file:
                                posted = file, ours.token, f"{name} {concurrency} {round} "
                                # So many take a while to have their turn.
                                seconds = max(seconds, concurrency // 50)
                            results.append(wrk(url, concurrency, seconds, posted, may_reject=name == "log in"))
                    (rate, p99), (static_rate, static_p99) = map(medians, rounds)
                    yield {
                        "engine": engine, "request": name, "concurrency": concurrency, "bytes": len(answer),
                        "ratio": rate / static_rate, "p99 ratio": p99 / static_p99,
                        "rate": rate, "p99": p99, "static rate": static_rate, "static p99": static_p99,
                    }


def run(options, report):
    report.line("Of what NGINX does with the same bytes in a file, asked in turn with us, in the same run.\n")
    report.row("Store", "Request", "Bytes", "Connections", "Of NGINX's rate", "Times NGINX's p99", "Requests/s",
               "p99, ms", "NGINX's requests/s", "NGINX's p99, ms", head=True)
    engines = {"embedded": embedded}
    if not options.short:
        engines["DynamoDB Local"] = lambda: on_dynamodb(options.dynamodb_local)
    for engine, start in engines.items():
        with start() as ours:
            for one in measure(engine, ours, options):
                report.row(engine, one["request"], f"{one['bytes']:,}", one["concurrency"], f"**{one['ratio']:.2g}**",
                           f"{one['p99 ratio']:{'.2g' if one['p99 ratio'] < 10 else ',.0f'}}", f"{one['rate']:,.0f}", f"{one['p99']:.2f}",
                           f"{one['static rate']:,.0f}", f"{one['static p99']:.2f}")
                report.measured.append(one)
                if engine == "embedded" and one["request"] in BOUNDS and one["concurrency"] == 16:
                    rate, p99 = BOUNDS[one["request"]]
                    report.check(f"{one['request']}, of NGINX's rate", one["ratio"], at_least=rate, of_time=True)
                    if not options.short:
                        report.check(f"{one['request']}, times NGINX's p99", one["p99 ratio"], at_most=p99)
