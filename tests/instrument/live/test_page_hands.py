"""Hands on the real page, in Chromium, on a panel that plays nothing."""

from __future__ import annotations

import pytest

from instrument.ui.hub import MESSAGES_A_SECOND

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.instrument.live.page_program import show
from tests.instrument.ui.served import Served

pytestmark = pytest.mark.live

FAST_SCREEN_OF_AN_OLD_TABLET = """
  window.requestAnimationFrame = (frame) => setTimeout(() => frame(performance.now()));
  delete MouseEvent.prototype.movementX;
  delete MouseEvent.prototype.movementY;
"""

DRAG = """async ([seconds, last]) => {
  const area = document.getElementById("map");
  area.setPointerCapture = () => {};
  const box = area.getBoundingClientRect();
  const say = (kind, x) => area.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, clientX: box.left + x * box.width, clientY: box.top + 2, bubbles: true }));
  say("pointerdown", 0.02);
  const until = performance.now() + 1000 * seconds;
  for (let step = 0; performance.now() < until; step++) {
    say("pointerrawupdate", 0.1 + 0.001 * (step % 500));
    await new Promise(requestAnimationFrame);
  }
  say("pointerrawupdate", last);
  say("pointerup", last);
}"""


def test_a_drag_is_followed_to_its_end_on_any_screen(served: Served, page: Page) -> None:
    page.add_init_script(FAST_SCREEN_OF_AN_OLD_TABLET)
    show(page, served)
    desk = served.desk
    page.evaluate(DRAG, [0.0, 0.9])
    served.until(lambda: desk.addresses().count("/latent") == 2)
    end = desk.panel.state()["x"]
    desk.sent.clear()
    page.evaluate(DRAG, [1.0, 0.9])
    served.until(lambda: desk.panel.state()["x"] == end and len(desk.sent) > 20)
    assert desk.addresses().count("/latent") <= 0.52 * MESSAGES_A_SECOND


def test_keys_are_let_go_whatever_else_is_pressed_and_stay_in_focus(
    served: Served, page: Page
) -> None:
    show(page, served)
    page.evaluate(
        """() => {
          const say = (kind, key) => document.body.dispatchEvent(
            new KeyboardEvent(kind, { key, code: "KeyA", bubbles: true }));
          say("keydown", "a");
          say("keyup", "å");  // Option was pressed before
        }"""
    )
    served.until(lambda: [velocity for _, velocity in served.notes] == [92, 0])
    page.locator(".key[tabindex='0']").focus()
    page.keyboard.press("x")
    expect(page.locator(".key:focus")).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".key")).not_to_have_count(0)
    expect(page.locator(".key:focus")).to_have_count(1)


def test_a_note_of_the_table_is_heard_to_its_end_after_another(served: Served, page: Page) -> None:
    page.clock.install(time=0)
    show(page, served)
    page.click("#notes summary")
    play = page.get_by_role("button", name="Play")
    page.clock.pause_at(1000)
    for button in (play.first, play.last):
        button.click()
        page.clock.run_for(1000)
    page.keyboard.press("a")
    served.until(lambda: len(served.notes) >= 5)
    assert [velocity > 0 for _, velocity in served.notes] == [True, True, False, True, False]
    page.clock.run_for(1000)
    served.until(lambda: len(served.notes) == 6)
    assert served.notes[5] == (served.notes[1][0], 0)


def test_a_name_is_asked_for_while_the_page_plays_on(served: Served, page: Page) -> None:
    show(page, served)
    page.fill("#keep-name", "soft")
    page.press("#keep-name", "Enter")
    rename = page.get_by_label("Rename soft")
    rename.focus()
    page.keyboard.down("a")
    page.keyboard.press("Enter")
    name = page.get_by_role("dialog", name="New name").get_by_label("New name")
    expect(name).to_be_focused()
    page.keyboard.down("a")  # held, it repeats
    expect(name).to_have_value("soft")
    page.keyboard.type("low")
    page.keyboard.press("Escape")
    expect(rename).to_be_focused()
    rename.press("Enter")
    page.mouse.click(2, 2)  # beside it
    page.keyboard.press("s")
    with served.connect() as other:
        other.send('{"kind": "keep", "name": "another"}')
        expect(page.locator("#own .recall")).to_have_text(["soft", "another"])
    name.fill("low")
    name.press("Enter")
    expect(page.get_by_label("Rename low")).to_be_focused()
    assert page.locator("#own .recall").all_inner_texts() == ["low", "another"]
    assert [velocity for _, velocity in served.notes] == [92]
    page.keyboard.up("a")
    served.until(lambda: len(served.notes) == 2)
