"""Controllers, takes and devices on the real page, with a controller on JACK."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.errors import MidiFileError
from instrument.midi.events import Latent, NoteOn
from instrument.midi.file import read_song
from instrument.midi.score import read_score
from instrument.midi.take import take_of
from tests.instrument.live.arco_program import STARTS_WITHIN
from tests.instrument.live.page_program import Ui, place_of

pytest.importorskip("starlette")
pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.live

RESTARTS_WITHIN_MS = 1000 * STARTS_WITHIN
BLOCK = 1024  # long: there is time for each control frame, beside a browser
EVERY = 480  # samples between two messages
KNOB, FADER = 21, 22


@pytest.fixture
def ui(
    request: pytest.FixtureRequest,
    make_jack_server: Callable[..., Any],
    tiny_instrument: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ui]:
    """Plays from all inputs, and records the sound of the whole session.

    On a synchronous server no message of a controller is lost, whatever else the computer does.
    """
    synchronous = getattr(request, "param", True)
    make_jack_server(BLOCK, synchronous=synchronous).start()
    monkeypatch.setenv("ARCO_CONFIG", str(tmp_path / "config"))
    options = ["--instrument", str(tiny_instrument), "--takes", str(tmp_path / "takes")]
    options += ["--record-audio", str(tmp_path / "session.wav")]
    program = Ui(tmp_path / "ui.log", *options, command=("play", "--ui"))
    yield program
    program.stop()


@pytest.fixture
def keys(ui: Ui, midi_source: Callable[..., Any]) -> Any:
    return midi_source("Keys")


def turn(keys: Any, controller: int, *values: int) -> None:
    keys.send([bytes([0xB0, controller, value]) for value in values], every=EVERY)


def learn(page: Page, keys: Any, label: str, controller: int) -> None:
    """Learn by keyboard, as nobody sees it."""
    button = page.get_by_role("button", name=f"Learn a controller for {label}")
    button.press("Enter")
    expect(button).to_have_text("Give up")
    turn(keys, controller, *range(20, 50, 2))
    expect(page.get_by_label(f"Forget the controller for {label}")).to_be_focused()


def mark_a_and_b(page: Page) -> None:
    page.mouse.click(*place_of(page, 0.2, 0.3))
    page.click("#mark-a")
    page.mouse.click(*place_of(page, 0.8, 0.6))
    page.click("#mark-b")
    expect(page.locator("#morph")).to_be_enabled()


def late(page: Page) -> tuple[str, str | None]:
    """How many frames and notes were late."""
    shown = page.locator("#late")
    return shown.inner_text(), shown.get_attribute("title")


def changed_devices(page: Page) -> None:
    page.click("#use")
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden(timeout=RESTARTS_WITHIN_MS)


def delete_the_take(page: Page) -> None:
    """By keyboard, at the third try."""
    delete, asked = page.get_by_role("button", name="Delete the take"), page.get_by_role("dialog")
    delete.press("Enter")
    expect(asked).to_be_visible()
    page.keyboard.press("Escape")
    expect(delete).to_be_focused()
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")  # held, it repeats
    page.keyboard.up("Enter")
    asked.get_by_role("button", name="Cancel").click()
    expect(delete).to_be_focused()
    expect(page.locator("#takes li")).to_have_count(1)
    delete.press("Enter")
    expect(asked.get_by_role("button", name="OK")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#takes li")).to_have_count(0)


def test_a_controller_is_learned_turns_its_slider_and_is_forgotten(
    opened: Callable[..., Page], keys: Any
) -> None:
    page = opened()
    first, second = (page.locator("#knobs > div").nth(axis) for axis in (0, 1))
    label = str(first.locator("label span").evaluate("span => span.firstChild.textContent"))
    learn(page, keys, label, KNOB)
    expect(first.locator(".bound")).to_have_text(f"CC {KNOB}, channel 1")
    for value in (64, 127):
        turn(keys, KNOB, *range(50, value + 1))
        expect(first.locator("data")).to_have_text(f"{value / 127:.2f}")
    expect(page.locator("[name=source][value=place]")).to_be_checked()
    second.get_by_role("button").first.click()
    expect(page.locator("#learn-said")).to_contain_text("Escape")
    page.keyboard.press("Escape")
    expect(second.get_by_role("button").first).to_have_text("Learn")
    page.click("#devices summary")
    expect(page.locator("#device-input")).to_contain_text("Keys")
    page.select_option("#device-output", index=1)
    changed_devices(page)  # the process that plays begins anew, and still knows it
    expect(first.locator(".bound")).to_have_text(f"CC {KNOB}, channel 1")
    page.get_by_label(f"Forget the controller for {label}").click()
    expect(first.locator(".bound")).to_have_text("")


def test_lambda_by_a_controller_is_in_a_take_that_renders_to_what_was_heard(
    ui: Ui, opened: Callable[..., Page], keys: Any, tmp_path: Path
) -> None:
    page = opened()
    before = late(page)  # the take has what still sounds of the notes that marking plays
    learn(page, keys, "Morph", FADER)
    mark_a_and_b(page)
    page.locator("body").press("Escape")
    page.keyboard.down("a")  # sounds already when the take begins
    expect(page.locator("#voices")).to_have_text("1")
    page.click("#record")
    expect(page.locator("#recorded")).to_contain_text("s")
    page.keyboard.down("g")
    turn(keys, FADER, *range(50, 128))
    expect(page.locator("#share")).to_have_text("λ = 1.00")
    expect(page.locator("#level-left")).not_to_have_attribute("aria-valuetext", "silence")
    page.keyboard.up("a")
    page.keyboard.up("g")
    expect(page.locator("#voices")).to_have_text("0")
    page.locator("#record").press("Enter")
    expect(page.locator("#takes li")).to_have_count(1)
    after = late(page)
    page.get_by_role("button", name="Render the take").press("Enter")
    expect(page.locator("#takes audio")).to_be_focused(timeout=RESTARTS_WITHIN_MS)
    page.click("#devices summary")
    assert Axe().run(page).response["violations"] == []
    with page.expect_download() as fetched:
        page.get_by_role("link", name="WAV").click()
    (path,) = (tmp_path / "takes").glob("*.mid")
    take, events = take_of(read_song(path)), read_score(path).events
    rendered, _ = soundfile.read(fetched.value.path(), dtype="int32")
    delete_the_take(page)
    expect(page.locator("#record")).to_be_focused()
    assert [*(tmp_path / "takes").iterdir()] == []
    page.close()
    ui.stop()
    assert take is not None
    assert take.begins > 0
    places = {timed.event.values for timed in events if isinstance(timed.event, Latent)}
    assert len(places) > 20
    heard, _ = soundfile.read(tmp_path / "session.wav", dtype="int32")
    heard = heard[take.begins : take.samples]
    assert np.abs(heard).max() > 0.01 * 2**31
    assert rendered.shape == heard.shape
    if before == after:  # else the machine was too busy: what came late isn't in a take
        np.testing.assert_array_equal(rendered, heard)


def test_devices_that_are_gone_give_way_to_the_former_ones(
    opened: Callable[..., Page], keys: Any
) -> None:
    page = opened()
    page.click("#devices summary")
    expect(page.locator("#device-input")).to_contain_text("Keys")
    page.select_option("#device-input", "virtual")
    changed_devices(page)
    page.select_option("#device-input", "Keys:out")
    keys.remove("out")
    changed_devices(page)
    expect(page.locator("#notices")).to_contain_text("former devices again")
    expect(page.locator("#device-input")).to_have_value("virtual")
    page.locator("body").press("Escape")
    page.keyboard.down("a")
    expect(page.locator("#voices")).to_have_text("1")
    page.keyboard.up("a")


@pytest.mark.parametrize("ui", [False], indirect=True, ids=["asynchronous"])
def test_an_engine_that_dies_leaves_its_take(
    ui: Ui, opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened()
    page.click("#record")
    page.locator("body").press("Escape")
    page.keyboard.press("a")
    until = time.monotonic() + STARTS_WITHIN
    while not any(isinstance(event, NoteOn) for event in kept_events(tmp_path / "takes")):
        assert time.monotonic() < until
        time.sleep(0.2)
    ui.kill_engine()
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#takes li")).to_have_count(1)
    expect(page.locator("#trouble")).to_be_hidden(timeout=RESTARTS_WITHIN_MS)
    assert any(isinstance(event, NoteOn) for event in kept_events(tmp_path / "takes"))


def kept_events(folder: Path) -> list[object]:
    """The events of the only take, as far as it is kept."""
    try:
        (path,) = folder.glob("take-*.mid")
        return [timed.event for timed in read_score(path).events]
    except (MidiFileError, ValueError):
        return []
