"""Sound files and sound devices."""
