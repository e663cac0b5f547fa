"""MIDI files byte by byte, and what is read from them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from instrument.errors import MidiFileError
from instrument.midi.events import Event
from instrument.midi.file import Song, read_song
from instrument.midi.score import Score, read_score

END = b"\x00\xff\x2f\x00"
A_ON, A_OFF = b"\x90\x45\x64", b"\x80\x45\x40"
ONE_BEAT = b"\x60"  # 96 ticks, with DIVISION the length of a quarter note
DIVISION = 96
ONE_NOTE = b"\x00" + A_ON + ONE_BEAT + A_OFF


def number(value: int) -> bytes:
    """A variable-length number of the file format."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def chunk(name: bytes, contents: bytes) -> bytes:
    return name + len(contents).to_bytes(4) + contents


def header(kind: int = 1, tracks: int = 1, division: int = DIVISION) -> bytes:
    return chunk(b"MThd", kind.to_bytes(2) + tracks.to_bytes(2) + division.to_bytes(2))


def smf(*tracks: bytes, kind: int = 1, division: int = DIVISION) -> bytes:
    """A file of these tracks, each without its end-of-track event."""
    chunks = b"".join(chunk(b"MTrk", track + END) for track in tracks)
    return header(kind, len(tracks), division) + chunks


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3)


def song(data: bytes) -> Song:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        path.write_bytes(data)
        return read_song(path)


def score(data: bytes) -> Score:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        path.write_bytes(data)
        return read_score(path)


def refusal(data: bytes) -> str:
    """What a person reads when this file is refused, without its folder."""
    with pytest.raises(MidiFileError) as error:
        score(data)
    message = str(error.value)
    assert "\n" not in message
    assert "song.mid: " in message
    assert "; " in message, "the message says what to do"
    return message[message.index("song.mid") :]


def events(result: Score) -> list[Event]:
    return [timed.event for timed in result.events]
