"""Training runs on disk: what was asked, what was said, what came out. The folder is the truth."""
