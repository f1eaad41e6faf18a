"""Static files with hashed names, also in the imports of our JavaScript modules.

Otherwise a page could run a new askme.js with an old connection.js from the browser's cache. Django's own
option, `support_js_module_import_aggregation`, would rewrite every script of the admin at each collectstatic.
"""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

IMPORT = (r"""(?P<matched>from "(?P<url>\./\w+\.js)";)""", 'from "%(url)s";')


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("answers/*.js", (IMPORT,)))
