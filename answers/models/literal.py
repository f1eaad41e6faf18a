"""A constant in a query that is written into the SQL, for the conditions of partial indexes.

SQLite plans a statement before it knows the parameters. If the query says `status = ?` where the index says
`status = 'queued'`, it cannot know that the index applies, and scans the table.
"""

from typing import Any

from django.db.models import Value


class Literal(Value):
    """Only for words that stand in the code, such as a status. Nothing from outside belongs in SQL."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"'{self.value}'", ()
