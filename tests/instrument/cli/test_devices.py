"""``arco devices``: what there is, or what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from instrument.audio.devices import Device
from instrument.audio.jack_client import Seat
from instrument.errors import UsageError
from instrument.live.bindings import Binding, save_bindings

Arco = Callable[..., tuple[int, str, str]]


class Missing(Protocol):
    """See the fixture."""

    module: str
    name: str
    help: str


@pytest.fixture
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with a keyboard and a loudspeaker."""
    speakers = Device(0, "ALSA", "Speakers", 44_100, is_default=True)
    monkeypatch.setattr("instrument.live.inputs.list_inputs", lambda _seat: [("ALSA", "Keys")])
    monkeypatch.setattr("instrument.audio.devices.list_outputs", lambda _seat: [speakers])


@pytest.mark.usefixtures("one_device")
def test_devices_shows_inputs_outputs_and_learned_knobs(arco: Arco, config: Path) -> None:
    save_bindings(config, [Binding("vibrato", 20)])
    status, out, err = arco("devices")
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["ALSA", "Keys"] in rows
    assert ["ALSA", "Speakers", "44100", "Hz", "default"] in rows
    assert ["20", "any", "vibrato", "absolute", "soft"] in rows


@pytest.mark.usefixtures("one_device")
def test_devices_as_json(arco: Arco, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_bindings(config, [Binding("vibrato", 20, 3)])
    monkeypatch.setattr("instrument.live.inputs.list_inputs", no_midi)
    status, out, _ = arco("devices", "--json")
    told = json.loads(out)
    assert status == 0
    assert told["inputs"] == {"found": [], "error": "no MIDI here"}
    (output,) = told["outputs"]["found"]
    assert (output["name"], output["api"], output["is_default"]) == ("Speakers", "ALSA", True)
    (binding,) = told["bindings"]
    assert (binding["target"], binding["controller"], binding["channel"]) == ("vibrato", 20, 3)


def no_midi(_seat: Seat) -> list[tuple[str, str]]:
    raise UsageError("no MIDI here")


@pytest.mark.usefixtures("one_device")
def test_devices_refuses_a_broken_file_of_knobs(arco: Arco, config: Path) -> None:
    config.write_text("[[knob]]\n")
    status, _, err = arco("devices")
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith(f"arco: {config}: [[knob]] 1: ")


def test_devices_says_what_is_missing(
    arco: Arco, config: Path, missing: Missing, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (
        "audio.devices.list_outputs" if missing.module == "rtmidi" else "live.inputs.list_inputs"
    )
    monkeypatch.setattr(f"instrument.{other}", lambda _seat: [])
    status, out, err = arco("devices")
    assert (status, err) == (0, "")
    told = " ".join(out.split())
    assert missing.name in told
    assert missing.help in told
