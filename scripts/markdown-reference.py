#!/usr/bin/env python3
"""Renders tests/markdown with Python-Markdown, to compare our own rendering with.

Needs Python-Markdown 3.7 (`pip install markdown==3.7`). Writes
tests/markdown/reference.json; with `--check` it only tells whether that file is
what Python-Markdown says. With `--texts` it renders a list of texts from its standard
input (`scripts/markdown-random.py` makes such), and writes each with its HTML.
"""
import json
import pathlib
import sys

import markdown

EXTENSIONS = ["attr_list", "tables", "toc", "fenced_code", "md_in_html"]
FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "markdown"


def sources():
    """Every text of the corpus, by its name."""
    for part in ("\n" + (FOLDER / "snippets.md").read_text()).split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        yield name, text
    for article in sorted((FOLDER / "articles").glob("*.md")):
        yield f"articles/{article.stem}", article.read_text()


def render(text):
    renderer = markdown.Markdown(extensions=EXTENSIONS)
    return {"html": renderer.convert(text), "toc": renderer.toc}


def main():
    assert markdown.__version__ == "3.7", f"Python-Markdown 3.7 is needed, not {markdown.__version__}"
    if "--texts" in sys.argv:
        texts = [[text, render(text)["html"]] for text in json.load(sys.stdin)]
        return json.dump(texts, sys.stdout, ensure_ascii=False)
    reference = {name: render(text) for name, text in sources()}
    written = json.dumps(reference, ensure_ascii=False, indent=1) + "\n"
    file = FOLDER / "reference.json"
    if "--check" in sys.argv:
        if file.read_text() != written:
            sys.exit("tests/markdown/reference.json is not what Python-Markdown says; run scripts/markdown-reference.py")
        print(f"the reference of {len(reference)} texts is what Python-Markdown says")
    else:
        file.write_text(written)


main()
