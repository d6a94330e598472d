"""Reports of one `prox run`, as pure functions from its `RunRecord` to text or bytes."""
