"""Disco 0.3's place of what runs on a node."""
