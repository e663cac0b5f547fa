"""Recordings become presets, one after the other, whatever they are called."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError, RecordingError, UsageError
from instrument.model.graphs import Instrument, load_instrument
from instrument.ui import examples as examples_module
from instrument.ui.examples import KIND, MOST_HEARD, MOST_WAITING, Examples
from instrument.ui.presets import OwnPresets

pytest.importorskip("swift_f0")
pytest.importorskip("soxr")

RATE = 48_000


@pytest.fixture(scope="module")
def instrument(tiny_instrument: Path) -> Instrument:
    return load_instrument(tiny_instrument)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def examples(instrument: Instrument, own: OwnPresets, told: list[str]) -> Examples:
    return Examples(instrument, own, lambda: told.append("told"))


def flac(audio: Float32 | Float64) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, audio, RATE, format="FLAC")
    return file.getvalue()


@pytest.fixture(scope="module")
def note(violin_note: Callable[..., tuple[Float32, Float64]]) -> bytes:
    return flac(violin_note(74, 0.8, vibrato_cents=25.0)[0])


def take(examples: Examples, name: str, content: bytes) -> str:
    return asyncio.run(examples.take(name, sent(content)))


def sent(content: bytes) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        return content

    return read


def test_a_recording_becomes_a_preset_with_its_note(
    examples: Examples, own: OwnPresets, told: list[str], note: bytes
) -> None:
    assert take(examples, "D5.flac", note) == "D5"
    (preset,) = own.found
    assert preset.name == "D5"
    assert preset.note is not None
    assert preset.note[0] == 74
    assert told == ["told"]


def test_without_room_for_a_recording_a_sentence_says_so(
    examples: Examples, note: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    with pytest.raises(OutputError, match="temporary files: cannot be written"):
        take(examples, "D5.flac", note)


def test_what_was_heard_is_told_with_curves_as_long_as_the_decoded_ones(
    examples: Examples, own: OwnPresets, note: bytes
) -> None:
    take(examples, "D5.flac", note)
    heard = examples.of(own.found[0])
    assert heard is not None
    assert heard["key"] == 74
    assert heard["vibrato"] == pytest.approx(25.0, abs=3.0)
    assert len(heard["cents"]) == len(heard["level_db"]) == 250
    assert None in heard["cents"]  # a note of 0.8 s isn't measured for three


def test_the_recording_itself_can_be_heard(
    examples: Examples, own: OwnPresets, note: bytes
) -> None:
    take(examples, "D5.flac", note)
    found = examples.sound("D5")
    assert found is not None
    content, kind = found
    audio, rate = soundfile.read(io.BytesIO(content))
    original, _ = soundfile.read(io.BytesIO(note))
    assert (kind, rate) == (KIND, RATE)
    np.testing.assert_allclose(audio, original, atol=1e-3)
    own.rename("D5", "mine")
    assert examples.sound("D5") is None
    assert examples.sound("mine") == found


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("a note.wav", "a note"),
        ("../../etc/passwd", "passwd"),
        ("C:\\notes\\d5.flac", "d5"),
        ("", "recording"),
        ("\x00\x1b[31m\n.wav", "[31m"),
        ("é" * 300 + ".wav", "é" * 60),
    ],
)
def test_a_name_is_a_text_and_nothing_else(
    examples: Examples, note: bytes, file_name: str, name: str
) -> None:
    assert take(examples, file_name, note) == name


def test_names_are_counted_where_they_are_taken(examples: Examples, note: bytes) -> None:
    names = [take(examples, "note.wav", note) for _ in range(3)]
    assert names == ["note", "note 2", "note 3"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no sound",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        flac(np.zeros(RATE)),
        flac(np.random.default_rng(0).uniform(-0.1, 0.1, RATE)),
    ],
    ids=["nothing", "text", "a broken header", "silence", "noise"],
)
def test_what_is_no_note_is_refused_and_changes_nothing(
    examples: Examples, own: OwnPresets, told: list[str], content: bytes
) -> None:
    with pytest.raises(RecordingError) as refused:
        take(examples, "note.wav", content)
    assert "/" not in str(refused.value)  # no path of this computer
    assert own.found == []
    assert told == []


def test_only_the_last_ones_stay_to_be_heard(
    examples: Examples, own: OwnPresets, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    for number in range(MOST_HEARD + 1):
        audio, _ = violin_note(70 + number, 0.3)
        take(examples, f"{number}.flac", flac(audio))
    heard = [examples.of(preset) is not None for preset in own.found]
    assert heard == [False] + MOST_HEARD * [True]


def test_many_at_once_wait_and_more_are_refused(examples: Examples, note: bytes) -> None:
    async def at_once() -> list[str | BaseException]:
        takes = (examples.take("note.wav", sent(note)) for _ in range(MOST_WAITING + 2))
        return await asyncio.gather(*takes, return_exceptions=True)

    answers = asyncio.run(at_once())
    assert sum(isinstance(answer, str) for answer in answers) == MOST_WAITING
    assert sum(isinstance(answer, UsageError) for answer in answers) == 2
    assert take(examples, "note.wav", note)


def test_what_would_have_to_wait_is_not_even_read(examples: Examples, note: bytes) -> None:
    read = 0

    async def at_once() -> list[str | BaseException]:
        async def sending() -> bytes:
            nonlocal read
            read += 1
            await asyncio.sleep(0)
            return note

        takes = (examples.take("note.wav", sending) for _ in range(3 * MOST_WAITING))
        return await asyncio.gather(*takes, return_exceptions=True)

    asyncio.run(at_once())
    assert read == MOST_WAITING


def test_a_recording_that_is_never_sent_to_its_end_is_given_up(
    examples: Examples, note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples_module, "SENDING_SECONDS", 0.01)

    async def stalled() -> bytes:
        await asyncio.Event().wait()
        return b""

    with pytest.raises(RecordingError):
        asyncio.run(examples.take("note.wav", stalled))
    assert take(examples, "note.wav", note) == "note"


def test_half_a_minute_is_heard_and_no_more(
    examples: Examples, own: OwnPresets, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio = np.zeros(30 * RATE, np.float32)
    one_note, _ = violin_note(70, 0.5)
    audio[: len(one_note)] = one_note
    longer = np.append(audio, np.zeros(RATE // 10, np.float32))
    with pytest.raises(RecordingError):
        take(examples, "long.flac", flac(longer))
    assert own.found == []
    assert take(examples, "note.flac", flac(audio)) == "note"


def test_what_takes_too_long_is_given_up(
    examples: Examples, note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples_module, "LISTENING_SECONDS", 0.0)
    with pytest.raises(RecordingError):
        take(examples, "note.wav", note)
