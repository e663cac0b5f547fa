"""Files whose chunks are damaged or odd: what is played of them, and when they are refused."""

from __future__ import annotations

import re
from itertools import product

import pytest

from instrument.midi.file import Song
from tests.instrument.midi.score_files import (
    A_ON,
    END,
    ONE_NOTE,
    chunk,
    header,
    refusal,
    score,
    smf,
    song,
)

OTHER = b"\x00\x91\x48\x50" + b"\x60\x81\x48\x40"
BODIES = (ONE_NOTE, OTHER, ONE_NOTE)
WHOLE = song(smf(*BODIES))


def track(body: bytes, off: int = 0, claims: int | None = None) -> bytes:
    """A track chunk whose length is off by some bytes, or that claims to have so many."""
    length = len(body) + off if claims is None else claims
    return b"MTrk" + length.to_bytes(4) + body


def tracks(*chunks: bytes) -> Song:
    """What is read of these, behind a header that counts them."""
    return song(header(tracks=len(chunks)) + b"".join(chunks))


OFF = [-12, -11, -8, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 12, 20, 23, 46, 255]
CLAIMS = [0, 1, 2**16, 2**24, 2**31, 2**32 - 1]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("junk", [b"", b"\x00"])
@pytest.mark.parametrize(
    "wrong", [{"off": off} for off in OFF] + [{"claims": claims} for claims in CLAIMS], ids=str
)
def test_a_wrong_length_in_any_track_does_no_harm(
    place: int, junk: bytes, wrong: dict[str, int]
) -> None:
    chunks = [
        track(body + END, **wrong) + junk if number == place else track(body + END)
        for number, body in enumerate(BODIES)
    ]
    assert tracks(*chunks) == WHOLE


@pytest.mark.parametrize("lengths", list(product([0, 9, 13, 2**32 - 1], repeat=3)))
def test_wrong_lengths_in_all_tracks_do_no_harm(lengths: tuple[int, ...]) -> None:
    chunks = [
        track(body + END, claims=claims) for body, claims in zip(BODIES, lengths, strict=True)
    ]
    assert tracks(*chunks) == WHOLE


@pytest.mark.parametrize("wrong", [{"off": -3}, {"off": 0}, {"off": 5}, {"claims": 0}], ids=str)
@pytest.mark.parametrize("place", range(3))
def test_a_track_without_its_end_ends_where_the_next_one_begins(
    place: int, wrong: dict[str, int]
) -> None:
    chunks = [
        track(body, **wrong) if number == place else track(body + END)
        for number, body in enumerate(BODIES)
    ]
    if place == 2 and wrong.get("off", 0) > 0:
        assert "5 bytes too early" in refusal(header(tracks=3) + b"".join(chunks))
    else:
        assert tracks(*chunks) == WHOLE


@pytest.mark.parametrize("padding", [b"\x00", b"\r\n", bytes(127), b"\x1a"])
def test_padding_behind_a_last_track_without_its_end_is_passed_over(padding: bytes) -> None:
    assert tracks(*(track(body) for body in BODIES[:2]), track(ONE_NOTE) + padding) == WHOLE


@pytest.mark.parametrize("place", range(4))
def test_an_empty_track_of_no_bytes_is_one(place: int) -> None:
    chunks = [track(body + END) for body in BODIES]
    chunks.insert(place, track(b""))
    read = tracks(*chunks)
    assert read.tracks.pop(place) == song(smf(b"")).tracks[0]
    assert read == WHOLE


@pytest.mark.parametrize("junk", [b"\x00", b"\r\n", b"MTr", b"\x00" * 16, b"MThx\xff\xff\xff\xff"])
@pytest.mark.parametrize("off", [-1, 0, 2])
def test_junk_between_tracks_is_passed_over(junk: bytes, off: int) -> None:
    assert tracks(*(track(body + END, off) + junk for body in BODIES)) == WHOLE


def test_a_chunk_of_another_program_may_have_tracks_inside() -> None:
    other = chunk(b"S7 X", track(OTHER + END))
    chunks = b"".join(track(body + END) + other for body in BODIES)
    assert song(header(tracks=3) + other + chunks) == WHOLE


# --- The header ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize("other", [b"", chunk(b"XFIH", b"karaoke")])
def test_tracks_that_the_header_leaves_out_are_played(count: int, other: bytes) -> None:
    chunks = b"".join(track(body + END) + other for body in BODIES)
    assert song(header(tracks=count) + chunks) == WHOLE


def test_a_header_may_count_the_chunks_of_other_programs() -> None:
    chunks = b"".join(track(body + END) for body in BODIES)
    assert song(header(tracks=4) + chunk(b"XFIH", b"karaoke") + chunks) == WHOLE


def test_all_tracks_of_a_file_of_type_0_sound_together() -> None:
    result = score(header(kind=0, tracks=1) + track(ONE_NOTE + END) + track(OTHER + END))
    assert result.notes == 2
    assert result.duration_seconds == 0.5


def test_a_second_file_behind_the_first_is_not_part_of_it() -> None:
    assert song(smf(*BODIES) + smf(OTHER)) == WHOLE
    assert song(smf(*BODIES) + b"\r\n" + smf(OTHER)) == WHOLE


@pytest.mark.parametrize("length", [7, 8, 10, 14, 20])
def test_a_wrong_length_of_the_header_does_no_harm(length: int) -> None:
    whole = smf(*BODIES)
    assert song(whole[:4] + length.to_bytes(4) + whole[8:]) == WHOLE


@pytest.mark.parametrize("junk", [b"\n", b"\xef\xbb\xbf", b"Content-Type: audio/midi\r\n\r\n" * 9])
def test_what_stands_in_front_of_the_header_is_passed_over(junk: bytes) -> None:
    assert song(junk + smf(*BODIES)) == WHOLE


def test_a_header_far_behind_is_none() -> None:
    assert "not a MIDI file" in refusal(bytes(5000) + smf(OTHER))


# --- What is refused -----------------------------------------------------------------------------


def test_a_damaged_track_beyond_the_count_is_told_if_no_other_has_notes() -> None:
    damaged = track(b"\x00\x45\x64" + END)
    assert song(smf(*BODIES) + damaged) == WHOLE
    told = refusal(smf(b"") + damaged)
    assert re.search(r"track 2 \(the header counts 1\), byte 35: data without a status", told)


@pytest.mark.parametrize("claims", [0, 1, 4, 2**32 - 1])
def test_a_damaged_event_is_told_whatever_the_length(claims: int) -> None:
    damaged = track(b"\x00" + A_ON + b"\x60\x90\xff" + END, claims=claims)
    assert "byte 27: status byte 0xFF inside an event" in refusal(header() + damaged)


def test_a_file_has_no_more_tracks_than_a_header_can_count() -> None:
    assert len(song(header(tracks=0) + track(b"") * 70_000).tracks) == 65_535
