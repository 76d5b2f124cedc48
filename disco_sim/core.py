"""Disco, Job and result_iterator under the module name that Disco gives them."""

from disco_sim.client.arguments import Params
from disco_sim.client.disco import Disco
from disco_sim.client.job import Job
from disco_sim.client.results import result_iterator

__all__ = ["Disco", "Job", "Params", "result_iterator"]
