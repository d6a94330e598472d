"""What tests of several parts share. `helpers` is importable from every test (pyproject.toml: pythonpath)."""
