"""OSC packets, byte by byte as other programs send them."""

from __future__ import annotations

import struct

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

NOW = 1
"""As a time tag."""


def message(address: str, *values: float | str) -> OscMessage:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build()


def packet(address: str, *values: float | str) -> bytes:
    return message(address, *values).dgram


def bundle(*messages: OscMessage) -> bytes:
    """Messages for now; the library's own builder reads again, byte by byte, what it wrote."""
    parts = [struct.pack(">i", each.size) + each.dgram for each in messages]
    return b"#bundle\0" + struct.pack(">q", NOW) + b"".join(parts)
