"""The offline driver: a whole score, from its first sample to the last one that sounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.block import Renderer
from instrument.engine.engine import Engine
from instrument.errors import UnknownName, UsageError
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    TimedEvent,
)
from instrument.midi.score import Score, read_score
from instrument.midi.take import Stamper, Take
from instrument.midi.take_file import TakeWriter
from instrument.model.graphs import Instrument
from instrument.render import LONGEST_TAIL_SECONDS, RenderSettings, render_score
from instrument.report import RenderReport
from instrument.settings import EngineSettings

Render = Callable[..., tuple[RenderReport, Float32]]
ON, OFF = NoteOn(0, 69, 90), NoteOff(0, 69)


def score(*events: tuple[float, Event], seconds: float | None = None) -> Score:
    timed = tuple(TimedEvent(*event) for event in events)
    notes = sum(isinstance(event, NoteOn) for _, event in events)
    return Score(timed, seconds if seconds is not None else events[-1][0], notes)


def render_settings(
    tail_seconds: float | None = None,
    samples: int | None = None,
    frames_at_once: int = 32,
    **engine: Any,
) -> RenderSettings:
    return RenderSettings(
        EngineSettings(**({"voices": 64} | engine)), tail_seconds, samples, frames_at_once
    )


@pytest.fixture
def render(tiny: Instrument) -> Render:
    def render(
        played: Score, channel: int | None = None, **settings: Any
    ) -> tuple[RenderReport, Float32]:
        blocks: list[Float32] = []
        chosen = render_settings(**({"room_gain": 0.0} | settings))
        report = render_score(tiny, played, chosen, blocks.append, channel=channel)
        return report, np.concatenate(blocks, axis=1)

    return render


SHORT = score((0.1, ON), (0.4, OFF))


def test_the_report_says_what_was_rendered(render: Render, tiny: Instrument) -> None:
    report, audio = render(
        score((0.0, ON), (0.1, NoteOn(0, 72, 90)), (0.3, OFF), (0.3, NoteOff(0, 72)))
    )
    assert report.seconds == audio.shape[1] / 48_000
    assert report.notes == report.voices_max == 2
    assert report.sample_rate == 48_000
    assert report.peak_dbfs == pytest.approx(20 * np.log10(np.abs(audio).max()), abs=1e-3)
    assert report.model == {"name": "tiny", "digest": tiny.spec.digest}
    assert report.realtime_factor == pytest.approx(report.seconds / report.render_seconds)


def test_notes_that_found_no_voice_are_counted(render: Render) -> None:
    """300 keys go down at once: 4 sound, 12 more get a voice that is taken before it is heard."""
    keys: list[tuple[float, Event]] = [(0.0, NoteOn(n // 50, 50 + n % 50, 90)) for n in range(300)]
    report, _ = render(score(*keys, seconds=0.2), tail_seconds=0.0, voices=4)
    assert (report.notes, report.without_voice, report.voices_max) == (4, 296, 4)


def test_a_voice_that_is_taken_after_it_was_heard_was_there(render: Render) -> None:
    keys: list[tuple[float, Event]] = [(n / 10, NoteOn(0, 60 + n, 90)) for n in range(6)]
    report, _ = render(score(*keys, seconds=1.0), tail_seconds=0.0, voices=2)
    assert (report.notes, report.without_voice) == (6, 0)


def test_notes_that_were_mended_are_told(render: Render) -> None:
    report, _ = render(replace(SHORT, mended=3), tail_seconds=0.0)
    assert report.mended == 3


def test_compiling_is_counted_apart(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_kernels(_progress: Callable[[float], None]) -> float:
        time.sleep(0.5)
        return 0.5

    monkeypatch.setattr("instrument.render.compile_kernels", compile_kernels)
    began = time.perf_counter()
    report, _ = render(SHORT, tail_seconds=0.0)
    assert report.compile_seconds == 0.5
    assert report.render_seconds <= time.perf_counter() - began - 0.5


def test_what_is_compiled_already_takes_no_time(render: Render) -> None:
    render(SHORT, tail_seconds=0.0)
    report, _ = render(SHORT, tail_seconds=0.0)
    assert report.compile_seconds == 0.0


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("tail", [0.0, 0.25, 1.0])
def test_a_given_tail_is_exact(render: Render, rate: int, tail: float) -> None:
    _, audio = render(SHORT, sample_rate=rate, tail_seconds=tail)
    assert audio.shape == (2, round(0.4 * rate) + round(tail * rate))


@pytest.mark.parametrize("room_gain", [0.0, 0.2])
def test_without_a_given_tail_it_goes_on_until_it_is_silent(
    render: Render, room_gain: float
) -> None:
    report, audio = render(SHORT, room_gain=room_gain)
    assert np.abs(audio[:, -100:]).max() < 1e-4
    assert np.abs(audio[:, 19_300:20_000]).max() > 1e-3
    assert report.seconds < 0.4 + LONGEST_TAIL_SECONDS


def test_a_note_that_the_file_never_ends_is_ended_at_its_end(render: Render) -> None:
    _, audio = render(score((0.1, ON), seconds=1.0))
    _, ended = render(score((0.1, ON), (1.0, OFF)))
    assert np.abs(audio[:, 47_000:48_000]).max() > 0.01
    assert np.abs(audio[:, -100:]).max() < 1e-4
    np.testing.assert_array_equal(audio[:, :48_000], ended[:, :48_000])


def test_the_pedal_is_lifted_at_the_end(render: Render) -> None:
    played = score((0.1, ControlChange(0, 64, 127)), (0.1, ON), (0.4, OFF), seconds=0.8)
    report, audio = render(played)
    assert np.abs(audio[:, 36_000:38_000]).max() > 0.01
    assert 0.8 < report.seconds < 4.0


def test_progress_reaches_the_end(tiny: Instrument) -> None:
    seconds: list[float] = []
    report = render_score(tiny, SHORT, RenderSettings(), lambda _: None, seconds.append)
    assert seconds == sorted(seconds)
    assert seconds[-1] == report.seconds


def test_one_channel_is_rendered_alone(render: Render) -> None:
    other = NoteOn(5, 60, 100)
    both = score((0.1, ON), (0.1, other), (0.4, OFF), (0.4, NoteOff(5, 60)))
    for channel in (0, 5):
        report, audio = render(both, channel=channel, tail_seconds=0.0)
        assert report.notes == 1
        assert np.abs(audio).max() > 0.01
    report, audio = render(both, channel=9, tail_seconds=0.1)
    assert report.notes == 0
    assert not audio.any()


def test_presets_and_knobs_are_known_by_name(render: Render, tiny: Instrument) -> None:
    _, plain = render(SHORT, tail_seconds=0.0)
    first, second = (preset.name for preset in tiny.spec.presets[:2])
    np.testing.assert_array_equal(render(SHORT, tail_seconds=0.0, preset=first)[1], plain)
    _, other = render(SHORT, tail_seconds=0.0, preset=second)
    assert np.any(other != plain)
    program = score((0.0, ProgramChange(0, 1)), (0.1, ON), (0.4, OFF))
    np.testing.assert_array_equal(render(program, tail_seconds=0.0)[1], other)

    knob = tiny.spec.axes[0].name
    low, high = (render(SHORT, tail_seconds=0.0, knobs={knob: x})[1] for x in (0.0, 1.0))
    assert np.any(low != high)


def refuse(_block: Float32) -> None:
    pytest.fail("something was written")


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"preset": "naturall"}, UnknownName, "did you mean 'natural'"),
        ({"knobs": {"no-such-knob": 0.5}}, UnknownName, "no-such-knob"),
        ({"sample_rate": 8000}, UsageError, "8000 Hz"),
        ({"sample_rate": 1_000_000}, UsageError, "1000000 Hz"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    tiny: Instrument, settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        render_score(tiny, SHORT, render_settings(**settings), refuse)


def test_a_knob_outside_its_range_is_refused(tiny: Instrument) -> None:
    knob = tiny.spec.axes[0].name
    with pytest.raises(UsageError, match=knob):
        render_score(tiny, SHORT, render_settings(knobs={knob: 1.5}), refuse)


def test_the_report_has_the_keys_of_the_command_line(render: Render) -> None:
    report, _ = render(SHORT, tail_seconds=0.0)
    assert list(asdict(report)) == [
        "seconds",
        "render_seconds",
        "compile_seconds",
        "realtime_factor",
        "notes",
        "mended",
        "outside",
        "skipped",
        "without_voice",
        "voices_max",
        "peak_dbfs",
        "sample_rate",
        "model",
    ]


# --- Takes -------------------------------------------------------------------------------------


def busy_playing(seed: int, seconds: float, sample_rate: int) -> list[tuple[int, Event]]:
    """Chords, lines, controllers, pressures and places at any samples, many of them at once."""
    rng = np.random.default_rng(seed)

    def value() -> int:
        return int(rng.integers(128))

    def anything() -> Event:
        channel, key = int(rng.integers(3)), int(rng.integers(55, 80))
        changes = (1, 2, 5, 7, 10, 11, 64, 65, 66, 67, 68, 71, 74, 16, 121, 123, 126, 127)
        controller = int(rng.choice(changes))
        kinds: list[Event] = [
            NoteOn(channel, key, 1 + value() % 127),
            NoteOn(channel, key + 5, 1 + value() % 127),
            NoteOff(channel, key, value()),
            NoteOff(channel, key + 5, value()),
            ControlChange(channel, controller, value()),
            PitchBend(channel, 64 * value() - 4096),
            ProgramChange(channel, value() % 6),
            ChannelPressure(channel, value()),
            KeyPressure(channel, key, value()),
            Latent(channel, tuple(rng.normal(size=16)) if value() % 4 else ()),
        ]
        return kinds[int(rng.integers(len(kinds)))]

    moments = np.sort(rng.integers(0, round(seconds * sample_rate), 80))
    return [(int(moment), anything()) for moment in moments for _ in range(value() % 5)]


def play_live(
    engine: Engine, events: Sequence[tuple[int, Event]], take: TakeWriter, samples: int, ahead: int
) -> Float32:
    """Play as a live session does: event by event, a little ahead of the sound."""
    stamper, heard = Stamper(), np.zeros((2, samples), np.float32)

    def sound(until: int) -> None:
        while engine.position < until:
            first, last = engine.position, min(engine.position + ahead // 2, until)
            engine.advance(last)
            Renderer(engine.synth)(heard[0, first:last], heard[1, first:last])

    for moment, event in events:
        sound(moment - ahead)
        sample = stamper.stamp(max(moment, engine.reached), event)
        engine.push(event, sample)
        take.add(sample, event)
        engine.advance(min(sample + 1, engine.position + ahead))
    sound(samples)
    take.close(samples)
    return heard


@pytest.mark.parametrize(("seed", "rate"), [(1, 48_000), (2, 44_100), (3, 48_000)])
def test_a_take_renders_to_the_samples_that_were_heard(
    tiny: Instrument, tmp_path: Path, seed: int, rate: int
) -> None:
    ahead, samples, path = 512, rate, tmp_path / "take.mid"
    engine = Engine(tiny, EngineSettings(sample_rate=rate, voices=4, seed=seed), ahead=ahead)
    take = TakeWriter(path, EngineSettings(sample_rate=rate, seed=seed, voices=4))
    heard = play_live(engine, busy_playing(seed, 0.9, rate), take, samples, ahead)
    blocks: list[Float32] = []
    played = read_score(path)
    report = render_score(tiny, played, RenderSettings.of(played), blocks.append)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), heard)
    assert np.abs(heard).max() > 0.05
    assert report.notes == engine.notes > 20


def test_the_settings_of_a_take_are_those_that_it_was_played_with() -> None:
    take = Take(EngineSettings(seed=5, voices=3, sample_rate=44_100), samples=1234)
    settings = RenderSettings.of(Score((), 0.0, 0, take=take))
    wanted = RenderSettings(take.engine, samples=1234, frames_at_once=1)
    assert settings == wanted
    assert RenderSettings.of(Score((), 0.0, 0)) == RenderSettings()


@pytest.mark.parametrize("samples", [1, 4096, 30_000])
def test_a_given_length_is_exact(render: Render, samples: int) -> None:
    _, whole = render(SHORT)
    _, audio = render(SHORT, samples=samples)
    np.testing.assert_array_equal(audio, whole[:, :samples])
