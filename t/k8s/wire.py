"""HTTP/1.1, as much as a client of an API server needs."""
import asyncio
import email.utils
import gzip
import json
import urllib.parse

REASONS = {200: 'OK', 201: 'Created', 202: 'Accepted', 400: 'Bad Request',
           401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
           405: 'Method Not Allowed', 406: 'Not Acceptable', 408: 'Request Timeout',
           409: 'Conflict', 410: 'Gone', 413: 'Request Entity Too Large',
           415: 'Unsupported Media Type', 422: 'Unprocessable Entity',
           429: 'Too Many Requests', 500: 'Internal Server Error',
           502: 'Bad Gateway', 503: 'Service Unavailable',
           504: 'Gateway Timeout'}
MAX_BODY = 3145728


class Gone(Exception):
    """The connection is of no use any more."""


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        path, _, query = target.partition('?')
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = headers
        self.body = body        # None: too large
        self.user = None
        self.pretty = self.wants_pretty()

    def wants_pretty(self):
        if 'pretty' in self.query:
            return self.query['pretty'] not in ('0', 'false', 'False')
        agent = self.headers.get('user-agent', '')
        return agent.startswith(('curl', 'Wget', 'Mozilla/5.0'))

    def dumps(self, obj):
        if self.pretty:
            return (json.dumps(obj, indent=2, ensure_ascii=False) + '\n').encode()
        return (json.dumps(obj, separators=(',', ':'), ensure_ascii=False) +
                '\n').encode()


class Connection:
    def __init__(self, reader, writer, number, clock):
        self.reader, self.writer = reader, writer
        self.number = number
        self.clock = clock
        self.rate = 0            # bytes a second, 0: as fast as it goes
        self.close = False
        self.status = 0          # of the answer that is under way
        self.streaming = False
        self.on_status = lambda: None

    async def read(self):
        """The next request, None at the end."""
        try:
            head = await self.reader.readuntil(b'\r\n\r\n')
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                ConnectionError, OSError):
            return None
        lines = head.decode('latin-1').split('\r\n')
        method, target, version = (lines[0].split(' ') + ['', ''])[:3]
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(':')
            if colon:
                headers[name.strip().lower()] = value.strip()
        self.close = version != 'HTTP/1.1' or \
            headers.get('connection', '').lower() == 'close'
        if headers.get('expect', '').lower() == '100-continue':
            self.writer.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        try:
            body = await self.read_body(headers)
        except (asyncio.IncompleteReadError, ValueError, ConnectionError, OSError):
            return None
        return Request(method, target, headers, body)

    async def read_body(self, headers):
        parts, size = [], 0
        if headers.get('transfer-encoding', '').lower() == 'chunked':
            while True:
                n = int((await self.reader.readline()).split(b';')[0], 16)
                data = await self.reader.readexactly(n + 2)
                size += n
                if n == 0:
                    break
                if size <= MAX_BODY:
                    parts.append(data[:-2])
        else:
            left = int(headers.get('content-length') or 0)
            size = left
            while left:
                data = await self.reader.read(min(left, 1 << 18))
                if not data:
                    raise asyncio.IncompleteReadError(b'', left)
                left -= len(data)
                if size <= MAX_BODY:
                    parts.append(data)
        return None if size > MAX_BODY else b''.join(parts)

    async def send(self, data):
        if not self.rate:
            self.writer.write(data)
            await self.writer.drain()
            return
        step = max(1, self.rate // 20)
        for i in range(0, len(data), step):
            self.writer.write(data[i:i + step])
            await self.writer.drain()
            await asyncio.sleep(step / self.rate)

    def head(self, status, headers):
        self.status = status
        self.on_status()
        date = email.utils.formatdate(self.clock.ns() / 1e9, usegmt=True)
        lines = ['HTTP/1.1 %d %s' % (status, REASONS.get(status, '')),
                 'Cache-Control: no-cache, private', 'Date: ' + date]
        lines += ['%s: %s' % h for h in headers]
        if self.close:
            lines.append('Connection: close')
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    async def whole(self, status, kind, body, headers=(), zipped=False):
        headers = [('Content-Type', kind)] + list(headers)
        if zipped and len(body) > 128 * 1024:
            body = gzip.compress(body, 1)
            headers += [('Content-Encoding', 'gzip'), ('Vary', 'Accept-Encoding')]
        headers.append(('Content-Length', str(len(body))))
        await self.send(self.head(status, headers) + body)

    async def begin(self, kind, headers=()):
        """A chunked answer."""
        self.streaming = True
        await self.send(self.head(200, [
            ('Content-Type', kind), ('Transfer-Encoding', 'chunked')] +
            list(headers)))

    async def chunk(self, data):
        if data:
            await self.send(b'%x\r\n' % len(data) + data + b'\r\n')

    async def end(self):
        self.streaming = False
        await self.send(b'0\r\n\r\n')
