"""The text of a scenario, read into steps. The format is described in README.md beside this file."""
import dataclasses
import re

METHOD = re.compile(r'(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|BREW) (\S+)$')
HEADER = re.compile(r'([A-Za-z][A-Za-z0-9-]*): ?(.*)$')
QUERY = re.compile(r'\? (\w+)=(.*)$')
REPLY = re.compile(r'=> (\d{3})(?: within (\d+(?:\.\d+)?) s)?$')
RACE = re.compile(r'race (\d+) (GET|POST|PUT|PATCH|DELETE) (\S+)$')
TALLY = re.compile(r'=> ((?:\d+ x \d{3})(?:, \d+ x \d{3})*)$')
COMMAND = re.compile(r'\$ (.+)$')
EXIT = re.compile(r'exit (\d+)(?: within (\d+(?:\.\d+)?) s)?$')
STREAM = re.compile(r'stream (\w+) GET (\S+)$')
STREAM_GETS = re.compile(r'stream (\w+) gets within (\d+(?:\.\d+)?) s$')
STREAM_CLOSE = re.compile(r'stream (\w+) closes?$')
FILE = re.compile(r'file (\S+)$')
SIMPLE = re.compile(r'(start|stop|kill|restart)(?: (.*))?$')
SIGNAL = re.compile(r'signal ([A-Z]+)$')
LET = re.compile(r'let (\w+) = (.+)$')
SQL = re.compile(r'sqlite (\S+) (.+)$')
CRASHES = re.compile(r'kill under writes (\d+) times$')
DISK = re.compile(r'disk (\w+) (\d+[kM])$')
WAIT_LOG = re.compile(r'log within (\d+(?:\.\d+)?) s$')


@dataclasses.dataclass
class Step:
    kind: str
    line: int
    words: tuple = ()
    headers: list = dataclasses.field(default_factory=list)    # (name, value) of the request
    query: list = dataclasses.field(default_factory=list)      # (name, text)
    body: str = ''                                             # indented text of the request, file or log
    status: int = 0
    within: float = 0
    reply_headers: list = dataclasses.field(default_factory=list)
    reply: str = ''                                            # indented text of what is expected
    error: str = ''                                            # indented text after `stderr`
    tally: dict = dataclasses.field(default_factory=dict)


class ScenarioError(Exception):
    pass


class Reader:
    def __init__(self, text):
        self.lines = text.splitlines()
        self.at = 0

    def fail(self, message):
        raise ScenarioError(f'line {self.at + 1}: {message}: {self.lines[self.at] if self.at < len(self.lines) else "end"}')

    def line(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self, pattern):
        line = self.line()
        found = pattern.match(line) if line is not None else None
        if found:
            self.at += 1
        return found

    def block(self):
        """The indented lines that follow, without their two blanks."""
        taken = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith('  '):
                taken.append(line[2:])
            elif not line.strip() and any(later.startswith('  ') for later in self.lines[self.at + 1:self.at + 2]):
                taken.append('')
            else:
                break
            self.at += 1
        return '\n'.join(taken)

    def headers(self):
        found = []
        while True:
            header = self.take(HEADER)
            if not header:
                return found
            found.append((header[1], header[2]))

    def steps(self):
        steps = []
        while self.at < len(self.lines):
            line = self.line()
            if not line.strip() or line.startswith('#'):
                self.at += 1
                continue
            steps.append(self.step())
        return steps

    def step(self):
        number = self.at + 1
        found = self.take(METHOD)
        if found:
            step = Step('request', number, found.groups())
            self.request_details(step)
            reply = self.take(REPLY)
            if not reply:
                self.fail('a request needs "=> STATUS"')
            step.status, step.within = int(reply[1]), float(reply[2] or 0)
            step.reply_headers = self.headers()
            step.reply = self.block()
            return step
        found = self.take(RACE)
        if found:
            step = Step('race', number, found.groups())
            self.request_details(step)
            tally = self.take(TALLY)
            if not tally:
                self.fail('a race needs "=> N x STATUS, ..."')
            for part in tally[1].split(', '):
                count, status = part.split(' x ')
                step.tally[int(status)] = int(count)
            return step
        found = self.take(COMMAND)
        if found:
            step = Step('command', number, found.groups())
            step.reply = self.block()
            if self.line() == 'stderr':
                self.at += 1
                step.error = self.block()
            code = self.take(EXIT)
            step.status = int(code[1]) if code else 0
            step.within = float(code[2] or 0) if code else 0
            return step
        for kind, pattern in (('stream', STREAM), ('stream closes', STREAM_CLOSE), ('signal', SIGNAL), ('let', LET),
                              ('sqlite', SQL), ('crashes', CRASHES),
                              ('disk', DISK)):
            found = self.take(pattern)
            if found:
                step = Step(kind, number, found.groups())
                if kind == 'stream':
                    self.request_details(step)
                if kind == 'sqlite':
                    step.reply = self.block()
                return step
        found = self.take(STREAM_GETS)
        if found:
            return Step('stream gets', number, (found[1],), within=float(found[2]), reply=self.block())
        found = self.take(FILE)
        if found:
            return Step('file', number, found.groups(), body=self.block())
        found = self.take(WAIT_LOG)
        if found:
            return Step('log', number, within=float(found[1]), reply=self.block())
        found = self.take(SIMPLE)
        if found:
            return Step(found[1], number, (found[2],))
        return self.fail('not a step')

    def request_details(self, step):
        while True:
            query = self.take(QUERY)
            if query:
                step.query.append((query[1], query[2]))
                continue
            header = self.take(HEADER)
            if not header:
                break
            step.headers.append((header[1], header[2]))
        step.body = self.block()


def read_scenario(text):
    return Reader(text).steps()
