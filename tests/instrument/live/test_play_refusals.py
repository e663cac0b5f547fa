"""What `arco play` can't do it says in one line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.instrument.live.arco_program import ARCO

pytestmark = pytest.mark.live


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sample-rate", "44100"), "runs at 48000 Hz"),
        (("--audio-out", "nowhere"), "no sound device named 'nowhere'"),
        (("--midi-in", "nothing"), "no MIDI input named 'nothing'"),
        (("--record", "take.wav"), "should end in .mid"),
        (("--record-audio", "take.mp3"), "should end in .wav or .flac"),
        (("--block", "5"), "--block 5: should be from 16 to 4096"),
        (("--mode", "duo"), "not one of 'poly', 'mono', 'violin'"),
        (("--learn", "nonsense"), "no knob named 'nonsense'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    options: tuple[str, ...],
    words: str,
    jack_server: Any,
    tiny_instrument: Path,
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [*ARCO, "play", "--instrument", str(tiny_instrument), *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"arco: .*\n", done.stderr), done.stderr
    assert words in done.stderr
    assert list(tmp_path.glob("take*")) == []


def test_without_a_server_it_says_what_to_start(
    live_parts: None, tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    done = subprocess.run(
        [*ARCO, "play", "--instrument", str(tiny_instrument)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "start a JACK server" in done.stderr
