"""Asks for an article all the time, from an address of its own, until its input ends; prints the 99th percentile
of how long that took in milliseconds, and how many requests failed."""

import http.client
import select
import sys
import time

milliseconds, failures = [], 0
while len(milliseconds) < 20 or not select.select([sys.stdin], [], [], 0.01)[0]:
    started = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), 10, ("127.0.0.2", 0))
        connection.request("GET", "/v1/articles/read-meanwhile")
        answer = connection.getresponse()
        answer.read()
        failures += answer.status != 200
        connection.close()
    except OSError:
        failures += 1
    milliseconds.append((time.monotonic() - started) * 1e3)
print(sorted(milliseconds)[int(len(milliseconds) * 0.99)], failures)
