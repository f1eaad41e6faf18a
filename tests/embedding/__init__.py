"""A second, small Django site that installs `answers`: with Django's own users, its own page and uvicorn."""
