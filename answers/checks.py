"""System checks: a wrong setting is an error with an id and a hint, before the site starts."""
