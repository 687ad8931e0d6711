"""The child processes that hold plugin code: one that serves the window, and one for each training run."""
