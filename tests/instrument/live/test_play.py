"""`arco play` on a real JACK server: what is sent to it, and what it sounds like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.cli import main
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.midi.score import read_score
from tests.instrument.live.arco_program import (
    CALM_RUNS,
    CONTROL,
    RATE,
    Arco,
    Message,
    loudest,
    note,
)

pytestmark = pytest.mark.live

NOTES = 500


def phrase() -> list[Message]:
    """Chords, a line, pedal, wheel, expression, bend, and a knob while notes sound."""
    events = [message for i in range(8) for message in note(0.2 + 0.15 * i, 60 + 2 * i, 0.14)]
    events += [message for key in (60, 64, 67) for message in note(1.5, key, 0.8)]
    events += [[round(1.6 * RATE), CONTROL, 64, 127], [round(2.6 * RATE), CONTROL, 64, 0]]
    for step in range(0, 128, 8):
        frame = round((1.5 + step / 128) * RATE)
        events += [[frame, CONTROL, controller, step] for controller in (1, 11, 74)]
        events.append([frame, 0xE0, 0, 64 + step // 4])
    return events


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_take_renders_to_what_was_recorded_and_heard(
    jack_server: Any,
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
    tiny_instrument: Path,
) -> None:
    take, recording, rendered = (tmp_path / name for name in ("t.mid", "t.wav", "again.wav"))
    for _ in range(CALM_RUNS):
        program = arco(
            "--midi-in", "virtual", "--record", str(take), "--record-audio", str(recording)
        )
        heard = perform(phrase(), 4.0)
        report = program.stop()
        if report["late_frames"] == report["late_notes"] == 0:
            break
    assert (report["late_frames"], report["late_notes"]) == (0, 0)
    assert (report["record"], report["record_audio"]) == (str(take), str(recording))
    assert (
        main(["render", str(take), "-o", str(rendered), "--instrument", str(tiny_instrument)]) == 0
    )
    assert rendered.read_bytes() == recording.read_bytes()

    recorded = soundfile.read(recording, dtype="float32")[0].T
    assert loudest(recorded) > 0.01
    sounding = np.flatnonzero(np.abs(heard[0]) > 1e-4)[0]
    pattern = heard[0, sounding : sounding + 256]
    windows = np.lib.stride_tricks.sliding_window_view(recorded[0], len(pattern))
    begin = int(np.argmin(np.abs(windows - pattern).max(axis=1))) - sounding
    assert begin >= 0
    half_a_step = 2.0**-23
    same = recorded[:, begin : begin + heard.shape[1]]
    assert np.abs(same - heard[:, : same.shape[1]]).max() <= half_a_step


def struck_while_down(keys: Sequence[int]) -> int:
    """How many keys are down as they are struck, each after 12 ms and for 30 or until it ends."""
    down: set[int] = set()
    struck = 0
    for turn, key in enumerate(keys):
        if turn >= 3:
            down.discard(keys[turn - 3])
        struck += key in down
        down.add(key)
    return struck


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", [64, 256])
def test_hundreds_of_notes_come_through_and_none_hangs(
    block: int,
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    make_jack_server(block).start()
    program = arco("--record", str(tmp_path / "t.mid"))
    rng = np.random.default_rng(block)
    notes = [
        (0.1 + 0.012 * i, int(rng.integers(55, 97)), int(rng.integers(1, 128)))
        for i in range(NOTES)
    ]
    events = [m for at, key, velocity in notes for m in note(at, key, 0.03, velocity)]
    heard = perform(events, 8.5)
    report = program.stop()
    assert (report["notes"], report["dropped"], report["messages_lost"]) == (NOTES, 0, 0)
    assert report["stolen"] > 0
    score = read_score(tmp_path / "t.mid")
    played = [(e.event.key, e.event.velocity) for e in score.events if isinstance(e.event, NoteOn)]
    assert sorted(played) == sorted((key, velocity) for _, key, velocity in notes)
    ends = sum(isinstance(e.event, NoteOff) for e in score.events)
    assert ends == NOTES + struck_while_down([key for _, key, _ in notes])
    assert loudest(heard[:, : 6 * RATE]) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_flood_of_ten_thousand_events_a_second_leaves_no_note_behind(
    jack_server: Any, arco: Callable[..., Arco], perform: Callable[..., Float32], tmp_path: Path
) -> None:
    program = arco("--record", str(tmp_path / "t.mid"))
    events = [
        [RATE // 10 + round(4.8 * i), CONTROL, (1, 11, 74, 7)[i % 4], i % 128]
        for i in range(20_000)
    ]
    events += [message for i in range(20) for message in note(0.2 + 0.1 * i, 60 + i, 0.2)]
    heard = perform(sorted(events), 4.5)
    program.stop()
    score = read_score(tmp_path / "t.mid")
    assert sum(isinstance(e.event, ControlChange) for e in score.events) >= 20_000
    assert score.notes == 20
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3
