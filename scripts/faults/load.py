"""Clients that write and read at two servers while everything behind these fails."""

import collections
import contextlib
import itertools
import random
import threading
import time

import clients
import smtp
import stores
from clients import ACKNOWLEDGED, NOT, UNKNOWN, send
from model import Model, image_path, note_file
from proxies import FORWARD, Fault, Proxy

CLIENTS = 8

# For how long a server may not see what another has changed.
CACHE_TTL = 2

# In their share of all requests to a store; a kind, and between which seconds it waits.
CHANCES = [
    (0.03, "forward", (0.05, 0.4)),
    (0.007, "forward", (1, 6)),
    (0.015, "reset", None),
    (0.02, "lost", None),
    (0.03, "throttled", None),
    (0.01, "broken", None),
    (0.01, "broken after", None),
    (0.01, "unavailable", None),
    (0.005, "silent", (1, 5)),
]

# How much likelier they are in a storm.
STORM = 5

# In which share of the writes to the table nobody can say for so many seconds whether they were done: longer
# than a server asks.
DOUBTFUL, DOUBT_SECONDS = 0.006, 12

SEQUENCES = [
    ["lost", "throttled", "throttled", "throttled"],
    ["broken after", "throttled", "throttled", "reset"],
    ["lost", "reset", "lost", "broken"],
    ["lost"] * 4,
    ["broken after"] * 4,
    ["throttled"] * 12,
]


def chooser(sample, proxy):
    """What becomes of a request to a store, by chance."""
    doubtful = {}

    def choose(request):
        now, asked = time.monotonic(), hash(request.body)
        if doubtful.get(asked, 0) > now:
            return Fault("throttled")
        if proxy.store == "dynamodb" and request.writes and sample.random() < DOUBTFUL:
            doubtful[asked] = now + DOUBT_SECONDS
            return Fault(sample.choice(["lost", "broken after"]))
        if sample.random() < (0.02 if request.writes else 0.002):
            proxy.play(*sample.choice(SEQUENCES))
            return proxy.script.popleft()
        drawn = sample.random() / (STORM if proxy.state == "storms" else 1)
        for chance, kind, between in CHANCES:
            drawn -= chance
            if drawn < 0:
                return Fault(kind, sample.uniform(*between) if between else 0)
        return FORWARD

    return choose


class World:
    """What all clients know."""

    def __init__(self, ports, until):
        self.ports, self.until = ports, until
        self.model = Model()
        self.lock = threading.Lock()
        self.users = []
        self.acknowledged = collections.defaultdict(list)
        self.renditions = {}
        self.reads = collections.Counter()
        self.wrong = collections.defaultdict(list)

    def report(self, what, problem):
        with self.lock:
            self.wrong[what].append(problem)

    def choose(self, sample, kind):
        with self.lock:
            found = self.acknowledged[kind]
            return sample.choice(found) if found else None

    def of(self, kind, username):
        with self.lock:
            return [write for write in self.acknowledged[kind] if write.user == username]


