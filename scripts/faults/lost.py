"""Each write with the reply of one of its requests lost, and what comes after it refused."""

import collections
import contextlib
import itertools
import pathlib
import re
import time

import clients
import meanwhile
import model
import stores
from clients import ACKNOWLEDGED, NOT, REFUSED, UNKNOWN, Write
from proxies import FORWARD, WRITES, Proxy

SEQUENCES = {
    "lost, throttled x 3": ["lost", "throttled", "throttled", "throttled"],
    "500 after it was done, throttled x 3": ["broken after", "throttled", "throttled", "throttled"],
    "lost, reset x 3": ["lost", "reset", "reset", "reset"],
}
# Each takes as long as the program tries to find out what came of a write, so they begin with a write only.
LONG_SEQUENCES = {
    "lost, then throttled for long": ["lost"] + ["throttled"] * 400,
    "500 after it was done, then throttled for long": ["broken after"] + ["throttled"] * 400,
    "lost, done again with 500 after": ["lost", "broken after", "lost", "broken after"],
}


class Part:
    """One server behind a proxy, and one that reads what there is behind the first one's back."""

    def __init__(self, program, reader, proxy, bucket, outbox):
        self.program, self.reader, self.outbox = program, reader, outbox
        # Before the table, and before the bucket.
        self.proxy, self.bucket = proxy, bucket
        self.username = None
        self.files = itertools.count(1)

    def prepare(self):
        """An account of its own, that has logged in and has an image."""
        registered = clients.registration()
        self.run(registered)
        self.username = registered.mark
        self.token = self.log_in()

    def run(self, write):
        problems = clients.perform(write, [self.reader.port], itertools.repeat(0))
        assert write.outcome == ACKNOWLEDGED, problems or write
        return write

    def log_in(self):
        return self.run(clients.log_in(self.username)).answer.json["access_token"]

    def link(self):
        """The path that verifies the account, out of its mail."""
        for file in self.outbox.glob("*.eml"):
            text = file.read_text()
            if f"To: {self.username}@" in text:
                return re.search(r"(/v1/accounts/verify/\S+)", text).group(1)
        return None

    # Each makes a write, and says how often what it writes is there.

    def publish(self, keyed):
        write = clients.publication(self.username, self.token, "A title", keyed)
        return write, lambda: self.copies(write)

    def project(self, keyed):
        write = clients.project(self.username, self.token, keyed)
        return write, lambda: self.copies(write)

    def upload(self, keyed):
        write = clients.upload(self.username, self.token, next(self.files), keyed)
        return write, lambda: self.copies(write)

    def register(self, keyed):
        write = clients.registration(keyed)
        return write, lambda: int(model.token_for([self.reader.port], write.mark)[0] is not None)

    def remove(self, _):
        uploaded = self.run(clients.upload(self.username, self.token, next(self.files)))
        model.note_file(uploaded)
        write = clients.removal(self.username, self.token, uploaded.about["file"])
        # How often it is gone.
        return write, lambda: 1 - self.copies(uploaded)

    def log_out(self, _):
        self.log_in()
        session = self.run(clients.log_in(self.username))
        cookie = session.answer.headers["set-cookie"].split(";")[0]
        headers = clients.authorization(self.token)
        write = Write("log out", "POST", "/v1/accounts/logout", None, headers, mark=self.username)

        def gone():
            renewed = clients.send(self.reader.port, "POST", "/v1/accounts/token", None, {"Cookie": cookie})
            return int(renewed.status == 401)

        return write, gone

    def verify(self, _):
        # Mail that is written to a file is there a moment later.
        self.prepare()
        for _ in range(500):
            if path := self.link():
                break
            time.sleep(0.02)
        write = Write("verify", "GET", path, mark=self.username)

        def verified():
            # No route says so without changing it.
            key = {"pk": {"S": f"ACCOUNT#{self.username}@example.com"}, "sk": {"S": "ACCOUNT"}}
            item = stores.ask_table(self.proxy.upstream, "GetItem", {"Key": key, "ConsistentRead": True})["Item"]
            return int(item["verified"]["BOOL"])

        return write, verified

    def log_in_again(self, _):
        write = clients.log_in(self.username)
        write.repeatable = False
        return write, lambda: None

    def copies(self, write):
        stored = model.Stored(self.reader.port, self.username, self.token)
        return len(stored.copies(write.kind, write.mark))


OPERATIONS = {
    "publish": (Part.publish, True),
    "project": (Part.project, True),
    "upload": (Part.upload, True),
    "register": (Part.register, True),
    "remove": (Part.remove, False),
    "log out": (Part.log_out, False),
    "verify": (Part.verify, False),
    "log in": (Part.log_in_again, False),
}


