"""Mail to everybody who registered, with a mail server that is as bad as they come and a server that is killed."""

import collections
import concurrent.futures
import itertools
import random
import time

import clients
import smtp
import stores
from clients import ACKNOWLEDGED
from model import token_for

# After the first attempt a mail waits 15 seconds, then twice as long each time, so with a mail server
# that is bad for so long everything has been sent, or sent again, after as much time again and a half.
BAD_SECONDS = 50


def mail(folder, options):
    """Returns what is wrong."""
    people, bad = (20, BAD_SECONDS / 2) if options.short else (200, BAD_SECONDS)
    sample = random.Random(options.seed)
    server = smtp.MailServer()
    began = time.monotonic()
    server.choose = lambda: (
        sample.choice(["accepts", *smtp.FAULTS]) if time.monotonic() < began + bad else "accepts"
    )
    data = f"{folder}/data"
    program = stores.Program(f"{folder}/server.log", data, **stores.DEVELOPMENT | server.variables())
    kills, writes, wrong = [], [], []
    with program, concurrent.futures.ThreadPoolExecutor(4) as pool:
        program.start()

        def register(number):
            time.sleep(sample.uniform(0, 8 * bad / people))
            write = clients.registration(keyed=number % 2 == 0)
            writes.append(write)
            # The server is on another port after each kill.
            ports = collections.defaultdict(lambda: program.port)
            return clients.perform(write, ports, itertools.repeat(0), pause=0.2)

        asked = [pool.submit(register, number) for number in range(people)]
        while time.monotonic() < began + bad:
            time.sleep(sample.uniform(1, 6))
            kills.append(time.monotonic())
            program.kill()
            program.start()
        for one in asked:
            wrong += one.result()
        # Who was not told, and is registered, has mail to come as well.
        registered = {
            f"{write.mark}@example.com"
            for write in writes
            if write.outcome == ACKNOWLEDGED or token_for([program.port], write.mark)[0]
        }
        # As long as a mail may wait that was tried while the mail server was bad, and a little more.
        time.sleep(2 * bad + 20)
        patience = time.monotonic() + 60
        while registered - set(server.by_address()) and time.monotonic() < patience:
            time.sleep(0.5)
        program.stop()
        code, said = stores.check(data)
        if code:
            wrong.append(f"check: {said}")
    problems, again = smtp.judge(server, registered, kills)
    waits = [mails[0].at for mails in server.by_address().values()]
    lost = len([problem for problem in problems if "none came" in problem])
    doubled = len(problems) - lost
    print(
        f"mail         {len(registered)} registered, {len(server.mails)} mails, {again} of them again; "
        f"{len(kills)} kills; mail server: {dict(server.counts)}"
    )
    last = max(waits) - began
    print(f"{'':12} {lost} without mail, {doubled} wrong otherwise; the last first one after {last:.0f} s", flush=True)
    return [f"mail: {problem}" for problem in wrong + problems]
