"""MPE zones (MMA RP-053): which channels one manager channel speaks for."""

from __future__ import annotations

from dataclasses import dataclass

LOWER, UPPER = 0, 15
"""The manager channels. The lower zone grows upwards from its own, the upper one downwards."""

MOST_MEMBERS = 15
"""Of one zone, when there is no other."""


@dataclass
class Zones:
    """The two zones of an MPE input; neither is there at first.

    In a zone every note has a member channel to itself, which bends, presses and turns that note
    alone. What is meant for all its notes (pedals, volume, program) goes to the manager channel.

    Attributes:
        lower, upper: How many member channels each has; 0 if it isn't there.
    """

    lower: int = 0
    upper: int = 0

    def configure(self, manager: int, members: int) -> range:
        """Begin, resize or end a zone; it takes from the other what it needs.

        Args:
            manager: ``LOWER`` or ``UPPER``.
            members: How many member channels it has from now on, 0…15; 0 ends it.

        Returns:
            The channels that were or are in the zone.
        """
        before = self.controlled_channels(manager)
        left = max(0, MOST_MEMBERS - 1 - members)
        if manager == LOWER:
            self.lower, self.upper = members, min(self.upper, left)
        else:
            self.lower, self.upper = min(self.lower, left), members
        return max(before, self.controlled_channels(manager), key=len)

    def manager(self, channel: int) -> int:
        """The manager of a member channel; of any other channel that channel itself."""
        if LOWER < channel <= LOWER + self.lower:
            return LOWER
        if UPPER - self.upper <= channel < UPPER:
            return UPPER
        return channel

    def controlled_channels(self, channel: int) -> range:
        """The channels that a message on this one is for: a manager's zone, or just itself."""
        if channel == LOWER:
            return range(LOWER, LOWER + self.lower + 1)
        if channel == UPPER:
            return range(UPPER - self.upper, UPPER + 1)
        return range(channel, channel + 1)
