"""Single bits of stored images, flipped: nobody is served anything but what was uploaded."""

import collections
import itertools
import pathlib
import random

import clients
import stores
from model import image_path, note_file, token_for

WIDTHS = [None, 320, 640]


def damage(folder, options):
    """Returns what is wrong."""
    flips = 10 if options.short else 50
    sample = random.Random(options.seed)
    data = pathlib.Path(folder, "data")
    statuses, wrong = collections.Counter(), []
    with stores.Program(f"{folder}/server.log", data, CACHE_TTL="0") as program:
        program.start()
        registered = clients.registration()
        assert clients.perform(registered, [program.port], itertools.repeat(0)) == []
        token, _ = token_for([program.port], registered.mark)
        expected = {}
        for number in range(4):
            uploaded = clients.upload(registered.mark, token, number, width=700)
            assert clients.perform(uploaded, [program.port], itertools.repeat(0)) == [], uploaded
            note_file(uploaded)
            for width, accept in itertools.product(WIDTHS, ["*/*", "image/webp"]):
                path = image_path(registered.mark, uploaded.about["file"], width)
                answer = clients.send(program.port, "GET", path, headers={"Accept": accept})
                assert answer.status == 200, answer
                expected[path, accept] = answer.body
            assert expected[image_path(registered.mark, uploaded.about["file"]), "*/*"] == uploaded.about["bytes"]
        kinds = collections.defaultdict(list)
        for file in sorted(path for path in (data / "objects").rglob("*") if path.is_file()):
            kinds[file.name == "original"].append(file)
        for _ in range(flips):
            # There are more renditions than originals.
            file = sample.choice(kinds[sample.random() < 0.5])
            original = file.read_bytes()
            bit = sample.randrange(len(original) * 8)
            damaged = bytearray(original)
            damaged[bit // 8] ^= 1 << bit % 8
            file.write_bytes(damaged)
            for (path, accept), right in expected.items():
                answer = clients.send(program.port, "GET", path, headers={"Accept": accept})
                statuses[answer.status] += 1
                if answer.status == 200 and answer.body != right:
                    wrong.append(f"GET {path} for {accept} served other bytes, bit {bit} of {file} flipped: {answer}")
                elif answer.status not in (200, 500):
                    wrong.append(f"GET {path} for {accept} with bit {bit} of {file} flipped: {answer}")
            file.write_bytes(original)
        for (path, accept), right in expected.items():
            answer = clients.send(program.port, "GET", path, headers={"Accept": accept})
            if (answer.status, answer.body) != (200, right):
                wrong.append(f"GET {path} for {accept} after everything was restored: {answer}")
    said = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    asked = f"{sum(statuses.values())} images asked for: {said}"
    print(f"damage       {flips} bits flipped, {asked}; {len(wrong)} wrong", flush=True)
    return [f"damage: {problem}" for problem in wrong]
