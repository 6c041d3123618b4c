#!/usr/bin/env python3
"""Makes texts of 1 to 3 blocks at random, a list of them as JSON.

    scripts/markdown-random.py COUNT [SEED]

`make test-markdown` has Python-Markdown render them, to compare our own rendering with.
"""
import json
import random
import sys

WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa Räksmörgås 日本 x_y_z 2.5 e.g. it's A&B".split()

MARKS = "*_`\\[]}<"


class Author:
    """Writes as authors do: mostly well, and now and then not."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def choose(self, *ways):
        return self.random.choice(ways)

    def words(self, most=4):
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(1, most)))

    def attributes(self):
        return self.choose("{: .lead}", "{: #own }", '{: title="a b" }', "{.c}", "{: data-key=value .c }")

    def address(self):
        return self.choose("/a", "https://example.com/x?y=1&z=2", "#part", "/a_b_c", "/a (b)", "</a b>")

    def inline(self, depth=0, around=""):
        """`around` are the marks around it, of which none may stand in it again: nobody knows what that means."""
        inner = (lambda mark="": self.inline(depth + 1, around + mark)) if depth < 2 else lambda mark="": self.words()
        way = self.random.randrange(18)
        used = {6: "*", 7: "*", 8: "_", 10: "[", 12: "[", 13: "[", 17: "*"}.get(way)
        if used and used in around:
            way = 0
        if way < 6:
            return self.words()
        if way == 6:
            return f"*{inner('*')}*"
        if way == 7:
            return f"**{inner('*')}**"
        if way == 8:
            return f"_{inner('_')}_"
        if way == 9:
            return self.choose(f"`{self.words()}`", f"`` {self.words()} ` b ``", "`<b>`")
        if way == 10:
            title = self.choose("", "", ' "a title"')
            return f"[{inner('[')}]({self.address()}{title})"
        if way == 11:
            return f"![{self.words(2)}]({self.choose('/i.png', '/my photo.png')})" + self.choose("", "", self.attributes())
        if way == 12:
            return self.choose(f"[{self.words(2)}][ref]", f"[{self.words(1)}] [ref]", "[ref]", "[ref][]")
        if way == 13:
            return self.choose("<https://example.com/a>", "<ada@example.com>")
        if way == 14:
            return self.choose("\\*", "\\_", "\\[", "\\`", "\\\\", "&amp;", "&copy;", "<", ">", "&", "1 < 2", "a > b")
        if way == 15:
            name = self.choose("b", "span", "kbd")
            return f"<{name}>{inner()}</{name}>"
        if way == 16:
            return self.words() + "  \n" + self.words()
        return f"**{self.words(1)}**{self.attributes()}"

    def text(self, most=3):
        pieces = [self.inline() for _ in range(self.random.randint(1, most))]
        text = pieces[0]
        for piece in pieces[1:]:
            if text[-1] == "]" and piece[0] == "[":
                text += " and"
            apart = text[-1] in MARKS or piece[0] in MARKS
            text += self.choose(" ", " ", " ", "\n", " " if apart else "") + piece
        return text

    def line(self, most=2):
        return self.text(most).replace("  \n", " ").replace("\n", " ")

    def block(self, depth=0):
        way = self.random.randrange(16)
        if way < 5:
            return self.text() + self.choose("", "", "", "\n" + self.attributes())
        if way == 5:
            line = self.line()
            own = " #" if "{" in line else " " + self.attributes()
            return "#" * self.random.randint(1, 6) + " " + line + self.choose("", "", " #", own)
        if way == 6:
            return self.line(1) + "\n" + self.choose("===", "---")
        if way in (7, 8):
            return self.list(depth)
        if way == 9:
            return "\n".join("> " + line for line in self.block(depth + 1).split("\n")) if depth < 2 else self.text()
        if way == 10 and depth == 0:
            info = self.choose("", "python", " rust", "{ .python #code }", "{ .c }")
            fence = self.choose("```", "~~~")
            return f"{fence}{info}\n{self.words()}\n\n  {self.words()} 1 < 2 & *c*\n{fence}"
        if way == 11:
            return "\n".join("    " + self.words() for _ in range(self.random.randint(1, 3)))
        if way == 12:
            columns = self.random.randint(1, 3)
            row = lambda: "| " + " | ".join(self.line(1).replace("|", "") for _ in range(columns)) + " |"
            rule = "|" + "|".join(self.choose("---", ":--", "--:", ":-:") for _ in range(columns)) + "|"
            return "\n".join([row(), rule] + [row() for _ in range(self.random.randint(1, 3))])
        if way == 13:
            return self.choose("***", "---", "* * *", "___")
        if way == 14:
            name = self.choose("div", "section", "aside")
            inside = self.choose(f"<p>{self.words()}</p>", self.words(), f"<em>{self.words()}</em>")
            return f"<{name} class=\"c\">\n{inside}\n</{name}>"
        return f"<div markdown=\"1\">\n\n{self.text()}\n\n</div>"

    def list(self, depth):
        ordered = self.random.random() < 0.4
        gap = self.choose("\n", "\n", "\n\n")
        items = []
        for number in range(1, self.random.randint(2, 4)):
            marker = f"{number}. " if ordered else self.choose("* ", "* ", "- ")[0] + " "
            body = self.line()
            if depth < 2 and self.random.random() < 0.3:
                inner = self.list(depth + 1) if self.random.random() < 0.7 else self.block(depth + 1)
                body += self.choose("\n", "\n\n") + "\n".join("    " + line if line else "" for line in inner.split("\n"))
            items.append(marker + body)
        return gap.join(items)

    def document(self):
        text = "\n\n".join(self.block() for _ in range(self.random.randint(1, 3)))
        if "[ref]" in text and self.random.random() < 0.9:
            text += "\n\n[ref]: /ref" + self.choose("", ' "its title"')
        return text + "\n"


def main():
    author = Author(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    json.dump([author.document() for _ in range(int(sys.argv[1]))], sys.stdout, ensure_ascii=False)


main()
