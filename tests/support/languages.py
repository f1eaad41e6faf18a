"""Headers of browsers in three languages that the site has."""

GERMAN, FRENCH, SPANISH = ({"Accept-Language": name} for name in ("de-AT,de;q=0.9,en;q=0.8", "fr", "es-MX"))
