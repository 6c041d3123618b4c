"""Clients that do as they are told: they send a request again when they may, and not when they may not.

What an answer says of a write is one of ACKNOWLEDGED, NOT (surely not applied), UNKNOWN and REFUSED (the
request is at fault).
"""

import dataclasses
import http.client
import itertools
import json
import random
import struct
import threading
import time
import uuid
import zlib

ACKNOWLEDGED, NOT, UNKNOWN, REFUSED = "acknowledged", "surely not", "unknown", "refused"

PASSWORD = "correct horse"

# Longer than the program waits for a store that leaves it in doubt.
PATIENCE = 45


@dataclasses.dataclass
class Answer:
    """An answer, or none with the reason in `body`: status 0."""

    status: int
    headers: dict
    body: bytes
    began: float
    ended: float

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        try:
            return self.json["error"]["message"]
        except (ValueError, KeyError, TypeError):
            return self.body[:200].decode("latin-1")

    @property
    def stale(self):
        return "ttl=-" in self.headers.get("cache-status", "")

    @property
    def pause(self):
        return self.headers.get("retry-after")

    def __str__(self):
        name = self.headers.get("x-request-id", "-")
        what = self.message if self.status >= 400 or not self.status else ""
        pause = f", Retry-After {self.pause}" if self.pause else ""
        return f"{self.status} {what}{pause} (request {name}, {self.ended - self.began:.2f} s)"


def send(port, method, path, body=None, headers=None, timeout=PATIENCE):
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        read = answer.read()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, fields, read, began, time.monotonic())
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, {}, repr(error).encode(), began, time.monotonic())
    finally:
        connection.close()


def said(answer):
    """What an answer says of a write. None if it is no answer that there should be."""
    if answer.status == 0:
        return UNKNOWN
    if 200 <= answer.status < 300:
        return ACKNOWLEDGED
    if answer.status == 507 or (answer.status in (429, 503) and answer.pause):
        return NOT
    if answer.status == 503 and answer.message == "The outcome is not known":
        return UNKNOWN
    return REFUSED if answer.status < 500 else None


@dataclasses.dataclass(eq=False)
class Write:
    """A request that changes something, and what came of it."""

    kind: str
    method: str
    path: str
    body: bytes = None
    headers: dict = dataclasses.field(default_factory=dict)
    user: object = None
    # What it is found by: in the body of a text, in the name of an image, as a username.
    mark: str = ""
    key: str = None
    # Whether it does no harm to send it twice.
    repeatable: bool = False
    about: dict = dataclasses.field(default_factory=dict)
    # How long the first answer is waited for.
    patience: float = PATIENCE
    outcome: str = NOT
    answer: Answer = None
    server: int = None
    history: list = dataclasses.field(default_factory=list)

    def __str__(self):
        key = f" with Idempotency-Key {self.key}" if self.key else ""
        tries = "; ".join(f"server {server}: {answer}" for server, answer in self.history)
        return f"{self.method} {self.path} [{self.kind} {self.mark}{key}] -> {tries}"

    def attempt(self, ports, server):
        """Sends it once. Returns what the answer says."""
        headers = self.headers | ({"Idempotency-Key": self.key} if self.key else {})
        patience = PATIENCE if self.history else self.patience
        answer = send(ports[server], self.method, self.path, self.body, headers, patience)
        self.history.append((server, answer))
        self.answer, self.server = answer, server
        return said(answer)


def perform(write, ports, servers, attempts=40, gives_up=False, pause=None):
    """Sends a write as often as an obedient client may. Returns what is wrong with its answers.

    `servers` names the server for each attempt; a client that `gives_up` does not come back after it
    was told that surely nothing came of it.
    """
    doubt = False
    for server in itertools.islice(servers, attempts):
        outcome = write.attempt(ports, server)
        if outcome is None:
            write.outcome = UNKNOWN
            return [f"an answer that there should not be: {write}"]
        if outcome == REFUSED:
            # What an attempt that nobody knows of may have done explains it.
            done_before = (write.kind == "remove" and write.answer.status == 404) or (
                write.kind == "register" and not write.key and "already exists" in write.answer.message
            )
            if doubt and done_before:
                write.outcome = ACKNOWLEDGED if write.kind == "remove" else UNKNOWN
                return []
            write.outcome = UNKNOWN
            return [f"refused without a reason: {write}"]
        if outcome == ACKNOWLEDGED:
            write.outcome = ACKNOWLEDGED
            return []
        doubt = doubt or outcome == UNKNOWN
        write.outcome = UNKNOWN if doubt else NOT
        if outcome == UNKNOWN and not (write.key or write.repeatable):
            return []
        if outcome == NOT and gives_up:
            return []
        time.sleep(pause if pause is not None else float(write.answer.pause or 1))
    return []


# What is written.

NUMBERS = itertools.count(1)
NUMBERS_LOCK = threading.Lock()


def mark(prefix):
    with NUMBERS_LOCK:
        return f"{prefix}{next(NUMBERS)}"


def name(keyed):
    return str(uuid.uuid4()) if keyed else None


def authorization(token):
    return {"Authorization": f"Bearer {token}"}


def document(**fields):
    return json.dumps(fields).encode()


JSON = {"Content-Type": "application/json"}


def registration(keyed=False):
    username = mark("u")
    body = document(email=f"{username}@example.com", password=PASSWORD, username=username)
    return Write("register", "POST", "/v1/accounts/register", body, JSON, mark=username, key=name(keyed))


def log_in(username):
    body = document(email=f"{username}@example.com", password=PASSWORD)
    return Write("log in", "POST", "/v1/accounts/login", body, JSON, mark=username, repeatable=True)


def publication(username, token, title, keyed=False):
    about = {"title": title, "body": f"This is {mark('article')}, *and* nothing else.", "meta_description": "about"}
    headers = JSON | authorization(token)
    found_by = about["body"].split(" ")[2].strip(",")
    body, key = document(**about), name(keyed)
    return Write("publish", "POST", "/v1/articles", body, headers, username, found_by, key, about=about)


def project(username, token, keyed=False):
    found_by = mark("project")
    about = {"title": "Engine", "body": f"This is {found_by}, an *analytical* one."}
    headers = JSON | authorization(token)
    body, key = document(**about), name(keyed)
    return Write("project", "POST", "/v1/projects", body, headers, username, found_by, key, about=about)


def upload(username, token, seed, keyed=False, width=400):
    found_by = mark("image")
    image = picture(seed, width)
    boundary = "----------a-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{found_by}.png"\r\n'
    body = (head + "Content-Type: image/png\r\n\r\n").encode() + image + f"\r\n--{boundary}--\r\n".encode()
    headers = authorization(token) | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    about = {"bytes": image}
    return Write("upload", "POST", "/v1/assets/images", body, headers, username, found_by, name(keyed), about=about)


def removal(username, token, file):
    path = f"/v1/users/me/images/{file}"
    return Write("remove", "DELETE", path, None, authorization(token), username, file, repeatable=True)


def picture(seed, width=400, height=60):
    """A PNG as the program keeps it: nothing is in it but the picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    sample = random.Random(seed)
    row = sample.randbytes(30)
    rows = b"".join(b"\0" + bytes((byte + line) % 256 for byte in row) * (width // 10) for line in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
