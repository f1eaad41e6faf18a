"""PostgreSQL's text-search vector of each finished answer; answers/search.py asks it.

It has no field in the model, since SQLite has no such type. Adding it rewrites the table once.

- A running answer has none: its text is saved every half second, and would be parsed anew each time. And a value
  that stays NULL lets PostgreSQL update the row without touching its indexes (a heap-only tuple), which an index
  on an expression of `text` would not.
- Words are kept by their English stem, and all of them: the stock configuration drops "who", so that it could not
  be found, nor be left out by "-who". Words of other languages are found as they are written.
- Signs are blanks. PostgreSQL's parser looks for addresses of hosts, mail and files, and takes 12 seconds for 40,000
  code points of "a@a@a@...", in which the process that saves this answer could save no other.
- Of a long answer the first 40,000 code points: an answer whose vector exceeds PostgreSQL's megabyte could not be
  saved. The worst that tests/test_search.py knows, short words of four-byte letters, stays below.
"""

from string import punctuation  # of ASCII

from django.db import migrations

SIGNS = punctuation.replace("'", "''")
TEXT = f"translate(left(question || ' ' || text, 40000), '{SIGNS}', '{' ' * len(punctuation)}')"
ADD = (
    'CREATE TEXT SEARCH DICTIONARY askme_stem (TEMPLATE = snowball, LANGUAGE = english)',
    'CREATE TEXT SEARCH CONFIGURATION askme (COPY = english)',
    'ALTER TEXT SEARCH CONFIGURATION askme ALTER MAPPING REPLACE english_stem WITH askme_stem',
    f"""
    ALTER TABLE answers_answer ADD COLUMN search tsvector GENERATED ALWAYS AS (
        CASE WHEN status IN ('queued', 'running') THEN NULL
        ELSE to_tsvector('askme', {TEXT}) END
    ) STORED
    """,
    'CREATE INDEX answer_by_words ON answers_answer USING gin (search)',
)
REMOVE = (
    'ALTER TABLE answers_answer DROP COLUMN search',  # and its index
    'DROP TEXT SEARCH CONFIGURATION askme',
    'DROP TEXT SEARCH DICTIONARY askme_stem',
)


def run(statements):
    def on_postgresql(apps, schema_editor):
        if schema_editor.connection.vendor == 'postgresql':
            for statement in statements:
                schema_editor.execute(statement, params=None)  # a % in it is a sign

    return on_postgresql


class Migration(migrations.Migration):

    dependencies = [
        ('answers', '0002_history_sharing_rating'),
    ]

    operations = [migrations.RunPython(run(ADD), run(REMOVE))]
