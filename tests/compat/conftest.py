"""The scripts are run by the tests beside them, never imported as tests."""

from __future__ import annotations

collect_ignore_glob = ["scripts/*"]
