"""Python 2's except with a comma: a SyntaxError at its line."""

from disco.core import Disco
from disco.error import JobError

try:
    Disco("disco://localhost").wait("nobody")
except JobError, error:
    print(error)
