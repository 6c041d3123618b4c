"""How soon after its start the program answers: as a server, and in AWS's Lambda emulator
beside a function that does nothing."""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from running import PROGRAM, free_port, process, variables
from throughput import on_dynamodb

TITLE = "Start"

HELLO = PROGRAM.with_name("examples") / "hello"

# An HTTP API's event for `GET /v1/articles/article`, as far as the runtime reads it.
EVENT = json.dumps({
    "version": "2.0", "routeKey": "$default", "rawPath": "/v1/articles/article", "rawQueryString": "", "headers": {},
    "requestContext": {
        "accountId": "1", "apiId": "a", "domainName": "a", "domainPrefix": "a", "requestId": "1", "routeKey": "$default",
        "stage": "$default", "time": "14/Mar/2026:15:09:26 +0000", "timeEpoch": 1773500966000,
        "http": {"method": "GET", "path": "/v1/articles/article", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
    },
    "isBase64Encoded": False,
})


def to_first_answer(folder):
    """Milliseconds from the start of the process until it has answered."""
    port = free_port()
    environment = variables(port, folder)
    started = time.perf_counter()
    program = subprocess.Popen([PROGRAM], env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.0002)
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        if not connection.recv(1_024).startswith(b"HTTP/1.1 200"):
            sys.exit("the server does not answer with 200")
        return (time.perf_counter() - started) * 1_000
    finally:
        program.terminate()
        program.wait()


def first_invocation(emulator, program, environment):
    """Milliseconds of the first invocation, which starts the function."""
    port, runtime = free_port(), free_port()
    command = [emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
               "--runtime-api-address", f"127.0.0.1:{runtime}", program]
    names = {"AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_LAMBDA_FUNCTION_TIMEOUT": "60", "PATH": os.environ["PATH"]}
    with process(command, port, env=environment | names):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        started = time.perf_counter()
        connection.request("POST", "/2015-03-31/functions/function/invocations", EVENT)
        answer = json.loads(connection.getresponse().read())
        took = (time.perf_counter() - started) * 1_000
    if answer.get("statusCode") != 200:
        sys.exit(f"{program}: {answer}")
    return took


def run(options, report):
    runs = 10 if options.short else 50
    report.line(f"Medians of {runs} runs.\n")
    report.row("From", "to", "ms", "slowest, ms", head=True)
    with tempfile.TemporaryDirectory() as folder:
        to_first_answer(folder)
        took = [to_first_answer(folder) for _ in range(runs)]
    report.row("The start of the process, on an embedded store that exists", "the first 200 over HTTP",
               f"{statistics.median(took):.1f}", f"{max(took):.1f}")
    if options.short:
        return
    report.check("From the start to the first 200, ms", statistics.median(took), at_most=30)
    with on_dynamodb(options.dynamodb_local) as ours:
        ours.publish("Article")
        function = variables(0) | {
            "DYNAMODB_TABLE": "bench", "AWS_ENDPOINT_URL_DYNAMODB": ours.endpoint, "API_BASE_URL": "http://127.0.0.1:8000",
        }
        took, nothing = [], []
        for _ in range(runs):
            nothing.append(first_invocation(options.emulator, HELLO, {}))
            took.append(first_invocation(options.emulator, PROGRAM, function))
    for name, of in ("An invocation that starts a function which does nothing", nothing), ("An invocation that starts ours", took):
        what = "`hello`" if of is nothing else "an article, read from DynamoDB Local"
        report.row(name, what, f"{statistics.median(of):.1f}", f"{max(of):.1f}")
    report.check("Lambda: longer to the first answer than a function that does nothing, ms",
                 statistics.median(took) - statistics.median(nothing), at_most=20)
