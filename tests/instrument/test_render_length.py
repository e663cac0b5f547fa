"""How long a score is rendered: one answer for the size of files, the progress and the renderer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.errors import UsageError
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.score import Score
from instrument.midi.take import Take
from instrument.model.graphs import Instrument
from instrument.render import (
    LONGEST_TAIL_SECONDS,
    Length,
    RenderSettings,
    check_output,
    render_files,
    render_score,
)
from instrument.settings import EngineSettings

RATE = 48_000
HOUR = 3600.0
ON, OFF = NoteOn(0, 69, 90), NoteOff(0, 69)
PEDAL, NO_PEDAL, VOLUME = (ControlChange(0, *pair) for pair in ((64, 127), (64, 0), (7, 100)))
Events = tuple[tuple[float, Event], ...]


def score(*events: tuple[float, Event], seconds: float, take: Take | None = None) -> Score:
    notes = sum(isinstance(event, NoteOn) for _, event in events)
    return Score(tuple(TimedEvent(*event) for event in events), seconds, notes, take=take)


def settings(tail: float | None = None, samples: int | None = None) -> RenderSettings:
    engine = EngineSettings(voices=4, room_gain=0.0, sample_rate=RATE)
    return RenderSettings(engine, tail, samples)


def rendered(instrument: Instrument, played: Score, chosen: RenderSettings) -> Float32:
    blocks: list[Float32] = []
    render_score(instrument, played, chosen, blocks.append)
    return np.concatenate(blocks, axis=1)


NOTE: Events = ((0.0, ON), (0.3, OFF))
CASES: list[tuple[str, Events, float, float]] = [
    ("the file ends with the note", NOTE, 0.3, 0.3),
    ("an empty tail, as loops have", NOTE, 0.5, 0.5),
    ("the file ends hours later", NOTE, 5 * HOUR, 0.3),
    ("a controller comes in the tail", (*NOTE, (0.4, VOLUME)), 0.5, 0.5),
    ("a controller comes hours later", (*NOTE, (2 * HOUR, VOLUME)), 2 * HOUR, 0.3),
    ("a note is held to the file's end", ((0.0, ON),), 0.5, 0.5),
    ("the pedal is held over the end", ((0.0, PEDAL), *NOTE), 0.5, 0.5),
    ("the pedal is lifted", ((0.0, PEDAL), *NOTE, (0.4, NO_PEDAL)), 0.5, 0.5),
    ("the last note has no length", (*NOTE, (0.5, ON), (0.5, OFF)), 0.5, 0.5),
]
table = pytest.mark.parametrize(
    ("events", "file_seconds", "song_seconds"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)


@table
@pytest.mark.parametrize("tail", [0.0, 0.1])
def test_a_given_tail_follows_the_songs_end_to_the_sample(
    tiny: Instrument, events: Events, file_seconds: float, song_seconds: float, tail: float
) -> None:
    played = score(*events, seconds=file_seconds)
    audio = rendered(tiny, played, settings(tail))
    assert audio.shape[1] == round(song_seconds * RATE) + round(tail * RATE)
    assert audio.shape[1] == Length.of(played, settings(tail)).most


@table
def test_without_a_tail_it_goes_on_until_it_is_silent_and_never_longer(
    tiny: Instrument, events: Events, file_seconds: float, song_seconds: float
) -> None:
    played = score(*events, seconds=file_seconds)
    audio, length = rendered(tiny, played, settings()), Length.of(played, settings())
    assert np.abs(audio[:, -100:]).max() < 1e-4
    assert 0.3 * RATE < audio.shape[1] <= length.most
    assert length.most <= (song_seconds + LONGEST_TAIL_SECONDS) * RATE + 1
    assert not length.exact


@table
@pytest.mark.parametrize("tail", [None, 0.0])
def test_progress_and_size_are_those_of_what_is_rendered(
    tiny: Instrument,
    tmp_path: Path,
    events: Events,
    file_seconds: float,
    song_seconds: float,
    tail: float | None,
) -> None:
    played, shares = score(*events, seconds=file_seconds), list[float]()
    output, stems = tmp_path / "song.wav", tmp_path / "stems"
    check_output(output, 24, played, settings(tail))
    render_files(tiny, played, settings(tail), output, 24, stems, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert shares[len(shares) // 2 - 1] >= 0.4
    frames = soundfile.info(output).frames
    assert frames <= Length.of(played, settings(tail)).most <= (song_seconds + 10.0) * RATE + 1
    assert [soundfile.info(path).frames for path in stems.iterdir()] == [frames]


def test_a_loop_is_as_long_as_its_bars(tiny: Instrument) -> None:
    """Two bars of four at 100 a minute: the last note ends within the second."""
    played = score((0.0, ON), (3.1, OFF), seconds=4.8)
    assert rendered(tiny, played, settings(0.0)).shape == (2, 230_400)


def test_what_is_held_sounds_until_the_songs_end_and_then_lets_go(tiny: Instrument) -> None:
    for events in (CASES[5][1], CASES[6][1]):
        audio = rendered(tiny, score(*events, seconds=0.8), settings(0.5))
        assert np.abs(audio[:, 37_000:38_400]).max() > 0.01
        assert np.abs(audio[:, -100:]).max() < 1e-3


def test_a_tail_of_zero_is_the_beginning_of_a_longer_one(tiny: Instrument) -> None:
    played = score(*NOTE, seconds=0.5)
    short, long = (rendered(tiny, played, settings(tail)) for tail in (0.0, 0.2))
    np.testing.assert_allclose(short, long[:, : short.shape[1]], atol=3e-6)


@pytest.mark.parametrize(("seconds", "bits"), [(4.2 * HOUR, 24), (6.3 * HOUR, 16)])
def test_music_that_a_wav_file_cannot_hold_is_refused(
    tmp_path: Path, seconds: float, bits: int
) -> None:
    long = score((0.0, ON), (seconds, OFF), seconds=seconds)
    with pytest.raises(UsageError, match=r"\.flac"):
        check_output(tmp_path / "song.wav", bits, long, settings())
    check_output(tmp_path / "song.flac", bits, long, settings())


@pytest.mark.parametrize("samples", [0, -1, round(10.6 * RATE), 10**12, 10**30])
def test_a_take_that_says_it_is_longer_than_its_file_is_refused(
    tmp_path: Path, samples: int
) -> None:
    take = Take(EngineSettings(), samples)
    played = score(*NOTE, seconds=0.5, take=take)
    chosen = RenderSettings.of(played)
    with pytest.raises(UsageError, match="tail"):
        check_output(tmp_path / "song.flac", 24, played, chosen)
    assert Length.of(played, chosen.chosen(tail_seconds=0.0)).most == 24_000


@pytest.mark.parametrize(("later", "told"), [(9.0, 0.5), (60.0, 60.3)])
def test_what_was_added_to_a_take_is_not_lost_silently(later: float, told: float) -> None:
    """A take that another program has made longer still says how long it was."""
    added: Events = ((later, ON), (later + 0.3, OFF))
    played = score(*NOTE, *added, seconds=later + 0.3, take=Take(EngineSettings(), RATE // 2))
    chosen = RenderSettings.of(played)
    if told > 0.5:
        with pytest.raises(UsageError, match="tail"):
            Length.of(played, chosen)
        chosen = chosen.chosen(tail_seconds=0.0)
    assert Length.of(played, chosen).most == round(told * RATE)


@pytest.mark.parametrize("samples", [1, 14_400, 24_000, round(10.5 * RATE)])
def test_a_take_lasts_as_long_as_it_says(samples: int) -> None:
    played = score(*NOTE, seconds=0.5, take=Take(EngineSettings(), samples))
    assert Length.of(played, RenderSettings.of(played)).most == samples


@pytest.mark.parametrize(
    "wrong", [{"tail": -1.0}, {"tail": 1e9}, {"tail": float("nan")}, {"tail": float("inf")}]
)
def test_a_tail_has_a_limit(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="3600"):
        settings(**wrong)
