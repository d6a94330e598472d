"""The pure part of `prox run`: the plan of a run, its record, and its exit code."""
