"""Real servers on loopback that alerts are sent to: one for mail, one for webhooks and push services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What arrived by SMTP."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.mails: list[Message] = []
        self.port = 0
        self._answer = answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=default))
        return self._answer

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@asynccontextmanager
async def a_mail_server(answer: str = "250 OK") -> AsyncIterator[Mailbox]:
    box = Mailbox(answer)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


class Hook:
    """What arrived by HTTP; ``status`` is what it answers, and ``gate`` closed keeps every answer back."""

    def __init__(self, status: int = 200) -> None:
        self.bodies: list[str] = []
        self.titles: list[str] = []
        self.port = 0
        self.status = status
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, request: web.Request) -> web.Response:
        text = await request.text()
        await self.gate.wait()
        self.bodies.append(text)
        self.titles.append(request.headers.get("X-Title", ""))
        return web.Response(status=self.status, text="<html>so it is</html>", content_type="text/html")


@asynccontextmanager
async def a_web_server(status: int = 200) -> AsyncIterator[Hook]:
    hook = Hook(status)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.port = runner.addresses[0][1]
    try:
        yield hook
    finally:
        hook.gate.set()
        await runner.cleanup()
