"""The loads: what each sends, and how."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import http.client
import io
import json
import random
import socket
import struct
import subprocess
import tempfile
import time
import typing
import zlib

import running
from PIL import Image

LOADS = {}

MEBIBYTE = 1 << 20


@dataclasses.dataclass
class Load:
    run: typing.Callable
    prepare: typing.Callable
    images: bool = False
    short: bool = True
    descriptors: int = 4_096
    # Whether clients are limited in how often they may do what, by the address that they give.
    limited: bool = False


def load(name, prepare=lambda ours: None, **more):
    """Names a generator that loads a server, says what came of it, and lets go."""

    def named(generator):
        LOADS[name] = Load(contextlib.contextmanager(generator), prepare, **more)
        return generator

    return named


def words(length, seed=0):
    return (f"{seed} many words that are read " * (length // 25))[:length]


def statuses(answers):
    return ", ".join(f"{count} x {status}" for status, count in sorted(collections.Counter(answers).items()))


def ask(ours, method, path, body=None, headers=None, timeout=120):
    """The status of an answer that is read to its end; 0 if there is none."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=timeout)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0


def at_once(requests, ours, workers=None):
    with concurrent.futures.ThreadPoolExecutor(workers or len(requests)) as pool:
        return list(pool.map(lambda request: ask(ours, *request), requests))


def authorised(ours):
    return {"Authorization": f"Bearer {ours.token}", "Content-Type": "application/json"}


def document(**fields):
    return json.dumps(fields).encode()


def connect(ours, small_window=False):
    connection = socket.socket()
    if small_window:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", ours.port))
    return connection


def with_projects(ours):
    for number in range(80):
        ours.send("POST", "/v1/projects", {"title": f"Project {number}", "body": words(MEBIBYTE - 2_000, number)})


@load("a list of 80 projects of 1 MB", with_projects)
def projects(ours, _):
    yield statuses(at_once([("GET", f"/v1/users/ada/projects?x={n}") for n in range(4)], ours))


def with_articles(ours):
    for number in range(20):
        ours.publish(f"Article {number}", words(MEBIBYTE - 2_000, number))


@load("12 pages of 1 MB articles at once", with_articles, short=False)
def pages(ours, _):
    paths = [f"/v1/users/ada/articles?limit={n % 3 + 1}&page={n + 1}&x={n}" for n in range(12)]
    yield statuses(at_once([("GET", path) for path in paths], ours))


@load("100 reads of 1 MB", with_articles, short=False)
def reads(ours, _):
    yield statuses(at_once([("GET", f"/v1/articles/article-{n % 20}?x={n}") for n in range(100)], ours))


@load("100 posts of 1 MB")
def posts(ours, _):
    body = document(title="Large", body=words(MEBIBYTE - 2_000), meta_description="")
    yield statuses(at_once([("POST", "/v1/articles", body, authorised(ours))] * 100, ours))


@load("250 half-sent bodies without a token")
def half_bodies(ours, _):
    held = []
    for path in ("/v1/articles", "/v1/accounts/login") * 125:
        connection = connect(ours)
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n".encode())
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            connection.sendall(b" " * 500_000)
        held.append(connection)
    yield f"{len(held)} held"


@load("66 logins of 1 MiB of what nobody asked for", short=False)
def bombs(ours, _):
    members = b",".join([b'{"":0}'] * 149_000)
    body = b'{"email":"ada@example.com","password":"x","z":[' + members + b"]}"
    logins = at_once([("POST", "/v1/accounts/login", body, {"Content-Type": "application/json"})] * 66, ours, 6)
    article = b'{"title":1,"body":"x","meta_description":"","z":[' + members + b"]}"
    yield statuses(logins + at_once([("POST", "/v1/articles", article, authorised(ours))] * 66, ours, 16))


def login(password, network):
    headers = {"Content-Type": "application/json", "X-Forwarded-For": network}
    return "POST", "/v1/accounts/login", document(email="ada@example.com", password=password), headers


