"""Between the window and everything that takes time: one idiom, and the callbacks on the window's thread."""
