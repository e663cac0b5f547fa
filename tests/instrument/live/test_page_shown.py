"""What the real page shows, in Chromium, whatever becomes of what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from instrument.model.graphs import Instrument

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.instrument.live.page_program import show
from tests.instrument.ui.served import Served, served_panel

pytestmark = pytest.mark.live

LEVELS = dict.fromkeys(("peak_left", "peak_right", "rms_left", "rms_right"), -12.0)
STATUS = {"voices": 1, "load": 0.1, "late_frames": 0, "underruns": 0, "limited": 0.0, **LEVELS}
VOICES = {"voices": [{"channel": 1, "key": 69, "seconds": 0.5}]}

CONTRAST = """key => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const { color, backgroundColor } = getComputedStyle(key);
  const [a, b] = [color, backgroundColor].map(light);
  return Math.max(a, b) / Math.min(a, b);
}"""

DARKEST = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let darkest = 255;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 250) darkest = Math.min(darkest, data[i + 1]);
  }
  return darkest;
}"""


LABELS = """
window.labels = [];
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const half = this.measureText(text).width / 2;
  if (/^[A-G].?[0-9]/.test(text)) window.labels.push([text, x - half, x + half]);
  fillText.call(this, text, x, y);
};
"""


def plays(served: Served) -> None:
    """A note sounds, that something else than a page plays."""
    served.hub.tell("status", STATUS)
    served.hub.tell("voices", VOICES)


def test_nothing_is_shown_to_sound_without_the_server(
    tiny: Instrument, page: Page, tmp_path: Path
) -> None:
    with served_panel(tiny, tmp_path) as served:
        show(page, served)
        page.keyboard.down("a")
        plays(served)
        expect(page.locator(".key.down")).to_have_count(1)
        expect(page.locator(".key.sounds")).to_have_count(1)
        page.wait_for_timeout(600)  # levels are put into words twice a second
        plays(served)
        expect(page.locator("#level-left")).to_have_attribute("aria-valuetext", "-12 dB")
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator(".key.down, .key.sounds")).to_have_count(0)
    expect(page.locator("#level-left")).to_have_attribute("aria-valuetext", "silence")
    assert page.locator("#voices").inner_text() == "–"


