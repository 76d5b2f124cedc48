"""A module that Python 3 does not have, imported at the top of the script."""

print("before")
import urllib2

from disco.core import Disco

print(urllib2.urlopen, Disco)
