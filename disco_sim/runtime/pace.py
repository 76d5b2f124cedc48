"""How fast a task may send lines: Disco 0.5.4 slows a talkative task down, and ends its job when that does not help."""

from __future__ import annotations

from collections import deque

from disco_sim.error import DiscoError

_WINDOW_S = 1.0
_N_FREE = 5
_N_TOO_MANY = 10
_DELAY_S = 0.2


class Pace:
    """The lines of one run within the last second of its own time, in virtual seconds.

    From the sixth on each is answered 0.2 s late; the tenth ends the job. The rule was observed.
    """

    def __init__(self) -> None:
        self._sent_s: deque[float] = deque()

    def delay_s(self, now_s: float) -> float:
        """How long a line that is sent at `now_s` holds the task up.

        Raises:
            DiscoError: If it is one too many.
        """
        sent = self._sent_s
        while sent and now_s - sent[0] >= _WINDOW_S:
            sent.popleft()
        sent.append(now_s)
        if len(sent) >= _N_TOO_MANY:
            raise DiscoError(
                f"Worker is behaving badly: Sent {len(sent)} events in a second, ignoring replies. A task may send "
                "nine lines in a second of its time, the one that says that it is done among them: print less, for "
                "every thousandth record, say, or put() a number once at the end"
            )
        return _DELAY_S if len(sent) > _N_FREE else 0.0
