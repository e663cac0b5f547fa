"""Evaluation: figures that mean what they say, from graphs and from what an instrument plays."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.errors import InstrumentError, UsageError
from instrument.models import Instrument
from instrument.types import (
    ControlChange,
    Event,
    Float32,
    Float64,
    NoteOff,
    NoteOn,
    PitchBend,
    TimedEvent,
)
from training.evaluate import (
    ListeningSettings,
    PieceScore,
    ScoreReport,
    evaluate,
    gesture_figures,
    log_spectral_distance,
    resynthesise,
    score_report,
    track_pitch,
    velocity_figures,
)
from training.features import FRAMES, RELEASE_FRAME, FeatureCache
from training.loudness import loudness_db
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder
from training.reconstruction import (
    as_exported,
    example_windows,
    principal_components,
    reconstruct,
    shape_figures,
)
from training.score import ScoreNote, bends, lone_notes, score_notes

RATE = 48_000
Networks = tuple[ConditionalVAE, TimbreDecoder]
FEW = ListeningSettings(
    keys=(62, 86),
    velocities=(80,),
    sweep_keys=(69,),
    sweep_velocities=(10, 64, 127),
    note_seconds=0.8,
    compared=2,
)


@pytest.fixture
def curves() -> Float64:
    """Three notes with vibrato and a rise of level, [3, 2, 750]."""
    seconds = np.arange(FRAMES) / 250.0
    cents = [12.0 * np.sin(2.0 * np.pi * (5.0 + note) * seconds) for note in range(3)]
    level = [-10.0 * np.exp(-seconds / (0.1 + 0.1 * note)) for note in range(3)]
    return as_exported(np.stack([cents, level], axis=1))


# --- Envelopes -----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(cents=st.floats(-100.0, 100.0), db=st.floats(-60.0, 60.0))
def test_mean_pitch_and_level_are_no_matter_of_shape(cents: float, db: float) -> None:
    chance = np.random.default_rng(0)
    shapes = chance.normal(size=(2, 2, FRAMES))
    moved = shapes + np.array([cents, db])[:, None]
    np.testing.assert_allclose(as_exported(moved), as_exported(shapes), atol=1e-9)


def test_perfect_curves_have_no_error(curves: Float64) -> None:
    figures = shape_figures(curves, curves, np.ones((3, FRAMES), dtype=bool))
    assert all(x == 0.0 for name, x in figures.items() if name.endswith("_mae"))
    assert all(x == 1.0 for name, x in figures.items() if name.endswith("_variance"))


def test_an_error_belongs_to_its_segment(curves: Float64) -> None:
    wrong = curves.copy()
    wrong[:, 0, RELEASE_FRAME:] += 15.0
    wrong[:, 1, :50] -= 3.0
    figures = shape_figures(wrong, curves, np.ones((3, FRAMES), dtype=bool))
    assert figures["release_cents_mae"] == pytest.approx(15.0)
    assert figures["attack_db_mae"] == pytest.approx(3.0)
    assert figures["sustain_cents_mae"] == figures["sustain_db_mae"] == 0.0
    assert figures["cents_mae"] == pytest.approx(15.0 * 100 / 750)


def test_a_flat_pitch_explains_nothing_of_vibrato(curves: Float64) -> None:
    flat = curves.copy()
    flat[:, 0] = 0.0
    figures = shape_figures(flat, curves, np.ones((3, FRAMES), dtype=bool))
    assert figures["pitch_variance"] == pytest.approx(0.0, abs=0.01)
    assert figures["loudness_variance"] == 1.0


@settings(max_examples=10, deadline=None)
@given(noise=st.floats(-1e3, 1e3), measured=st.integers(1, FRAMES))
def test_what_was_not_measured_does_not_count(noise: float, measured: int) -> None:
    chance = np.random.default_rng(1)
    source, estimate = chance.normal(size=(2, 1, 2, FRAMES))
    mask = np.arange(FRAMES)[None] < measured
    expected = shape_figures(estimate, source, mask)
    estimate[..., measured:] += noise
    assert shape_figures(estimate, source, mask) == expected
    assert ("release_db_mae" in expected) == (measured > RELEASE_FRAME)


def test_as_many_components_as_notes_give_the_notes(curves: Float64) -> None:
    np.testing.assert_allclose(principal_components(curves, curves, 64), curves, atol=1e-9)


def test_more_components_come_nearer(curves: Float64) -> None:
    errors = [np.abs(principal_components(curves, curves, n) - curves).mean() for n in (0, 1, 2)]
    assert errors == sorted(errors, reverse=True)
    assert errors[1] > 2.0 * errors[2]


def test_the_graph_decodes_what_its_network_encodes(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    network = tiny_networks[0]
    found = reconstruct(synthetic_cache, tiny.envelope.decode, network, held_out=False)
    assert found.estimate.shape == found.source.shape == (20, 2, FRAMES)
    figures = shape_figures(found.estimate, found.source, found.mask)
    assert figures["pitch_variance"] > 0.9
    assert found.kl > 0.0


def test_a_graph_of_another_network_is_refused(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    torch.manual_seed(5)
    other = ConditionalVAE(tiny_networks[0].settings)
    with pytest.raises(UsageError, match="not exported from this network"):
        reconstruct(synthetic_cache, tiny.envelope.decode, other, held_out=True)


def test_examples_are_soft_and_loud_with_vibrato_and_without(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    found = reconstruct(synthetic_cache, tiny.envelope.decode, tiny_networks[0], held_out=False)
    titles = example_windows(found, synthetic_cache)
    assert len(titles) == 6
    level = synthetic_cache.level_db[synthetic_cache.window_recording[found.windows]]
    soft, loud = (
        [level[note] for note, title in titles.items() if f"vibrato, {how}" in title]
        for how in ("soft", "loud")
    )
    assert max(soft) < min(loud)
    straight = [note for note, title in titles.items() if title.startswith("no vibrato")]
    assert all(np.std(found.source[note, 0, 50:RELEASE_FRAME]) < 5.0 for note in straight)


# --- Timbre --------------------------------------------------------------------------------------


@pytest.mark.parametrize("gain_db", [-6.0, 10.0])
def test_spectral_distance_of_a_gain_is_the_gain(
    gain_db: float, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, _ = violin_note(69, noise_db=-40.0, silence=0.0)
    louder = (audio * 10.0 ** (gain_db / 20.0)).astype(np.float32)
    assert log_spectral_distance(louder, audio) == pytest.approx(abs(gain_db), rel=0.005)
    assert log_spectral_distance(audio, audio) == 0.0


def test_silence_is_at_no_distance_from_itself() -> None:
    silence = np.zeros(RATE // 4, np.float32)
    assert log_spectral_distance(silence, silence) == 0.0


def test_resynthesis_has_the_pitch_and_loudness_asked_for(tiny: Instrument) -> None:
    f0_hz = np.full(200, 440.0)
    wanted = np.linspace(-40.0, -20.0, 200, dtype=np.float32)
    audio = resynthesise(tiny, f0_hz, wanted, RATE)
    assert len(audio) == 199 * 192
    heard = loudness_db(audio, RATE, 250)[10:-10]
    assert np.mean(np.abs(heard - wanted[10 : 10 + len(heard)])) < 1.5
    assert np.array_equal(audio, resynthesise(tiny, f0_hz, wanted, RATE))


# --- What is played ------------------------------------------------------------------------------


@pytest.mark.parametrize("midi", [55, 81, 95])
def test_measured_pitch_follows_vibrato(
    midi: int, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, f0_hz = violin_note(midi, vibrato_cents=20.0, silence=0.0)
    track = track_pitch(audio, RATE, midi)
    expected = 1200.0 * np.log2(f0_hz / (440.0 * 2.0 ** ((midi - 69) / 12.0)))
    inside = slice(10, -10)
    error = track.cents[inside] - expected[: len(track.cents)][inside]
    assert np.abs(error).max() < 2.0
    assert track.unvoiced == 0.0


def test_an_octave_is_not_forgiven(violin_note: Callable[..., tuple[Float32, Float64]]) -> None:
    audio, _ = violin_note(81, silence=0.0)
    assert np.median(track_pitch(audio, RATE, 69).cents) == pytest.approx(1200.0, abs=5.0)


def test_velocity_that_changes_nothing_ranks_zero() -> None:
    flat = velocity_figures(np.full((2, 3), -20.0), (10, 64, 127))
    assert flat == {"velocity_rank": 0.0, "velocity_range_db": 0.0}
    rising = velocity_figures(np.array([[-40.0, -30.0, -12.0], [-41.0, -20.0, -11.0]]), (1, 2, 3))
    assert rising["velocity_rank"] == pytest.approx(1.0)
    assert rising["velocity_range_db"] == pytest.approx(29.0)
    falling = velocity_figures(np.array([[-12.0, -40.0]]), (10, 127))
    assert falling["velocity_rank"] == pytest.approx(-1.0)


def test_gestures_are_measured_alike_on_both_sides(
    synthetic_cache: FeatureCache, tiny: Instrument
) -> None:
    steps: list[int] = []
    recordings = [1, 4, 7]  # molto vibrato
    figures = gesture_figures(synthetic_cache, tiny, recordings, FEW, lambda: steps.append(1))
    assert len(steps) == FEW.compared
    assert figures["recorded_vibrato_share"] == 1.0
    assert figures["recorded_vibrato_hz"] == pytest.approx(5.1, abs=0.3)
    assert figures.keys() >= {"generated_vibrato_share", "generated_attack_ms"}


@pytest.fixture(scope="module")
def evaluated(
    features: FeatureCache,
    tiny_instrument: Path,
    tiny_networks: Networks,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, float], Path, list[tuple[int, int]]]:
    """Figures, report folder, and the calls of the progress callable."""
    folder = tmp_path_factory.mktemp("evaluation")
    history = folder / "history.json"
    history.write_text(json.dumps([{"step": 0, "train/loss": 2.0}, {"step": 9, "train/loss": 1.0}]))
    seen: list[tuple[int, int]] = []
    figures = evaluate(
        features,
        tiny_instrument,
        tiny_networks[0],
        folder / "deep" / "report",
        settings=FEW,
        histories={"envelopes": history},
        progress=lambda done, of: seen.append((done, of)),
    )
    return figures, folder / "deep" / "report", seen


def test_an_instrument_is_in_tune_and_obeys_velocity(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, _, _ = evaluated
    assert figures["played_note_cents"] < 5.0
    assert figures["played_unvoiced"] == 0.0
    assert figures["velocity_rank"] == pytest.approx(1.0)
    assert figures["velocity_range_db"] > 10.0
    assert figures["timbre_loudness_db"] < 3.0


def test_every_figure_is_there_for_its_sides(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, _, _ = evaluated
    for name in ("cents_mae", "attack_db_mae", "sustain_cents_mae", "release_db_mae"):
        assert {name, f"train_{name}", f"pca_{name}"} <= figures.keys()
    assert {"kl", "train_kl", "timbre_loss", "train_timbre_loss"} <= figures.keys()
    assert all(math.isfinite(value) for value in figures.values())


def test_the_report_shows_figures_and_pictures(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, report, _ = evaluated
    written = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    assert written["figures"] == figures
    assert written["model"]["name"] == "tiny"
    page = (report / "report.md").read_text(encoding="utf-8")
    pictures = {path.name for path in report.glob("*.png")}
    assert {"playing.png", "map.png", "losses-envelopes.png", "sounds-low.png"} <= pictures
    assert all(f"]({picture})" in page for picture in pictures)


def test_progress_comes_to_its_end(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    _, _, seen = evaluated
    done, of = zip(*seen, strict=True)
    assert list(done) == list(range(1, of[0] + 1))
    assert set(of) == {len(seen)}


def test_evaluation_needs_an_instrument(
    features: FeatureCache, tiny_networks: Networks, tmp_path: Path
) -> None:
    with pytest.raises(InstrumentError, match="no instrument here"):
        evaluate(features, tmp_path, tiny_networks[0], tmp_path / "report")
    assert not (tmp_path / "report").exists()


# --- Scores --------------------------------------------------------------------------------------


def timed(*events: tuple[float, Event]) -> list[TimedEvent]:
    return [TimedEvent(seconds, event) for seconds, event in events]


def test_a_note_rings_while_the_pedal_is_down() -> None:
    events = timed(
        (0.0, NoteOn(0, 60, 80)),
        (0.2, ControlChange(0, 64, 127)),
        (0.5, NoteOff(0, 60)),
        (0.6, NoteOn(1, 62, 80)),
        (0.9, NoteOff(1, 62)),
        (1.5, ControlChange(0, 64, 0)),
    )
    assert score_notes(events, 2.0) == [
        ScoreNote(0, 60, 80, 0.0, 0.5, 1.5),
        ScoreNote(1, 62, 80, 0.6, 0.9, 0.9),
    ]


def test_repeated_notes_end_in_their_order_and_open_ones_with_the_score() -> None:
    events = timed(
        (0.0, NoteOn(0, 60, 80)),
        (0.1, NoteOn(0, 60, 90)),
        (0.4, NoteOff(0, 60)),
        (0.5, NoteOff(0, 72)),
    )
    assert score_notes(events, 3.0) == [
        ScoreNote(0, 60, 80, 0.0, 0.4, 0.4),
        ScoreNote(0, 60, 90, 0.1, 3.0, 3.0),
    ]


def lone(key: int, onset: float, off: float, end: float | None = None) -> ScoreNote:
    return ScoreNote(0, key, 80, onset, off, off if end is None else end)


@pytest.mark.parametrize(
    ("notes", "measured"),
    [
        ([lone(60, 0.0, 0.5)], [60]),
        ([lone(60, 0.0, 0.29)], []),
        ([lone(54, 0.0, 1.0), lone(97, 1.0, 2.0), lone(96, 2.0, 3.0)], [96]),
        ([lone(60, 0.0, 0.5), lone(64, 0.0, 0.5)], []),
        ([lone(60, 0.0, 0.55), lone(62, 0.5, 1.0)], [62]),
        ([lone(60, 0.0, 0.5, end=0.8), lone(62, 0.5, 1.0)], [60]),
    ],
    ids=["alone", "short", "out of range", "chord", "slurred", "pedal"],
)
def test_only_notes_that_sound_alone_are_measured(
    notes: list[ScoreNote], measured: list[int]
) -> None:
    assert [note.key for note in lone_notes(notes)] == measured


def test_bend_range_is_the_channels_own() -> None:
    events = timed(
        (0.0, PitchBend(0, 4096)),
        (1.0, ControlChange(0, 101, 0)),
        (1.0, ControlChange(0, 100, 0)),
        (1.0, ControlChange(0, 6, 12)),
        (2.0, PitchBend(0, -8192)),
        (2.5, PitchBend(1, 8191)),
        (3.0, ControlChange(0, 100, 127)),
        (3.0, ControlChange(0, 6, 1)),
    )
    times, semitones = bends(events, 0)
    assert dict(zip(times.tolist(), semitones.tolist(), strict=True)) == {
        -1.0: 0.0,
        0.0: 1.0,
        1.0: 6.0,
        2.0: -12.0,
    }


def write_midi(path: Path, *, bend: int = 0) -> Path:
    """Two notes of 0.6 s, the second one bent."""
    track = mido.MidiTrack()
    track.append(mido.Message("note_on", note=69, velocity=80, time=96))
    track.append(mido.Message("note_off", note=69, time=576))
    track.append(mido.Message("pitchwheel", pitch=bend, time=960))
    track.append(mido.Message("note_on", note=76, velocity=80, time=96))
    track.append(mido.Message("note_off", note=76, time=576))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)
    return path


def test_audio_is_in_tune_with_a_bent_score(tiny_instrument: Path, tmp_path: Path) -> None:
    piece = write_midi(tmp_path / "bent.mid", bend=4096)
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"no music")
    seen: list[tuple[int, int]] = []
    found = score_report(
        tiny_instrument,
        [piece, broken],
        tmp_path / "scores.json",
        lambda done, of: seen.append((done, of)),
    )
    played, refused = found.pieces
    assert played.notes == 2
    assert played.seconds == pytest.approx(1.0, abs=0.05)
    assert played.note_cents < 5.0
    assert played.cents < 30.0
    assert played.finite
    assert -60.0 < played.peak_dbfs <= 0.0
    assert "not a MIDI file" in refused.refused
    assert seen == [(1, 2), (2, 2)]
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert [piece["name"] for piece in written["pieces"]] == ["bent.mid", "broken.mid"]
    assert written["pieces"][1]["cents"] is None
    assert found.figures()["score_notes"] == 2.0


def test_a_report_of_nothing_has_no_error(tiny_instrument: Path) -> None:
    found = score_report(tiny_instrument, [])
    assert found.pieces == []
    assert math.isnan(found.cents)
    report = ScoreReport([PieceScore("a"), PieceScore("b", notes=3)], 1.0, 2.0, 0.5)
    assert report.figures()["score_pieces"] == 1.0
