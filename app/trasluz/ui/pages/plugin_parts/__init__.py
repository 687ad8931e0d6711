"""The parts of the Plugins page."""
