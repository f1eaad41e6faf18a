"""Private names of other packages that we use: each in one module, and still what we take it for.

When one of these fails after an upgrade, the module named beside it has to change.
"""

import ast
import inspect

import pytest
from channels_redis.pubsub import RedisSingleShardConnection
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from twisted.internet.base import ReactorBase
from twisted.web.http import HTTPChannel

from tests.support.sites import ROOT

BACKPRESSURE, DAPHNE = "answers/live/backpressure.py", "answers/live/daphne.py"
REDIS = "answers/engine/redis_layer.py"

# What we use that its package does not document, and the one module that does.
PRIVATE = {
    "_exitSignal": DAPHNE,
    "kill_all_applications": DAPHNE,
    "application_instance": DAPHNE,
    "gotLength": DAPHNE,
    "handleContentChunk": DAPHNE,
    "_subscribed_to": REDIS,
    "_ensure_redis": REDIS,
    "_receive_message": REDIS,
    "_do_receiving": REDIS,
    "_pubsub": REDIS,
}
# Private in form only: documented, or of a named tuple.
PUBLIC = {"_meta", "_base_manager", "_default_manager", "_fields", "_replace"}
MODULES = [path for name in ("accounts", "answers", "askme") for path in (ROOT / name).rglob("*.py")]


@pytest.mark.parametrize(("name", "module"), PRIVATE.items())
def test_each_private_name_is_used_in_one_module(name, module):
    using = {str(path.relative_to(ROOT)) for path in MODULES if name in path.read_text()}
    assert using == {module}


def test_no_other_private_attribute_is_used():
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and not node.attr.startswith("__")
            ):
                of = node.value.func if isinstance(node.value, ast.Call) else node.value
                owner = of.id if isinstance(of, ast.Name) else ""
                if owner not in ("self", "cls", "super") and node.attr not in PUBLIC:
                    found.add(node.attr)
    assert found == set()


def test_daphnes_send_leads_to_its_protocol_and_so_to_the_transport():
    assert "send=partial(self.handle_reply, protocol)" in inspect.getsource(Server.create_application)


def test_daphne_keeps_each_application_with_its_connection():
    assert '["application_instance"] = asyncio.ensure_future(' in inspect.getsource(Server.create_application)
    assert "self.kill_all_applications" in inspect.getsource(Server.run)
    assert issubclass(WebRequest, object)


def test_daphne_makes_its_requests_of_the_class_that_we_replace():
    assert "requestFactory = WebRequest" in inspect.getsource(HTTPFactory.buildProtocol)
    assert 'name.lower() == b"daphne-root-path"' in inspect.getsource(WebRequest.process)


def test_twisted_tells_a_request_its_length_before_its_body():
    headers = inspect.getsource(HTTPChannel.allHeadersReceived)
    assert headers.index("req.gotLength(self.length)") < headers.index("_send100Continue()")
    assert "handleContentChunk" in inspect.getsource(HTTPChannel)
    assert "self.content.write(data)" in inspect.getsource(WebRequest.handleContentChunk)


def test_twisted_remembers_the_signal_that_stopped_it():
    assert ReactorBase._exitSignal is None
    assert "self._exitSignal = " in inspect.getsource(ReactorBase.sigInt)


def test_channels_redis_subscribes_and_receives_as_our_bridge_expects():
    connection = RedisSingleShardConnection({"address": "redis://127.0.0.1:1"}, None)
    assert connection._subscribed_to == set()
    assert connection._redis is None
    connection._ensure_redis()
    assert connection._redis is not None
    assert not connection._pubsub.subscribed
    assert list(inspect.signature(connection._receive_message).parameters) == ["message"]
    assert "self._do_receiving()" in inspect.getsource(RedisSingleShardConnection._ensure_receiver)
