"""A client of the remote commands over UDP, written from PROTOCOL.md: exec_udp.py PORT KEY_FILE COMMAND..."""

import os
import random
import socket
import struct
import sys

from blake3 import derive_key, keyed_hash

HELLO, COOKIE, REQUEST, ACK, OUT, ERR, DONE = 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88
COOKIES = "socket-demos 2026-12-01 remote commands: cookie round of a UDP conversation"
DATAGRAMS = "socket-demos 2026-12-01 remote commands: datagrams of a UDP conversation"
TO_SERVER, TO_CLIENT = b"\0", b"\1"
WINDOW = 512
MASK = (1 << 64) - 1


def rotated(word, bits):
    return (word << bits | word >> (64 - bits)) & MASK


def siphash(key, data):
    """SipHash-2-4 with a result of 128 bits, as its paper and its authors' code have it."""
    k0, k1 = struct.unpack("<QQ", key[:16])
    v0, v1 = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE
    v2, v3 = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(count):
        nonlocal v0, v1, v2, v3
        for _ in range(count):
            v0, v2 = (v0 + v1) & MASK, (v2 + v3) & MASK
            v1, v3 = rotated(v1, 13) ^ v0, rotated(v3, 16) ^ v2
            v0 = rotated(v0, 32)
            v2, v0 = (v2 + v1) & MASK, (v0 + v3) & MASK
            v1, v3 = rotated(v1, 17) ^ v2, rotated(v3, 21) ^ v0
            v2 = rotated(v2, 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v3 ^= word
        rounds(2)
        v0 ^= word
    v2 ^= 0xEE
    rounds(4)
    first = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xDD
    rounds(4)
    return struct.pack("<QQ", first, v0 ^ v1 ^ v2 ^ v3)


class Session:
    def __init__(self, port, key):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.25)
        self.luck = random.Random(3)
        self.request = 0
        nonce = os.urandom(16)
        self.tag_key = keyed_hash(derive_key(COOKIES, key), b"")
        hello = bytes([HELLO]) + nonce + bytes(60)
        cookie = self.ask(hello, lambda answer: answer[0] == COOKIE and answer[1:17] == nonce)
        self.context = nonce + cookie[21:61]
        self.tag_key = keyed_hash(derive_key(DATAGRAMS, key), self.context)

    def send(self, datagram):
        self.socket.send(datagram + siphash(self.tag_key, datagram + TO_SERVER))

    def receive(self):
        """The next datagram with a right tag, or None. Some are lost on purpose: the protocol is to mend it."""
        try:
            datagram = self.socket.recv(1201)
        except TimeoutError:
            return None
        body, tag = datagram[:-16], datagram[-16:]
        if self.luck.random() < 0.3 or tag != siphash(self.tag_key, body + TO_CLIENT):
            return None
        return body

    def ask(self, datagram, is_answer):
        for _ in range(100):
            self.send(datagram)
            answer = self.receive()
            if answer and is_answer(answer):
                return answer
        sys.exit("no answer")

    def acknowledge(self, pieces, next, latest):
        later = [0] * 8
        for number in pieces:
            if number > next:
                later[(number - next - 1) // 64] |= 1 << (number - next - 1) % 64
        numbers = struct.pack(">QQQ8Q", next, next + WINDOW, latest, *later)
        self.send(bytes([ACK]) + self.context + struct.pack(">I", self.request) + numbers)

    def run(self, command):
        self.request += 1
        number = struct.pack(">I", self.request)
        # When it is asked is our own affair; we do not use it.
        request = bytes([REQUEST]) + self.context + number + bytes(4) + bytes([0, 1]) + command.encode()
        datagram = self.ask(request, lambda answer: answer[1:5] == number)
        pieces, parts, next, last, latest = {}, {}, 0, None, 0
        while last is None or next <= last:
            if datagram and datagram[1:5] == number and datagram[0] in (OUT, ERR, DONE):
                piece, sending = struct.unpack(">QQ", datagram[5:21])
                latest = max(latest, sending)
                if datagram[0] == DONE:
                    last = piece
                    pieces[piece] = (DONE, datagram[21:])
                elif piece < next + WINDOW:
                    part, count = datagram[21:23]
                    some = parts.setdefault((piece, count), {})
                    some[part] = datagram[23:]
                    if len(some) == count:
                        pieces.setdefault(piece, (datagram[0], b"".join(some[part] for part in range(count))))
                while next in pieces:
                    next += 1
                self.acknowledge(pieces, next, latest)
            elif datagram is None:
                self.send(request)
                self.acknowledge(pieces, next, latest)
            if last is None or next <= last:
                datagram = self.receive()
        for _ in range(3):
            self.acknowledge(pieces, next, latest)
        for number in range(last):
            kind, piece = pieces[number]
            (sys.stdout if kind == OUT else sys.stderr).buffer.write(piece)
        return struct.unpack(">BI", pieces[last][1])


session = Session(int(sys.argv[1]), bytes.fromhex(open(sys.argv[2]).read().strip()))
for command in sys.argv[3:]:
    how, number = session.run(command)
    print(f"[{command}] ended {how} {number}")
