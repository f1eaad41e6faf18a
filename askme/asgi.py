"""The ASGI application of the site, for Daphne or any server with lifespan."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "askme.settings")
http = get_asgi_application()  # sets up Django, before models can be imported

from answers.live.asgi import with_answers  # noqa: E402
from askme.checks import check_before_start  # noqa: E402

application = with_answers(http, check=check_before_start)
