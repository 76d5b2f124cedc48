"""A job function that fails: wait raises JobError, and the reason is in the events."""

from disco.core import Disco, JobError


def fun_map(line, params):
    yield line, int(line)


disco = Disco("disco://localhost")
job = disco.new_job(name="failing", input=["raw://1", "raw://two"], map=fun_map)
try:
    job.wait()
except JobError as error:
    print(str(error).startswith("Job %s failed: Status dead" % job.name))
print(job.results())
print(any("FATAL: [map:0]" in message and "ValueError" in message for _, (_, _, message) in job.events()))
job = disco.new_job(name="retried", input=["raw://1"], map=lambda line, params: [(open("/no/such/file"), 1)])
try:
    job.wait(timeout=20)
except JobError as error:
    print(str(error).startswith("Job %s failed: Timeout" % job.name))
print(job.results(timeout=0))
job.kill()
print(job.results())
