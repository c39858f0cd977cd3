"""BLAKE3 as its specification has it (sections 2.1 to 2.4), slow and short: derive_key and keyed_hash, 32 bytes out."""

import struct

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = 1, 2, 4, 8, 16, 32, 64
BLOCK, CHUNK = 64, 1024
ROUND = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def rotate(word, bits):
    return (word >> bits | word << (32 - bits)) & 0xFFFFFFFF


def compress(chaining, block, counter, length, flags):
    """The compression function: the next chaining value, eight words."""
    state = chaining + IV[:4] + [counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(ROUND):
            for word, turn_d, turn_b in ((block[2 * i], 16, 12), (block[2 * i + 1], 8, 7)):
                state[a] = (state[a] + state[b] + word) & 0xFFFFFFFF
                state[d] = rotate(state[d] ^ state[a], turn_d)
                state[c] = (state[c] + state[d]) & 0xFFFFFFFF
                state[b] = rotate(state[b] ^ state[c], turn_b)
        block = [block[i] for i in PERMUTATION]
    return [state[i] ^ state[i + 8] for i in range(8)]


def chunk(key, data, counter, flags):
    """Up to 1,024 bytes, block after block."""
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)] or [b""]
    value = key
    for i, block in enumerate(blocks):
        first, last = CHUNK_START * (i == 0), i == len(blocks) - 1
        more = first | (CHUNK_END | flags & ROOT if last else 0)
        value = compress(value, struct.unpack("<16I", block.ljust(BLOCK, b"\0")), counter, len(block), flags & ~ROOT | more)
    return value


def tree(key, data, counter, flags):
    """Any length: the left half holds the largest power of two of chunks that leaves something for the right one."""
    if len(data) <= CHUNK:
        return chunk(key, data, counter, flags)
    chunks = 1 << ((len(data) - 1) // CHUNK).bit_length() - 1
    left = tree(key, data[: chunks * CHUNK], counter, flags & ~ROOT)
    right = tree(key, data[chunks * CHUNK :], counter + chunks, flags & ~ROOT)
    return compress(key, left + right, 0, BLOCK, flags | PARENT)


def keyed_hash(key, data):
    return struct.pack("<8I", *tree(list(struct.unpack("<8I", key)), data, 0, KEYED | ROOT))


def derive_key(context, data):
    return struct.pack("<8I", *tree(tree(IV, context.encode(), 0, CONTEXT | ROOT), data, 0, MATERIAL | ROOT))
