"""A server whose table or bucket is not there: how long it takes to say so, and to serve again."""

import concurrent.futures
import contextlib
import itertools
import re
import time

import clients
import stores
from clients import ACKNOWLEDGED, NOT, send
from model import image_path, note_file
from proxies import Proxy

STATES = ["refuses", "hangs", "resets", "fails"]

# In seconds.
START, ANSWER, RECOVERY = 1, 2, 2


def requests(author, image):
    """One of each route that needs a store: method, path, body, headers."""
    username, token, cookie = author
    session, json = clients.authorization(token), clients.JSON
    article = clients.publication(username, token, "Another")
    uploaded = clients.upload(username, token, 7)
    registered = clients.registration()
    made = clients.project(username, token)
    for write in (registered, clients.log_in(username), article, made, uploaded):
        yield write.method, write.path, write.body, write.headers
        if write.kind != "log in":
            yield write.method, write.path, write.body, write.headers | {"Idempotency-Key": write.mark}
    yield "POST", "/v1/accounts/token", None, {"Cookie": cookie}
    yield "POST", "/v1/accounts/logout", None, session
    yield "GET", "/v1/articles/not-read-before", None, {}
    yield "GET", f"/v1/users/{username}/articles?page=7", None, {}
    yield "GET", f"/v1/users/{username}/projects?page=7", None, {}
    yield "GET", "/v1/users/me/images", None, session
    yield "GET", image_path(username, image), None, {}
    yield "GET", image_path(username, image, 320), None, {}
    yield "GET", "/v1/ready", None, {}
    yield "DELETE", f"/v1/users/me/images/{image}", None, session
    yield "POST", "/v1/assets/images/confirm", clients.document(upload=image.rpartition(".")[0]), session | json


# What needs the bucket: the others are done without it, also removing the image.
OF_BUCKET = re.compile(r"POST /v1/assets/images|GET /v1/users/[^/]+/images/|GET /v1/ready")


def ask_all(port, author, image, name, at_once):
    """What is asked for that needs the store of that name, with its answer."""
    asked = [one for one in requests(author, image) if name == "table" or OF_BUCKET.match(f"{one[0]} {one[1]}")]

    def one(request):
        method, path, body, headers = request
        if not at_once:
            # The program leaves a store alone for half a second: each is to find out by itself.
            time.sleep(0.6)
        return f"{method} {path}", send(port, method, path, body, headers)

    with concurrent.futures.ThreadPoolExecutor(len(asked) if at_once else 1) as pool:
        return list(pool.map(one, asked))


def prepare(port):
    """An author who has published, made a project and uploaded an image. The author and the image."""
    ports = [port]
    registered = clients.registration()
    session = clients.log_in(registered.mark)
    for write in (registered, session):
        assert clients.perform(write, ports, itertools.repeat(0)) == []
    token, cookie = session.answer.json["access_token"], session.answer.headers["set-cookie"].split(";")[0]
    author = (registered.mark, token, cookie)
    writes = [
        clients.publication(registered.mark, token, "A title"),
        clients.project(registered.mark, token),
        clients.upload(registered.mark, token, 1),
    ]
    for write in writes:
        assert clients.perform(write, ports, itertools.repeat(0)) == [], write
        note_file(write)
    return author, writes[0].answer.json["article"]["slug"], writes[2].about["file"]


def cached(slug, username):
    return [f"/v1/articles/{slug}", f"/v1/users/{username}/articles", f"/v1/users/{username}/projects"]


def recovered(port, author, began):
    """Seconds until something can be written."""
    while time.monotonic() < began + 30:
        write = clients.upload(*author[:2], time.monotonic())
        if write.attempt([port], 0) == ACKNOWLEDGED:
            return time.monotonic() - began
        time.sleep(0.02)
    return float("inf")


def unavailable(folder, options):
    """Returns what is wrong."""
    wrong = []
    worst = {"start": (0, ""), "answer": (0, ""), "cached": (0, ""), "recovery": (0, "")}

    def note(what, seconds, where, most):
        # Machines of CI are slower, and do other things at the same time.
        most *= 2 if options.short else 1
        worst[what] = max(worst[what], (seconds, where))
        if seconds > most:
            wrong.append(f"{what}: {where} took {seconds:.2f} s, at most {most}")

    with contextlib.ExitStack() as stack:
        table, bucket = stack.enter_context(stores.dynamodb()), stack.enter_context(stores.s3())
        stores.create_table(table)
        proxies = {"table": Proxy("dynamodb", table), "bucket": Proxy("s3", bucket)}
        more = stores.on_stores(proxies["table"].endpoint, proxies["bucket"].endpoint)
        for name, state in itertools.product(proxies, STATES):
            where = f"the {name} {state}"
            proxies[name].behave(state)
            with stores.Program(f"{folder}/{name}-{state}-start.log", **more) as program:
                note("start", program.start(), where, START)
                status = send(program.port, "GET", "/v1/ready").status
                if status != 503:
                    wrong.append(f"{where}: ready says {status}")
                proxies[name].behave("forwards")
                again = time.monotonic()
                while send(program.port, "GET", "/v1/ready").status != 200 and time.monotonic() < again + 30:
                    time.sleep(0.02)
                note("recovery", time.monotonic() - again, f"{where} at the start, ready", RECOVERY)
            with stores.Program(f"{folder}/{name}-{state}.log", **more) as program:
                program.start()
                author, slug, image = prepare(program.port)
                for path in cached(slug, author[0]):
                    send(program.port, "GET", path)
                # Until nothing is fresh any more.
                time.sleep(2.1)
                proxies[name].behave(state)
                for at_once in (True,) if options.short else (True, False):
                    for what, answer in ask_all(program.port, author, image, name, at_once):
                        note("answer", answer.ended - answer.began, f"{where}: {what}", ANSWER)
                        if clients.said(answer) != NOT:
                            wrong.append(f"{where}: {what}: {answer}")
                for path in cached(slug, author[0]):
                    answer = send(program.port, "GET", path)
                    note("cached", answer.ended - answer.began, f"{where}: {path}", ANSWER)
                    if answer.status != 200:
                        wrong.append(f"{where}: {path}, which was read before: {answer}")
                proxies[name].behave("forwards")
                note("recovery", recovered(program.port, author, time.monotonic()), where, RECOVERY)
        code, said = stores.check(**more)
        if code:
            wrong.append(f"check: {said}")
    figures = ", ".join(f"{what} {seconds:.2f} s ({where})" for what, (seconds, where) in worst.items())
    print(f"unavailable  at worst: {figures}; {len(wrong)} wrong", flush=True)
    return [f"unavailable: {problem}" for problem in wrong]
