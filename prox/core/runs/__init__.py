"""`prox run` without its effects: what a run was, how it is judged, and which jobs determined its length."""
