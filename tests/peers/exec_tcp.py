"""A client of the remote commands over TCP, written from PROTOCOL.md: exec_tcp.py PORT KEY_FILE COMMAND..."""

import os
import socket
import struct
import sys

from blake3 import derive_key, keyed_hash

GREETING, HELLO, WELCOME, COMMAND, OUT, ERR, DIRECTORY, OUTCOME = 1, 2, 3, 5, 7, 8, 9, 10
PURPOSE = "socket-demos 2026-11-22 remote commands: frames of a TCP connection"


class Session:
    def __init__(self, port, key):
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.sent = self.received = 0
        kind, greeting = self.frame()
        assert kind == GREETING and greeting.startswith(b"socket-demos remote commands 1\n"), greeting
        random = os.urandom(32)
        self.tag_key = keyed_hash(derive_key(PURPOSE, key), greeting + random)
        proof = keyed_hash(self.tag_key, random + bytes([HELLO, 0]) + bytes(8))
        self.stream.sendall(struct.pack(">IB", 65, HELLO) + random + proof)
        kind, self.directory = self.tagged()
        assert kind == WELCOME, kind

    def exactly(self, length):
        got = b""
        while len(got) < length:
            more = self.stream.recv(length - len(got))
            assert more, "the server has closed the connection"
            got += more
        return got

    def frame(self):
        length, kind = struct.unpack(">IB", self.exactly(5))
        return kind, self.exactly(length - 1)

    def tag(self, payload, kind, direction, number):
        return keyed_hash(self.tag_key, payload + bytes([kind, direction]) + struct.pack(">Q", number))

    def tagged(self):
        kind, rest = self.frame()
        payload, tag = rest[:-32], rest[-32:]
        assert tag == self.tag(payload, kind, 1, self.received), "a wrong tag"
        self.received += 1
        return kind, payload

    def run(self, command):
        payload = command.encode()
        tag = self.tag(payload, COMMAND, 0, self.sent)
        self.sent += 1
        self.stream.sendall(struct.pack(">IB", 1 + len(payload) + 32, COMMAND) + payload + tag)
        while True:
            kind, payload = self.tagged()
            if kind in (OUT, ERR):
                (sys.stdout if kind == OUT else sys.stderr).buffer.write(payload)
            elif kind == DIRECTORY:
                self.directory = payload
            elif kind == OUTCOME:
                return struct.unpack(">BI", payload)


session = Session(int(sys.argv[1]), bytes.fromhex(open(sys.argv[2]).read().strip()))
for command in sys.argv[3:]:
    how, number = session.run(command)
    print(f"[{command}] ended {how} {number}, directory {session.directory.decode()}")