def test_a_sound_device_that_is_gone_is_shown_until_there_is_one_again(
    served: Served, page: Page
) -> None:
    about = {"device": "Speakers", "api": "ALSA", "sample_rate": 48_000}
    about |= {"latency_seconds": 0.003, "device_latency_seconds": 0.0}
    show(page, served)
    served.hub.tell("engine", {"running": True, "about": about})
    expect(page.locator("#device")).to_contain_text("Speakers")
    lost = {"running": True, "about": {**about, "device": None}, "text": "Speakers is gone"}
    served.hub.tell("engine", lost)
    expect(page.locator("#trouble")).to_have_text("Speakers is gone")
    expect(page.locator("#device")).not_to_contain_text("Speakers")
    page.reload()
    expect(page.locator("#trouble")).to_have_text("Speakers is gone")
    served.hub.tell("engine", {"running": True, "about": about})
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_take_lasts_as_long_as_the_server_says_whatever_the_time_is_here(
    served: Served, page: Page
) -> None:
    page.clock.set_fixed_time("1999-01-01T00:00:00Z")
    served.hub.tell("recording", {"name": "take-2026-01-02-030405.mid"})
    show(page, served)
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#recorded")).to_have_text("0 s")
    served.hub.tell("status", {**STATUS, "recorded": 65.4})
    expect(page.locator("#recorded")).to_have_text("1:05 min")
    served.hub.tell("recording", {"name": ""})
    expect(page.locator("#recorded")).to_have_text("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_keys_that_are_down_or_sound_can_be_read(
    served: Served, page: Page, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    show(page, served)
    key = page.locator(".key:has-text('C')").first
    assert key.evaluate(CONTRAST) >= 4.5
    number = int(key.get_attribute("data-key") or 0)
    served.hub.tell("voices", {"voices": [{"channel": 1, "key": number, "seconds": 0.5}]})
    expect(page.locator(".key.sounds")).to_have_count(1)
    assert key.evaluate(CONTRAST) >= 4.5
    key.hover()
    page.mouse.down()
    expect(page.locator(".key.down")).to_have_count(1)
    assert key.evaluate(CONTRAST) >= 4.5
    page.mouse.move(2, 2)
    assert key.evaluate(CONTRAST) >= 4.5


def test_curves_can_be_read_when_it_gets_dark(served: Served, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    show(page, served)
    curves = page.locator("#curves")
    expect(page.locator("#curve-key")).not_to_be_empty()
    page.wait_for_timeout(200)
    light = curves.evaluate(DARKEST)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    assert curves.evaluate(DARKEST) != light


def test_names_of_notes_that_began_one_after_the_other_do_not_cover_each_other(
    served: Served, page: Page
) -> None:
    page.add_init_script(LABELS)
    show(page, served)
    began = {60: 0.50, 64: 0.52, 67: 0.58, 72: 2.0}
    notes = [{"channel": 1, "key": key, "seconds": seconds} for key, seconds in began.items()]
    page.evaluate("labels = []")
    served.hub.tell("voices", {"voices": notes})
    page.evaluate(
        "async () => { while (!labels.length) await new Promise(requestAnimationFrame); }"
    )
    (first, _, end), (second, begin, _) = page.evaluate("labels.slice(0, 2)")
    assert sorted(first.split()) == ["C4", "E4", "G4"]
    assert (second, end < begin) == ("C5", True)


@pytest.mark.parametrize(("width", "height"), [(320, 568), (740, 360), (820, 1180), (1024, 768)])
def test_it_fits_small_screens(served: Served, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    show(page, served)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.getElementById('map').clientHeight") < 0.8 * height
    panic, name = page.locator("#panic").bounding_box(), page.locator("h1").bounding_box()
    assert panic is not None
    assert name is not None
    assert panic["y"] < name["y"] + name["height"]
    page.keyboard.down("a")
    expect(page.locator(".key.down")).to_have_count(1)
    names = ("lower", "higher", "hold")
    places = [page.locator(f"#{name}").bounding_box() for name in names]
    assert len({place and place["y"] for place in places}) == 1


def test_what_is_pressed_and_how_loud_it_is_can_be_told_in_forced_colours(
    served: Served, page: Page
) -> None:
    page.emulate_media(forced_colors="active")
    show(page, served)
    page.keyboard.down("a")
    plays(served)
    expect(page.locator(".key.down")).to_have_count(1)

    def ground(part: str) -> str:
        shown = page.locator(part).first
        return str(shown.evaluate("part => getComputedStyle(part).backgroundColor"))

    assert ground(".key.down") != ground(".key:not(.down)")
    assert ground(".levels i") != ground(".levels span")


def test_what_is_told_is_in_nobodys_way(served: Served, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    show(page, served)
    page.locator("#keyboard").evaluate("keys => keys.scrollIntoView({ block: 'end' })")
    for number in range(4):
        served.hub.tell("notice", {"text": f"{number}: the disk is full"})
    expect(page.locator("#notices p")).to_have_count(4)
    box = page.locator(".key").last.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 5, box["y"] + box["height"] - 45)
    served.until(lambda: len(served.notes) == 2)


@pytest.mark.parametrize("examples", [True, False])
def test_a_file_that_is_dropped_leaves_the_page_where_it_is(
    tiny: Instrument, page: Page, tmp_path: Path, examples: bool
) -> None:
    with served_panel(tiny, tmp_path, examples=examples) as served:
        show(page, served)
        taken = page.evaluate(
            """() => ["dragover", "drop"].map((kind) => {
              const files = new DataTransfer();
              files.items.add(new File(["song"], "song.txt"));
              const about = { dataTransfer: files, bubbles: true, cancelable: true };
              return !document.body.dispatchEvent(new DragEvent(kind, about));
            })"""
        )
        assert taken == [True, True]


def test_each_of_several_recordings_that_are_refused_is_named(
    served: Served, page: Page, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("one.wav", "two.wav")]
    for file in files:
        file.write_bytes(b"noise")
    show(page, served)
    page.locator("#example-file").set_input_files(files)
    expect(page.locator("#example-said")).to_contain_text("two.wav")
    expect(page.locator("#example-said")).to_contain_text("one.wav")


def test_a_server_that_is_out_of_reach_is_told(served: Served, page: Page) -> None:
    page.clock.install(time=0)
    about = {"device": None}
    served.hub.tell("engine", {"running": True, "about": about})
    show(page, served)
    plays(served)
    expect(page.locator(".key.sounds")).to_have_count(1)
    for _ in range(4):
        page.clock.run_for(3000)
        plays(served)
        expect(page.locator("#trouble")).to_be_hidden()
    page.clock.run_for(8000)
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator(".key.sounds")).to_have_count(0)
    plays(served)
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator(".key.sounds")).to_have_count(1)
