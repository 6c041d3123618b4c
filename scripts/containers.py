#!/usr/bin/env python3
"""Brings the deployment of docker-compose.yml up and looks at it from outside.

Needs the images talel.io-backend and nginx-talelio, and Docker with docker-compose, of either version.
Called by test-containers.sh, which builds them.
"""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

COMPOSE = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
PROJECT = "talelio-test"
HTTP_PORT, HTTPS_PORT = 18080, 18443
ENVIRONMENT = os.environ | {
    "COMPOSE_PROJECT_NAME": PROJECT,
    "SUBNET": "10.123.46",
    "HTTP_PORT": str(HTTP_PORT),
    "HTTPS_PORT": str(HTTPS_PORT),
    "API_BASE_URL": f"http://127.0.0.1:{HTTP_PORT}",
    "LIMITS": "off",
    "CERTIFICATE_SECONDS": "1",
}
ENVELOPE = {"status", "type", "message"}
PIXEL = base64.b64decode("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=")


def run(*command, check=True, variables=None, **options):
    environment = ENVIRONMENT | (variables or {})
    done = subprocess.run(command, capture_output=True, text=True, env=environment, **options)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout.strip()


def compose(*arguments, **options):
    return run(*COMPOSE, *arguments, **options)


def container(service):
    return compose("ps", "-q", service)


class Api:
    """The API as a client sees it. A connection for each request, as clients come and go."""

    def __init__(self, context=None):
        self.context = context

    def send(self, method, path, body=None, token=None, headers=None, timeout=10):
        if self.context:
            connection = http.client.HTTPSConnection("localhost", HTTPS_PORT, timeout=timeout, context=self.context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=timeout)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            headers["content-type"] = "application/json"
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, expected, *arguments, **options):
        status, _, body = self.send(*arguments, **options)
        assert status == expected, (arguments, status, body)
        return json.loads(body)


def step(name):
    print(f"== {name}", flush=True)


