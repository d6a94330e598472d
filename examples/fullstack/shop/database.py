"""The database: prox gives the port, libpq reads the rest from PGHOST, PGUSER, PGPASSWORD and PGDATABASE."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from psycopg.rows import dict_row


def connect() -> psycopg.Connection[dict[str, Any]]:
    """Open a connection. As a context manager, it commits (or rolls back) and closes."""
    return psycopg.connect(port=os.environ["PROX_PORT_DB"], connect_timeout=5, row_factory=dict_row)
