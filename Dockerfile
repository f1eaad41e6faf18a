FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home askme

# Packages change less often than code, so Docker rebuilds this layer only when a version changes.
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --root-user-action=ignore --disable-pip-version-check -r requirements.txt

COPY . .
# The key is only for this step. If it were in the image, everyone with the image would know it.
RUN SECRET_KEY=for-this-step-only-and-not-a-secret python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf var && install -d -o askme var

USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Django accepts only requests for its ALLOWED_HOSTS, so the check uses the first of them. urllib would use HTTP_PROXY,
# so the check does not use it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import http.client, os, sys; host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' .*') or 'localhost'; site = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); site.request('GET', '/healthz', headers={'Host': host}); sys.exit(site.getresponse().status != 200)"]
# -v 0 turns off the log line for each request. Warnings and errors are still logged.
CMD ["daphne", "-v", "0", "-b", "0.0.0.0", "-p", "8000", "--no-server-name", "askme.asgi:application"]
