"""MPE as its players expect it, what inputs decide: numbered as in the tests of the engine."""

from __future__ import annotations

from instrument.live.held import Held
from instrument.midi.events import NoteOff, NoteOn
from instrument.midi.messages import MessageParser
from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import MpePlayer

PORT = "Keys"


def hear(mpe: MpePlayer, held: Held, *events: NoteOn | NoteOff) -> None:
    for event in events:
        mpe.send(*held.hear(PORT, event))


def test_10_a_key_that_goes_down_again_is_one_note_that_one_off_ends(tiny: Instrument) -> None:
    mpe, held = MpePlayer(tiny), Held()
    hear(mpe, held, NoteOn(2, 60, 80))
    mpe.play()
    hear(mpe, held, NoteOn(2, 60, 80))
    assert mpe.notes == [(3, 60)]
    hear(mpe, held, NoteOff(2, 60))
    assert mpe.notes == []


def test_60_a_note_on_without_velocity_is_an_off_of_usual_speed() -> None:
    assert [*MessageParser().feed(bytes([0x92, 60, 0]))] == [NoteOff(2, 60, 64)]
