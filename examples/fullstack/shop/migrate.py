"""Bring the database up to date: run the files in migrations/ that have not been run, in the order of their names."""

from __future__ import annotations

from pathlib import Path

from shop.database import connect

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def main() -> None:
    with connect() as database:
        database.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
        # Two runs at once would both find the same files missing.
        database.execute("LOCK TABLE migrations")
        applied = {row["name"] for row in database.execute("SELECT name FROM migrations")}
        missing = [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.name not in applied]
        for path in missing:
            print(f"apply {path.name}")
            database.execute(path.read_bytes())
            database.execute("INSERT INTO migrations VALUES (%s)", [path.name])
    print(f"{len(missing)} migrations applied, {len(applied)} were there")


if __name__ == "__main__":
    main()
