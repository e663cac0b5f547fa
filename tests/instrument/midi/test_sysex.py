"""A place in the latent space is a message like any other."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi import sysex
from instrument.midi.events import Latent, NoteOn
from instrument.midi.file import message, read_song
from instrument.midi.messages import MessageParser, decode, encode
from tests.instrument.midi.score_files import A_OFF, A_ON, ONE_NOTE, number, score, smf, song

floats = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)
latents = st.builds(Latent, st.integers(0, 15), st.lists(floats, max_size=70).map(tuple))


@given(latents)
def test_places_are_bytes_and_places_again(event: Latent) -> None:
    assert decode(encode(event)) == event


def test_coordinates_are_rounded_to_32_bits() -> None:
    assert decode(encode(Latent(0, (0.1,)))) == Latent(0, (float(np.float32(0.1)),))
    largest = float(np.float32(sysex.LARGEST))
    assert decode(encode(Latent(0, (1e300, -1e300)))) == Latent(0, (largest, -largest))


@given(st.lists(latents, max_size=5), st.integers(1, 300))
def test_places_arrive_whole_however_they_are_cut(events: list[Latent], size: int) -> None:
    stream = b"".join(map(encode, events))
    parser = MessageParser()
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    assert [event for piece in pieces for event in parser.feed(piece)] == events


@pytest.mark.parametrize(
    "data",
    [
        b"\xf0\xf7",
        b"\xf0\x7e\x7f\x09\x01\xf7",
        b"\xf0\x7d\x61\xf7",
        b"\xf0\x7d\x61\x00\x01\x02\xf7",
        b"\xf0\x7d\x61\x10\xf7",
        b"\xf0\x7d\x62\x00\xf7",
        b"\xf0\x7d\x61" + bytes(9_001) + b"\xf7",
    ],
)
def test_what_is_anothers_or_damaged_means_nothing(data: bytes) -> None:
    assert decode(data) is None
    assert [*MessageParser().feed(data + b"\x90\x3c\x40")] == [NoteOn(0, 60, 64)]


def test_anothers_takes_no_more_memory_than_its_file(tmp_path: Path) -> None:
    """Sound banks of synthesisers are dumped so."""
    size = 1 << 20
    dump = b"\x00\xf0" + number(size) + bytes(size - 1) + b"\xf7"
    path = tmp_path / "song.mid"
    path.write_bytes(smf(ONE_NOTE + dump))
    read_song(path)  # what is imported and kept doesn't count
    tracemalloc.start()
    try:
        read_song(path)
        assert tracemalloc.get_traced_memory()[1] < 5 * size
    finally:
        tracemalloc.stop()


def test_real_time_bytes_may_stand_inside() -> None:
    event = Latent(3, (1.0, -2.5))
    data = encode(event)
    assert [*MessageParser().feed(data[:9] + b"\xf8" + data[9:])] == [event]


def test_a_file_holds_places_among_its_notes() -> None:
    place, others = Latent(1, (1.0, -2.5)), b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7"
    events = b"\x00" + message(place) + others + ONE_NOTE + b"\x00" + message(Latent(1))
    (track,) = song(smf(events)).tracks
    assert [*track.events] == [
        (0, place),
        (0, decode(A_ON)),
        (96, decode(A_OFF)),
        (96, Latent(1)),
    ]
    assert [timed.event for timed in score(smf(events)).events] == [e for _, e in track.events]


def test_a_message_that_is_cut_short_is_dropped() -> None:
    cut = encode(Latent(0, (1.0,)))[:-1]
    assert [*MessageParser().feed(cut + b"\x90\x3c\x40")] == [NoteOn(0, 60, 64)]
