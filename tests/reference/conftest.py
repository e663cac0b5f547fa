"""Magenta's `ddsp`, the library of Engel et al., *DDSP* (ICLR 2020).

Each test here says what is the same and what isn't. The library runs as it is published, but in
one test, which says so.
"""

from __future__ import annotations

import pytest

from peers.magenta import Magenta, load


@pytest.fixture(scope="session")
def magenta() -> Magenta:
    return load()
