"""profile=True: where the time of the tasks goes, as pstats has it."""

import io
import pstats

from disco.core import Job, result_iterator


def weigh_map(line, params):
    def weigh(word):
        return len(word)

    return [(word, weigh(word)) for word in line.split()]


job = Job("profiled").run(input=["raw://a bb ccc", "raw://dd e"], map=weigh_map, profile=True)
print(sorted(result_iterator(job.wait())))
stats = job.profile_stats()
print(isinstance(stats, pstats.Stats))
calls = {name: counts[1] for (_, _, name), counts in stats.stats.items()}
print(calls["weigh_map"], calls["weigh"])
print(len([key for key in job.oob_list() if key.startswith("profile-")]) >= 2)
