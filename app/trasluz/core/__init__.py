"""What the program knows without a window and without torch: plugins, data, runs, inference."""
