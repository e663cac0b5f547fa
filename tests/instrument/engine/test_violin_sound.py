"""One violin, heard: voices of an engine in mode violin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.midi.events import ControlChange, Event, Note, NoteOff, NoteOn
from instrument.midi.phrasing import phrase
from instrument.midi.score import read_score, score_of_notes
from instrument.midi.take_file import TakeWriter
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings

RATE = 48_000
VIOLIN = EngineSettings(sample_rate=RATE, voices=8, mode="violin", room_gain=0.0)


def engine_after(
    instrument: Instrument,
    events: list[tuple[float, Event]],
    seconds: float,
    settings: EngineSettings = VIOLIN,
    block: int = 480,
) -> tuple[Engine, np.ndarray]:
    """An engine that was given events at seconds, and what it played."""
    engine = Engine(instrument, settings, ahead=960)
    for at, event in events:
        engine.push(event, round(at * RATE))
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    for first in range(0, sound.shape[1], block):
        engine.render(sound[:, first : first + block])
    return engine, sound


def keys(engine: Engine) -> list[int]:
    return sorted(key for _, key, _ in engine.sounding_notes)


CHORD: list[tuple[float, Event]] = [(0.1, NoteOn(0, key, 80)) for key in (55, 62, 71, 79)]


def test_an_instrument_without_strings_refuses(tiny: Instrument) -> None:
    with pytest.raises(UsageError, match=r"has no strings; should be poly or mono"):
        Engine(tiny, VIOLIN)


def test_a_chord_is_rolled(strung: Instrument) -> None:
    assert keys(engine_after(strung, CHORD, 0.15)[0]) == [55, 62]
    engine, _ = engine_after(strung, CHORD, 0.4)
    assert (engine.held, engine.notes, engine.without_voice) == (2, 4, 0)
    assert {71, 79} <= set(keys(engine))


def test_a_chord_that_follows_before_the_upper_strings_sound_ends_them(strung: Instrument) -> None:
    following = [(0.16, NoteOn(0, key, 80)) for key in (57, 64)]
    engine, _ = engine_after(strung, [*CHORD, *following], 1.5)
    assert keys(engine) == [57, 64]


def test_mode_mono_is_a_line_on_every_channel(tiny: Instrument) -> None:
    events: list[tuple[float, Event]] = [(0.0, NoteOn(3, 69, 80)), (0.2, NoteOn(3, 71, 80))]
    mono = replace(VIOLIN, mode="mono")
    assert keys(engine_after(tiny, events, 0.3, mono)[0]) == [71]
    told = [(0.0, ControlChange(3, 126, 1)), *events]
    poly = replace(VIOLIN, mode="poly")
    alike = engine_after(tiny, told, 0.3, poly)[1], engine_after(tiny, events, 0.3, mono)[1]
    np.testing.assert_array_equal(*alike)


@pytest.mark.parametrize("overlap", [0.0, 0.05])
def test_a_line_of_a_file_goes_back_to_a_note_that_others_were_played_over(
    tiny: Instrument, overlap: float
) -> None:
    over = [Note(0.5, 0.5 + overlap, 64), Note(1.0, 0.5, 67)]
    score = phrase(score_of_notes([Note(0.0, 3.0, 60), *over]), "auto", 0)
    events = [(timed.seconds, timed.event) for timed in score.events]
    mono = replace(VIOLIN, mode="mono")
    engine, _ = engine_after(tiny, events, 2.0, mono)
    assert (keys(engine), engine.held) == ([60], 1)
    assert engine_after(tiny, events, 3.1, mono)[0].held == 0


def test_a_line_goes_back_to_its_key_from_a_trill(tiny: Instrument) -> None:
    mono = replace(VIOLIN, mode="mono", controls="orchestral")
    keys_down = [(0.0, NoteOn(0, 60, 80)), (0.1, NoteOn(0, 31, 1)), (0.2, NoteOn(0, 67, 80))]
    events: list[tuple[float, Event]] = [*keys_down]
    events += [(0.8, NoteOff(0, 67)), (1.2, NoteOff(0, 60))]
    assert keys(engine_after(tiny, events, 1.1, mono)[0]) == [60]
    assert engine_after(tiny, events, 1.3, mono)[0].held == 0


MUSIC: list[tuple[float, Event]] = [
    *CHORD,
    *((0.6, NoteOff(0, key)) for key in (55, 62, 71, 79)),
    *((at, NoteOn(0, key, 90)) for at, key in ((0.62, 64), (0.63, 73), (0.9, 66), (0.908, 74))),
    *((0.95, NoteOff(0, key)) for key in (64, 73)),
    (1.2, NoteOff(0, 66)),
    (1.3, NoteOff(0, 74)),
]


def test_it_sounds_the_same_in_blocks_of_any_size_and_ends(strung: Instrument) -> None:
    engine, once = engine_after(strung, MUSIC, 4.0, block=960)
    for block in (128, 333):
        np.testing.assert_array_equal(engine_after(strung, MUSIC, 4.0, block=block)[1], once)
    assert engine.silent
    assert not once[:, -RATE // 10 :].any()


def test_events_that_come_late_play_as_those_that_were_known(strung: Instrument) -> None:
    """A take replays what was played live, where nobody knew what was to come."""
    live = Engine(strung, VIOLIN, ahead=960)
    sound = np.zeros((2, 2 * RATE), np.float32)
    coming = [(round(at * RATE), event) for at, event in MUSIC]
    for first in range(0, 2 * RATE, 96):
        while coming and coming[0][0] < first + 96:
            sample, event = coming.pop(0)
            live.push(event, sample)
        live.render(sound[:, first : first + 96])
    known = Engine(strung, VIOLIN, ahead=960)
    known.follow((round(at * RATE), event) for at, event in MUSIC)
    replayed = np.zeros_like(sound)
    known.render(replayed)
    np.testing.assert_array_equal(replayed, sound)


def test_a_take_of_a_violin_sounds_as_it_was_played(strung: Instrument, tmp_path: Path) -> None:
    writer = TakeWriter(tmp_path / "take.mid", VIOLIN)
    for at, event in MUSIC:
        writer.add(round(at * RATE), event)
    writer.close(2 * RATE)
    score = read_score(tmp_path / "take.mid")
    settings, blocks = RenderSettings.of(score), list[Float32]()
    assert settings.engine.mode == "violin"
    render_score(strung, score, settings, blocks.append)
    heard = engine_after(strung, MUSIC, 2.0)[1]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), heard)


def test_release_all_ends_what_is_still_to_come(strung: Instrument) -> None:
    engine, _ = engine_after(strung, CHORD, 0.15)
    engine.release_all()
    engine.render(np.zeros((2, RATE), np.float32))
    assert engine.held == 0
    assert not set(keys(engine)) & {71, 79}


def test_a_file_is_played_so(strung: Instrument) -> None:
    engine = Engine(strung, VIOLIN, ahead=4096, frames_at_once=32)
    engine.follow((round(at * RATE), event) for at, event in MUSIC)
    together = np.zeros((2, 2 * RATE), np.float32)
    engine.render(together)
    alone = engine_after(strung, MUSIC, 2.0)[1]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_chord_whose_breath_goes_has_no_upper_strings_any_more(strung: Instrument) -> None:
    wind = replace(VIOLIN, controls="wind")
    breath: list[tuple[float, Event]] = [
        (0.0, ControlChange(0, 127, 0)),  # wind plays lines, if nothing says otherwise
        (0.05, ControlChange(0, 2, 100)),
        *CHORD,
        (0.14, ControlChange(0, 2, 0)),
    ]
    engine, _ = engine_after(strung, breath, 0.5, wind)
    assert engine.held == 0
    assert not set(keys(engine)) & {71, 79}