class Client(threading.Thread):
    def __init__(self, world, seed):
        super().__init__(daemon=True)
        self.world, self.sample = world, random.Random(seed)

    def run(self):
        try:
            self.begin()
            while time.monotonic() < self.world.until:
                writes = [self.register, self.publish, self.project, self.upload, self.remove]
                self.sample.choices([*writes, self.again, self.read], [6, 20, 15, 12, 5, 5, 37])[0]()
        except Exception as error:
            self.world.report("tests", f"a client ended: {error!r}")
            raise

    def begin(self):
        while not self.world.users and time.monotonic() < self.world.until:
            self.register()

    def keyed(self):
        return self.sample.random() < 0.5

    def write(self, write, gives_up=None):
        """Makes a write as an obedient client. True if it was acknowledged."""
        gives_up = self.sample.random() < 0.3 if gives_up is None else gives_up
        servers = itertools.cycle(self.sample.sample(range(len(self.world.ports)), len(self.world.ports)))
        if self.sample.random() < 0.15:
            # Whoever does not wait for the answer may send it again while the first is under way.
            write.patience = self.sample.uniform(0.01, 1.5)
        if write.kind != "log in":
            self.world.model.add(write)
        for problem in clients.perform(write, self.world.ports, servers, gives_up=gives_up):
            self.world.report("contradictions", problem)
        note_file(write)
        if write.outcome == ACKNOWLEDGED and write.kind != "log in":
            with self.world.lock:
                self.world.acknowledged[write.kind].append(write)
        return write.outcome == ACKNOWLEDGED

    def author(self):
        with self.world.lock:
            return self.sample.choice(self.world.users)

    def register(self):
        registered = clients.registration(self.keyed())
        if not self.write(registered):
            return
        session = clients.log_in(registered.mark)
        if self.write(session, gives_up=False):
            with self.world.lock:
                self.world.users.append((registered.mark, session.answer.json["access_token"]))

    def publish(self):
        title = self.sample.choice(["A title", "A title 2", "Another title", "Ärenden", "On engines"])
        self.write(clients.publication(*self.author(), title, self.keyed()))

    def project(self):
        self.write(clients.project(*self.author(), self.keyed()))

    def upload(self):
        self.write(clients.upload(*self.author(), self.sample.random(), self.keyed()))

    def remove(self):
        uploaded = self.world.choose(self.sample, "upload")
        with self.world.lock:
            if not uploaded or "removing" in uploaded.about:
                return
            uploaded.about["removing"] = True
            token = next(token for username, token in self.world.users if username == uploaded.user)
        removal = clients.removal(uploaded.user, token, uploaded.about["file"])
        if self.write(removal):
            uploaded.about["removed"] = time.monotonic()

    def again(self):
        """Sends a request again that was done, under its key or with another body."""
        write = self.world.choose(self.sample, self.sample.choice(["register", "publish", "project", "upload"]))
        if not write or not write.key:
            return
        server = self.sample.randrange(len(self.world.ports))
        other = write.kind in ("publish", "project") and self.sample.random() < 0.3
        body = write.body.replace(b"nothing", b"something").replace(b"an *", b"no *") if other else write.body
        headers = write.headers | {"Idempotency-Key": write.key}
        answer = send(self.world.ports[server], write.method, write.path, body, headers)
        self.world.reads["again"] += 1
        if answer.status == 503:
            return
        if other and answer.status != 422:
            self.world.report("contradictions", f"another body under a used key: server {server}: {answer}: {write}")
        elif not other and (answer.status, answer.body) != (write.answer.status, write.answer.body):
            said = f"server {server}: {answer} {answer.body[:300]}, first {write.answer.body[:300]}"
            self.world.report("contradictions", f"another answer to the same key: {said}: {write}")

    # Reads.

    def ask(self, path, headers=None):
        """A server and its answer, unless that is one that a bad store explains."""
        server = self.sample.randrange(len(self.world.ports))
        answer = send(self.world.ports[server], "GET", path, None, headers)
        self.world.reads[answer.status] += 1
        if answer.status == 0 or (answer.status >= 500 and not (answer.status == 503 and answer.pause)):
            self.world.report("contradictions", f"GET {path} at server {server}: {answer}")
        if answer.stale:
            self.world.reads["stale"] += 1
        return server, answer

    def read(self):
        self.sample.choice([self.read_article, self.read_list, self.read_images, self.show])()

    def read_article(self):
        if not (write := self.world.choose(self.sample, "publish")):
            return
        slug = write.answer.json["article"]["slug"]
        server, answer = self.ask(f"/v1/articles/{slug}")
        if answer.status == 404 and visible(write, server, answer):
            self.world.report("contradictions", f"404 at server {server} {since(write, answer)}: {answer}: {write}")
        elif answer.status == 200 and answer.json["article"] != write.answer.json["article"]:
            self.world.report("contradictions", f"another article at server {server}: {answer.body[:300]}: {write}")
        elif answer.status not in (200, 404, 503):
            self.world.report("contradictions", f"GET of {slug} at server {server}: {answer}")

    def read_list(self):
        username, _ = self.author()
        kind = self.sample.choice(["publish", "project"])
        name = "articles" if kind == "publish" else "projects"
        expected = self.world.of(kind, username)
        server, answer = self.ask(f"/v1/users/{username}/{name}?limit=100")
        if answer.status != 200:
            return
        items = answer.json.get("articles", []) if kind == "publish" else answer.json
        ids = [item["id"] for item in items]
        if len(ids) != len(set(ids)):
            self.world.report("contradictions", f"{name} of {username} at server {server}: an item twice: {ids}")
        if not answer.stale and len(ids) < 100:
            for write in expected:
                made = write.answer.json.get("article", write.answer.json)
                if made["id"] not in ids and visible(write, server, answer):
                    where = f"not among the {name} of {username} at server {server} {since(write, answer)}"
                    self.world.report("contradictions", f"{where}: {answer}: {write}")

    def read_images(self):
        username, token = self.author()
        expected = self.world.of("upload", username)
        gone = [write for write in expected if "removed" in write.about]
        server, answer = self.ask("/v1/users/me/images?limit=100", clients.authorization(token))
        if answer.status != 200:
            return
        files = [image["file"] for image in answer.json["images"]]
        for write in expected:
            there = write.about["file"] in files
            if there and write in gone:
                self.world.report("contradictions", f"still listed at server {server}: {answer}: {write}")
            if not there and len(files) < 100 and "removing" not in write.about:
                self.world.report("contradictions", f"not listed at server {server}: {answer}: {write}")

    def show(self):
        if not (write := self.world.choose(self.sample, "upload")):
            return
        gone = "removed" in write.about
        width = self.sample.choice([None, 320])
        path = image_path(write.user, write.about["file"], width)
        server, answer = self.ask(path)
        if answer.status == 404 and "removing" not in write.about:
            self.world.report("contradictions", f"GET {path} at server {server}: {answer}: {write}")
        if answer.status == 200 and gone:
            self.world.report("contradictions", f"GET {path} of a removed image at server {server}: {answer}")
        if answer.status == 200:
            with self.world.lock:
                expected = self.world.renditions.setdefault(path, answer.body) if width else write.about["bytes"]
            if answer.body != expected:
                self.world.report("contradictions", f"GET {path} at server {server}: other bytes: {answer}")


