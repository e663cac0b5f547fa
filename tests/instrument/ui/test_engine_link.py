"""The process that plays: started, watched, started again, and never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.errors import UsageError
from instrument.ui import engine_link
from instrument.ui.engine_link import PROGRAM, EngineLink, not_again

WITHIN = 30.0
STAND_IN = Path(__file__).with_name("stand_in.py")


class Heard:
    """What a link passes on."""

    def __init__(self, folder: Path) -> None:
        self.messages: list[tuple[str, list[Any]]] = []
        self.states: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.folder = folder
        self.link = EngineLink(
            ["--block", "64"],
            lambda address, values: self.messages.append((address, values)),
            self.states.append,
            self.notices.append,
            (sys.executable, str(STAND_IN), str(folder)),
        )

    @property
    def sent(self) -> str:
        path = self.folder / "heard"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Heard:
    monkeypatch.setattr(engine_link, "FIRST_PAUSE", 0.05)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    return Heard(tmp_path)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():
            await asyncio.sleep(0.01)


def played(heard: Heard, *steps: Callable[[], object]) -> None:
    """Run the link until each step has come true, then end it."""

    async def play() -> None:
        running = asyncio.create_task(heard.link.run())
        await asyncio.wait(
            [running, asyncio.create_task(heard.link.ready.wait())],
            return_when=asyncio.FIRST_COMPLETED,
            timeout=WITHIN,
        )
        for step in steps:
            await until(step)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_it_is_told_and_tells(heard: Heard) -> None:
    def send() -> bool:
        heard.link.send("/note", 69, 100)
        return True

    heard.link.send("/note", 60, 90)  # goes nowhere, since nothing runs
    played(
        heard,
        lambda: heard.messages,
        send,
        lambda: '["/note", 69, 100]' in heard.sent,
    )
    assert heard.states[0]["running"]
    about = heard.states[0]["about"]
    assert about["options"] == ["play", "--osc", "0", "--json", "--block", "64"]
    assert heard.messages[0] == ("/status", [1, 2, 0, 0, 0, 0.25])
    assert heard.notices == [{"event": "input-opened", "name": "Keys"}]
    assert '"/note", 60' not in heard.sent


def test_when_it_dies_that_is_said_and_it_is_started_again(heard: Heard, tmp_path: Path) -> None:
    played(
        heard,
        lambda: [(tmp_path / "die").write_text("")],
        lambda: [state["running"] for state in heard.states] == [True, False, True],
    )
    assert heard.states[1]["text"] == "it died"


def test_one_that_does_not_answer_for_a_while_is_still_the_same(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_link, "SUBSCRIBED_SECONDS", 0.5)
    monkeypatch.setattr(engine_link, "ANSWER_SECONDS", 0.5)
    deaf = tmp_path / "deaf"
    played(
        heard,
        lambda: heard.messages,
        lambda: [deaf.write_text("")],
        lambda: [state["running"] for state in heard.states] == [True, False],
        lambda: deaf.rename(tmp_path / "hears"),
        lambda: [state["running"] for state in heard.states] == [True, False, True],
    )
    assert heard.states[1]["silent"]
    assert heard.states[2] == heard.states[0]
    assert heard.link.runs == 1


def test_a_sound_device_that_has_gone_is_told_until_there_is_one_again(
    heard: Heard, tmp_path: Path
) -> None:
    def say(event: str, **about: object) -> Callable[[], object]:
        whole = tmp_path / "say.part"

        def write() -> Path:
            whole.write_text(json.dumps({"event": event, **about}))
            return whole.rename(tmp_path / "say")

        return write

    played(
        heard,
        say("device-lost", device="Speakers"),
        lambda: len(heard.states) == 2,
        say("device-opened", device="Phones", api="ALSA", sample_rate=44_100),
        lambda: len(heard.states) == 3,
    )
    _, lost, opened = heard.states
    assert lost["running"]
    assert "Speakers" in lost["text"]
    assert lost["about"]["device"] is None
    assert (opened["about"]["device"], opened["about"]["sample_rate"]) == ("Phones", 44_100)
    assert "text" not in opened
    assert [notice["event"] for notice in heard.notices][1:] == ["device-lost", "device-opened"]


def restarted(heard: Heard, *options: str) -> Callable[[], bool]:
    def restart() -> bool:
        heard.link.restart(options)
        return True

    return restart


def test_it_is_started_with_other_options(heard: Heard) -> None:
    played(
        heard,
        restarted(heard, "--block", "256"),
        lambda: [state["running"] for state in heard.states] == [True, False, True],
    )
    assert heard.states[1]["changing"]
    assert heard.states[2]["about"]["options"][-2:] == ["--block", "256"]
    assert heard.link.options == ["--block", "256"]


def test_other_options_need_not_wait_until_the_former_ones_are_tried_again(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_link, "FIRST_PAUSE", 2.0 * WITHIN)
    played(
        heard,
        lambda: [(tmp_path / "die").write_text("")],
        lambda: len(heard.states) == 2,
        restarted(heard, "--block", "256"),
        lambda: heard.states[-1]["running"],
    )
    assert heard.states[-1]["about"]["options"][-2:] == ["--block", "256"]


def test_options_that_are_refused_give_way_to_the_former_ones(heard: Heard, tmp_path: Path) -> None:
    played(
        heard,
        lambda: [(tmp_path / "refuse-once").write_text("")],
        restarted(heard, "--audio-out=gone"),
        lambda: [state["running"] for state in heard.states] == [True, False, True],
    )
    assert heard.states[2]["about"]["options"][-2:] == ["--block", "64"]
    (refused,) = [notice for notice in heard.notices if notice["event"] == "refused"]
    assert refused["error"].startswith("no such device; ")


def test_a_later_run_records_beside_the_earlier_one_and_learns_nothing_again(
    tmp_path: Path,
) -> None:
    take = tmp_path / "take.mid"
    (tmp_path / "take-2.mid").write_text("")
    options = [
        f"--record={take}",
        "--learn=swell",
        "--block=64",
        "--record-audio=a=b.wav",
        "--takes=folder",
    ]
    beside = [f"--record={tmp_path / 'take-3.mid'}", "--block=64", "--record-audio=a=b-2.wav"]
    assert not_again(options) == [*beside, "--takes=folder"]


def test_what_was_refused_from_the_first_is_an_error(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "refuse").write_text("")
    with pytest.raises(UsageError, match="no such device"):
        asyncio.run(heard.link.run())
    assert heard.states == []


@pytest.mark.skipif(os.name == "nt", reason="processes are ended otherwise there")
def test_it_ends_with_the_process_that_started_it() -> None:
    program = PROGRAM.replace("from instrument.cli import main", "import time").replace(
        "main()", "time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    begun = time.monotonic()
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(WITHIN) != 0
    assert time.monotonic() - begun < WITHIN / 2.0
