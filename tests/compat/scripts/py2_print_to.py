"""Printing to a stream as Python 2 does it: Python 3 takes it for a shift, and says so."""

import sys

from disco.core import Disco

disco = Disco("disco://localhost")
print >>sys.stderr, "starting"
print("not reached")
