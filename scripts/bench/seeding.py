"""Stores of many articles, made through the API and kept for the next time."""

import concurrent.futures
import pathlib
import sys

from running import Server, server, text

# A text whose article is about 2 KB as JSON: what is looked at is how many there are.
SHORT = text(800)

FOLDER = pathlib.Path("target/bench")


def seeded(count):
    """The folder of a store with `count` articles of one author."""
    folder = FOLDER / f"{count}-articles"
    done = folder / "seeded"
    if done.exists():
        return folder
    print(f"publishing {count:,} articles", file=sys.stderr)
    with server(folder) as ours:
        ours.log_in()

        def publish(numbers):
            writer = Server(ours.port, ours.pid)
            writer.token = ours.token
            for number in numbers:
                if number % 1_000 == 0:
                    # A token is good for half an hour.
                    writer.log_in(register=False)
                writer.publish(f"Article {number}", SHORT)

        writers = 4
        with concurrent.futures.ThreadPoolExecutor(writers) as pool:
            list(pool.map(publish, [range(first, count, writers) for first in range(writers)]))
    done.touch()
    return folder
