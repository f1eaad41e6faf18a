"""The ASGI application of the site, for Daphne or any server with lifespan."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "askme.settings")
django.setup(set_prefix=False)  # before models can be imported

from answers.live.asgi import with_answers  # noqa: E402
from askme.checks import check_before_start  # noqa: E402
from askme.handler import Handler  # noqa: E402
from askme.health import Health  # noqa: E402
from askme.metrics import Metrics  # noqa: E402

application = with_answers(Health(Metrics(Handler())), check=check_before_start)
