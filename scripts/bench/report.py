"""What was measured, as a Markdown text and as a picture."""

import html
import pathlib
import sys

PICTURE = pathlib.Path("docs/benchmarks.svg")

# The results stand between these in a document; what is around them is written by hand.
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"

COLOURS = {1: "#9ecae1", 16: "#3182bd", 256: "#08306b"}


class Report:
    def __init__(self, slack=1):
        # How much worse a time may be than it has to be, where the machine is known to be busy.
        self.slack = slack
        self.text = []
        self.checks = []
        # Of the throughput, for the picture.
        self.measured = []

    def line(self, line):
        self.text.append(line)
        print(line, flush=True)

    def part(self, title):
        self.line(f"\n## {title}\n")

    def row(self, *cells, head=False):
        self.line("| " + " | ".join(map(str, cells)) + " |")
        if head:
            self.line("| --- |" + " ---: |" * (len(cells) - 1))

    def check(self, what, value, at_least=None, at_most=None, of_time=False):
        if of_time:
            at_least, at_most = at_least and at_least / self.slack, at_most and at_most * self.slack
        good = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
        bound = f"at least {at_least:.3g}" if at_most is None else f"at most {at_most:.3g}"
        self.checks.append((what, value, bound, good))

    def end(self):
        """Says what is not good enough. The exit status."""
        bad = [check for check in self.checks if not check[3]]
        print(f"\n{len(self.checks) - len(bad)} of {len(self.checks)} checks are good")
        for what, value, bound, _ in bad:
            print(f"NOT GOOD: {what}: {value:.3g}, expected {bound}", file=sys.stderr)
        return 1 if bad else 0

    def write(self, path):
        document = path.read_text()
        before, after = document[: document.index(BEGIN) + len(BEGIN)], document[document.index(END) :]
        path.write_text(before + "\n" + "\n".join(self.text) + "\n\n" + after)
        if self.measured:
            PICTURE.write_text(picture(self.measured))


def picture(measured):
    """Bars of the ratios to NGINX's rate, a group for each request, a bar for each number of connections."""
    shown = [one for one in measured if one["engine"] == "embedded" and one["request"] in ("article", "list of 10", "health")]
    names = list(dict.fromkeys(one["request"] for one in shown))
    highest = max(1.2, *(one["ratio"] for one in shown))
    width, height, left, top, bar = 640, 300, 50, 40, 44
    floor = height - 40

    def y(ratio):
        return floor - ratio / highest * (floor - top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="20" font-size="15">Requests per second, as a share of NGINX with static files, by connections</text>',
    ]
    for ratio in (0, 0.5, 1):
        parts.append(f'<line x1="{left}" x2="{width - 10}" y1="{y(ratio):.0f}" y2="{y(ratio):.0f}" stroke="#ccc"/>')
        parts.append(f'<text x="{left - 8}" y="{y(ratio) + 4:.0f}" text-anchor="end">{ratio}</text>')
    for group, name in enumerate(names):
        start = left + 20 + group * 190
        of_name = [one for one in shown if one["request"] == name]
        for index, one in enumerate(of_name):
            x, at = start + index * (bar + 6), y(one["ratio"])
            colour = COLOURS.get(one["concurrency"], "#3182bd")
            parts.append(f'<rect x="{x}" y="{at:.0f}" width="{bar}" height="{floor - at:.0f}" fill="{colour}"/>')
            parts.append(f'<text x="{x + bar / 2}" y="{at - 4:.0f}" text-anchor="middle">{one["ratio"]:.2f}</text>')
            parts.append(f'<text x="{x + bar / 2}" y="{floor + 15}" text-anchor="middle" font-size="11">{one["concurrency"]}</text>')
        middle = start + len(of_name) * (bar + 6) / 2
        parts.append(f'<text x="{middle:.0f}" y="{floor + 32}" text-anchor="middle">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
