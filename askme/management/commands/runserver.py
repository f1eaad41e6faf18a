"""Django's development server, with websockets: Daphne instead of WSGI."""

from daphne.management.commands.runserver import Command

__all__ = ["Command"]
