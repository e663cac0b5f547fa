"""What channels were told is told again by few events, whatever was told in which order."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from instrument.midi.controllers import ChannelState
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.standing import Standing

CHANNEL = st.sampled_from((0, 1, 15))
CONTROLLER = st.sampled_from((0, 1, 2, 6, 7, 10, 11, 32, 38, 64, 68, 74, 98, 100, 101, 121, 126))
VALUE = st.sampled_from((0, 1, 2, 6, 64, 127))
EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(ControlChange, CHANNEL, CONTROLLER, VALUE),
    st.builds(PitchBend, CHANNEL, st.integers(-8192, 8191)),
    st.builds(ChannelPressure, CHANNEL, VALUE),
)


def told(events: list[Event]) -> ChannelState:
    state = ChannelState()
    for event in events:
        if isinstance(event, ControlChange | PitchBend | ChannelPressure):
            state.change(event)
    return state


def reset(channel: int) -> ControlChange:
    return ControlChange(channel, 121, 0)


def selected(channel: int, *controllers: tuple[int, int]) -> list[Event]:
    return [ControlChange(channel, *each) for each in controllers]


@given(st.lists(EVENT, max_size=40))
@example([ControlChange(0, 100, 0), reset(0)])
@example([*selected(0, (101, 0), (100, 0)), reset(0), ControlChange(0, 6, 5)])
@example([*selected(0, (101, 0), (100, 6), (6, 5)), *selected(1, (101, 0), (100, 1)), reset(0)])
@example([*selected(0, (101, 0), (100, 6), (6, 5)), *selected(1, (101, 0), (100, 1)), reset(1)])
def test_another_state_that_is_told_what_stands_is_the_same(events: list[Event]) -> None:
    standing = Standing()
    for event in events:
        standing.hear(event)
    before, now = told(events), told([*standing.events()])
    assert now.channels == before.channels
    assert [now.zones.manager(i) for i in range(16)] == [before.zones.manager(i) for i in range(16)]


def test_only_the_last_of_each_stands_and_no_note() -> None:
    standing = Standing()
    for value in range(1000):
        standing.hear(ControlChange(0, 1, value % 128))
        standing.hear(NoteOn(0, 60, 90))
        standing.hear(NoteOff(0, 60))
    assert [*standing.events()] == [ControlChange(0, 1, 999 % 128)]


def test_steps_of_a_parameter_cancel_each_other() -> None:
    standing, events = Standing(), [ControlChange(0, 101, 0), ControlChange(0, 100, 1)]
    events += [ControlChange(0, 96, 0)] * 5 + [ControlChange(0, 97, 0)] * 3
    for event in events:
        standing.hear(event)
    assert told([*standing.events()]).channels[0].fine_tuning == 8192 + 2


def test_a_program_keeps_the_bank_that_it_was_chosen_from() -> None:
    standing = Standing()
    chosen: list[Event] = [ControlChange(0, 32, 3), ProgramChange(0, 2), ControlChange(0, 32, 5)]
    for event in chosen:
        standing.hear(event)
    assert [e for e in standing.events() if e.channel == 0 and e in chosen] == chosen