def check_the_image():
    step("the image is small, runs as nobody and holds no secret")
    backend = json.loads(run("docker", "image", "inspect", "talel.io-backend"))[0]
    base = json.loads(run("docker", "image", "inspect", "gcr.io/distroless/cc-debian12:nonroot"))[0]
    added = (backend["Size"] - base["Size"]) / 1e6
    print(f"   {added:.1f} MB beyond its base")
    # Of a program that is read from a registry at every cold start.
    assert added <= 34
    assert backend["Config"]["User"] == "65532:65532"
    assert backend["Config"]["Healthcheck"]
    assert not any("SECRET" in variable or "PASS" in variable for variable in backend["Config"]["Env"])
    assert backend["Config"]["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def check_lambda():
    step("the image is a Lambda function")
    emulator = run("docker", "create", "public.ecr.aws/lambda/provided:al2023", "x")
    run("docker", "cp", f"{emulator}:/usr/local/bin/aws-lambda-rie", "/tmp/aws-lambda-rie")
    run("docker", "rm", emulator)
    name = f"{PROJECT}-lambda"
    run(
        "docker", "run", "--detach", "--name", name, "--publish", "127.0.0.1:19000:8080",
        "--volume", "/tmp/aws-lambda-rie:/aws-lambda-rie:ro", "--entrypoint", "/aws-lambda-rie",
        "talel.io-backend", "/usr/local/bin/talelio-backend",
    )
    try:
        event = {
            "version": "2.0", "rawPath": "/v1/health", "rawQueryString": "", "headers": {}, "isBase64Encoded": False,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "a", "domainPrefix": "a", "requestId": "r",
                "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1,
                "http": {"method": "GET", "path": "/v1/health", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
            },
        }
        for _ in range(50):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", 19000, timeout=10)
                connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
                answer = json.loads(connection.getresponse().read())
                break
            except (ConnectionError, http.client.HTTPException):
                time.sleep(0.2)
        assert (answer["statusCode"], answer["body"]) == (200, "👍"), answer
    finally:
        run("docker", "rm", "--force", name)


def main_flow(api):
    step("the main flow")
    health = api.send("GET", "/v1/health")
    assert health[0] == 200 and health[2].decode() == "👍", health
    account = {"email": "ada@example.com", "password": "correct horse", "username": "ada"}
    api.json(201, "POST", "/v1/accounts/register", account)
    link = re.findall(r"/v1/accounts/verify/[\w.-]+", compose("logs", "--no-color", "backend"))[-1]
    assert api.json(200, "GET", link)["account"]["verified"]
    token = api.json(200, "POST", "/v1/accounts/login", account)["access_token"]
    article = {"title": "Hello", "body": "# Hello\n\n*world*", "meta_description": "x"}
    api.json(201, "POST", "/v1/articles", article, token)
    assert "<em>world</em>" in api.json(200, "GET", "/v1/articles/hello")["article"]["html"]
    form = b"--b\r\nContent-Disposition: form-data; name=i; filename=dot.gif\r\n\r\n" + PIXEL + b"\r\n--b--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    url = api.json(200, "POST", "/v1/assets/images", form, token, kind)["image_objects_urls"][0]
    status, headers, body = api.send("GET", url.removeprefix(ENVIRONMENT["API_BASE_URL"]))
    assert status == 200 and headers["content-type"] == "image/gif" and "immutable" in headers["cache-control"]
    first, second = (api.send("GET", "/v1/articles/hello")[1]["x-cache"] for _ in range(2))
    assert second == "HIT", (first, second)
    status, headers, _ = api.send("GET", "/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert (status, headers.get("content-encoding")) == (200, "gzip")
    return token


def check_the_containers():
    step("file systems are read-only, nobody is root in the backend")
    for service in ("backend", "nginx"):
        details = json.loads(run("docker", "inspect", container(service)))[0]
        assert details["HostConfig"]["ReadonlyRootfs"], service
        assert details["HostConfig"]["Memory"] <= 256 << 20, service
        assert details["State"]["Health"]["Status"] == "healthy", service
    assert run("docker", "inspect", "--format", "{{.Config.User}}", container("backend")) == "65532:65532"


def measure_memory(api):
    step("memory after 1,000 requests")
    for number in range(1_000):
        status, _, _ = api.send("GET", ["/v1/articles/hello", "/v1/users/ada/articles", "/v1/health"][number % 3])
        assert status == 200
    total = 0.0
    for service in ("backend", "nginx"):
        usage = run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container(service)).split("/")[0]
        number, unit = re.match(r"([\d.]+)(\w+)", usage).groups()
        megabytes = float(number) * {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[unit] * 1.048576
        print(f"   {service}: {megabytes:.1f} MB")
        total += megabytes
    assert total < 100


def kill_under_load(api, token):
    step("nothing acknowledged is lost while containers die, and NGINX answers in the envelope")
    acknowledged, rejected, broken, stop = [], [], [], threading.Event()

    def publish():
        while not stop.is_set():
            article = {"title": "Load", "body": "x", "meta_description": "x"}
            try:
                status, headers, body = api.send("POST", "/v1/articles", article, token)
            except (OSError, http.client.HTTPException) as error:
                broken.append(error)
                time.sleep(0.05)
                continue
            if status == 201:
                acknowledged.append(json.loads(body)["article"]["slug"])
            else:
                assert set(json.loads(body)["error"]) == ENVELOPE, body
                rejected.append(status)
                time.sleep(0.02)

    writers = [threading.Thread(target=publish) for _ in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(2)
    run("docker", "kill", container("backend"))
    wait_until_healthy_again("backend")
    time.sleep(1)
    compose("up", "--detach", "--force-recreate", "--no-deps", "backend")
    wait_until_healthy_again("backend")
    by_backend = len(broken)
    compose("restart", "nginx")
    wait_until_healthy_again("nginx")
    time.sleep(2)
    stop.set()
    for writer in writers:
        writer.join()
    print(f"   {len(acknowledged)} acknowledged, {len(rejected)} rejected, {len(broken)} broken off")
    assert acknowledged and rejected and set(rejected) <= {500, 502, 503, 504}, set(rejected)
    assert by_backend == 0, "NGINX let a client down while the backend was away"
    missing = [slug for slug in acknowledged if api.send("GET", f"/v1/articles/{slug}")[0] != 200]
    assert not missing, missing
    assert len(set(acknowledged)) == len(acknowledged)


def wait_until_healthy_again(service):
    # `kill` is not followed by a restart: whoever killed it meant it.
    if run("docker", "inspect", "--format", "{{.State.Running}}", container(service)) != "true":
        compose("start", service)
    for _ in range(120):
        state = run("docker", "inspect", "--format", "{{.State.Health.Status}}", container(service))
        if state == "healthy":
            return
        time.sleep(0.5)
    sys.exit(f"{service} did not become healthy:\n{compose('logs', service)}")


def check_tls(certificates):
    step("HTTPS: a certificate of our own at first, then the one that certbot writes")
    compose("up", "--detach", "nginx", variables={"TLS": "on"})
    wait_until_healthy_again("nginx")
    anything = ssl._create_unverified_context()
    assert Api(anything).send("GET", "/v1/health")[0] == 200
    status, headers, _ = Api().send("GET", "/v1/articles/hello?x=1")
    assert (status, headers["location"]) == (308, "https://localhost/v1/articles/hello?x=1")

    # What certbot does, without a certificate authority on the internet: it puts a
    # challenge where NGINX serves it, and then a certificate where NGINX looks for it.
    for volume, source, target in (
        ("challenges", f"{certificates}/challenge", "/.well-known/acme-challenge"),
        ("certificates", f"{certificates}/live", "/live"),
    ):
        run(
            "docker", "run", "--rm", "--volume", f"{PROJECT}_{volume}:/volume", "--volume", f"{source}:/source:ro",
            "--entrypoint", "/bin/sh", "certbot/certbot:v5.1.0", "-c",
            f"mkdir -p /volume{target} && cp -r /source/. /volume{target}",
        )
    status, _, body = Api().send("GET", "/.well-known/acme-challenge/token")
    assert (status, body.strip()) == (200, b"challenge"), (status, body)
    trusted = ssl.create_default_context(cafile=f"{certificates}/ca.pem")
    api = Api(trusted)
    for _ in range(30):
        try:
            status, headers, _ = api.send("GET", "/v1/health")
            break
        except ssl.SSLError:
            time.sleep(0.5)
    assert status == 200 and headers["strict-transport-security"].startswith("max-age=31536000"), headers
    assert "a new certificate is in use" in compose("logs", "--no-color", "nginx")
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("localhost", HTTPS_PORT)) as plain:
        with trusted.wrap_socket(plain, server_hostname="localhost") as connection:
            assert connection.selected_alpn_protocol() == "h2"
    trusted.set_alpn_protocols(["http/1.1"])
    account = {"email": "ada@example.com", "password": "correct horse"}
    token = api.json(200, "POST", "/v1/accounts/login", account)["access_token"]
    api.json(201, "POST", "/v1/projects", {"title": "x", "body": "x"}, token)


def check_rate_limits():
    step("logging in is limited by the client's address, whatever it says of itself")
    compose("up", "--detach", "--no-deps", "backend", variables={"LIMITS": "on"})
    wait_until_healthy_again("backend")
    statuses = []
    for number in range(40):
        account = {"email": f"u{number}@example.com", "password": "wrong"}
        elsewhere = {"X-Forwarded-For": f"192.0.2.{number}"}
        statuses.append(Api().send("POST", "/v1/accounts/login", account, headers=elsewhere)[0])
    assert statuses.count(401) in range(30, 36) and statuses[-1] == 429, statuses


def main():
    certificates = sys.argv[1]
    check_the_image()
    check_lambda()
    compose("down", "--volumes", "--remove-orphans")
    try:
        compose("up", "--detach")
        wait_until_healthy_again("nginx")
        api = Api()
        token = main_flow(api)
        check_the_containers()
        measure_memory(api)
        kill_under_load(api, token)
        check_rate_limits()
        check_tls(certificates)
    except BaseException:
        print(compose("logs", "--no-color", "--tail", "30", check=False))
        raise
    finally:
        compose("down", "--volumes", "--remove-orphans", check=False)
    print("The deployment does what it should.")


main()
