"""A mail server that can be as bad as they come, and remembers every mail that reached it."""

import asyncio
import collections
import contextlib
import dataclasses
import email
import threading
import time

import proxies

# What may become of a connection, besides that mails are taken on it.
FAULTS = ["refuses", "hangs", "drops before", "drops after", "late"]


@dataclasses.dataclass
class Mail:
    """A mail that came in full."""

    id: str
    to: str
    text: str
    at: float
    # Whether the client was told so in time, and can have no doubt.
    clear: bool = False


class MailServer:
    """`choose` says how a connection, or a further mail on it, is served:

    accepts; refuses: 451 to MAIL; hangs: nothing is said; drops before: the connection breaks before
    the final dot is read; drops after: the mail is taken and the connection breaks; late: the mail is
    taken, which is said when the client has given up.
    """

    def __init__(self):
        self.choose = lambda: "accepts"
        # Called with each mail before anything is said of it.
        self.taken = lambda mail: None
        self.mails = []
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        _, self.port = proxies.run(proxies.listen(self.serve))
        self.address = f"smtp://127.0.0.1:{self.port}"

    def variables(self):
        return {"EMAIL_SERVER": self.address, "EMAIL_SENDER": "no-reply@example.com"}

    def by_address(self):
        with self.lock:
            found = collections.defaultdict(list)
            for mail in self.mails:
                found[mail.to].append(mail)
            return found

    async def serve(self, reader, writer):
        behaviour = self.next_behaviour()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if behaviour == "hangs":
                await asyncio.sleep(20)
            else:
                await self.talk(reader, writer, behaviour)
        writer.transport.abort()

    def next_behaviour(self):
        behaviour = self.choose()
        self.counts[behaviour] += 1
        return behaviour

    async def talk(self, reader, writer, behaviour):
        writer.write(b"220 mail.example.com\r\n")
        to = None
        while line := (await reader.readline()).decode("latin-1").strip():
            command = line.split(" ")[0].split(":")[0].upper()
            answer = "250 OK"
            if command == "MAIL" and to:
                behaviour = self.next_behaviour()
                if behaviour == "hangs":
                    await asyncio.sleep(20)
                    return
            if command == "MAIL" and behaviour == "refuses":
                answer = "451 Not now"
            elif command == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
            elif command == "QUIT":
                answer = "221 Bye"
            elif command == "DATA":
                writer.write(b"354 Go on\r\n")
                if behaviour == "drops before":
                    await reader.readline()
                    return
                mail = self.take(to, await reader.readuntil(b"\r\n.\r\n"))
                if behaviour == "drops after":
                    return
                if behaviour == "late":
                    await asyncio.sleep(11)
                # Whoever has gone by now was told nothing.
                mail.clear = behaviour == "accepts" and not reader.at_eof()
                answer = "250 Taken"
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            if command == "QUIT":
                return

    def take(self, to, data):
        message = email.message_from_bytes(data[:-5].replace(b"\r\n..", b"\r\n."))
        text = message.get_payload(decode=True).decode()
        mail = Mail(message["Message-ID"], to, text, time.monotonic())
        with self.lock:
            self.mails.append(mail)
        self.taken(mail)
        return mail


def judge(server, expected, kills=(), apart=3.0):
    """What is wrong with the mails to addresses that were `expected`, and how many came twice for a
    reason. A mail may come again if nobody could tell: the server did not say so in time, or whoever
    sent it was killed in the moments after."""
    found, wrong, again = server.by_address(), [], 0
    for address in sorted(expected):
        mails = found.get(address, [])
        if not mails:
            wrong.append(f"mail: none came to {address}, who was registered")
        if len({mail.id for mail in mails}) > 1:
            wrong.append(f"mail: {address} got mails of several Message-IDs: {[mail.id for mail in mails]}")
        for earlier, later in zip(mails, mails[1:]):
            again += 1
            killed = any(earlier.at <= kill <= earlier.at + apart for kill in kills)
            if earlier.clear and not killed:
                wrong.append(
                    f"mail: {address} got {earlier.id} again {later.at - earlier.at:.1f} s after it was taken with 250"
                )
    return wrong, again
