"""Whether a sound file is all there: decoders pass over what is missing.

MP3 is a chain of frames (ISO 11172-3, 2.4.1); Ogg marks its last page (RFC 3533, 6).
"""

from __future__ import annotations

import re
from pathlib import Path

OGG_PAGE_BYTES = 65_307  # at the most
LAST_PAGE = 4
CHUNK = re.compile(r"(?:data|SSND|Data Size)\s*:\s*(\d+) \(should be (\d+)\)")
UNKNOWN_BYTES = 2**31 - 2**16  # programs that cannot go back write so many and more
MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Bit rates of layer III in kbit/s; of index 0, the frame doesn't say."""
RATES_HZ = (44_100, 48_000, 32_000)
TAGS = b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"3DI"
XING_BYTES = 200


def missing_in_chunks(log: str) -> bool:
    """Whether libsndfile's log says that fewer samples follow than the header promises."""
    return any(int(found) < int(promised) < UNKNOWN_BYTES for promised, found in CHUNK.findall(log))


def ogg_breaks_off(path: Path) -> bool:
    """Whether the last page of an Ogg file isn't marked as the last."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - OGG_PAGE_BYTES))
        tail = stream.read()
    page = tail.rfind(b"OggS")
    return page < 0 or page + 5 >= len(tail) or not tail[page + 5] & LAST_PAGE


def mp3_breaks_off(path: Path) -> bool:
    """Whether the frames of an MP3 aren't one chain up to its end.

    A file of another layer, or that begins otherwise than with a frame, is not judged.
    """
    content = path.read_bytes()
    at = _behind_id3(content)
    if _frame_bytes(content, at) == 0:
        return False
    count, promised = 0, _promised_frames(content[at : at + XING_BYTES])
    while at < len(content):
        size = _frame_bytes(content, at)
        if size == 0:
            ends = content.startswith(TAGS, at) or not content[at:].strip(b"\0")
            return not ends or count < promised
        at, count = at + size, count + 1
    return at > len(content) or count < promised


def _behind_id3(content: bytes) -> int:
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    size = sum(byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    at = 10 + size + (10 if content[5] & 0x10 else 0)
    while content[at : at + 1] == b"\0":
        at += 1
    return at


def _frame_bytes(content: bytes, at: int) -> int:
    """Length of the frame of layer III that begins there; 0 if none does."""
    head = int.from_bytes(content[at : at + 4])
    version, layer, rate, hz = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or rate in (0, 15) or hz == 3:
        return 0
    kbits = (MPEG_1 if version == 3 else MPEG_2)[rate]
    sample_rate = RATES_HZ[hz] >> {3: 0, 2: 1, 0: 2}[version]
    return (144_000 if version == 3 else 72_000) * kbits // sample_rate + (head >> 9 & 1)


def _promised_frames(first: bytes) -> int:
    """How many frames the first one says that there are behind it; 0 if it doesn't."""
    tag = max(first.find(b"Xing"), first.find(b"Info"))
    flags = first[tag + 4 : tag + 8] if tag >= 0 else b""
    return int.from_bytes(first[tag + 8 : tag + 12]) if flags and flags[-1] & 1 else 0
