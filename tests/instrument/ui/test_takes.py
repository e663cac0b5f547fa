"""Takes on the page: listed, rendered in the background, and deleted; and nothing else is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.errors import UsageError
from instrument.midi.events import Event, NoteOff, NoteOn
from instrument.midi.take import TakeEvents, write_pieces
from instrument.settings import EngineSettings
from instrument.ui import takes
from instrument.ui.takes import Takes

RATE = 48_000
NAME = "take-2026-01-02-030405.mid"


class Shelf:
    """Takes in a folder, and what was told of them."""

    def __init__(self, folder: Path, instrument: Path) -> None:
        self.folder = folder
        self.told: list[dict[str, Any]] = []
        self.takes = Takes(folder, instrument, lambda content: self.told.append({**content}))

    def record(self, name: str, *events: tuple[int, Event], begins: int = 0) -> None:
        self.folder.mkdir(exist_ok=True)
        kept = TakeEvents(EngineSettings(sample_rate=RATE, voices=4))
        for sample, event in events:
            kept.add(sample, event)
        write_pieces(self.folder / name, kept.file(RATE, begins)[0])

    def listed(self) -> list[dict[str, Any]]:
        self.takes.tell()
        takes: list[dict[str, Any]] = self.told[-1]["takes"]
        return takes

    def render(self, name: str) -> dict[str, Any]:
        """Render one to its end; what is told last."""

        async def render() -> None:
            self.takes.render(name)
            with pytest.raises(UsageError):
                self.takes.render(name)
            with pytest.raises(UsageError):
                self.takes.delete(name)
            assert self.takes._task is not None
            await self.takes._task

        asyncio.run(render())
        return self.told[-1]


@pytest.fixture
def shelf(tmp_path: Path, tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    return Shelf(tmp_path / "takes", tiny_instrument)


def test_the_newest_is_first_and_others_arent_shown(shelf: Shelf) -> None:
    assert shelf.listed() == []
    shelf.record(NAME, begins=RATE // 2)
    shelf.record("take-2026-01-02-030405-2.mid")
    shelf.record("take-2027-01-02-030405.mid")
    (shelf.folder / "take-2027-01-02-030405.wav").write_bytes(b"")
    (shelf.folder / "take-2028-01-02-030405.mid").write_bytes(b"damaged")
    for other in ("song.mid", "take-x.mid", ".take-2026-01-02-030405.mid"):
        (shelf.folder / other).write_bytes(b"")
    assert [
        (take["name"][5:], take["seconds"], bool(take["sound"])) for take in shelf.listed()
    ] == [
        ("2028-01-02-030405.mid", None, False),
        ("2027-01-02-030405.mid", 1.0, True),
        ("2026-01-02-030405.mid", 0.5, False),
        ("2026-01-02-030405-2.mid", 1.0, False),
    ]


def test_a_take_is_rendered_beside_it(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(takes, "take_seconds", looked.append)
    shelf.record(NAME, (100, NoteOn(0, 69, 110)), (20_000, NoteOff(0, 69)), begins=10_000)
    told = shelf.render(NAME)
    assert (told["rendering"], told["error"]) == ("", "")
    assert told["takes"][0]["sound"] == NAME.replace(".mid", ".wav")
    audio, rate = soundfile.read(shelf.folder / told["takes"][0]["sound"])
    assert (rate, len(audio)) == (RATE, RATE - 10_000)
    assert np.abs(audio).max() > 0.01
    shares = [one["share"] for one in shelf.told]
    assert shares == sorted(shares)
    assert max(shares) == 1.0
    assert len(looked) < len(shares)  # a long list isn't read for each of them
    shelf.takes.delete(NAME)
    assert [*shelf.folder.iterdir()] == []


def test_what_cannot_be_rendered_is_said(shelf: Shelf) -> None:
    shelf.record(NAME)
    told = shelf.render(NAME)
    assert "no notes" in told["error"]
    assert [path.name for path in shelf.folder.iterdir()] == [NAME]


def test_a_take_that_goes_on_is_left_alone(shelf: Shelf) -> None:
    shelf.record(NAME)
    shelf.takes.record(NAME)
    assert shelf.told[-1]["takes"] == []
    with pytest.raises(UsageError):
        shelf.takes.delete(NAME)
    shelf.takes.record("")
    assert len(shelf.told[-1]["takes"]) == 1


@pytest.mark.parametrize("name", ["song.mid", "../song.mid", "", "take-2026-01-02-030405.wav", "/"])
def test_no_name_leads_anywhere_else(shelf: Shelf, name: str) -> None:
    shelf.folder.mkdir()
    (shelf.folder / "song.mid").write_bytes(b"")
    (shelf.folder.parent / "song.mid").write_bytes(b"")
    for act in (shelf.takes.render, shelf.takes.delete):
        with pytest.raises(UsageError):
            act(name)
    assert (shelf.folder / "song.mid").exists()
