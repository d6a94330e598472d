"""``python -m prox`` is ``prox``."""

from prox.cli.main import main

main()
