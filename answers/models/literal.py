"""Constants in a query that are written into the SQL, for partial indexes and indexes of expressions.

SQLite plans a statement before it knows the parameters. If the query says `status = ?` where the index says
`status = 'queued'`, it cannot know that the index applies, and scans the table.
"""

from typing import Any

from django.db.models import Func, TextField, Value

ENDING_CHARS = 64


class Literal(Value):
    """Only for words that stand in the code, such as a status. Nothing from outside belongs in SQL."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"'{self.value}'", ()


class Ending(Func):
    """The last 64 characters of a text, which an index can hold however long the text is.

    The beginning would not do: all of LiteLLM's ids begin with the same hundreds of characters.
    """

    function = "RIGHT"
    template = f"%(function)s(%(expressions)s, {ENDING_CHARS})"
    arity = 1
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"SUBSTR(%(expressions)s, -{ENDING_CHARS})"
        return super().as_sql(compiler, connection, template=template, **context)
