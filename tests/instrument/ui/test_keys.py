"""Keys of several pages: a key sounds until the last page lets it go."""

from __future__ import annotations

from typing import Any

import pytest

from instrument.ui.keys import Keys

Sent = list[tuple[Any, ...]]


@pytest.fixture
def sent() -> Sent:
    return []


@pytest.fixture
def keys(sent: Sent) -> Keys:
    return Keys(lambda *message: sent.append(message), 60, 90)


def test_a_key_goes_down_and_up(keys: Keys, sent: Sent) -> None:
    keys.press("one", 69, 100)
    assert (keys.key, keys.velocity, keys.held) == (69, 100, [69])
    keys.release("one", 69)
    assert sent == [("/note", 69, 100), ("/note", 69, 0)]
    assert keys.held == []


def test_two_pages_hold_one_key(keys: Keys, sent: Sent) -> None:
    keys.press("one", 69, 100)
    keys.press("two", 69, 50)
    keys.release("one", 69)
    assert ("/note", 69, 0) not in sent
    keys.release("two", 69)
    assert sent[-1] == ("/note", 69, 0)


def test_a_page_that_goes_lets_go_of_all(keys: Keys, sent: Sent) -> None:
    for key in (60, 64, 67):
        keys.press("one", key, 90)
    keys.press("two", 64, 90)
    keys.leave("one")
    keys.leave("one")
    assert keys.held == [64]
    assert sent[-2:] == [("/note", 60, 0), ("/note", 67, 0)]


def test_what_isnt_held_isnt_released(keys: Keys, sent: Sent) -> None:
    keys.release("one", 60)
    keys.press("one", 60, 90)
    keys.release("two", 60)
    assert sent == [("/note", 60, 90)]


def test_a_key_that_is_pressed_again_begins_anew(keys: Keys, sent: Sent) -> None:
    keys.press("one", 60, 90)
    keys.press("one", 60, 80)
    keys.release("one", 60)
    assert sent == [("/note", 60, 90), ("/note", 60, 0), ("/note", 60, 80), ("/note", 60, 0)]


def test_after_silence_nothing_is_held(keys: Keys, sent: Sent) -> None:
    keys.press("one", 60, 90)
    keys.forget()
    keys.release("one", 60)
    keys.leave("one")
    assert sent == [("/note", 60, 90)]
