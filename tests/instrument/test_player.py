"""The public API: what a program can ask of an instrument."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import instrument as arco
from instrument.midi.events import TimedEvent
from instrument.midi.score import Score, read_score, score_of_notes
from instrument.midi.take_file import TakeWriter
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.render import OFFLINE, RenderSettings, render_score
from instrument.settings import EngineSettings

RATE = 48_000
NOTES = [arco.Note(0.3, 0.2, 72, 60), arco.Note(0.0, 0.3, 69, 100)]


@pytest.fixture(scope="module")
def player(tiny: Instrument) -> arco.Player:
    return arco.Player(tiny)


# --- The package -------------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    assert {name for name in arco.__all__ if not hasattr(arco, name)} == set()
    assert dir(arco) == sorted(arco.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        arco.no_such_name  # noqa: B018


@pytest.mark.parametrize("error", ["UsageError", "UnknownName", "OutputError", "MidiFileError"])
def test_all_errors_are_caught_as_one(error: str) -> None:
    assert issubclass(getattr(arco, error), arco.ArcoError)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("instrument", {"numpy", "numba", "onnxruntime", "soundfile", "rich"}),
        ("instrument.player", {"numba", "scipy", "instrument.corpus"}),
    ],
)
def test_importing_it_imports_nothing_heavy(module: str, heavy: set[str]) -> None:
    code = f"import {module}, sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert heavy & set(loaded) == set()


# --- Notes to samples --------------------------------------------------------------------------


def test_notes_sound_as_the_same_score_does(player: arco.Player, tiny: Instrument) -> None:
    events = (
        TimedEvent(0.0, arco.NoteOn(0, 69, 100)),
        TimedEvent(0.3, arco.NoteOff(0, 69)),
        TimedEvent(0.3, arco.NoteOn(0, 72, 60)),
        TimedEvent(0.5, arco.NoteOff(0, 72)),
    )
    blocks: list[np.ndarray] = []
    wanted = EngineSettings(seed=4, voices=OFFLINE.voices, sample_rate=44_100)
    render_score(
        tiny, Score(events, 0.5, 2), RenderSettings(wanted, tail_seconds=0.1), blocks.append
    )
    audio = player.render(NOTES, tail_seconds=0.1, seed=4, sample_rate=44_100)
    assert audio.dtype == np.float32
    assert audio.shape[0] == 2
    np.testing.assert_array_equal(audio, np.concatenate(blocks, axis=1))


@pytest.mark.parametrize(
    "note",
    [
        arco.Note(-0.1, 1.0, 60),
        arco.Note(0.0, 0.0, 60),
        arco.Note(0.0, float("nan"), 60),
        arco.Note(0.0, 1.0, 128),
        arco.Note(0.0, 1.0, 60, 0),
        arco.Note(0.0, 1.0, 60, 80, 16),
        arco.Note(0.0, 1.0, 60.5),  # type: ignore[arg-type]
        arco.Note(1e308, 1.0, 60),
        arco.Note(0.0, 1e308, 60),
        arco.Note(float("inf"), 1.0, 60),
        arco.Note(50_000.0, 50_000.0, 60),
        arco.Note(10**400, 1.0, 60),
        arco.Note(0.0, 1.0, 10**5000),
    ],
)
def test_notes_that_midi_has_not_are_refused(player: arco.Player, note: arco.Note) -> None:
    with pytest.raises(arco.UsageError, match="should be"):
        player.render([note])


def test_what_is_too_long_for_one_array_is_refused(player: arco.Player) -> None:
    with pytest.raises(arco.UsageError, match="too long for one array"):
        player.render([arco.Note(4 * 3600.0, 1.0, 60)])


def test_a_note_that_is_shorter_than_a_sample_leaves_no_samples(player: arco.Player) -> None:
    assert player.render([arco.Note(0.0, 1e-6, 60)], tail_seconds=0.0).shape == (2, 0)


def test_without_notes_there_is_nothing_to_render(player: arco.Player) -> None:
    with pytest.raises(arco.UsageError, match="no notes"):
        player.render([])


@given(
    notes=st.lists(
        st.builds(
            arco.Note,
            st.integers(0, 40).map(lambda tick: tick / 8),
            st.integers(1, 16).map(lambda tick: tick / 8),
            st.integers(60, 64),
            st.integers(1, 127),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_note_of_a_score_begins_and_ends(notes: list[arco.Note]) -> None:
    score = score_of_notes(notes)
    down = dict.fromkeys(range(128), 0)
    for timed in score.events:
        step = 1 if isinstance(timed.event, arco.NoteOn) else -1
        assert isinstance(timed.event, arco.NoteOn | arco.NoteOff)
        down[timed.event.key] += step
        assert down[timed.event.key] >= 0
    assert set(down.values()) == {0}
    assert score.notes == len(notes)
    assert score.duration_seconds == max(note.start + note.duration for note in notes)


@pytest.mark.parametrize(
    ("outside", "same_as"), [("play", (30, 69)), ("fold", (66, 69)), ("skip", (69,))]
)
def test_notes_outside_the_range_are_played_unless_it_is_said_otherwise(
    player: arco.Player, outside: str, same_as: tuple[int, ...]
) -> None:
    """Each in a channel of its own, so that one note more changes nothing else in the others."""

    def line(*keys: int) -> list[arco.Note]:
        return [arco.Note(0.5 * (key > 66), 0.4, key, channel=int(key > 66)) for key in keys]

    found = player.render(line(30, 69), outside=outside, tail_seconds=0.1)
    np.testing.assert_array_equal(found, player.render(line(*same_as), tail_seconds=0.1))


@pytest.mark.parametrize("outside", ["folded", "", None])
def test_what_is_done_with_notes_outside_has_a_name(player: arco.Player, outside: Any) -> None:
    with pytest.raises(arco.UnknownName, match="fold"):
        player.render(NOTES, outside=outside)


# --- Files -------------------------------------------------------------------------------------


def take(path: Path, engine: EngineSettings) -> Path:
    writer = TakeWriter(path, engine)
    writer.add(100, arco.NoteOn(0, 69, 100))
    writer.add(9_000, arco.NoteOff(0, 69))
    writer.close(20_000)
    return path


def test_a_file_is_rendered_with_what_was_chosen(player: arco.Player, tmp_path: Path) -> None:
    song = take(tmp_path / "song.mid", EngineSettings(sample_rate=44_100))
    knob = next(iter(player.knobs))
    shares: list[float] = []
    report = player.render_file(
        song,
        tmp_path / "song.wav",
        bits=16,
        stems=tmp_path / "stems",
        preset=player.presets[1],
        knobs={knob: 0.7},
        sample_rate=RATE,
        tail_seconds=0.2,
        progress=shares.append,
    )
    assert (report.notes, report.sample_rate) == (1, RATE)
    assert soundfile.info(tmp_path / "song.wav").subtype == "PCM_16"
    assert [path.name for path in (tmp_path / "stems").iterdir()] == ["song-channel-01.wav"]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_a_take_sounds_as_it_was_played(player: arco.Player, tmp_path: Path) -> None:
    engine = EngineSettings(seed=3, voices=2, sample_rate=44_100, preset=player.presets[2])
    report = player.render_file(take(tmp_path / "take.mid", engine), tmp_path / "take.wav", bits=32)
    stream = player.stream(seed=3, voices=2, sample_rate=44_100, preset=player.presets[2])
    for timed in read_score(tmp_path / "take.mid").events:
        stream.push(timed.event, round(timed.seconds * 44_100))
    heard, _ = soundfile.read(tmp_path / "take.wav", dtype="float32", always_2d=True)
    assert report.seconds == 20_000 / 44_100
    np.testing.assert_array_equal(heard.T, stream.render(20_000))


def test_a_song_that_is_not_there_is_said(player: arco.Player, tmp_path: Path) -> None:
    with pytest.raises(arco.MidiFileError):
        player.render_file(tmp_path / "none.mid", tmp_path / "none.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_song_is_never_overwritten_by_its_own_sound(player: arco.Player, tmp_path: Path) -> None:
    song = take(tmp_path / "song.mid", EngineSettings()).rename(tmp_path / "song.wav")
    before = song.read_bytes()
    with pytest.raises(arco.OutputError):
        player.render_file(song, song)
    assert (song.read_bytes(), list(tmp_path.iterdir())) == (before, [song])


# --- Envelopes and names -----------------------------------------------------------------------


def test_an_envelope_is_the_one_that_a_note_is_played_with(
    player: arco.Player, tiny: Instrument
) -> None:
    number, preset = 3, 1
    found = player.envelope(70, 100, preset=player.presets[preset], seed=5, number=number)
    latents = LatentSpace(tiny.spec, 5)
    rng = latents.generator(0, number)
    loudness = Dynamics(tiny.spec.loudness_db).quantile(100)
    point = latents.choose(preset, 70, loudness, rng)
    latent, begin = latents.beside(point, rng), latents.jitter.begin(rng)
    cents, loudness_db = tiny.envelope.decode(
        latent[None].astype(np.float32),
        np.full(1, 70, np.float32),
        np.full(1, loudness, np.float32),
    )
    latents.jitter.add(cents[0], loudness_db[0], point, begin)
    np.testing.assert_array_equal(found.cents, cents[0])
    np.testing.assert_array_equal(found.loudness_db, loudness_db[0])


@pytest.mark.parametrize("asked", [(128,), (60.5,), (60, 0), ("60",)])
def test_an_envelope_is_of_a_note_that_midi_has(
    player: arco.Player, asked: tuple[Any, ...]
) -> None:
    with pytest.raises(arco.UsageError, match="should be"):
        player.envelope(*asked)


@pytest.mark.parametrize("number", [-1, 0.5, 10**20])
def test_an_envelope_is_of_a_note_that_can_be_counted(player: arco.Player, number: Any) -> None:
    with pytest.raises(arco.UsageError, match="number"):
        player.envelope(60, number=number)


def test_a_knob_moves_the_envelope(player: arco.Player) -> None:
    knob = next(iter(player.knobs))
    low, high = (player.envelope(70, 100, knobs={knob: at}).loudness_db for at in (0.0, 1.0))
    assert np.abs(low - high).max() > 0.5


@pytest.mark.parametrize(
    "chosen",
    [
        {"voices": 10**9},
        {"seed": -1},
        {"humanize": 1e300},
        {"room_gain": float("nan")},
        {"sample_rate": 10**12},
        {"knobs": {"swell": float("inf")}},
    ],
)
def test_settings_outside_their_ranges_are_refused(
    player: arco.Player, tmp_path: Path, chosen: dict[str, Any]
) -> None:
    song = take(tmp_path / "song.mid", EngineSettings())
    for ask in (
        lambda: player.render(NOTES, **chosen),
        lambda: player.render_file(song, tmp_path / "song.wav", **chosen),
        lambda: player.stream(**chosen),
        lambda: player.envelope(70, **chosen),
    ):
        with pytest.raises(arco.UsageError, match="should be"):
            ask()


@pytest.mark.parametrize(
    "asked", [{"sample_rate": "48000"}, {"sample_rate": 7999}, {"loudness": "x"}, {"loudness": -1}]
)
def test_a_recording_has_a_rate_and_a_loudness_in_their_ranges(
    player: arco.Player, asked: dict[str, Any]
) -> None:
    audio = np.zeros(RATE, np.float32)
    with pytest.raises(arco.UsageError, match="should be"):
        player.encode(audio, **({"sample_rate": RATE} | asked))


@pytest.mark.parametrize("seconds", [-1.0, 1e9, float("nan"), float("inf")])
def test_a_tail_outside_its_range_is_refused(
    player: arco.Player, tmp_path: Path, seconds: float
) -> None:
    song = take(tmp_path / "song.mid", EngineSettings())
    with pytest.raises(arco.UsageError, match="tail_seconds"):
        player.render(NOTES, tail_seconds=seconds)
    with pytest.raises(arco.UsageError, match="tail_seconds"):
        player.render_file(song, tmp_path / "song.flac", tail_seconds=seconds)


def test_names_that_the_instrument_does_not_have_are_refused(player: arco.Player) -> None:
    for name in ("louder", ""):
        with pytest.raises(arco.UnknownName, match=f"'{name}'"):
            player.render(NOTES, preset=name)
    with pytest.raises(arco.UnknownName, match="louder"):
        player.envelope(70, preset="louder")
    with pytest.raises(arco.UnknownName, match="louder"):
        player.stream(knobs={"louder": 0.5})


def test_an_instrument_says_what_it_is(player: arco.Player, tiny: Instrument) -> None:
    for said in (repr(player), player._repr_html_()):
        for name in (tiny.spec.name, tiny.spec.digest, *player.presets, *player.knobs):
            assert name in said


def test_an_instrument_is_loaded_by_name_or_folder(tiny_instrument: Path) -> None:
    assert arco.load(tiny_instrument).spec.digest == arco.load(str(tiny_instrument)).spec.digest
    with pytest.raises(arco.UnknownName, match="violin"):
        arco.load("violine")
