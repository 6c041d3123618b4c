"""The way to a store, which can be bad: a proxy for DynamoDB and S3 that lets single requests fail.

A request whose client has gone is done all the same, as a network does it.
"""

import asyncio
import collections
import contextlib
import dataclasses
import random
import threading
import time

LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


def run(coroutine, patience=60):
    """Runs a coroutine among the proxies, and waits for it."""
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result(patience)


async def listen(serve, port=None):
    """A listening server on a port that the system gives to nobody who connects somewhere: it is the
    same one after an outage."""
    while True:
        try:
            chosen = port or random.randrange(15_000, 30_000)
            return await asyncio.start_server(serve, "127.0.0.1", chosen, limit=1 << 20), chosen
        except OSError:
            if port:
                raise


@dataclasses.dataclass(frozen=True)
class Fault:
    """What becomes of a request.

    forward: it is answered, perhaps late.   reset: it does not get there, and the connection breaks.
    lost: it is done, and the connection breaks.   broken: the store says 500, and has not done it.
    broken after: it says 500, and has.   throttled, unavailable: it refuses.
    silent: nothing ever comes of it, and the connection breaks late.
    """

    kind: str
    seconds: float = 0


FORWARD = Fault("forward")

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "PUT", "DELETE")


@dataclasses.dataclass
class Request:
    method: str
    path: str
    head: bytes
    body: bytes
    # DynamoDB's name of what is asked for, such as PutItem; for S3 the method.
    operation: str

    @property
    def of_job(self):
        """Whether it comes from a job, which nobody waits for."""
        return b"JOB#" in self.body or (b"OUTBOX" in self.body and b"ACCOUNT#" not in self.body)

    @property
    def writes(self):
        return self.operation in WRITES


def refusal(store, status, code):
    if store == "dynamodb":
        kind = "application/x-amz-json-1.0"
        body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"injected"}}'
    else:
        kind = "application/xml"
        body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>injected</Message></Error>'
    head = f"HTTP/1.1 {status} Injected\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


REFUSALS = {
    "dynamodb": {
        "throttled": refusal("dynamodb", 400, "ProvisionedThroughputExceededException"),
        "broken": refusal("dynamodb", 500, "InternalServerError"),
        "broken after": refusal("dynamodb", 500, "InternalServerError"),
        "unavailable": refusal("dynamodb", 503, "ServiceUnavailable"),
    },
    "s3": {
        "throttled": refusal("s3", 503, "SlowDown"),
        "broken": refusal("s3", 500, "InternalError"),
        "broken after": refusal("s3", 500, "InternalError"),
        "unavailable": refusal("s3", 503, "ServiceUnavailable"),
    },
}


async def read_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in lines[1:] if line]
    return head, lines[0], {name.lower(): value.strip() for name, _, value in fields}


async def read_chunks(reader):
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def read_request(reader):
    head, line, headers = await read_head(reader)
    if "chunked" in headers.get("transfer-encoding", ""):
        raise OSError("a store is not sent chunks")
    if headers.get("expect"):
        raise OSError("a store is not asked first")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = line.split(" ")
    operation = headers.get("x-amz-target", method).rpartition(".")[2]
    return Request(method, path, head, body, operation)


class Proxy:
    """Before a store. How requests fail, in this order: `state`, an outage as a whole; `script`, what
    becomes of the next requests; `choose`, a function of a request."""

    def __init__(self, store, upstream):
        self.store, self.upstream = store, upstream
        self.state = "forwards"
        self.script = collections.deque()
        # Of which requests the script is; the others are left alone.
        self.scripted = lambda request: not request.of_job
        self.choose = lambda request: FORWARD
        self.counts = collections.Counter()
        self.under_way = 0
        # The last requests, for whoever wants to know what was asked.
        self.seen = collections.deque(maxlen=200)
        self.connections = set()
        self.server, self.port = run(listen(self.serve))
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def behave(self, state):
        """`forwards`, `refuses` connections, `hangs`, `resets` them, or `fails` with 500. What else there
        is, `choose` knows."""
        run(self.change(state))

    async def change(self, state):
        before, self.state = self.state, state
        if state == "refuses":
            self.server.close()
        if state in ("refuses", "resets"):
            for writer in list(self.connections):
                writer.transport.abort()
        if before == "refuses" and state != "refuses":
            self.server, _ = await listen(self.serve, self.port)

    def play(self, *faults):
        """The next requests meet these."""
        self.script.clear()
        self.script.extend(Fault(fault) if isinstance(fault, str) else fault for fault in faults)

    def clear(self):
        self.behave("forwards")
        self.script.clear()
        self.choose = lambda request: FORWARD

    def settle(self, patience=30):
        """Returns once nothing is under way."""
        until = time.monotonic() + patience
        while self.under_way and time.monotonic() < until:
            time.sleep(0.02)

    def fault(self, request):
        if self.state == "fails":
            return Fault("broken")
        if self.state in ("resets", "refuses"):
            return Fault("reset")
        if self.script and self.scripted(request):
            return self.script.popleft()
        return self.choose(request)

    async def serve(self, reader, writer):
        self.connections.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                request = await read_request(reader)
                self.under_way += 1
                try:
                    answer = await self.answer(request)
                finally:
                    self.under_way -= 1
                if answer is None:
                    writer.transport.abort()
                    break
                writer.write(answer)
                await writer.drain()
        self.connections.discard(writer)
        writer.close()

    async def answer(self, request):
        """The bytes of an answer; none if the connection breaks."""
        if self.state == "hangs":
            while self.state == "hangs":
                await asyncio.sleep(0.02)
            return None
        fault = self.fault(request)
        self.counts[fault.kind if fault != FORWARD else "answered"] += 1
        if not request.of_job:
            self.seen.append((request.operation, fault.kind))
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        refused = REFUSALS[self.store].get(fault.kind)
        if fault.kind in ("forward", "lost", "broken after"):
            answered = await self.forward(request)
            return None if fault.kind == "lost" else refused or answered
        return refused

    async def forward(self, request):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 20)
        try:
            # A connection for each request: nobody has to guess whether an old one is still good.
            line, _, rest = request.head.partition(b"\r\n")
            kept = [field for field in rest.split(b"\r\n") if not field.lower().startswith(b"connection:")]
            head = b"\r\n".join([line, b"Connection: close", *kept])
            writer.write(head + request.body)
            await writer.drain()
            head, line, headers = await read_head(reader)
            if request.method == "HEAD" or line.split(" ")[1] in ("204", "304"):
                body = b""
            elif "chunked" in headers.get("transfer-encoding", ""):
                body = await read_chunks(reader)
                headers["content-length"] = str(len(body))
            elif "content-length" in headers:
                body = await reader.readexactly(int(headers["content-length"]))
            else:
                body = await reader.read()
                headers["content-length"] = str(len(body))
            left_out = ("connection", "transfer-encoding", "keep-alive")
            fields = [f"{name}: {value}" for name, value in headers.items() if name not in left_out]
            return "\r\n".join([line.replace("HTTP/1.0", "HTTP/1.1"), *fields, "", ""]).encode("latin-1") + body
        finally:
            writer.close()
