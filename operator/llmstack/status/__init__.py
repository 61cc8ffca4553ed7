"""From what was observed to the conditions that are written."""
