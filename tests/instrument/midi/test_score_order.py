"""In which order the events of one instant of a MIDI file sound."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.events import NO_NOTE, ControlChange, Event, NoteOff, NoteOn
from tests.instrument.midi.score_files import A_OFF, A_ON, ONE_BEAT, events, number, score, smf


def test_a_repeated_note_ends_before_it_sounds_again() -> None:
    data = smf(b"\x00" + A_ON + ONE_BEAT + A_ON + b"\x00" + A_OFF + ONE_BEAT + A_OFF)
    on, off = NoteOn(0, 69, 100), NoteOff(0, 69)
    assert events(score(data)) == [on, off, on, off]


def test_a_note_of_no_length_does_not_hang() -> None:
    data = smf(b"\x00" + A_ON + b"\x00" + A_OFF)
    assert events(score(data)) == [NoteOn(0, 69, 100), NoteOff(0, 69)]


def test_the_pedal_keeps_its_place_before_the_notes_that_it_holds() -> None:
    pedal = b"\xb0\x40\x7f"
    data = smf(b"\x00" + A_ON + ONE_BEAT + A_ON + b"\x00" + pedal + b"\x00" + A_OFF)
    assert events(score(data))[1:-1] == [
        ControlChange(0, 64, 127),
        NoteOff(0, 69),
        NoteOn(0, 69, 100),
    ]


def test_a_note_off_that_ends_nothing_keeps_its_place() -> None:
    nothing = b"\x80\x48\x40"
    data = smf(b"\x00" + A_ON + ONE_BEAT + nothing + b"\x00" + A_OFF)
    assert events(score(data))[1:] == [NoteOff(0, 72), NoteOff(0, 69)]


Instants = dict[int, list[Event]]

KINDS = {0x80: NoteOff, 0x90: NoteOn, 0xB0: ControlChange}
written_events = st.lists(
    st.tuples(
        st.integers(0, 2),  # ticks since the event before
        st.sampled_from(sorted(KINDS)),
        st.integers(0, 1),  # channel
        st.integers(60, 61),  # key, or number of a controller
    ),
    max_size=24,
)


def written_and_played(steps: list[tuple[int, int, int, int]]) -> tuple[Instants, Instants]:
    """The events of each tick as they stand in a file, and as the score has them."""
    track, tick = b"", 0
    written: Instants = {}
    for i, (ticks, status, channel, key) in enumerate([*steps, (3, 0x90, 2, 60)]):
        tick += ticks
        value = 100 - i  # tells otherwise equal events apart
        track += number(ticks) + bytes([status | channel, key, value])
        written.setdefault(tick, []).append(KINDS[status](channel, key, value))
    played: Instants = {}
    for timed in score(smf(track, division=1)).events:
        played.setdefault(round(timed.seconds / 0.5), []).append(timed.event)
    return written, played


@given(written_events)
def test_every_instant_keeps_its_events_and_gets_no_more_than_ends(
    steps: list[tuple[int, int, int, int]],
) -> None:
    written, played = written_and_played(steps)
    assert list(played) == list(written)
    for tick, instant in written.items():
        assert not Counter(instant) - Counter(played[tick])
        assert all(isinstance(event, NoteOff) for event in Counter(played[tick]) - Counter(instant))


@given(written_events)
def test_events_of_one_kind_keep_their_order_within_a_channel(
    steps: list[tuple[int, int, int, int]],
) -> None:
    written, played = written_and_played(steps)
    for tick, instant in written.items():
        for channel in {event.channel for event in instant}:
            for kind in (NoteOn, ControlChange):
                assert [
                    e for e in played[tick] if isinstance(e, kind) and e.channel == channel
                ] == [e for e in instant if isinstance(e, kind) and e.channel == channel]


@given(written_events)
def test_no_note_begins_before_the_older_notes_of_its_channel_have_ended(
    steps: list[tuple[int, int, int, int]],
) -> None:
    _, played = written_and_played(steps)
    began: dict[int | None, int] = {}
    for tick, instant in played.items():
        begun: set[int] = set()
        for event in instant:
            if isinstance(event, NoteOn):
                began[event.note] = tick
                begun.add(event.channel)
            elif isinstance(event, NoteOff) and began.get(event.note, tick) < tick:
                assert event.channel not in begun


@given(written_events)
def test_every_note_has_one_end_behind_it(steps: list[tuple[int, int, int, int]]) -> None:
    _, played = written_and_played(steps)
    down: set[int | None] = set()
    notes: set[int | None] = set()
    for event in chain.from_iterable(played.values()):
        if isinstance(event, NoteOn):
            assert event.note not in notes
            notes.add(event.note)
            down.add(event.note)
        elif isinstance(event, NoteOff) and event.note != NO_NOTE:
            down.remove(event.note)
    assert None not in notes
    assert not down
