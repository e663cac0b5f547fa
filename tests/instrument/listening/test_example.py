"""A recorded note becomes a place in the latent space that plays as it was bowed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import instrument as arco
from instrument.arrays import Float32, Float64
from instrument.errors import InstrumentError, RecordingError, UsageError
from instrument.listening import tracker
from instrument.listening.example import Example, listen
from instrument.model.graphs import Instrument

pytest.importorskip("swift_f0")
pytest.importorskip("soxr")

ViolinNote = Callable[..., tuple[Float32, Float64]]

RATE = 48_000


@pytest.fixture(scope="module")
def violin() -> arco.Player:
    return arco.load("violin")


@pytest.fixture(scope="module")
def bowed(violin: arco.Player, violin_note: ViolinNote) -> tuple[Example, Example]:
    """A note with vibrato and one without, as they were heard."""
    notes = [violin_note(74.1, 1.2, vibrato_cents=cents)[0] for cents in (30.0, 0.0)]
    swinging, straight = (violin.encode(audio, RATE) for audio in notes)
    return swinging, straight


def test_it_says_what_was_heard(bowed: tuple[Example, Example]) -> None:
    swinging, straight = bowed
    assert swinging.key == straight.key == 74
    assert swinging.tuning_cents == pytest.approx(10.0, abs=4.0)
    assert swinging.described["vibrato_cents"] == pytest.approx(30.0, abs=3.0)
    assert swinging.described["vibrato_hz"] == pytest.approx(5.5, abs=0.4)
    assert straight.described["vibrato_cents"] < 2.0
    assert swinging.measured.sum() == pytest.approx(1.2 * 250, abs=60)


def test_its_place_decodes_to_what_was_heard(bowed: tuple[Example, Example]) -> None:
    for example in bowed:
        assert example.cents_error < 6.0
        assert example.loudness_error_db < 4.0
        assert len(example.recorded.cents) == len(example.decoded.cents) == 750


def test_a_note_placed_there_is_played_so(
    violin: arco.Player, bowed: tuple[Example, Example]
) -> None:
    heard = []
    for example in bowed:
        stream = violin.stream(room_gain=0.0)
        stream.push(arco.Latent(0, tuple(map(float, example.latent))))
        stream.push(arco.NoteOn(0, example.key, 90), sample=4800)
        stream.push(arco.NoteOff(0, example.key), sample=4800 + RATE)
        heard.append(violin.encode(stream.render(2 * RATE), RATE).described["vibrato_cents"])
    swinging, straight = heard
    assert swinging == pytest.approx(bowed[0].described["vibrato_cents"], abs=10.0)
    assert straight < 4.0


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_any_format_and_rate_will_do(
    violin: arco.Player, violin_note: ViolinNote, tmp_path: Path, rate: int
) -> None:
    audio, _ = violin_note(69, 0.6)
    file = tmp_path / "note.flac"
    stretched = np.interp(np.arange(0, len(audio), RATE / rate), np.arange(len(audio)), audio)
    soundfile.write(file, np.stack([stretched, stretched], axis=1), rate)
    assert violin.encode_file(file).key == 69


def test_what_lies_behind_half_a_minute_is_not_read(
    violin: arco.Player, violin_note: ViolinNote, tmp_path: Path
) -> None:
    audio, _ = violin_note(69, 0.6)
    file = tmp_path / "long.wav"
    soundfile.write(file, np.concatenate([audio, np.zeros(60 * RATE), audio]), RATE)
    assert violin.encode_file(file).key == 69


def test_it_is_placed_as_loud_as_asked_for(violin: arco.Player, violin_note: ViolinNote) -> None:
    audio, _ = violin_note(69, 0.6, level_db=-30.0)
    levels = [violin.encode(audio, RATE, loudness=loudness) for loudness in (0.1, 0.9)]
    assert [example.loudness for example in levels] == [0.1, 0.9]
    soft, loud = (float(np.median(example.decoded.loudness_db[100:300])) for example in levels)
    assert loud > soft + 6.0
    assert 0.0 < violin.encode(audio, RATE).loudness < 1.0


def _line(violin_note: ViolinNote) -> Float32:
    return np.concatenate([violin_note(key, 0.6, silence=0.0)[0] for key in (69, 74)])


REFUSED: dict[str, Callable[[ViolinNote], Float32]] = {
    "nothing": lambda _: np.zeros(0, np.float32),
    "one sample": lambda _: np.full(1, 0.3, np.float32),
    "silence": lambda _: np.zeros(RATE, np.float32),
    "noise": lambda _: np.random.default_rng(0).uniform(-0.1, 0.1, RATE).astype(np.float32),
    "a click": lambda _: np.eye(1, RATE, 1000, dtype=np.float32)[0],
    "a tenth of a second": lambda note: note(69, 0.6)[0][6000:7200],
    "two notes": _line,
    "clipped": lambda note: np.clip(20.0 * note(69, 0.6)[0], -1.0, 1.0),
    "not a number": lambda note: np.where(note(69, 0.6)[0] > 0.1, np.float32(np.nan), 0),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_one_note_is_refused(
    violin: arco.Player, violin_note: ViolinNote, what: str
) -> None:
    with pytest.raises(RecordingError):
        violin.encode(REFUSED[what](violin_note), RATE)


def test_a_file_that_is_no_sound_is_refused_by_name(violin: arco.Player, tmp_path: Path) -> None:
    file = tmp_path / "note.wav"
    file.write_text("no sound")
    with pytest.raises(RecordingError, match=r"note\.wav"):
        violin.encode_file(file)


def test_arguments_are_checked(violin: arco.Player) -> None:
    audio = np.zeros(RATE, np.float32)
    for arguments in ((audio, 100), (audio.astype(np.int16), RATE), (audio[None, None], RATE)):
        with pytest.raises(UsageError):
            violin.encode(*arguments)
    with pytest.raises(UsageError):
        violin.encode(audio, RATE, loudness=1.5)


def test_an_instrument_without_an_encoder_says_so(tiny: Instrument) -> None:
    without = replace(tiny, spec=replace(tiny.spec, encoder=None))
    with pytest.raises(InstrumentError, match="encoder"):
        listen(without, np.zeros(RATE, np.float32), RATE)


@pytest.mark.parametrize("package", ["swift_f0", "soxr"])
def test_without_the_extra_it_says_what_to_install(
    violin: arco.Player, violin_note: ViolinNote, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    tracker._network.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"'\.\[encode\]'"):
        violin.encode(violin_note(69, 0.6)[0], RATE)
