"""How Magenta's `ddsp` is brought in; what it computes is for `tests/reference`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from instrument.errors import UsageError
from peers.magenta import load


def test_tensorflow_waits_until_it_is_asked_for() -> None:
    program = "import sys, peers.magenta; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ddsp", None)
    with pytest.raises(UsageError, match=r"pip install --no-deps ddsp==3\.7\.0"):
        load.__wrapped__()
