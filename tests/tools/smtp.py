#!/usr/bin/python3
"""A mail server for tests, of Debian's python3-aiosmtpd: smtp.py PORT FOLDER.

Every mail that it takes is a file in FOLDER/new, with the envelope's recipient in the header X-RcptTo. What an address
begins with says how it is answered: `refused` 550 always, `later` 451 the first time. Port 0 takes a free one. The port is
printed when it listens. It ends when its standard input does.
"""

import sys

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox


class Catcher(Mailbox):
    def __init__(self, folder):
        super().__init__(folder)
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later") and address not in self.put_off:
            self.put_off.add(address)
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class OnFreePort(Controller):
    def _trigger_server(self):
        # Port 0 becomes known only now.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = OnFreePort(Catcher(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print(controller.port, flush=True)
sys.stdin.read()
controller.stop()