def visible(write, server, answer):
    """Whether a server has to know of a write when it was asked for this answer."""
    if answer.stale:
        return False
    return answer.began > write.answer.ended + (0 if server == write.server else CACHE_TTL)


def since(write, answer):
    return f"{answer.began - write.answer.ended:.2f} s after server {write.server} acknowledged it"


STATES = ["refuses", "hangs", "resets", "fails", "storms", "storms"]


def outages(sample, proxies, until):
    """Takes stores away, or makes them worse, for one server or for both, until it is time. Returns how
    often."""
    count = 0
    while time.monotonic() < until:
        time.sleep(min(sample.uniform(1, 5), max(until - time.monotonic(), 0)))
        pair, state = sample.choice(proxies), sample.choice(STATES)
        # Some are longer than a server asks what came of a write.
        long = sample.random() < 0.25
        affected = [sample.choice(pair)] if long or sample.random() < 0.5 else pair
        for proxy in affected:
            proxy.behave(state)
        time.sleep(sample.uniform(11, 13) if long else sample.uniform(0.5, 5))
        for proxy in affected:
            proxy.behave("forwards")
        count += 1
    return count


def mails_left(port):
    """How many mails wait in the table."""
    waiting = {"KeyConditionExpression": "pk = :outbox", "ExpressionAttributeValues": {":outbox": {"S": "OUTBOX"}}}
    return stores.ask_table(port, "Query", waiting | {"Select": "COUNT"})["Count"]


