"""Writes in doubt while others write to the same items, and mail that was taken while the table is away."""

import itertools
import threading
import time

import clients
import model
import smtp
import stores
from clients import ACKNOWLEDGED, NOT
from proxies import Fault

# Done, with a reply that says that the store broke; then refused for longer than the program asks again.
IN_DOUBT = ["broken after"] + ["throttled"] * 60


def in_doubt(part, write, scripted, meanwhile):
    """Sends a write whose request that `scripted` tells is in doubt, and does something meanwhile. What
    was answered."""
    before, part.proxy.scripted = part.proxy.scripted, scripted
    part.proxy.play(*IN_DOUBT)
    answers = []
    sending = threading.Thread(target=lambda: answers.append(write.attempt([part.program.port], 0)))
    sending.start()
    while sending.is_alive() and len(part.proxy.script) == len(IN_DOUBT):
        time.sleep(0.01)
    assert len(part.proxy.script) < len(IN_DOUBT), f"no request of it was the one that is to be in doubt: {write}"
    meanwhile()
    sending.join()
    part.proxy.play()
    part.proxy.scripted = before
    part.proxy.settle()
    return answers[0]


def another_project(part):
    """A project in doubt while the author makes another elsewhere."""
    part.prepare()
    write = clients.project(part.username, part.token)
    other = clients.project(part.username, part.token)

    def scripted(request):
        return request.operation == "TransactWriteItems" and b"project_ids" in request.body

    outcome = in_doubt(part, write, scripted, lambda: other.attempt([part.reader.port], 0))
    return agree(write, outcome, part.copies(write))


def verified_meanwhile(part):
    """A registration in doubt while its mail arrives and its link is followed elsewhere."""
    write = clients.registration()
    part.username = write.mark

    def verify():
        # The job of the other server sends it.
        for _ in range(90):
            if path := part.link():
                return clients.send(part.reader.port, "GET", path)
            time.sleep(0.1)

    def scripted(request):
        return request.operation == "TransactWriteItems" and b"ACCOUNT#" in request.body

    outcome = in_doubt(part, write, scripted, verify)
    return agree(write, outcome, int(model.token_for([part.reader.port], write.mark)[0] is not None))


def removed_meanwhile(part):
    """An image that is asked for while it is removed elsewhere, and the bucket is slow."""
    part.prepare()
    wrong = []
    for width in (None, 320):
        uploaded = part.run(clients.upload(part.username, part.token, width))
        model.note_file(uploaded)
        path = model.image_path(part.username, uploaded.about["file"], width)
        answers = []
        part.bucket.play(Fault("forward", 0.4))
        asking = threading.Thread(target=lambda: answers.append(clients.send(part.program.port, "GET", path)))
        asking.start()
        time.sleep(0.1)
        part.run(clients.removal(part.username, part.token, uploaded.about["file"]))
        asking.join()
        if answers[0].status not in (200, 404):
            wrong.append(f"GET {path} while it was removed: {answers[0]}")
    return wrong


def agree(write, outcome, copies):
    if (outcome, copies) in [(ACKNOWLEDGED, 0), (NOT, 1)]:
        return [f"answered as {outcome}, and there {copies} times: {write}"]
    return []


def table_away(folder, proxy, direct):
    """A mail that is taken, while the table goes away for a moment."""
    server = smtp.MailServer()
    more = direct | stores.DEVELOPMENT | server.variables() | {"AWS_ENDPOINT_URL_DYNAMODB": proxy.endpoint}
    with stores.Program(f"{folder}/table-away.log", folder, **more) as program:
        program.start()

        def away():
            proxy.behave("refuses")
            time.sleep(3)
            proxy.behave("forwards")

        server.taken = lambda mail: threading.Thread(target=away).start() if len(server.mails) == 1 else None
        write = clients.registration()
        wrong = clients.perform(write, [program.port], itertools.repeat(0))
        # Longer than a mail waits that was not taken.
        time.sleep(25)
    return wrong + smtp.judge(server, {f"{write.mark}@example.com"})[0]
