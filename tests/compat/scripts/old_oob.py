"""Out-of-band results and messages as Disco 0.3 has them: get of another job, msg, err, and this_partition."""

from disco.core import Disco, JobError, result_iterator


def fun_map(line, params):
    put("part-%d" % len(line), b"%d" % this_partition())
    msg("saw %s" % line)
    yield line, 1


def fun_reduce(iter, out, params):
    for word, count in iter:
        out.add(word, count)
    put("reduced:%d" % this_partition(), this_host().encode()[:4])


def follow_map(name, params):
    yield name, get("reduced:0", params)


def stop_map(line, params):
    err("nothing to do with %s" % line)


disco = Disco("disco://localhost")
job = disco.new_job(name="first", input=["raw://a", "raw://bb"], map=fun_map, reduce=fun_reduce, partitions=1)
print(sorted(result_iterator(job.wait())))
for key in sorted(disco.oob_list(job.name)):
    print(key, disco.oob_get(job.name, key).decode())
print(sorted(message for _, (_, _, message) in job.events() if "saw" in message))
second = disco.new_job(name="second", input=["raw://x"], map=follow_map, params=job.name)
print(list(result_iterator(second.wait())))
third = disco.new_job(name="third", input=["raw://x"], map=stop_map)
try:
    third.wait()
except JobError as error:
    print("nothing to do with x" in str(error))
