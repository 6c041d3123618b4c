"""The stores and the servers: DynamoDB Local, moto's S3, and the program over them or on its own store."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import time

from running import PROGRAM, dynamodb_local, free_port, process, variables

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "target" / "aws"
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]

TABLE, BUCKET = "talelio", "images"

# As in production but for mail without TLS, which it refuses.
DEVELOPMENT = {"ENV": "development", "NO_COLOR": "1"}


def authorization(service):
    """What has the form of a signature, which neither of them checks."""
    credential = f"Credential=local/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"


@contextlib.contextmanager
def dynamodb():
    """The port of an empty DynamoDB Local."""
    fetched = subprocess.run([SCRIPTS / "aws-emulators.sh"], stdout=subprocess.PIPE, text=True, check=True)
    with dynamodb_local(pathlib.Path(fetched.stdout.split("\n")[0])) as port:
        yield port


@contextlib.contextmanager
def s3():
    """The port of an S3 with an empty bucket."""
    if not (TOOLS / "python" / "moto").is_dir():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", TOOLS / "python"]
        subprocess.run([*install, "moto[s3,server]==5.*"], check=True)
    port = free_port()
    environment = {"PYTHONPATH": str(TOOLS / "python"), "PATH": "/usr/bin:/bin"}
    with process([sys.executable, "-m", "moto.server", "--port", port], port, env=environment):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("PUT", f"/{BUCKET}", headers={"Authorization": authorization("s3")})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            sys.exit(f"no bucket: {answer.status}")
        yield port


def on_stores(table, bucket):
    """The variables of a server on a table and a bucket, by their endpoints."""
    return {
        "DYNAMODB_TABLE": TABLE,
        "AWS_ENDPOINT_URL_DYNAMODB": table,
        "S3_BUCKET": BUCKET,
        "AWS_ENDPOINT_URL_S3": bucket,
        "AWS_REGION": "us-east-1",
        # The same for all servers, as it is in what they answer.
        "API_BASE_URL": "http://127.0.0.1:8000",
    }


def create_table(port):
    environment = variables(0, **on_stores(f"http://127.0.0.1:{port}", "http://127.0.0.1:1"))
    subprocess.run([PROGRAM, "create-table"], env=environment, check=True, stdout=subprocess.DEVNULL)


def ask_table(port, operation, question):
    """What DynamoDB itself says."""
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": authorization("dynamodb"),
    }
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/", json.dumps({"TableName": TABLE} | question), headers)
    return json.load(connection.getresponse())


def check(data=":memory:", **more):
    """What `check` prints, and how it ended."""
    ended = subprocess.run([PROGRAM, "check"], env=variables(0, data, **more), capture_output=True, text=True)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


class Program:
    """A server that may be killed and started again. It logs to a file that is kept."""

    def __init__(self, log, data=":memory:", **more):
        self.log, self.data, self.more = pathlib.Path(log), data, more
        self.port, self.started = None, None

    def start(self, served=("/v1/health",), patience=30):
        """Starts it. Returns the seconds until the first 200 of each of these paths."""
        self.port = free_port()
        environment = variables(self.port, self.data, **({"RUST_LOG": "info"} | self.more))
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.started = subprocess.Popen([PROGRAM], env=environment, stdout=log, stderr=log)
        for path in served:
            while not self.serves(path):
                if self.started.poll() is not None or time.monotonic() > begun + patience:
                    sys.exit(f"the server does not serve {path}; see {self.log}")
                time.sleep(0.002)
        return time.monotonic() - begun

    def serves(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self):
        if self.started and self.started.poll() is None:
            self.started.kill()
        if self.started:
            self.started.wait()

    def stop(self):
        if self.started and self.started.poll() is None:
            self.started.terminate()
        if self.started:
            self.started.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
