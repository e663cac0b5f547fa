"""From trained networks to an exported instrument."""