@load("100 clients of one network that log in, and the owner", limited=True)
def login_flood(ours, _):
    slowest = 0
    with tempfile.NamedTemporaryFile() as guess:
        guess.write(document(email="ada@example.com", password="wrong NUMBER"))
        guess.flush()
        # Longer than the owner's logins can take: it is ended when they are done.
        command = running.load(f"{ours.base}/v1/accounts/login", 100, 120, (guess.name, ours.token, ""))
        command[1:1] = ["-H", "X-Forwarded-For: 203.0.113.9"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as flood:
            try:
                time.sleep(1)
                for number in range(20):
                    started = time.monotonic()
                    status = ask(ours, *login("correct horse", "198.51.100.7"))
                    slowest = max(slowest, time.monotonic() - started)
                    assert status == 200 and slowest < 2, f"login {number} of the owner: {status} after {slowest:.2f} s"
                    time.sleep(0.5)
                assert flood.poll() is None, "the flood ended too early"
            finally:
                flood.terminate()
        yield f"the owner gets in 20 times of 20, after {slowest:.2f} s at most"


@load("10,000 wrong passwords for an account", limited=True)
def guesses(ours, _):
    guesses = [login(f"wrong {number}", f"203.0.113.{number % 250}") for number in range(10_000)]
    answers = at_once(guesses, ours, 32)
    hashes = answers.count(401)
    assert hashes < 100 and set(answers) <= {401, 429, 503}, statuses(answers)
    yield statuses(answers)


def multipart(*images):
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\n' + image + b"\r\n" for image in images
    ]
    return b"".join(parts) + b"--x--\r\n"


def upload(ours, *images):
    headers = authorised(ours) | {"Content-Type": "multipart/form-data; boundary=x"}
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=120)
    connection.request("POST", "/v1/assets/images", multipart(*images), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(width, height, kind, mode="RGB", noise=False, **options):
    """An image file: of one colour, or of noise that no compression takes out."""
    if noise:
        image = Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * 3))
    else:
        image = Image.new(mode, (width, height), "navy")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def path_of(url):
    return "/v1/" + url.split("/v1/", 1)[1]


def with_image(ours):
    """The path of an image of nearly 2 MiB."""
    status, answer = upload(ours, picture(800, 850, "PNG", noise=True, compress_level=0))
    assert status == 200, answer
    return path_of(answer["image_objects_urls"][0])


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def taking_nothing(ours, path, connections):
    """Connections of HTTP/2 with 32 requests for `path` each, whose responses they do not take."""

    def literal(name, value):
        return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value

    head = b"\x82\x86" + literal(b":authority", b"a") + literal(b":path", path.encode())
    settings = frame(4, 0, 0, struct.pack(">HI", 4, 0))
    requests = b"".join(frame(1, 5, stream, head) for stream in range(1, 64, 2))
    held = [connect(ours) for _ in range(connections)]
    for connection in held:
        # Some may be closed while the others begin.
        with contextlib.suppress(OSError):
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + requests)
    return held


@load("4 connections of HTTP/2 that take nothing of 32 images each", with_image, images=True)
def images_not_taken(ours, path):
    held = taking_nothing(ours, path, 4)
    time.sleep(5)
    yield f"{ours.resident():.1f} MB held by {len(held)}"


@load("400 connections of HTTP/2 that take nothing of 32 short responses each")
def short_responses_not_taken(ours, _):
    held = taking_nothing(ours, "/v1/health", 400)
    time.sleep(5)
    yield f"{ours.resident():.1f} MB held by {len(held)}"


@load("12 clients that read nothing of a long page", with_articles)
def never_reading(ours, _):
    held = []
    for number in range(12):
        connection = connect(ours, small_window=True)
        path = f"/v1/users/ada/articles?limit=3&page={number % 6 + 1}&x={number}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode() * 4)
        held.append(connection)
    time.sleep(8)
    yield f"{len(held)} held"


@load("20 publications of a text that takes long to render", short=False)
def publications(ours, _):
    fat = "".join(f"## A heading {n}\n\nA *word* and a [link](/to/{n}), and [another][{n}].\n\n[{n}]: /there\n\n" for n in range(3_500))
    body = document(title="Fat", body=fat, meta_description="")
    yield f"{len(fat) >> 10} KiB, " + statuses(at_once([("POST", "/v1/articles", body, authorised(ours))] * 20, ours))


