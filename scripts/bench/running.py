"""Starting what is measured, and talking to it."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import uuid

PROGRAM = pathlib.Path(os.environ.get("PROGRAM", "target/release/talelio-backend")).resolve()

SYLLABLES = "an be ci de en fo ga hu is jo ka le mi no or pre".split()


def text(length):
    """A Markdown text that compresses about as well as a language does, the same at every run:
    a few words are common and many are rare. Its article as JSON is about twice as long, as it
    says everything twice."""
    sample = random.Random(1)
    vocabulary = ["".join(sample.choices(SYLLABLES, k=sample.randint(2, 4))) for _ in range(1_500)]
    words, written = [], 0
    while written < length:
        word = vocabulary[sample.randrange(1_500) * sample.randrange(1_500) // 1_500]
        words.append(word + (".\n\n" if sample.randrange(40) == 0 else " "))
        written += len(words[-1])
    return "## Why\n\n" + "".join(words)


# The site's articles are 13.5 KB as JSON.
ORDINARY = text(6_200)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@contextlib.contextmanager
def process(command, port, **options):
    """A program, once it accepts connections; ended when left."""
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    started = subprocess.Popen([str(part) for part in command], **options)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if started.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{command[0]} does not listen on {port}")
                time.sleep(0.01)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()


# Production has limits, which are not what is measured.
RATES = ["LOGINS", "LOGIN_ATTEMPTS", "REGISTRATIONS", "TOKENS", "MAILS", "UPLOADS"]
UNLIMITED = {f"LIMIT_{name}": "1000000000/second" for name in RATES} | {
    "LOGIN_PAUSE": "0",
    "LOGIN_QUEUE": "64",
    "QUOTA_MAILS": "1000000000",
    "QUOTA_ARTICLES": "1000000000",
    "QUOTA_IMAGE_BYTES": "1000000000000",
}


def variables(port, data=":memory:", **more):
    """The environment of a server as it runs in production, without a line of log for each request."""
    return os.environ | UNLIMITED | {
        "ENV": "production",
        "PORT": str(port),
        "DATA_DIR": str(data),
        "RUST_LOG": "error",
        "SECRET_KEY": "only for this measurement, and gone after it",
    } | more


class Server:
    """A running server, with an account to write with."""

    account = {"email": "ada@example.com", "password": "correct horse", "username": "ada"}

    def __init__(self, port, pid, endpoint=None):
        self.port, self.pid, self.endpoint = port, pid, endpoint
        self.base = f"http://127.0.0.1:{port}"
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.token = None

    def send(self, method, path, document=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        body = json.dumps(document).encode() if document is not None else None
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status >= 400:
            sys.exit(f"{method} {path}: {answer.status} {body}")
        return body, answer.headers

    def log_in(self, register=True):
        if register:
            self.send("POST", "/v1/accounts/register", self.account)
        self.token = json.loads(self.send("POST", "/v1/accounts/login", self.account)[0])["access_token"]

    def publish(self, title, body=ORDINARY):
        return self.send("POST", "/v1/articles", {"title": title, "body": body, "meta_description": "An article"})

    def upload(self, jpeg):
        """The address of a JPEG that is uploaded."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        body = head.encode() + jpeg + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Authorization": f"Bearer {self.token}"}
        self.connection.request("POST", "/v1/assets/images", body, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"upload: {answer.status} {body}")
        return json.loads(body)["image_objects_urls"][0]

    def resident(self):
        """The resident memory, in MB of a million bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1_024 / 1e6


@contextlib.contextmanager
def server(data=":memory:", **more):
    port = free_port()
    with process([PROGRAM], port, env=variables(port, data, **more)) as started:
        yield Server(port, started.pid, more.get("AWS_ENDPOINT_URL_DYNAMODB"))


@contextlib.contextmanager
def dynamodb_local(jar):
    """The port of an empty DynamoDB Local, AWS's own."""
    port = free_port()
    command = ["java", f"-Djava.library.path={jar.parent}/DynamoDBLocal_lib", "-jar", jar, "-inMemory", "-sharedDb"]
    with process([*command, "-port", port], port):
        yield port


POST = pathlib.Path(__file__).with_name("post.lua")


def load(url, concurrency, seconds, posted=()):
    """wrk's command: GET, or POST with `posted`, the arguments of post.lua."""
    command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    command += ["-s", POST, url, "--", *posted] if posted else [url]
    return [str(part) for part in command]


def wrk(url, concurrency, seconds, posted=(), may_reject=False):
    """Requests a second, and the 99th percentile of how long they took, in milliseconds. What
    is rejected does not count."""
    command = load(url, concurrency, seconds, posted)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rejected = int(found.group(1)) if (found := re.search(r"Non-2xx or 3xx responses: (\d+)", said)) else 0
    if (rejected and not may_reject) or "Socket errors" in said:
        sys.exit(f"{url}\n{said}")
    requests = int(re.search(r"(\d+) requests in", said).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)) * (1 - rejected / max(requests, 1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1_000}[unit]


def medians(rounds):
    """Of rates and of percentiles, measured in rounds."""
    return [statistics.median(one[index] for one in rounds) for index in (0, 1)]


@contextlib.contextmanager
def nginx(folder, answers):
    """NGINX with files of these bytes, by name."""
    port = free_port()
    site = pathlib.Path(folder) / "site"
    site.mkdir()
    for name, answer in answers.items():
        (site / name).write_bytes(answer)
    # For POST it has no file, so the file is what it says to that.
    configuration = f"""
        worker_processes auto;
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{ worker_connections 4096; }}
        http {{
          access_log off;
          sendfile on;
          tcp_nopush on;
          open_file_cache max=100 inactive=60s;
          keepalive_requests 1000000000;
          default_type application/json;
          client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
          uwsgi_temp_path {folder}; scgi_temp_path {folder};
          server {{ listen 127.0.0.1:{port}; root {folder}/site; error_page 405 =200 $uri; }}
        }}
        daemon off;
    """
    pathlib.Path(folder, "nginx.conf").write_text(configuration)
    # NGINX gives up being root, and has to reach the files all the same.
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    with process(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], port):
        yield f"http://127.0.0.1:{port}"