def load(folder, options):
    """Returns what is wrong."""
    seconds = options.seconds or (60 if options.short else 600)
    sample = random.Random(options.seed)
    with contextlib.ExitStack() as stack:
        table, bucket = stack.enter_context(stores.dynamodb()), stack.enter_context(stores.s3())
        stores.create_table(table)
        tables = [Proxy("dynamodb", table) for _ in range(2)]
        buckets = [Proxy("s3", bucket) for _ in range(2)]
        mail = smtp.MailServer()
        servers = []
        for number in range(2):
            more = stores.DEVELOPMENT | mail.variables()
            more |= stores.on_stores(tables[number].endpoint, buckets[number].endpoint)
            servers.append(stack.enter_context(stores.Program(f"{folder}/server-{number}.log", **more)))
            servers[-1].start()
        began = time.monotonic()
        until = began + seconds
        for proxy in tables + buckets:
            proxy.choose = chooser(random.Random(sample.random()), proxy)
        # Mail that is not taken waits twice as long each time: it has to arrive before this ends.
        bad = random.Random(sample.random())
        mail.choose = lambda: (
            bad.choice(smtp.FAULTS) if time.monotonic() < began + seconds / 3 and bad.random() < 0.5 else "accepts"
        )
        world = World([server.port for server in servers], until)
        writers = [Client(world, sample.random()) for _ in range(CLIENTS)]
        for writer in writers:
            writer.start()
        count = outages(random.Random(sample.random()), [tables, buckets], until)
        for proxy in tables + buckets:
            proxy.clear()
        for writer in writers:
            writer.join(120)
            if writer.is_alive():
                world.report("tests", "a client does not end")
        for proxy in tables + buckets:
            proxy.settle()
        time.sleep(CACHE_TTL + 0.5)
        for number in range(2):
            for what, problems in world.model.compare(world.ports, number).items():
                world.wrong[what] += problems
        patience = time.monotonic() + 2 * seconds + 60
        while mails_left(table) and time.monotonic() < patience:
            time.sleep(0.5)
        registered = {f"{write.mark}@example.com" for write in world.acknowledged["register"]}
        world.wrong["mail"], again = smtp.judge(mail, registered)
        for server in servers:
            server.stop()
            if "panicked" in server.log.read_text():
                world.report("panics", f"see {server.log}")
        code, checked = stores.check(**stores.on_stores(f"http://127.0.0.1:{table}", f"http://127.0.0.1:{bucket}"))
        if code:
            world.report("check", checked)
    return tell(world, tables + buckets, mail, count, again, checked, time.monotonic() - began)


def tell(world, proxies, mail, count, again, checked, seconds):
    ended, injected = world.model.count(), collections.Counter()
    attempts = collections.Counter(
        clients.said(answer) if answer.status else "no answer"
        for write in world.model.writes
        for _, answer in write.history
    )
    for proxy in proxies:
        injected += proxy.counts
    answered = injected.pop("answered")
    kinds = ", ".join(f"{number} {kind}" for kind, number in injected.most_common())
    outcomes = ", ".join(f"{ended[outcome]} {outcome}" for outcome in (ACKNOWLEDGED, NOT, UNKNOWN))
    answers = ", ".join(f"{number} {what}" for what, number in attempts.most_common())
    reads = ", ".join(f"{number} {status}" for status, number in world.reads.most_common())
    found = ", ".join(f"{len(world.wrong[what])} {what}" for what in ("lost", "doubled", "contradictions"))
    print(f"faults       {sum(ended.values())} writes: {outcomes}; their answers: {answers}; reads: {reads}")
    print(f"{'':12} {count} outages, {answered} requests served, and: {kinds}")
    print(f"{'':12} {len(mail.mails)} mails, {again} of them again; mail server: {dict(mail.counts)}")
    print(f"{'':12} {found}; {checked}; {seconds:.0f} s", flush=True)
    return [f"faults: {what}: {problem}" for what, problems in world.wrong.items() for problem in problems]
