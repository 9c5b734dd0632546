"""Channels against real servers: they carry, or say what is wrong, and never the address."""

import asyncio
import socket

from bot.core.intents import Level
from bot.runtime.alerts.channel import AppriseChannel
from bot.runtime.alerts.message import Message
from tests.runtime.alerts.servers import a_mail_server, a_web_server

MESSAGE = Message(
    level=Level.CRITICAL,
    subject="[CRIT] SOL long - liq 4.9% away (135.2)",
    body="SOL long: closed 3.3 at 143.07 (cut)  #1842\nYou can: holdfast ack 1842",
)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def _mail() -> None:
    async with a_mail_server() as box:
        channel = AppriseChannel(f"mailto://127.0.0.1:{box.port}?from=bot@example.org&to=ada@example.org")
        sent = await channel.send(MESSAGE)
        assert sent.told, sent.wrong
        assert box.subjects == [MESSAGE.subject]
        text = box.mails[0].get_body(("plain",))  # type: ignore[attr-defined]
        content = box.mails[0].as_string() if text is None else text.get_content()
        assert "closed 3.3 at 143.07 (cut)" in content
        assert "holdfast ack 1842" in content


def test_a_mail_arrives_at_a_real_server_with_subject_and_body() -> None:
    asyncio.run(_mail())


async def _refused_mail() -> None:
    async with a_mail_server("554 no thanks") as box:
        sent = await AppriseChannel(f"mailto://127.0.0.1:{box.port}?from=a@b.org&to=c@d.org").send(MESSAGE)
        assert not sent.told


def test_a_mail_that_the_server_does_not_take_is_not_told() -> None:
    asyncio.run(_refused_mail())


async def _hooked() -> None:
    async with a_web_server() as hook:
        assert (await AppriseChannel(f"json://127.0.0.1:{hook.port}/hook").send(MESSAGE)).told
        assert (await AppriseChannel(f"ntfy://127.0.0.1:{hook.port}/topic").send(MESSAGE)).told
        assert all("143.07" in body for body in hook.bodies)
        assert len(hook.bodies) == 2


def test_a_webhook_and_a_push_service_get_it() -> None:
    asyncio.run(_hooked())


async def _failing() -> None:
    async with a_web_server(status=500) as hook:
        sent = await AppriseChannel(f"json://127.0.0.1:{hook.port}/secret-canary").send(MESSAGE)
        assert not sent.told
        assert "canary" not in sent.wrong
    dead = await AppriseChannel(f"json://127.0.0.1:{closed_port()}/secret-canary").send(MESSAGE)
    assert not dead.told
    assert "canary" not in dead.wrong


def test_a_service_that_errs_and_one_that_is_dead_have_told_nobody() -> None:
    asyncio.run(_failing())


async def _slow() -> None:
    async with a_web_server() as hook:
        hook.gate.clear()
        sent = await AppriseChannel(f"json://127.0.0.1:{hook.port}/x", wait_s=0.2).send(MESSAGE)
        hook.gate.set()
        assert not sent.told
        assert sent.wrong == "no answer within 0.2 s"


def test_a_slow_service_is_not_waited_for() -> None:
    asyncio.run(_slow())


def test_an_address_that_apprise_does_not_know_is_said_before_it_is_needed() -> None:
    wrong = asyncio.run(AppriseChannel("nosuch://secret-canary").warm())
    assert wrong == "its address is none that apprise knows"
    assert not asyncio.run(AppriseChannel("nosuch://secret-canary").send(MESSAGE)).told
