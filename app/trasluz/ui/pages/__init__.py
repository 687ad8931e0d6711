"""The pages; each is imported at its first visit."""