@load("a PNG of 149 KiB whose profile inflates to 150 MB", images=True, short=False)
def inflating(ours, _):
    profile = b"icc\0\0" + zlib.compress(b"\0" * 150_000_000, 9)
    plain = picture(8, 8, "PNG")
    image = plain[:33] + chunk(b"iCCP", profile) + plain[33:]
    yield f"{len(image) >> 10} KiB, " + statuses(upload(ours, image)[0] for _ in range(3))


def large_pictures():
    turned = Image.Exif()
    turned[0x0112] = 6
    yield picture(6_000, 4_000, "JPEG")
    yield picture(6_000, 4_000, "JPEG", progressive=True)
    yield picture(6_000, 4_000, "JPEG", exif=turned)
    yield picture(6_000, 4_000, "PNG")
    yield picture(6_000, 4_000, "PNG", mode="RGBA")
    yield picture(6_000, 4_000, "PNG", exif=turned)
    yield picture(6_000, 4_000, "GIF")
    yield picture(6_000, 4_000, "WEBP")


@load("images of 24 megapixels", images=True)
def large_images(ours, _):
    answers = []
    for image in large_pictures():
        status, answer = upload(ours, image)
        answers.append(status)
        for url in answer.get("image_objects_urls", []):
            answers += [ask(ours, "GET", f"{path_of(url)}?width={width}") for width in (320, 1920)]
    yield statuses(answers)


@load("a picture of which no two squares are as transparent", images=True)
def transparent(ours, _):
    squares = Image.frombytes("L", (1_300, 2_820), bytes(255 * (byte & 1) for byte in random.Random(1).randbytes(1_300 * 2_820)))
    image = Image.new("RGBA", (2_600, 5_640), (9, 99, 200))
    image.putalpha(squares.resize(image.size, Image.NEAREST))
    packed = io.BytesIO()
    image.save(packed, "PNG", compress_level=9)
    status, answer = upload(ours, packed.getvalue())
    answers = [status]
    for url in answer.get("image_objects_urls", []):
        for accept in ("image/webp", "image/png"):
            answers += [ask(ours, "GET", f"{path_of(url)}?width={width}", headers={"Accept": accept}) for width in (960, 1920)]
    yield f"{len(packed.getvalue()) >> 10} KiB, " + statuses(answers)


@load("16 readers of images of 24 megapixels that have no renditions yet", images=True, short=False)
def renditions(ours, _):
    answers = [upload(ours, image)[1] for image in large_pictures()]
    paths = [path_of(url) for answer in answers for url in answer.get("image_objects_urls", [])]
    yield statuses(at_once([("GET", f"{path}?width={width}") for path in paths for width in (640, 1280)], ours))


@load("1,100 silent connections at 1,024 descriptors", descriptors=1_024)
def silent(ours, _):
    held = [connect(ours) for _ in range(1_100)]
    time.sleep(3)
    yield f"{len(held)} held"


@load("3,000 heads of 60 KB without an end")
def half_heads(ours, _):
    held = []
    for _ in range(3_000):
        with contextlib.suppress(OSError):
            connection = connect(ours)
            connection.sendall(b"GET /v1/health HTTP/1.1\r\ncookie: " + b"a" * 60_000)
            # A core is left for the server.
            time.sleep(0.001)
            held.append(connection)
    yield f"{len(held)} sent"


@load("1,000 idle connections of HTTP/2 that were served")
def idle_http_2(ours, _):
    held = []
    for _ in range(1_000):
        connection = connect(ours)
        # A GET of /, its headers out of HPACK's static table.
        request = frame(1, 5, 1, b"\x82\x86\x84\x41\x01a")
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + request)
        assert connection.recv(1)
        held.append(connection)
    yield f"{len(held)} served"


@load("10,000 idle connections", short=False, descriptors=20_000)
def idle(ours, _):
    held = [connect(ours) for _ in range(10_000)]
    for connection in held[::2]:
        with contextlib.suppress(OSError):
            connection.sendall(b"GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n")
    time.sleep(5)
    yield f"{len(held)} held, {ours.resident():.1f} MB"
