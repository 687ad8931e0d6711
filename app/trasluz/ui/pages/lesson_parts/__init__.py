"""The parts of the Lessons page: texts and diagrams."""
