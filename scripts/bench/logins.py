"""What is left for readers while others try passwords."""

import subprocess
import tempfile

from running import Server, load, medians, server, wrk

TITLE = "Reading while others log in"

# More may log in at once than the machine has cores, many times over.
CLIENTS = 32


def run(options, report):
    report.line(f"An article, over 16 connections, in turn with nothing else going on and with {CLIENTS} clients that log in.\n")
    report.row("", "Articles/s", "p99, ms", head=True)
    with tempfile.TemporaryDirectory() as folder, server(f"{folder}/data") as ours:
        ours.log_in()
        ours.publish("Article")
        url = f"{ours.base}/v1/articles/article"
        document = f"{folder}/log-in.json"
        with open(document, "w") as file:
            file.write('{"email": "%s", "password": "wrong NUMBER"}' % Server.account["email"])
        hammer = load(f"{ours.base}/v1/accounts/login", CLIENTS, options.seconds + 2, (document, ours.token, ""))
        calm, busy = [], []
        for _ in range(options.rounds):
            calm.append(wrk(url, 16, options.seconds))
            hammering = subprocess.Popen(hammer, stdout=subprocess.DEVNULL)
            busy.append(wrk(url, 16, options.seconds))
            hammering.wait()
        (rate, p99), (busy_rate, busy_p99) = medians(calm), medians(busy)
        report.row("Nothing else", f"{rate:,.0f}", f"{p99:.2f}")
        report.row(f"{CLIENTS} clients log in", f"{busy_rate:,.0f}", f"{busy_p99:.2f}")
        report.check("Articles read while others log in, of those read otherwise", busy_rate / rate, at_least=0.6,
                     of_time=True)
        if not options.short:
            report.check("p99 of an article while others log in, ms", busy_p99, at_most=20)
