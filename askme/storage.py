"""Static files by hash, in what our JavaScript modules import too.

Else a page would run today's askme.js with the connection.js that its browser has kept. Django's own switch,
`support_js_module_import_aggregation`, would rewrite each script of the admin at each collectstatic.
"""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

IMPORT = (r"""(?P<matched>from "(?P<url>\./\w+\.js)";)""", 'from "%(url)s";')


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("answers/*.js", (IMPORT,)))
