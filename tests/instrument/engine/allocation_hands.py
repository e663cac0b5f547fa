"""Notes that begin and end, as the tests of allocation play them."""

from __future__ import annotations

from instrument.engine.allocation import Voices
from instrument.engine.slots import Allocation, Return, Stage

RATE = 1000


def strike(
    voices: Voices,
    key: int,
    sample: int = 0,
    *,
    channel: int = 0,
    mono: bool = False,
    note: int | None = None,
) -> Allocation:
    """Where a note begins that isn't dropped."""
    allocation = voices.note_on(channel, key, 64, sample, mono=mono, note=note)
    assert allocation is not None
    return allocation


def begin(voices: Voices, key: int, sample: int = 0, channel: int = 0) -> int:
    """The slot of a note that begins."""
    return strike(voices, key, sample, channel=channel).slot


def end(
    voices: Voices, key: int, sample: int = 0, *, pedal: bool = False, note: int | None = None
) -> list[int]:
    """The slots that a note-off in poly releases."""
    note_end = voices.note_off(0, key, sample, pedal=pedal, note=note)
    assert note_end.back is None
    return note_end.released


def play(voices: Voices, key: int, sample: int = 0, velocity: int = 64) -> Allocation:
    """A note of a mono line begins."""
    allocation = voices.note_on(0, key, velocity, sample, mono=True)
    assert allocation is not None
    return allocation


def always(_slot: int, _key: int) -> bool:
    """A mono line goes back to whatever key is still down."""
    return True


def lift(
    voices: Voices, key: int, sample: int = 0, *, pedal: bool = False
) -> list[int] | Return | None:
    """What a note-off does to a mono line: the slots that it releases, or where it goes back."""
    note_end = voices.note_off(0, key, sample, pedal=pedal, goes_back=always)
    assert not (note_end.released and note_end.back)
    return note_end.back or note_end.released


def fading(voices: Voices) -> list[int]:
    return [i for i, slot in enumerate(voices.slots) if slot.stage is Stage.FADING]
