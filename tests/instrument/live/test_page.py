"""The real page, in Chromium, on a real engine on a JACK server."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Literal

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32, Float64
from instrument.midi.events import Latent, NoteOff, NoteOn
from instrument.midi.score import read_score
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import STARTS_WITHIN, loudest
from tests.instrument.live.page_program import Ui, place_of

pytest.importorskip("starlette")
pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.live

NAMELESS = re.compile(
    r"^ *- (?:button|checkbox|combobox|radio|slider|textbox)(?=:| \[|$)", re.MULTILINE
)


def test_it_can_be_read_by_all_at_any_width(opened: Callable[[], Page]) -> None:
    page = opened()
    page.click("#notes summary")
    expect(page.get_by_role("button", name="Play").first).to_be_visible()
    check_for_all(page)
    page.fill("#keep-name", "W" * 60)
    page.press("#keep-name", "Enter")
    page.get_by_label("Rename W").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_for_all(page, "#question")


def check_for_all(page: Page, part: str | None = None) -> None:
    """At both widths, dark and light, nothing is cut off and axe finds nothing; all has a name."""
    assert NAMELESS.findall(page.locator("body").aria_snapshot()) == []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for width, scheme in product((390, 1280), schemes):
        # A colour that is changing is no colour of the page.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        violations = Axe().run(page, part).response["violations"]
        assert [violation["id"] for violation in violations] == []


def test_the_map_is_played_by_hand(
    ui: Ui,
    opened: Callable[[], Page],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    page = opened()
    heard: list[Float32] = []
    listening = Thread(target=lambda: heard.append(perform([], 3.0)))
    listening.start()
    page.mouse.move(*place_of(page, 0.03, 0.03))
    page.mouse.down()
    for step in range(60):
        page.mouse.move(*place_of(page, 0.03 + 0.015 * step, 0.03 + 0.01 * step))
    expect(page.locator("#voices")).to_have_text("1")
    page.mouse.up()
    expect(page.locator("#voices")).to_have_text("0")
    listening.join()
    page.close()
    ui.stop()
    assert loudest(heard[0]) > 0.01
    events = [timed.event for timed in read_score(tmp_path / "take.mid").events]
    places = {event.values for event in events if isinstance(event, Latent)}
    assert len(places) > 20
    assert [type(event) for event in events if isinstance(event, NoteOn | NoteOff)] == [
        NoteOn,
        NoteOff,
    ]


def test_the_map_is_played_by_keyboard(
    ui: Ui, opened: Callable[[], Page], tiny: Instrument, tmp_path: Path
) -> None:
    page = opened()
    page.locator("#map").focus()
    for arrow in ("ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(arrow)
    expect(page.locator("#said")).to_contain_text("vibrato")
    page.keyboard.down("Enter")
    expect(page.locator("#voices")).to_have_text("1")
    page.keyboard.up("Enter")
    expect(page.locator("#voices")).to_have_text("0")
    page.close()
    ui.stop()
    events = [timed.event for timed in read_score(tmp_path / "take.mid").events]
    *_, place = [event for event in events if isinstance(event, Latent)]
    (note,) = [event for event in events if isinstance(event, NoteOn)]
    points = [point for point in tiny.spec.map if point.midi == note.key]
    assert any(place.values == pytest.approx(point.latent, abs=1e-5) for point in points)


def test_two_pages_morph_and_keep_presets(opened: Callable[[], Page]) -> None:
    one, two = opened(), opened()
    one.mouse.click(*place_of(one, 0.2, 0.3))
    one.click("#mark-a")
    one.mouse.click(*place_of(one, 0.8, 0.6))
    one.click("#mark-b")
    expect(two.locator("#morph")).to_be_enabled()
    two.locator("#morph").fill("0.25")
    expect(one.locator("#share")).to_have_text("λ = 0.75")
    one.fill("#keep-name", "between")
    one.press("#keep-name", "Enter")
    expect(two.locator("#own .recall")).to_have_text("between")
    two.reload()
    two.get_by_label("Delete between").click()
    expect(one.locator("#own .recall")).to_have_count(0)


def test_a_recording_is_dropped_and_played(
    opened: Callable[[], Page], violin_note: Callable[..., tuple[Float32, Float64]], tmp_path: Path
) -> None:
    page = opened()
    file = tmp_path / "a recording.wav"
    soundfile.write(file, violin_note(74, 0.6, vibrato_cents=20.0)[0], 48_000)
    page.locator("#example-file").set_input_files(file)
    expect(page.locator("#own .recall")).to_have_text("a recording")
    expect(page.locator("#own .beside")).to_contain_text("D5")
    # The same file, dropped anywhere.
    page.evaluate(
        """async (address) => {
          const sound = await (await fetch(address)).blob();
          const files = new DataTransfer();
          files.items.add(new File([sound], "dropped.wav"));
          const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true });
          document.body.dispatchEvent(drop);
        }""",
        "examples?name=a%20recording",
    )
    expect(page.locator("#own .recall")).to_have_count(2)
    page.get_by_label("Hear dropped by Arco").click()
    expect(page.locator("#voices")).to_have_text("1")
    expect(page.locator("#curve-key")).to_have_text("D5")
    expect(page.locator("#voices")).to_have_text("0")
    page.get_by_label("Hear the recording dropped").click()
    expect(page.locator("#example-said")).not_to_contain_text("can't")
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, np.random.default_rng(0).uniform(-0.1, 0.1, 48_000), 48_000)
    page.locator("#example-file").set_input_files(noise)
    expect(page.locator("#example-said")).to_contain_text("noise.wav")
    expect(page.locator("#own .recall")).to_have_count(2)


def test_a_recording_is_taken_by_keyboard_whatever_it_is_called(
    opened: Callable[[], Page], violin_note: Callable[..., tuple[Float32, Float64]], tmp_path: Path
) -> None:
    page = opened()
    file = tmp_path / f"{'W' * 80}.wav"
    soundfile.write(file, violin_note(69, 0.4)[0], 48_000)
    with page.expect_file_chooser() as chosen:
        page.locator("#example").press("Space")
    chosen.value.set_files(file)
    expect(page.locator("#example-said")).to_contain_text("is a preset now")
    page.keyboard.press("Shift+Tab")  # to the button that keeps places, and so on to the list
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_label("Hear the recording")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#curve-key")).to_have_text("A4")
    check_for_all(page)
    other = opened()
    other.fill("#keep-name", "another")
    other.press("#keep-name", "Enter")
    expect(page.locator("#own .recall")).to_have_count(2)
    expect(page.get_by_label("by Arco")).to_be_focused()
    page.get_by_label("Delete W").press("Enter")
    expect(page.get_by_role("button", name="another", exact=True)).to_be_focused()
    page.get_by_label("Delete another").press("Enter")
    expect(page.locator("#keep-name")).to_be_focused()


def test_the_map_is_laid_out_by_tsne(opened: Callable[[], Page]) -> None:
    page, other = opened(), opened()
    page.locator("#layout").select_option("t-SNE")
    expect(other.locator("#layout")).to_have_value("t-SNE")
    page.locator("#map").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#said")).to_contain_text("vibrato")
    other.reload()
    expect(other.locator("#layout")).to_have_value("t-SNE")


def test_nothing_hangs_when_a_page_is_reloaded(opened: Callable[[], Page]) -> None:
    one, two = opened(), opened()
    one.locator("body").press("Escape")
    one.keyboard.down("a")
    one.keyboard.down("d")
    expect(two.locator("#voices")).to_have_text("2")
    one.reload()
    expect(two.locator("#voices")).to_have_text("0")


def test_an_engine_that_dies_comes_back(ui: Ui, opened: Callable[[], Page]) -> None:
    page = opened()
    ui.kill_engine()
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden(timeout=1000 * STARTS_WITHIN)
    page.locator("body").press("Escape")
    page.keyboard.down("a")
    expect(page.locator("#voices")).to_have_text("1")
    page.keyboard.up("a")
    expect(page.locator("#voices")).to_have_text("0")
