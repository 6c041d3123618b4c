"""How much memory the server takes."""

import socket
import tempfile

from running import server, wrk
from seeding import seeded
from growth import MANY

TITLE = "Memory"


def requests(ours, path, count):
    """Asks at least `count` times."""
    done = 0
    while done < count:
        done += wrk(f"{ours.base}{path}", 16, 2)[0] * 2


def run(options, report):
    report.row("Resident memory", "MB", head=True)
    with tempfile.TemporaryDirectory() as folder, server(folder) as ours:
        idle = ours.resident()
        report.row("Idle, right after the start", f"{idle:.1f}")
        ours.log_in()
        for number in range(100):
            ours.publish(f"Article {number}")
        requests(ours, "/v1/articles/article-5", 50_000)
        requests(ours, "/v1/users/ada/articles", 50_000)
        for number in range(100):
            ours.send("GET", f"/v1/articles/article-{number}")
        report.row("After 100 articles were published and 100,000 answers sent", f"{ours.resident():.1f}")
        idling = []
        for _ in range(1_000):
            connection = socket.create_connection(("127.0.0.1", ours.port))
            connection.sendall(b"GET /v1/articles/article-5 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            idling.append(connection)
        for connection in idling:
            connection.recv(1 << 20)
        used = ours.resident()
        report.row("The same, with 1,000 connections that have asked and are kept open", f"{used:.1f}")
        for connection in idling:
            connection.close()
    if options.short:
        return
    report.check("Memory when idle, MB", idle, at_most=30)
    report.check("Memory after 100,000 answers, with 1,000 connections, MB", used, at_most=64)
    with server(seeded(MANY)) as ours:
        report.row(f"On a store of {MANY:,} articles, right after the start", f"{ours.resident():.1f}")
        for page in range(1, 1_001):
            ours.send("GET", f"/v1/users/ada/articles?page={page}")
        report.row("The same, after 1,000 of its pages were read", f"{ours.resident():.1f}")
