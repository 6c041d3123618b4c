"""The server on its own store, killed while everything is written, and started again."""

import itertools
import pathlib
import random
import shutil
import threading
import time

import clients
import stores
from clients import ACKNOWLEDGED, UNKNOWN
from model import Model, Stored, compare_one, compare_removed, describe, difference, note_file, token_for

# After so many rounds, a folder is as large as it may get.
ROUNDS_OF_FOLDER = 50

WRITERS = 6

BAR = 1.0


class Folder:
    """A data folder, an author, and what was written there."""

    def __init__(self, path, sample):
        self.path, self.sample = path, sample
        self.model = Model()
        self.program = stores.Program(f"{path}.log", path, CACHE_TTL="0", API_BASE_URL="http://127.0.0.1:8000")
        self.files = []
        self.program.start()
        self.author = clients.registration()
        assert clients.perform(self.author, [self.program.port], itertools.repeat(0)) == []
        self.username = self.author.mark
        self.token, _ = token_for([self.program.port], self.username)
        self.first = clients.publication(self.username, self.token, "Acknowledged")
        clients.perform(self.first, [self.program.port], itertools.repeat(0))
        self.slug = self.first.answer.json["article"]["slug"]

    def attempt(self, write):
        """Sends a write once: whoever has no answer does not know."""
        outcome = write.attempt([self.program.port], 0)
        write.outcome = UNKNOWN if outcome is None else outcome
        note_file(write)
        return outcome

    def writer(self, seed, until):
        sample = random.Random(seed)
        while not until.is_set():
            keyed = sample.random() < 0.5
            kinds = [
                lambda: clients.registration(keyed),
                lambda: clients.publication(self.username, self.token, sample.choice(["A title", "Another"]), keyed),
                lambda: clients.project(self.username, self.token, keyed),
                lambda: clients.upload(self.username, self.token, sample.random(), keyed),
                lambda: self.removal(),
            ]
            write = sample.choices(kinds, [1, 4, 4, 4, 3])[0]()
            if write:
                self.model.add(write)
                self.attempt(write)
                if write.kind == "upload" and write.outcome == ACKNOWLEDGED:
                    self.files.append(write.about["file"])
            if write and write.outcome == UNKNOWN:
                return

    def removal(self):
        try:
            return clients.removal(self.username, self.token, self.files.pop(0))
        except IndexError:
            return None

    def round(self):
        """Writes, kills, checks and starts again. Returns the writes of the round, how long it was until
        what was acknowledged was served, and what is wrong."""
        before = len(self.model.writes)
        until = threading.Event()
        seeds = [self.sample.random() for _ in range(WRITERS)]
        writers = [threading.Thread(target=self.writer, args=(seed, until), daemon=True) for seed in seeds]
        for writer in writers:
            writer.start()
        time.sleep(self.sample.uniform(0.005, 0.3))
        self.program.kill()
        until.set()
        for writer in writers:
            writer.join()
        # What `check` opens it repairs, so it gets a copy: the server finds what the kill left.
        copy = f"{self.path}-copy"
        shutil.copytree(self.path, copy)
        code, said = stores.check(copy)
        shutil.rmtree(copy)
        wrong = [f"check: {said}"] if code else []
        seconds = self.program.start(["/v1/health", f"/v1/articles/{self.slug}"])
        if seconds > BAR:
            wrong.append(f"the start took {seconds:.2f} s, at most {BAR}")
        made = self.model.writes[before:]
        return made, seconds, wrong + self.send_again(made) + self.compare(made)

    def send_again(self, writes):
        """Sends what has a key and no answer again."""
        wrong = []
        for write in writes:
            if write.outcome == UNKNOWN and write.key:
                wrong += clients.perform(write, [self.program.port], itertools.repeat(0))
                note_file(write)
        return wrong

    def compare(self, writes):
        found = {"lost": [], "doubled": [], "contradictions": []}
        stored = Stored(self.program.port, self.username, self.token)
        files = {image["file"]: [image] for images in stored.images.values() for image in images}
        removed = {write.mark for write in self.model.of("remove")}
        for write in writes:
            if write.outcome not in (ACKNOWLEDGED, UNKNOWN):
                found["contradictions"].append(f"an answer that there should not be: {write}")
            elif write.kind == "register":
                token, problems = token_for([self.program.port], write.mark)
                found["contradictions"] += problems
                compare_one(found, write, int(token is not None), "an account")
            elif write.kind == "remove":
                compare_removed(found, write, files.get(write.mark, []))
            elif write.about.get("file") not in removed:
                copies = stored.copies(write.kind, write.mark)
                compare_one(found, write, len(copies), describe(write, copies))
                differences = [difference(self.program.port, write, copy) for copy in copies]
                found["lost"] += [f"{differs}: {write}" for differs in differences if differs]
        return [f"{what}: {problem}" for what, problems in found.items() for problem in problems]


def kills(path, options):
    """Returns what is wrong."""
    rounds = 15 if options.short else 500
    sample = random.Random(options.seed)
    starts, outcomes, wrong, number = [], {}, [], 0
    while number < rounds:
        folder = Folder(pathlib.Path(path, str(number)), random.Random(sample.random()))
        with folder.program:
            for number in range(number + 1, min(number + ROUNDS_OF_FOLDER, rounds) + 1):
                made, seconds, problems = folder.round()
                starts.append(seconds)
                wrong += [f"kills: round {number}: {problem}" for problem in problems]
                for write in made:
                    outcomes[write.outcome] = outcomes.get(write.outcome, 0) + 1
            # What was written rounds ago is there, too.
            wrong += [f"kills: after round {number}: {problem}" for problem in folder.compare(folder.model.writes)]
        if not wrong:
            shutil.rmtree(folder.path)
    said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    typical = sorted(starts)[len(starts) // 2]
    print(f"kills        {rounds} rounds, {sum(outcomes.values())} writes: {said}")
    served = f"until what was acknowledged is served: {typical:.3f} s, at worst {max(starts):.3f} s"
    print(f"{'':12} {served}; {len(wrong)} wrong", flush=True)
    return wrong
