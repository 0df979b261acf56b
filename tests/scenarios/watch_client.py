"""A client of /v1/watch with nothing but sockets: server-sent events, JSON lines and a WebSocket."""
import base64
import hashlib
import json
import os
import re
import socket
import struct
import time
import urllib.parse

READ_SECONDS = 20   # for the next message
CLOSE, PING, PONG = 8, 9, 10
WEBSOCKET_ID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f'{status}: {body[:500]!r}')
        self.status = status
        self.body = body


class Watch:
    """One connection. `next()` gives the next message, bookmarks aside."""

    def __init__(self, address, form='sse', headers=(), slowness=1.0, **parameters):
        self.patience = READ_SECONDS * slowness
        self.socket = socket.create_connection(address, timeout=self.patience)
        self.buffer = b''
        self.form = form
        self.last_id = None
        pairs = [(name, item) for name, value in parameters.items()
                 for item in (value if isinstance(value, list) else [value])]
        lines = [f'GET /v1/watch?{urllib.parse.urlencode(pairs)} HTTP/1.1', f'Host: {address[0]}:{address[1]}',
                 *headers]
        key = base64.b64encode(os.urandom(16))
        if form == 'sse':
            lines.append('Accept: text/event-stream')
        elif form == 'ndjson':
            lines.append('Accept: application/x-ndjson')
        else:
            lines += ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
                      'Sec-WebSocket-Key: ' + key.decode()]
        self.socket.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n')
        head = self.read_until(b'\r\n\r\n').decode()
        status = int(head.split()[1])
        if status != (101 if form == 'websocket' else 200):
            size = re.search(r'Content-Length: (\d+)', head)
            body = self.read(int(size[1])) if size else b''
            self.socket.close()
            raise Refused(status, body.decode())
        if form == 'websocket':
            accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_ID).digest()).decode()
            if accept not in head:
                raise AssertionError(f'the handshake is wrong: {head}')
        self.text = b''  # of a body, without its chunks

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def read(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            self.more()
        data, self.buffer = self.buffer.split(mark, 1)
        return data

    def read_line(self):
        while b'\n' not in self.text:
            size = int(self.read_until(b'\r\n'), 16)
            if size == 0:
                raise EOFError
            self.text += self.read(size)
            self.read(2)
        line, self.text = self.text.split(b'\n', 1)
        return line.decode()

    def read_frame(self):
        while True:
            first, second = self.read(2)
            size = second & 127
            if size == 126:
                size = struct.unpack('>H', self.read(2))[0]
            elif size == 127:
                size = struct.unpack('>Q', self.read(8))[0]
            data = self.read(size)
            if first & 15 == CLOSE:
                raise EOFError
            if first & 15 == PING:
                self.send_frame(PONG, data)
            elif first & 15 != PONG:
                return data.decode()

    def send_frame(self, opcode, data):
        mask = os.urandom(4)
        size = bytes([128 | len(data)]) if len(data) < 126 else bytes([128 | 126]) + struct.pack('>H', len(data))
        self.socket.sendall(bytes([128 | opcode]) + size + mask
                            + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def say(self, message):
        self.send_frame(1, (message if isinstance(message, str) else json.dumps(message)).encode())

    def read_message(self):
        if self.form == 'websocket':
            return json.loads(self.read_frame())
        if self.form == 'ndjson':
            return json.loads(self.read_line())
        fields = {}
        while True:
            line = self.read_line()
            if line:
                name, _, value = line.partition(': ')
                fields[name] = value
            elif 'data' in fields:
                self.last_id = fields.get('id', self.last_id)
                message = json.loads(fields['data'])
                if fields.get('id') != message['cursor']:
                    raise AssertionError(f'the id is not the cursor: {fields}')
                return message
            else:
                fields = {}

    def next(self, bookmarks=False):
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            message = self.read_message()
            if bookmarks or message['type'] != 'bookmark':
                return message
        raise AssertionError('no message in time')

    def close(self):
        self.socket.close()


def said(message):
    """'joined a'"""
    about = message.get('resource') or message.get('entity') or {}
    return ' '.join([message['type'], *about.get('names', [])[:1]])
