FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home askme

# Packages change more rarely than code: this layer is built again only when a version does.
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --root-user-action=ignore --disable-pip-version-check -r requirements.txt

COPY . .
# The key is for this one step: an image must not carry a key that everybody who has the image knows.
RUN SECRET_KEY=for-this-step-only python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf var && install -d -o askme var

USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Django answers only to its ALLOWED_HOSTS, so the check calls the site by the first of them. No urllib:
# it would go through HTTP_PROXY.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import http.client, os, sys; host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' .*') or 'localhost'; site = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); site.request('GET', '/healthz', headers={'Host': host}); sys.exit(site.getresponse().status != 200)"]
# -v 0: no line for each request; warnings and errors are logged all the same.
CMD ["daphne", "-v", "0", "-b", "0.0.0.0", "-p", "8000", "--no-server-name", "askme.asgi:application"]
