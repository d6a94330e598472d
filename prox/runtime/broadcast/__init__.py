"""Distribution of log lines from the pumps to rings, sinks and subscribers. Counterpart of ``core.logs``.

hub           rings, sinks (lossless) and the fan-out
subscription  the backlog of one subscriber (lossy: each gap is counted in place)
budget        the memory limit of all backlogs together
"""
