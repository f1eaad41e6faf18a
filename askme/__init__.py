"""The site: settings, system checks, URLs, ASGI application."""

__version__ = "0.1.0"  # as in pyproject.toml, which is not in the image
