"""Reports of one `prox run`, made from its record: pure functions from `RunRecord` to text or bytes."""
