"""What the operator can do about an error, with the names of the settings. Not translated, like the log."""

SENTENCES = {
    "check_address": (
        "Check OPENAI_BASE_URL: it ends before “/chat/completions”, often with “/v1”. Is the server running?"
    ),
    "check_certificate": (
        "Set ASKME_CA_BUNDLE to the certificates of your private authority. If there is none, the server's"
        " certificate is invalid or has expired."
    ),
    "check_key": "Check OPENAI_API_KEY: it must be valid at OPENAI_BASE_URL and allowed to use the model.",
    "check_proxy": (
        "Check ASKME_API_PROXY: its address, the user name and password, and whether the proxy allows this"
        " server."
    ),
    "choose_model": (
        "Set ASKME_MODEL or ASKME_MODELS to models that the server offers; manage.py check_api lists them."
    ),
    "raise_max_tokens": (
        "Set ASKME_MAX_TOKENS to a larger number, because reasoning counts too, or lower the effort in"
        " ASKME_MODELS."
    ),
    "renew_quota": "Renew the quota or the credit of the account that OPENAI_API_KEY belongs to.",
    "use_chat": (
        'Set ASKME_API=chat, or api = "chat" for this model in ASKME_MODELS. If the server does have the'
        " Responses API, check OPENAI_BASE_URL."
    ),
    "use_responses": 'Set ASKME_API=responses, or api = "responses" for this model in ASKME_MODELS.',
    "verify_organization": (
        "Verify your organization in the provider's settings, or set ASKME_MODEL or ASKME_MODELS to a model"
        " that does not need it."
    ),
}


def remedy_sentence(remedy: str) -> str:
    """Empty if no remedy is known."""
    return SENTENCES.get(remedy, "")
