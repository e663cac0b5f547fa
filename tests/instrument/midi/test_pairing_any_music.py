"""Whatever tracks hold: whole notes end where they were written to, and no note hangs."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, chain

from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.events import NO_NOTE, Note, NoteOff, NoteOn
from instrument.midi.score import SHORTEST_SECONDS, Score, score_of_notes
from tests.instrument.midi.score_files import END, chunk, header, number, score, tempo

Written = tuple[int, bytes]
"""A tick, and a message."""
Span = tuple[int, int, float, float]
"""Key, velocity, beginning and end."""


def track(events: list[Written]) -> bytes:
    """A track in which a tick lasts a second."""
    events = sorted(events, key=lambda event: event[0])
    contents, now = b"\x00" + tempo(1_000_000), 0
    for tick, message in events:
        contents += number(tick - now) + message
        now = tick
    return chunk(b"MTrk", contents + END)


def file(tracks: list[list[Written]]) -> Score:
    return score(header(1, len(tracks), division=1) + b"".join(map(track, tracks)))


def spans(result: Score) -> Counter[Span]:
    began: dict[int | None, tuple[NoteOn, float]] = {}
    found: Counter[Span] = Counter()
    for timed in result.events:
        event = timed.event
        if isinstance(event, NoteOn):
            assert event.note not in began
            began[event.note] = event, timed.seconds
        elif isinstance(event, NoteOff) and event.note != NO_NOTE:
            on, start = began.pop(event.note)
            assert (on.channel, on.key) == (event.channel, event.key)
            found[on.key, on.velocity, start, timed.seconds] += 1
    assert not began
    return found


def on(channel: int, key: int, velocity: int) -> bytes:
    return bytes((0x90 | channel, key, velocity))


velocities = st.integers(1, 127)
rests_and_lengths = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 5), velocities), max_size=6
)


def line(key: int, notes: list[tuple[int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Notes of one key, one after another: key, velocity, beginning and end."""
    ends = list(accumulate(rest + length for rest, length, _ in notes))
    return [(key, v, end - length, end) for (_, length, v), end in zip(notes, ends, strict=True)]


@given(st.lists(st.tuples(st.sampled_from([60, 61]), rests_and_lengths), min_size=1, max_size=4))
def test_notes_of_a_track_end_as_written_whatever_others_do(
    lines: list[tuple[int, list[tuple[int, int, int]]]],
) -> None:
    written = [line(key, notes) for key, notes in lines]
    written.append([(62, 1, 0, 1)])
    tracks = [
        [
            event
            for key, velocity, start, end in notes
            for event in ((start, on(0, key, velocity)), (end, on(0, key, 0)))
        ]
        for notes in written
    ]
    result = file(tracks)
    assert spans(result) == Counter((k, v, s, e) for k, v, s, e in chain.from_iterable(written))
    assert result.mended == 0


messages = st.one_of(
    st.builds(on, st.integers(0, 1), st.sampled_from([60, 61]), st.sampled_from([0, 0, 70])),
    st.builds(lambda value: bytes((0xB0, 64, value)), st.sampled_from([0, 127])),
)
any_tracks = st.lists(
    st.lists(st.tuples(st.integers(0, 8), messages), max_size=10), min_size=1, max_size=3
)


@given(any_tracks)
def test_no_note_of_any_tracks_hangs(tracks: list[list[Written]]) -> None:
    tracks[0].append((0, on(2, 50, 70)))
    result = file(tracks)
    begun = Counter(
        (message[1], message[2], tick)
        for tick, message in chain.from_iterable(tracks)
        if message[0] >> 4 == 9 and message[2] > 0
    )
    found = spans(result)
    assert Counter((k, v, round(start)) for k, v, start, _ in found.elements()) == begun
    assert all(end > start for *_, start, end in found)
    assert max(end for *_, end in found) <= result.duration_seconds
    assert 1 <= result.mended <= result.notes == found.total()


@given(st.lists(st.builds(Note, st.integers(0, 5), st.integers(1, 4), st.just(60), velocities)))
def test_notes_of_a_program_end_as_they_were_given(notes: list[Note]) -> None:
    given_notes = [*notes, Note(0.0, 1.0, 61)]
    expected = Counter((n.key, n.velocity, n.start, n.end) for n in given_notes)
    assert spans(score_of_notes(given_notes)) == expected


def test_a_note_that_is_too_short_to_be_counted_lasts_the_shortest_time() -> None:
    result = score_of_notes([Note(60_000.0, 1e-12, 60, 70)])
    assert spans(result) == Counter([(60, 70, 60_000.0, 60_000.0 + SHORTEST_SECONDS)])
    assert result.mended == 1
