"""Pictures and reports for a person to look at."""
