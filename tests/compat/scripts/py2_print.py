"""Python 2's print statement: a SyntaxError, at its line, before anything runs."""

from disco.core import Disco

print("never printed")
for word in ["a", "b"]:
    print word
