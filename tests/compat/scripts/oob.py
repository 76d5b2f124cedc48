"""Out-of-band results: put in map, read and put in reduce, listed by the client, and read by another job."""

from disco.core import Disco, result_iterator
from disco.error import DiscoError


def count_map(line, params):
    put("seen:%s" % line, str(len(line)).encode())
    yield line, len(line)


def count_reduce(iter, params):
    total = 0
    for word, n in iter:
        assert get("seen:%s" % word) == str(n).encode()
        total += n
    put("total", b"%d" % total)
    yield "missing", get("seen:nobody")


def other_map(name, params):
    from disco.util import load_oob

    yield name, load_oob(Task.master, params, "total")
    yield this_name().split("@")[0], get("seen:cat")


disco = Disco("http://localhost:8989")
job = disco.new_job(name="oob", input=["raw://a", "raw://cat", "raw://horse"], map=count_map, reduce=count_reduce)
print(list(result_iterator(job.wait())))
print(sorted(job.oob_list()))
print(job.oob_get("total"), disco.oob_get(job.name, "seen:horse"), disco.oob_get(job.name, "seen:nobody"))

other = disco.new_job(name="other", input=["raw://x"], map=other_map, params=job.name)
try:
    other.wait()
except DiscoError as error:
    print("Status dead" in str(error))


def quiet_map(name, params):
    from disco.util import load_oob

    yield name, load_oob(Task.master, params, "total")


quiet = disco.new_job(name="quiet", input=["raw://x"], map=quiet_map, params=job.name)
print(list(result_iterator(quiet.wait())))
try:
    quiet.oob_get("total")
except DiscoError as error:
    print(type(error).__name__, "Unknown key or jobname" in str(error))
