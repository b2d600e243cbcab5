"""Payloads of DUMP and RESTORE for the differential runner: written by hand, apart from Henge's
code: every way a string may be kept, right and damaged."""
import struct

POLYNOMIAL = 0x95AC9329AC4BC9B5  # Jones, bits reflected


def _nibbles():
    table = []
    for value in range(16):
        for _ in range(4):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


NIBBLES = _nibbles()


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        crc = crc >> 4 ^ NIBBLES[crc & 15]
        crc = crc >> 4 ^ NIBBLES[crc & 15]
    return crc


def sealed(body, version=6):
    """The foot that makes a payload of an object."""
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def length(n, width=None):
    """In the shortest way, or in one of 6, 14, 32 or 64 bits."""
    width = width or (6 if n < 64 else 14 if n < 1 << 14 else 32)
    return {6: lambda: bytes([n & 63]), 14: lambda: bytes([0x40 | n >> 8 & 63, n & 255]),
            32: lambda: b"\x80" + struct.pack(">I", n), 64: lambda: b"\x81" + struct.pack(">Q", n)}[width]()


def plain(value, width=None):
    return b"\x00" + length(len(value), width) + value


def number(value, size):
    code, form = {8: (0, "<b"), 16: (1, "<h"), 32: (2, "<i")}[size]
    return b"\x00" + bytes([0xC0 | code]) + struct.pack(form, value)


def lzf(packed, size):
    return b"\x00\xc3" + length(len(packed)) + length(size) + packed


def repeated(unit, times):
    """LZF for `unit`, at most 32 bytes, again and again: literals, then references."""
    packed, left = bytes([len(unit) - 1]) + unit, len(unit) * (times - 1)
    while left > 2:
        n = min(left, 264)
        if left - n in (1, 2):
            n -= 2
        if n < 9:
            packed += bytes([(n - 2) << 5, len(unit) - 1])
        else:
            packed += bytes([7 << 5, n - 9, len(unit) - 1])
        left -= n
    if left:
        packed += bytes([left - 1]) + (unit * 2)[len(unit) - left:len(unit)]
    return lzf(packed, len(unit) * times)
