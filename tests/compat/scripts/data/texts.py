"""A module that a job ships to its workers."""

PREFIX = "word:"


def labelled(word):
    return PREFIX + word
