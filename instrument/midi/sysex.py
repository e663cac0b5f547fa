"""Arco's own system-exclusive message: where the notes of a channel are placed.

``F0 7D 61 cc …  F7``: the manufacturer's number that is free for such things, an ``a``, the
channel from 0, and for each coordinate the 32 bits of an IEEE 754 number, the lowest seven first,
in five bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from instrument.midi.events import Latent

BEGIN, END = 0xF0, 0xF7

HEAD = bytes((BEGIN, 0x7D, 0x61))
NUMBER_BYTES = 5

LARGEST = 3e38
"""About the largest number of 32 bits."""

LONGEST_BYTES = 8192
"""Of a message of this kind."""


def encode_latent(event: Latent) -> bytes:
    """Bytes of the message; coordinates are rounded to 32 bits."""
    within = (min(max(value, -LARGEST), LARGEST) for value in event.values)
    numbers = (struct.unpack("<I", struct.pack("<f", value))[0] for value in within)
    sevens = (number >> 7 * i & 0x7F for number in numbers for i in range(NUMBER_BYTES))
    return HEAD + bytes((event.channel, *sevens, END))


def decode_sysex(message: bytes) -> Latent | None:
    """Event of the bytes of a system-exclusive message, from `BEGIN` to `END`.

    Returns:
        None for one that is another's, or damaged.
    """
    # Others' may have millions of bytes: nothing is done to these.
    if len(message) > LONGEST_BYTES or not message.startswith(HEAD) or message[-1] != END:
        return None
    data = message[len(HEAD) : -1]
    if not data or max(data) > 0x7F or data[0] > 15 or len(data) % NUMBER_BYTES != 1:
        return None
    return Latent(data[0], tuple(_numbers(data[1:])))


def _numbers(sevens: bytes) -> Iterator[float]:
    for first in range(0, len(sevens), NUMBER_BYTES):
        bits = sum(sevens[first + i] << 7 * i for i in range(NUMBER_BYTES))
        yield struct.unpack("<f", struct.pack("<I", bits & 0xFFFF_FFFF))[0]
