"""A program that watches its job: it polls the status, and reads the events on from where it was.

What tasks print is seen here, too, when the time for it has come.
"""

import time

from disco.core import Disco


def slow_map(line, params):
    time.sleep(30 if line == "a" else 40)
    print("at %s" % line)
    yield line, 1


disco = Disco("disco://localhost")
job = disco.new_job(name="polled", input=["raw://a", "raw://b"], map=slow_map)
offset, n_polls, messages = 0, 0, []
while True:
    info = disco.jobinfo(job.name)
    n_polls += 1
    if info["active"] != "active":
        break
    time.sleep(0.01)
for offset, (timestamp, host, message) in disco.events(job.name, offset):
    messages.append(message)
print(info["active"], n_polls > 5)
print(messages[0])
print(sorted(message for message in messages if "at " in message))
print(messages[-1].split(" in ")[0])
print(list(disco.events(job.name, offset)))
print([name.split("@")[0] for _, status, name in disco.joblist() if status == "ready"])
