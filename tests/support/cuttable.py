"""A way to a server that can be cut: a TCP proxy on loopback."""

import asyncio
import threading
import urllib.parse


class Cuttable:
    """Passes bytes on to `server` from `endpoint`, which stays the same whatever happens to it."""

    def __init__(self, server):
        to = urllib.parse.urlsplit(server.endpoint)
        self._to = (to.hostname, to.port)
        self._port = 0
        self._connections = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._begin())
        self.endpoint = f"http://127.0.0.1:{self._port}"

    def go_dark(self):
        """As when a cable is cut: whoever calls hears nothing, and connecting takes for ever or leads nowhere."""
        self._run(self._set_flowing(False))

    def refuse(self):
        """As when a machine is up and its server is not: connections are reset, and new ones are refused."""
        self._run(self._end())

    def restore(self):
        self._run(self._end())
        self._run(self._begin())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)

    async def _begin(self):
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _set_flowing(self, flowing):
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _end(self):
        self._listener.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._listener.wait_closed()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._connections.add(task)
        ends = [writer]
        try:
            await self._flowing.wait()
            there_reader, there_writer = await asyncio.open_connection(*self._to)
            ends.append(there_writer)
            pumps = [asyncio.ensure_future(self._pump(reader, there_writer)), asyncio.ensure_future(self._pump(there_reader, writer))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader, writer):
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
