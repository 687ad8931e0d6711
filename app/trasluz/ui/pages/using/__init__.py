"""The parts of the Use page."""
