"""Finds people for the admin by what an operator knows: a username, an email address or an id.

With many people, only by the beginning of a name or address, for which there are indexes
(accounts/migrations/0001_initial.py). With few, any part of it is found.
"""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from accounts.models import User

FEW_PEOPLE = 2_000  # all of whom are read in a few milliseconds
MOST_FOUND = 1_000
LAST = chr(0x10FFFF)  # comes after all other characters
COLUMNS = ("username", "email")
MOST_ID = 2**63 - 1


def ids_found(words: str) -> set[Any]:
    """At most some thousand, in no order. In that of the list, a database may read all people to find one."""
    return {pk for found in _found(words.strip()) for pk in found[:MOST_FOUND]}


def _found(words: str) -> Iterator[QuerySet[User, Any]]:
    people = User.objects.order_by()
    if people[: FEW_PEOPLE + 1].count() <= FEW_PEOPLE:
        names = (*COLUMNS, "first_name", "last_name")
        parts = [Q(**{f"{name}__icontains": words}) for name in names]
        yield people.filter(parts[0] | parts[1] | parts[2] | parts[3]).values_list("pk", flat=True)
    else:
        for column in COLUMNS:
            yield _beginning(people, column, words).values_list("pk", flat=True)
    # A person may have several addresses. allauth stores them in lower case.
    yield EmailAddress.objects.filter(email=words.lower()).values_list("user", flat=True)
    if words.isascii() and words.isdigit() and len(words) < 20 and int(words) <= MOST_ID:
        yield people.filter(pk=int(words)).values_list("pk", flat=True)


def _beginning(people: QuerySet[User], column: str, words: str) -> QuerySet[User]:
    """Whatever the case of the letters; on SQLite, of those in ASCII."""
    if connection.vendor == "postgresql":
        return people.filter(**{f"{column}__istartswith": words})
    # SQLite uses no index for LIKE with an escape character, and Django always adds one.
    first = "".join(letter.upper() if letter.isascii() else letter for letter in words)
    return people.alias(upper=Upper(column)).filter(upper__gte=first, upper__lt=first + LAST)
