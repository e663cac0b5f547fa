"""``arco render --outside``: what becomes of notes that the instrument doesn't have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]
KEYSWITCH, BELOW, MELODY, ABOVE = 24, 50, 69, 100


@pytest.fixture
def render(arco: Arco, tiny_instrument: Path) -> Arco:
    def run(*arguments: str) -> tuple[int, str, str]:
        return arco(
            "render", "song.mid", "--instrument", tiny_instrument, "--tail", "0", *arguments
        )

    return run


@pytest.fixture
def write(desk: Path) -> Callable[..., None]:
    """Writes song.mid: keys that go down together, each in a channel of its own."""

    def write(*keys: int) -> None:
        track = mido.MidiTrack()
        for kind, time in (("note_on", 0), ("note_off", 480)):
            for channel, key in enumerate(keys):
                track.append(
                    mido.Message(kind, channel=channel, note=key, time=0 if channel else time)
                )
        file = mido.MidiFile()
        file.tracks.append(track)
        file.save(desk / "song.mid")

    return write


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ((), (3, 3, 1)),
        (("--outside", "play"), (4, 3, 0)),
        (("--outside", "fold"), (4, 3, 0)),
        (("--outside", "skip"), (1, 3, 3)),
    ],
)
def test_notes_outside_are_counted(
    render: Arco,
    write: Callable[..., None],
    arguments: tuple[str, ...],
    counts: tuple[int, int, int],
) -> None:
    write(MELODY, KEYSWITCH, BELOW, ABOVE)
    status, out, _ = render("--json", *arguments)
    assert status == 0
    report = json.loads(out)
    assert (report["notes"], report["outside"], report["skipped"]) == counts


def test_they_are_told_in_one_sentence(render: Arco, write: Callable[..., None]) -> None:
    write(MELODY, KEYSWITCH, BELOW)
    _, out, _ = render()
    (line,) = (line for line in out.splitlines() if "range" in line)
    assert line.startswith("2 notes lie ")
    assert "1 left out" in line


def test_nothing_is_said_of_a_song_within_the_range(
    render: Arco, write: Callable[..., None]
) -> None:
    write(MELODY)
    assert "range" not in render()[1]


def test_a_keyswitch_changes_nothing(render: Arco, write: Callable[..., None], desk: Path) -> None:
    heard = []
    for keys in ((MELODY,), (MELODY, KEYSWITCH)):
        write(*keys)
        render("-o", "song.wav")
        heard.append(soundfile.read(desk / "song.wav")[0])
    np.testing.assert_array_equal(*heard)


@pytest.mark.parametrize("how", ["", "Play", "transpose"])
def test_what_there_is_to_choose_is_said(render: Arco, refused: Refused, how: str) -> None:
    assert "fold" in refused(render, "--outside", how)


def test_skipping_all_notes_is_refused(
    render: Arco, refused: Refused, write: Callable[..., None]
) -> None:
    write(KEYSWITCH, ABOVE)
    assert "all 2 notes" in refused(render, "--outside", "skip")
