"""Jobs that are killed, cleaned, purged and unknown, and what the master says of itself."""

from disco.core import Disco
from disco.error import CommError, JobError


def slow_map(line, params):
    import time

    time.sleep(1000)
    yield line, 1


disco = Disco("http://localhost:8989")
job = disco.new_job(name="slow", input=["raw://a"], map=slow_map)
print(job.results(), disco.jobinfo(job.name)["active"])
print([host for host, facts in sorted(disco.nodeinfo().items()) if facts.get("tasks")] == disco.jobinfo(job.name)["hosts"])
job.kill()
print(job.results())
print([message for _, (_, _, message) in job.events()][-1])
try:
    job.wait()
except JobError as error:
    print("Status dead" in str(error))
job.purge()
print(job.results())
try:
    disco.jobinfo(job.name)
except CommError as error:
    print(error.code)
print(disco.kill("nobody"), disco.purge("nobody"), disco.clean("nobody"))
print(disco.master_version(), disco.joblist(), len(disco.nodeinfo()))
try:
    disco.wait("nobody")
except JobError as error:
    print("Status unknown job" in str(error))
