"""Presets on the real page, in Chromium: none is lost without a question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from instrument.ui.presets import LONGEST_NAME, MOST

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.instrument.live.page_program import show
from tests.instrument.ui.served import Served

pytestmark = pytest.mark.live


def keep(page: Page, name: str) -> None:
    page.fill("#keep-name", name)
    page.press("#keep-name", "Enter")


def kept(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.desk.panel.presets()["presets"]
    return found


def answer(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button).click()
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("typed", ["mine", " mine ", "mine\u00a0"])
def test_a_preset_gives_way_only_if_that_is_meant(served: Served, page: Page, typed: str) -> None:
    show(page, served)
    keep(page, "mine")
    served.until(lambda: len(kept(served)) == 1)
    before = kept(served)
    page.click("#random")
    keep(page, typed)
    answer(page, "Cancel")
    expect(page.locator("#keep-name")).to_have_value(typed)
    keep(page, "another")
    served.until(lambda: len(kept(served)) == 2)
    assert kept(served)[0] == before[0]
    keep(page, typed)
    answer(page, "OK")
    served.until(lambda: kept(served)[0] != before[0])
    assert [preset["name"] for preset in kept(served)] == ["mine", "another"]


def test_as_many_as_there_can_be_are_exported_and_imported(
    served: Served, page: Page, tmp_path: Path
) -> None:
    size = len(served.desk.panel.surface.middle.latent)
    latent = [-10.12345] * size
    content = {
        **served.desk.panel.presets(),
        "presets": [
            {"name": f"{number:03} ".ljust(LONGEST_NAME, "é"), "latent": latent}
            for number in range(MOST)
        ],
    }
    file = tmp_path / "presets.json"
    file.write_text(json.dumps(content))
    show(page, served)
    page.locator("#import-file").set_input_files(file)
    served.until(lambda: len(kept(served)) == MOST)
    expect(page.locator("#own .recall")).to_have_count(MOST)
    with page.expect_download() as fetched:
        page.click("#export")
    with served.connect() as other:
        other.send(json.dumps({"kind": "remove", "name": kept(served)[0]["name"]}))
        served.until(lambda: len(kept(served)) == MOST - 1)
    page.locator("#import-file").set_input_files(fetched.value.path())
    answer(page, "OK")
    served.until(lambda: len(kept(served)) == MOST)


def test_presets_that_are_imported_replace_others_only_if_that_is_meant(
    served: Served, page: Page, tmp_path: Path
) -> None:
    show(page, served)
    keep(page, "mine")
    served.until(lambda: len(kept(served)) == 1)
    before = kept(served)
    file = tmp_path / "presets.json"
    latent = [0.0] * len(before[0]["latent"])
    other = {"name": "mine", "latent": latent}
    file.write_text(json.dumps({**served.desk.panel.presets(), "presets": [other]}))
    page.locator("#import-file").set_input_files(file)
    answer(page, "Cancel")
    assert kept(served) == before
    page.locator("#import-file").set_input_files(file)
    answer(page, "OK")
    served.until(lambda: kept(served)[0]["latent"] == latent)
