"""Keys of the real page, in Chromium: each that goes down comes up, whoever presses it and how."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.instrument.live.page_program import show
from tests.instrument.ui.served import Served

pytestmark = pytest.mark.live

BY_LETTER = 92

TYPE = """strokes => strokes.forEach(([kind, key, code, more]) => document.body.dispatchEvent(
  new KeyboardEvent(kind, { key, code, bubbles: true, ...more })))"""


def typed(page: Page, *strokes: tuple[Any, ...]) -> None:
    """Keys as a browser tells of them: kind, what they type, where they lie."""
    page.evaluate(TYPE, [*map(list, strokes)])


@pytest.mark.parametrize(
    ("typed_letter", "code", "place"),
    [("a", "KeyA", 0), ("q", "KeyA", 0), ("ф", "KeyA", 0), ("z", "KeyY", 8), ("ן", "KeyU", 10)],
    ids=["English", "French", "Russian", "German", "Hebrew"],
)
def test_letters_play_by_where_they_lie(
    served: Served, page: Page, typed_letter: str, code: str, place: int
) -> None:
    show(page, served)
    base = int(page.locator(".key[tabindex='0']").get_attribute("data-key") or 0)
    typed(page, ("keydown", typed_letter, code), ("keyup", typed_letter, code))
    served.until(lambda: len(served.notes) == 2)
    assert served.notes == [(base + place, BY_LETTER), (base + place, 0)]


def test_a_letter_comes_up_where_a_mac_tells_only_of_command(served: Served, page: Page) -> None:
    show(page, served)
    typed(page, ("keydown", "a", "KeyA"), ("keydown", "Meta", "MetaLeft"))
    typed(page, ("keyup", "Meta", "MetaLeft"))
    served.until(lambda: [velocity for _, velocity in served.notes] == [BY_LETTER, 0])


def test_a_letter_whose_end_was_lost_is_played_again(served: Served, page: Page) -> None:
    show(page, served)
    typed(page, ("keydown", "a", "KeyA"), ("keydown", "a", "KeyA"), ("keyup", "a", "KeyA"))
    served.until(lambda: len(served.notes) >= 4)
    assert [velocity for _, velocity in served.notes] == [BY_LETTER, 0, BY_LETTER, 0]


def test_a_key_is_pressed_without_a_pointer(served: Served, page: Page) -> None:
    show(page, served)
    key = page.get_by_role("button", name="A4", exact=True)
    key.evaluate("key => key.click()")
    served.until(lambda: served.notes == [(69, BY_LETTER), (69, 0)])
    key.click()
    served.until(lambda: len(served.notes) == 4)


def test_what_is_pressed_with_a_modifier_is_for_the_browser(served: Served, page: Page) -> None:
    show(page, served)
    page.locator(".key[tabindex='0']").focus()
    focused = page.locator(".key:focus").get_attribute("data-key")
    taken = page.locator(".key:focus").evaluate(
        """key => !key.dispatchEvent(new KeyboardEvent(
          "keydown", { key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true }))"""
    )
    assert not taken
    expect(page.locator(".key:focus")).to_have_attribute("data-key", str(focused))


@pytest.mark.parametrize("left", ["window", "menu", "closed"])
def test_who_leaves_lets_go(served: Served, page: Page, left: str) -> None:
    show(page, served)
    page.keyboard.down("a")
    page.keyboard.down("g")
    served.until(lambda: len(served.notes) == 2)
    if left == "window":
        page.evaluate("dispatchEvent(new Event('blur'))")
    elif left == "menu":  # it takes the keyboard, and the end of what was pressed
        page.locator("h1").click(button="right")
    else:
        page.goto("about:blank")
    served.until(lambda: [velocity for _, velocity in served.notes] == [BY_LETTER] * 2 + [0] * 2)


@pytest.mark.parametrize("before", ["key", "table"])
def test_a_note_is_not_ended_by_one_that_was_silenced(
    served: Served, page: Page, before: str
) -> None:
    page.clock.install(time=0)
    show(page, served)
    page.clock.pause_at(1000)
    if before == "table":
        page.click("#notes summary")
        page.get_by_role("button", name="Play").first.click()
    else:
        page.locator(".key").first.evaluate("key => key.click()")
    served.until(lambda: len(served.notes) == 1)
    ((key, _),) = served.notes
    page.clock.run_for(200)
    silenced = served.desk.panel.state()["silenced"]
    page.click("#panic")
    served.until(lambda: served.desk.panel.state()["silenced"] > silenced)
    expect(page.locator(".key.down")).to_have_count(0)
    place = page.locator(f".key[data-key='{key}']").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 3, place["y"] + place["height"] - 5)
    page.mouse.down()
    served.until(lambda: len(served.notes) == 2)
    page.clock.run_for(3000)
    page.keyboard.press("Shift")
    page.wait_for_timeout(200)
    assert len(served.notes) == 2
    page.mouse.up()
    served.until(lambda: len(served.notes) == 3)


def test_a_key_of_the_piano_sounds_once_while_enter_is_held(served: Served, page: Page) -> None:
    show(page, served)
    page.locator(".key[tabindex='0']").focus()
    for _ in range(5):
        page.keyboard.down("Enter")
    page.wait_for_timeout(1500)
    assert len(served.notes) == 1
    page.keyboard.up("Enter")
    served.until(lambda: len(served.notes) == 2)


def test_a_button_is_pressed_once_while_enter_is_held(served: Served, page: Page) -> None:
    show(page, served)
    page.locator("#random").focus()
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.locator("#near").press("Enter")
    served.until(lambda: served.desk.panel.state()["undo"] >= 2)
    page.wait_for_timeout(200)
    assert served.desk.panel.state()["undo"] == 2
