import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.embedding.settings")
http = get_asgi_application()

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from answers.live.asgi import with_answers  # noqa: E402

application = with_answers(ASGIStaticFilesHandler(http))
