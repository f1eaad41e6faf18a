"""Usernames that nobody gets at sign-up: an operator would take them for the site's own.

People do not choose a username. allauth derives it from the email address, so whoever signs up as
`admin@example.org` would be "admin" in the admin's lists.
"""

GUEST = "guest-"  # the beginning of every guest's username

RESERVED = {
    "admin",
    "administrator",
    "anonymous",
    "askme",
    "guest",
    "operator",
    "root",
    "staff",
    "superuser",
    "system",
    "terminal",
}


def is_reserved(username: str) -> bool:
    return username.lower() in RESERVED or username.lower().startswith(GUEST)
