"""What a real browser makes of articles: nothing runs, leaves its box, or holds on to the page; pictures
keep their shape, and nothing moves when they come.

    make test-browser                 everything
    python3 scripts/browser --short   an eighth of the texts, for CI

Starts target/release/talelio-backend (or what the variable PROGRAM names), publishes, and looks at the
articles in Chromium, headless. Needs Chromium and ChromeDriver (on Debian: apt install chromium
chromium-driver), and Selenium and Pillow (pip).
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "bench"))

import pictures
import sanitiser
from browsing import CHROMIUM, DRIVER, browser
from running import PROGRAM


def main():
    parser = argparse.ArgumentParser(prog="scripts/browser", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    if not (CHROMIUM and DRIVER):
        sys.exit("make test-browser needs Chromium and ChromeDriver: apt install chromium chromium-driver")
    if not PROGRAM.exists():
        sys.exit(f"there is no {PROGRAM}: make release")
    with browser() as chromium:
        wrong = sanitiser.run(chromium, 8 if options.short else 1) + pictures.run(chromium)
    for line in wrong:
        print(f"NOT GOOD: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
