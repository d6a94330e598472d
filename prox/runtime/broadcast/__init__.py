"""Log lines from the pumps to rings, sinks and subscribers. Counterpart of ``core.logs``.

hub           rings, sinks (lossless) and the fan-out
subscription  what waits for one subscriber (lossy: each gap is counted in place)
budget        the bytes that may wait for all subscribers together
"""
