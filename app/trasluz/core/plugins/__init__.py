"""Plugins: what they say of themselves, where they are found, whether they are trusted, and what they bring."""
