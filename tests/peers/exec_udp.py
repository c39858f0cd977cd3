"""A client of the remote commands over UDP, written from PROTOCOL.md: exec_udp.py PORT KEY_FILE COMMAND..."""

import os
import random
import socket
import struct
import sys

from blake3 import derive_key, keyed_hash

HELLO, COOKIE, REQUEST, ACK, OUT, ERR, DONE = 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88
COOKIES = "socket-demos 2026-11-30 remote commands: cookie round of a UDP conversation"
DATAGRAMS = "socket-demos 2026-11-30 remote commands: datagrams of a UDP conversation"
TO_SERVER, TO_CLIENT = b"\0", b"\1"
WINDOW = 512


class Session:
    def __init__(self, port, key):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.25)
        self.luck = random.Random(3)
        self.request = 0
        nonce = os.urandom(16)
        self.tag_key = keyed_hash(derive_key(COOKIES, key), b"")
        hello = bytes([HELLO]) + nonce + bytes(56)
        cookie = self.ask(hello, lambda answer: answer[0] == COOKIE and answer[1:17] == nonce)
        self.context = nonce + cookie[17:57]
        self.tag_key = keyed_hash(derive_key(DATAGRAMS, key), self.context)

    def send(self, datagram):
        self.socket.send(datagram + keyed_hash(self.tag_key, datagram + TO_SERVER))

    def receive(self):
        """The next datagram with a right tag, or None. Some are lost on purpose: the protocol is to mend it."""
        try:
            datagram = self.socket.recv(1201)
        except TimeoutError:
            return None
        body, tag = datagram[:-32], datagram[-32:]
        if self.luck.random() < 0.3 or tag != keyed_hash(self.tag_key, body + TO_CLIENT):
            return None
        return body

    def ask(self, datagram, is_answer):
        for _ in range(100):
            self.send(datagram)
            answer = self.receive()
            if answer and is_answer(answer):
                return answer
        sys.exit("no answer")

    def acknowledge(self, pieces, next):
        later = [0] * 8
        for number in pieces:
            if number > next:
                later[(number - next - 1) // 64] |= 1 << (number - next - 1) % 64
        numbers = struct.pack(">QQ8Q", next, next + WINDOW, *later)
        self.send(bytes([ACK]) + self.context + struct.pack(">I", self.request) + numbers)

    def run(self, command):
        self.request += 1
        number = struct.pack(">I", self.request)
        # When it is asked is our own affair; we do not use it.
        request = bytes([REQUEST]) + self.context + number + bytes(4) + command.encode()
        datagram = self.ask(request, lambda answer: answer[1:5] == number)
        pieces, next, last = {}, 0, None
        while last is None or next <= last:
            if datagram and datagram[1:5] == number and datagram[0] in (OUT, ERR, DONE):
                piece = struct.unpack(">Q", datagram[5:13])[0]
                if piece < next + WINDOW:
                    pieces.setdefault(piece, (datagram[0], datagram[13:]))
                if datagram[0] == DONE:
                    last = piece
                while next in pieces:
                    next += 1
                self.acknowledge(pieces, next)
            elif datagram is None:
                self.send(request)
                self.acknowledge(pieces, next)
            if last is None or next <= last:
                datagram = self.receive()
        for _ in range(3):
            self.acknowledge(pieces, next)
        for number in range(last):
            kind, piece = pieces[number]
            (sys.stdout if kind == OUT else sys.stderr).buffer.write(piece)
        return struct.unpack(">BI", pieces[last][1])


session = Session(int(sys.argv[1]), bytes.fromhex(open(sys.argv[2]).read().strip()))
for command in sys.argv[3:]:
    how, number = session.run(command)
    print(f"[{command}] ended {how} {number}")
