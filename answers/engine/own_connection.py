"""A database connection that a thread of the engine has for itself, apart from those that requests share.

A site limits the connections of its requests with a pool, and the time of their statements. Without a
connection of its own, the engine could neither accept a question nor save an answer while slow pages use up
the pool.
"""

import re

from django.db import DEFAULT_DB_ALIAS, connections


def use_own_connection() -> None:
    """Call this in the thread, before it uses the database. Its connection stays open between two uses."""
    connection = connections[DEFAULT_DB_ALIAS]
    own = {**connection.settings_dict, "CONN_MAX_AGE": None}
    if connection.vendor == "postgresql":
        options = own["OPTIONS"] = {**own["OPTIONS"], "pool": False}
        if "options" in options:
            options["options"] = re.sub(r"-c *statement_timeout=\S+", "", options["options"])
    connection.settings_dict = own