def asked(part, operation, keyed):
    """Which requests to the table an operation takes when nothing fails: whether each writes."""
    write, _ = operation(part, keyed)
    part.proxy.seen.clear()
    write.attempt([part.program.port], 0)
    return [name in WRITES for name, _ in part.proxy.seen]


def one(part, operation, keyed, position, sequence):
    """One write, whose request at `position` and those after it meet `sequence`. Returns what was
    said, and what is wrong."""
    write, count = operation(part, keyed)
    part.proxy.play(*[FORWARD] * position, *sequence)
    outcome = write.attempt([part.program.port], 0)
    part.proxy.play()
    part.proxy.settle()
    if outcome is None:
        return "nonsense", [f"an answer that there should not be: {write}"]
    first = count()
    wrong = []
    if (outcome, first) in [(ACKNOWLEDGED, 0), (NOT, 1)] or outcome == REFUSED or (first or 0) > 1:
        wrong.append(f"answered as {outcome}, and there {first} times: {write}")
    if outcome != ACKNOWLEDGED and (keyed or outcome == NOT):
        # An obedient client comes again, when nothing fails any more.
        time.sleep(0.6)
        problems = clients.perform(write, [part.program.port], itertools.repeat(0))
        if write.outcome != ACKNOWLEDGED and not wrong:
            wrong += problems or [f"not answered: {write}"]
        if (copies := count()) not in (1, None):
            wrong.append(f"there {copies} times after it was sent again: {write}")
    if keyed and outcome == ACKNOWLEDGED:
        before = write.answer
        write.attempt([part.reader.port], 0)
        if (write.answer.status, write.answer.body) != (before.status, before.body):
            wrong.append(f"another answer to the same key: {before.body[:300]} and {write.answer.body[:300]}: {write}")
    return outcome, wrong


def cases(requests, name, keyed, options):
    for position, writes in enumerate(requests):
        long = writes and (not options.short or (name == "publish" and not keyed))
        for sequence in (SEQUENCES | LONG_SEQUENCES if long else SEQUENCES).items():
            yield position, sequence


def lost(folder, options):
    """Returns what is wrong."""
    said, wrong = collections.Counter(), []
    with contextlib.ExitStack() as stack:
        port, bucket = stack.enter_context(stores.dynamodb()), stack.enter_context(stores.s3())
        stores.create_table(port)
        proxy = Proxy("dynamodb", port)
        direct = stores.on_stores(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bucket}")
        more = direct | stores.DEVELOPMENT | {"CACHE_TTL": "0"}
        outbox = pathlib.Path(folder, "outbox")
        slow = Proxy("s3", bucket)
        through = more | {"AWS_ENDPOINT_URL_DYNAMODB": proxy.endpoint, "AWS_ENDPOINT_URL_S3": slow.endpoint}
        program = stack.enter_context(stores.Program(f"{folder}/lost.log", folder, **through))
        program.start()
        reader = stack.enter_context(stores.Program(f"{folder}/lost-reader.log", folder, **more))
        reader.start()
        part = Part(program, reader, proxy, slow, outbox)
        for name, (operation, may_be_keyed) in OPERATIONS.items():
            part.prepare()
            for keyed in (False, True) if may_be_keyed else (False,):
                requests = asked(part, operation, keyed)
                for position, (title, sequence) in cases(requests, name, keyed, options):
                    outcome, problems = one(part, operation, keyed, position, sequence)
                    said[outcome] += 1
                    what = f"{name} with a key" if keyed else name
                    where = f"request {position + 1} of {len(requests)} of {what}: {title}"
                    wrong += [f"lost reply: {where}: {problem}" for problem in problems]
                    if options.verbose:
                        print(f"  {where}: {outcome}", flush=True)
        for case in (meanwhile.another_project, meanwhile.verified_meanwhile, meanwhile.removed_meanwhile):
            wrong += [f"lost reply: {case.__doc__} {problem}" for problem in case(part)]
        program.stop()
        reader.stop()
        if not options.short:
            wrong += [f"lost reply: {problem}" for problem in meanwhile.table_away(folder, proxy, direct)]
        checked = stores.check(**direct)
        if checked[0]:
            wrong.append(f"lost reply: check: {checked[1]}")
    outcomes = ", ".join(f"{said[outcome]} {outcome}" for outcome in (ACKNOWLEDGED, NOT, UNKNOWN, REFUSED))
    print(f"lost reply   {sum(said.values())} writes: {outcomes}; {len(wrong)} wrong", flush=True)
    return wrong
