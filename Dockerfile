# -- Packages and static files

FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /venv
# Packages change less often than code, so Docker rebuilds this layer only when a version changes. Each file must have
# the hash that is known, and nothing is compiled: no package runs code of its own here.
COPY deploy/requirements.txt /tmp/requirements.txt
RUN python3 -m pip --python /venv/bin/python install --require-hashes --only-binary :all: -r /tmp/requirements.txt

ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY . .
# The key is only for this step. If it were in the image, everyone with the image would know it.
RUN SECRET_KEY=for-this-step-only-and-not-a-secret python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf var deploy
# A checkout may have a strict umask, and the files keep their modes.
RUN chmod -R a+rX .
# `minify` has done its work. Python cannot keep compiled files where nothing can be written, so they are made here.
RUN rm -r /venv/lib/python3*/site-packages/minify && python -m compileall -q .

# -- The image

FROM python:3.13-slim

LABEL org.opencontainers.image.title="askme" \
      org.opencontainers.image.description="A self-hosted Ask Me Anything site on Django Channels" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# `var` is for SQLite, without Compose. Compose mounts a volume at `secrets`, which takes over its owner and mode.
RUN groupadd --gid 10001 askme \
    && useradd --uid 10001 --gid askme --no-create-home --shell /usr/sbin/nologin askme \
    && install -d -o askme -g askme -m 750 /app/var /secrets
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Ready means: it reaches its database and Redis, and is not shutting down. urllib would use HTTP_PROXY, so the check
# does not use it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import http.client, sys; site = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); site.request('GET', '/readyz'); reply = site.getresponse(); print(reply.read().decode()); sys.exit(reply.status != 200)"]
# Without a shell, SIGTERM reaches Daphne, which lets running answers finish. -v 0 turns off the log line for each
# request. Warnings and errors are still logged.
CMD ["daphne", "-v", "0", "-b", "0.0.0.0", "-p", "8000", "--no-server-name", "askme.asgi:application"]
