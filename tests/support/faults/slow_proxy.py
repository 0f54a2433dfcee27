"""`python slow_proxy.py LISTEN TARGET SECONDS`: a TCP proxy that hands on everything SECONDS later, each way.

What it sends to the target bears MARK, so that the rule that leads others through the proxy leaves it alone.
"""

import asyncio
import socket
import sys

MARK = 7

_CHUNK = 65536


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Hand on what *reader* gets; later chunks never overtake earlier ones, as all wait equally long."""
    loop = asyncio.get_running_loop()
    try:
        while chunk := await reader.read(_CHUNK):
            loop.call_later(delay_s, writer.write, chunk)
    except ConnectionError:
        pass
    loop.call_later(delay_s, writer.close)


async def main(listen: int, target: int, delay_s: float) -> None:
    """Serve until killed."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        marked = socket.socket()
        marked.setblocking(False)
        marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        try:
            await asyncio.get_running_loop().sock_connect(marked, ("127.0.0.1", target))
        except OSError:
            marked.close()
            writer.close()
            return
        there, back = await asyncio.open_connection(sock=marked)
        await asyncio.gather(_carry(reader, back, delay_s), _carry(there, writer, delay_s))

    server = await asyncio.start_server(accept, "127.0.0.1", listen)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
