"""Notes and lines of a soundfont."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from training.data.soundfont import play_line, render_note

SOUNDFONT = Path(os.environ.get("ARCO_SOUNDFONT", "/usr/share/sounds/sf2/FluidR3_GM.sf2"))
RATE = 48_000


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="fluidsynth is not installed")
@pytest.mark.skipif(not SOUNDFONT.is_file(), reason="the soundfont is not installed")
def test_a_bend_detunes_the_note_of_a_soundfont() -> None:
    notes = [
        render_note(
            SOUNDFONT,
            program=80,
            key=69,
            velocity=100,
            seconds=0.5,
            sample_rate=RATE,
            bend_cents=cents,
        )
        for cents in (0.0, 50.0)
    ]
    peaks = [np.argmax(np.abs(np.fft.rfft(note[: RATE // 2], 8 * RATE))) for note in notes]
    assert 1200.0 * np.log2(peaks[1] / peaks[0]) == pytest.approx(50.0, abs=3.0)


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="fluidsynth is not installed")
@pytest.mark.skipif(not SOUNDFONT.is_file(), reason="the soundfont is not installed")
def test_the_notes_of_a_line_sound_one_after_the_other() -> None:
    line = play_line(
        SOUNDFONT, [(0.0, 0.5, 69, 100), (0.5, 1.0, 81, 100)], program=80, sample_rate=RATE
    )
    assert len(line) == round(1.5 * RATE)
    parts = line[RATE // 8 : 3 * RATE // 8], line[5 * RATE // 8 : 7 * RATE // 8]
    low, high = (np.argmax(np.abs(np.fft.rfft(part))) * 4.0 for part in parts)
    assert low == pytest.approx(440.0, abs=8.0)
    assert high == pytest.approx(880.0, abs=8.0)
