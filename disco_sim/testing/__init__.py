"""Help for people's own tests of jobs: run one, look at what happened, compare logs, check what holds of any log.

`disco_sim.testing.strategies` has strategies for Hypothesis, which is needed for these alone.
"""

from disco_sim.testing.invariants import check_invariants
from disco_sim.testing.jobs import run, simulate
from disco_sim.testing.logs import log_digest, same_log

__all__ = ["check_invariants", "log_digest", "run", "same_log", "simulate"]
