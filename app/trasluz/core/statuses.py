"""What the exit status of a command or of a run says to scripts. Fixed: scripts rely on it."""

OK = 0
FAILED = 1
USAGE = 2
"""The words of the command are off."""
BAD_DATA = 3
"""The data cannot be used as it is."""
STOPPED = 130
"""Stopped by the person; what was trained is kept and can be resumed."""
