"""Marked notes of a file as they are rendered: trills and tremolos are lines in one voice."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.stems import Whole
from instrument.midi.score import Score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.report import RenderReport
from instrument.settings import EngineSettings
from instrument.units import gain_to_db
from tests.instrument.midi.score_files import DIVISION, number, score, smf
from tests.instrument.midi.test_marks import note, text

SETTINGS = RenderSettings(EngineSettings(voices=8, room_gain=0.0))
SOFT = b"\x00\xb0\x07\x20\x00\xb1\x07\x20"
CHORD = text("trem.") + b"\x00\x91\x3c\x50\x00\x91\x40\x50" + number(4 * DIVISION)
CHORD += b"\x81\x3c\x40\x00\x81\x40\x40"
TRILL = text("tr") + note(69, beats=4) + note(67, text("slur"))
ROUNDING_DB = -110.0


def rendered(
    instrument: Instrument, played: Score, channel: int | None = None, whole: Whole | None = None
) -> tuple[Float32, RenderReport]:
    blocks: list[Float32] = []
    report = render_score(instrument, played, SETTINGS, blocks.append, channel=channel, whole=whole)
    return np.concatenate(blocks, axis=1), report


@pytest.mark.parametrize(("track", "voices"), [(TRILL, 1), (CHORD, 2)])
def test_a_note_of_several_needs_one_voice(tiny: Instrument, track: bytes, voices: int) -> None:
    audio, report = rendered(tiny, score(smf(SOFT + track)))
    assert report.voices_max == voices
    assert report.notes > 15
    plain, _ = rendered(tiny, score(smf(SOFT + track.replace(b"tr", b"xx"))))
    assert audio.shape != plain.shape or np.any(audio != plain)


def test_while_portamento_is_on_a_line_slides_in_one_voice(tiny: Instrument) -> None:
    line = note(60, beats=2) + note(67, beats=2) + note(64, beats=2)
    slid, report = rendered(tiny, score(smf(SOFT + b"\x00\xb0\x41\x7f\x00\xb0\x05\x60" + line)))
    assert (report.voices_max, report.notes) == (1, 3)
    marked = note(60, beats=2) + note(67, text("port."), beats=2) + note(64, text("port."), beats=2)
    quick, _ = rendered(tiny, score(smf(SOFT + marked)))
    change = slice(48_000, 60_000)
    assert np.any(slid[:, change] != quick[:, change])


def test_marked_parts_that_are_rendered_alone_add_up(tiny: Instrument) -> None:
    played, whole = score(smf(SOFT + TRILL, CHORD + note(62, text("stacc."), channel=1))), Whole()
    mix, _ = rendered(tiny, played, whole=whole)
    stems = [rendered(tiny, played, channel, whole)[0] for channel in (0, 1)]
    assert gain_to_db(float(np.abs(sum(stems) - mix).max())) < ROUNDING_DB


def test_a_short_stroke_is_silent_before_the_next(tiny: Instrument) -> None:
    marked, plain = (
        rendered(tiny, score(smf(SOFT + note(69, mark, beats=4) + note(69))))[0]
        for mark in (text("stacc."), b"")
    )
    gap = slice(70_000, 90_000)
    levels = [float(gain_to_db(np.sqrt(np.mean(audio[:, gap] ** 2)))) for audio in (marked, plain)]
    assert levels[0] < levels[1] - 30.0
