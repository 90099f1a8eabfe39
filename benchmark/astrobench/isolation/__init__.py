"""One process a task: whatever a plugin does to its process, the driver and the neighbours go on.

A task is "module:function" and a JSON payload; its result is JSON over a pipe of its own. Children are forked from a
server that has torch imported and never touched a device, so that a task starts in hundredths of a second.

    running   the driver's side: start, wait, read, kill, say how it ended
    child     the task's side: own session, own log, one answer
    session   the processes of a task: what memory they hold, and their end
    log       what a task prints, and no more than fits
"""

from __future__ import annotations

from astrobench.isolation.child import LARGEST_RESULT
from astrobench.isolation.log import LARGEST_LOG
from astrobench.isolation.running import Outcome, Status, Task, run_here, run_isolated
from astrobench.isolation.session import memory_share

__all__ = [
    "LARGEST_LOG",
    "LARGEST_RESULT",
    "Outcome",
    "Status",
    "Task",
    "memory_share",
    "run_here",
    "run_isolated",
]
