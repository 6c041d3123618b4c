"""What was written, as the clients know it, and what the servers say is there."""

import collections
import json
import re
import threading
import time
import urllib.parse

from clients import ACKNOWLEDGED, NOT, authorization, log_in, perform, send


class Unreadable(Exception):
    """Something that has to be readable is not."""


def read(port, path, headers=None, patience=20):
    """An answer of 200, for which a server that was left alone is waited for."""
    until = time.monotonic() + patience
    while True:
        answer = send(port, "GET", path, None, headers)
        if answer.status == 200 and not answer.stale:
            return answer
        if time.monotonic() > until or answer.status not in (0, 200, 503):
            raise Unreadable(f"GET {path}: {answer}")
        time.sleep(0.2)


def pages(port, path, headers=None, limit=100):
    """The answers of all pages of a list."""
    following = f"{path}?limit={limit}"
    while following:
        answer = read(port, following, headers)
        yield answer
        found = re.search(r'<([^>]*)>; rel="next"', answer.headers.get("link", ""))
        following = found.group(1) if found else None
        if following:
            parts = urllib.parse.urlsplit(following)
            following = f"{parts.path}?{parts.query}"


def articles_of(port, username):
    path = f"/v1/users/{username}/articles"
    found, total = [], 0
    for answer in pages(port, path):
        found += answer.json.get("articles", [])
        total = int(answer.headers.get("x-total-count", 0))
    if len(found) != total:
        raise Unreadable(f"GET {path}: {len(found)} articles, but X-Total-Count {total}")
    return found


def projects_of(port, username):
    return [item for answer in pages(port, f"/v1/users/{username}/projects") for item in answer.json]


def images_of(port, token):
    path = "/v1/users/me/images"
    return [item for answer in pages(port, path, authorization(token)) for item in answer.json["images"]]


def image_path(username, file, width=None):
    return f"/v1/users/{username}/images/{file}" + (f"?width={width}" if width else "")


def token_for(ports, username):
    """An access token. None if nobody is registered by that name."""
    session = log_in(username)
    wrong = perform(session, ports, [0] * 40, pause=0.1)
    if session.outcome == ACKNOWLEDGED:
        return session.answer.json["access_token"], []
    if session.answer.status == 401:
        return None, []
    return None, wrong or [f"no login: {session}"]


class Stored:
    """Everything of one user on one server, by mark."""

    def __init__(self, port, username, token):
        self.articles, self.projects, self.images = (collections.defaultdict(list) for _ in range(3))
        for article in articles_of(port, username):
            self.articles[article["body"].split(" ")[2].strip(",")].append(article)
        for project in projects_of(port, username):
            self.projects[project["body"].split(" ")[2].strip(",")].append(project)
        for image in images_of(port, token):
            self.images[image["file"].partition("_")[0]].append(image)

    def copies(self, kind, mark):
        return {"publish": self.articles, "project": self.projects, "upload": self.images}[kind].get(mark, [])


class Model:
    """All writes that were made."""

    def __init__(self):
        self.lock = threading.Lock()
        self.writes = []

    def add(self, write):
        with self.lock:
            self.writes.append(write)

    def of(self, *kinds):
        with self.lock:
            return [write for write in self.writes if write.kind in kinds]

    def count(self):
        """How many writes ended how."""
        with self.lock:
            return collections.Counter(write.outcome for write in self.writes)

    def compare(self, ports, server):
        """What is wrong with what a server has, under the names of what that is."""
        wrong = collections.defaultdict(list)
        try:
            self.compare_all(ports, server, wrong)
        except Unreadable as unreadable:
            wrong["unreadable"].append(f"server {server}: {unreadable}")
        return wrong

    def compare_all(self, ports, server, wrong):
        removed = {write.mark: write for write in self.of("remove")}
        stored = {}
        for registered in self.of("register"):
            token, problems = token_for([ports[server]], registered.mark)
            wrong["unreadable"] += problems
            compare_one(wrong, registered, 1 if token else 0, "an account that can log in")
            if token:
                stored[registered.mark] = Stored(ports[server], registered.mark, token)
        for write in self.of("publish", "project", "upload"):
            found = stored[write.user].copies(write.kind, write.mark) if write.user in stored else []
            removal = next((removed[image["file"]] for image in found if image.get("file") in removed), None)
            if write.kind == "upload" and write.outcome == ACKNOWLEDGED:
                removal = removed.get(write.about["file"])
            if removal:
                compare_removed(wrong, removal, found)
            else:
                compare_one(wrong, write, len(found), describe(write, found))
            for copy in found:
                if differs := difference(ports[server], write, copy):
                    wrong["lost"].append(f"server {server}: {differs}: {write}")


def describe(write, found):
    return json.dumps([copy.get("slug") or copy.get("file") or copy.get("id") for copy in found])


def compare_one(wrong, write, copies, there):
    if copies > 1:
        wrong["doubled"].append(f"{copies} copies ({there}): {write}")
    elif write.outcome == ACKNOWLEDGED and copies == 0:
        wrong["lost"].append(f"acknowledged, and not there: {write}")
    elif write.outcome == NOT and copies:
        wrong["contradictions"].append(f"surely not applied, but there ({there}): {write}")


def compare_removed(wrong, removal, found):
    if removal.outcome == ACKNOWLEDGED and found:
        wrong["lost"].append(f"removed, but there: {removal}")
    elif removal.outcome == NOT and not found:
        wrong["contradictions"].append(f"surely not removed, but gone: {removal}")


def difference(port, write, copy):
    """How what is stored differs from what was sent, and from what was acknowledged."""
    if write.kind == "upload":
        if write.outcome == ACKNOWLEDGED and copy["file"] != write.about["file"]:
            return f"acknowledged as {write.about['file']}, listed as {copy['file']}"
        path = image_path(write.user, copy["file"])
        answer = read(port, path)
        return None if answer.body == write.about["bytes"] else f"GET {path}: other bytes ({len(answer.body)})"
    for field, value in write.about.items():
        if copy.get(field) != value:
            return f"{field} is {copy.get(field)!r}"
    if write.outcome == ACKNOWLEDGED:
        said = write.answer.json.get("article", write.answer.json)
        for field in ("id", "slug", "html", "created_at"):
            if said.get(field) != copy.get(field):
                return f"{field} was {said.get(field)!r} when it was acknowledged, and is {copy.get(field)!r}"
    return None


def note_file(write):
    """Notes how an upload that was acknowledged is called."""
    if write.kind == "upload" and write.outcome == ACKNOWLEDGED:
        write.about["file"] = write.answer.json["image_objects_urls"][0].rpartition("/")[2]
