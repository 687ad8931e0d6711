"""The frame around the pages: the steps, the top bar, the bottom bar."""
