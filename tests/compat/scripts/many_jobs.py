"""Several jobs at once, whose results are taken as they come, with Disco.results on a list of jobs."""

from disco.core import Disco, result_iterator


def slow_map(line, params):
    import time

    time.sleep(params)
    yield line, params


disco = Disco("disco://localhost")
jobs = [disco.new_job(name="job%d" % wait, input=["raw://x"], map=slow_map, params=wait) for wait in (30, 10, 20)]
names = [job.name for job in jobs]
order = []
active = jobs
while active:
    inactive, active = disco.results(active, timeout=5000)
    for name, (status, results) in inactive:
        order.append((name.split("@")[0], status, list(result_iterator(results))))
        disco.purge(name)
for entry in order:
    print(*entry)
print(disco.results(names)[1], [status for _, (status, _) in disco.results(names)[0]])
