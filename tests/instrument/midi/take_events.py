"""Events as they are played into a take."""

from __future__ import annotations

from hypothesis import strategies as st

from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.take import Stamper

Played = list[tuple[int, Event]]

RATE = 48_000
A_ON, A_OFF = NoteOn(0, 69, 100), NoteOff(0, 69, 20)

seven_bits = st.integers(0, 127)
few_keys: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, st.integers(0, 1), st.integers(60, 61), st.integers(1, 127)),
    st.builds(NoteOff, st.integers(0, 1), st.integers(60, 61), seven_bits),
    st.builds(ControlChange, st.integers(0, 1), st.just(64), seven_bits),
)


def stamped(events: Played) -> Played:
    stamper = Stamper()
    return [(stamper.stamp(sample, event), event) for sample, event in events]
