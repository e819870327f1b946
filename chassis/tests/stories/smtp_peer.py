"""A mail server for stories: takes mail by aiosmtpd, says each on standard output, and misbehaves as it is told."""

import argparse
import asyncio
import base64
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--wrapped", action="store_true", help="TLS from the first byte")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--busy", type=int, default=0, help="mails to answer with 451 first")
parser.add_argument("--cut", type=int, default=0, help="mails after which the connection breaks instead of an answer")
parser.add_argument("--silent", action="store_true", help="never answer a mail")
said = parser.parse_args()


class Desk:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if said.busy > 0:
            said.busy -= 1
            return "451 come again"
        if said.silent:
            print("silent", flush=True)
            await asyncio.sleep(3600)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": base64.b64encode(envelope.original_content).decode(),
            "tls": bool(session.ssl) or said.wrapped,
            "authenticated": bool(session.authenticated),
        }
        print(json.dumps(mail), flush=True)
        if said.cut > 0:
            said.cut -= 1
            server.transport.abort()
        return "250 taken"


def knows(server, session, envelope, mechanism, given):
    right = given.login.decode() == said.user and given.password.decode() == said.password
    return AuthResult(success=right)


async def main():
    context = None
    if said.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(said.certificate, said.key)
    inside = None if said.wrapped else context

    def smtp():
        return SMTP(
            Desk(),
            hostname="peer.example",
            tls_context=inside,
            require_starttls=inside is not None,
            auth_required=said.user is not None,
            auth_require_tls=not said.wrapped and inside is not None,
            authenticator=knows,
        )

    server = await asyncio.get_running_loop().create_server(smtp, "127.0.0.1", 0, ssl=context if said.wrapped else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
