"""What the operator can do about an error, with the names of the settings. Like the log, not translated."""

SENTENCES = {
    "check_address": (
        "Check OPENAI_BASE_URL. It often ends with “/v1”, but not with “/chat/completions”. Is the server"
        " running?"
    ),
    "check_certificate": (
        "If a private CA issued the server's certificate, set ASKME_CA_BUNDLE to a file with the CA's"
        " certificates. Otherwise, the server's certificate is invalid or has expired."
    ),
    "check_key": "Check OPENAI_API_KEY: it must be valid at OPENAI_BASE_URL and allowed to use the model.",
    "check_proxy": (
        "Check ASKME_API_PROXY: the address, the user name and the password. Does the proxy allow connections"
        " to this server?"
    ),
    "choose_model": (
        "Set ASKME_MODEL or ASKME_MODELS to models that the server offers; manage.py check_api lists them."
    ),
    "raise_max_tokens": (
        "Set ASKME_MAX_TOKENS to a larger number, because reasoning counts too, or choose a lower effort for"
        " this model."
    ),
    "renew_quota": "Renew the quota or add credit to the account that OPENAI_API_KEY belongs to.",
    "use_chat": (
        'Set ASKME_API=chat, or api = "chat" for this model in ASKME_MODELS. If the server has the Responses'
        " API, check OPENAI_BASE_URL instead."
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
