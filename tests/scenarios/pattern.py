"""Patterns of JSON: JSON with holes. See README.md beside this file.

parse(text) makes a pattern; match(pattern, value, names) answers None or where and why the value does not fit. Names
that the pattern captures are added to `names`.
"""
import json
import re

REST = object()       # ... in an object or a list
ANYTHING = object()   # *


class Regex:
    def __init__(self, text):
        self.text = text
        self.compiled = re.compile(text, re.S)


class Capture:
    def __init__(self, name):
        self.name = name


class Object:
    def __init__(self, members, is_open, is_ordered):
        self.members, self.is_open, self.is_ordered = members, is_open, is_ordered


class List:
    def __init__(self, items, is_set):
        self.items, self.is_set = items, is_set


class PatternError(Exception):
    pass


TOKEN = re.compile(r'''\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*") | (?P<regex>/(?:[^/\\\n]|\\.)+/) | (?P<capture><[A-Za-z_]\w*>) |
    (?P<rest>\.\.\.) | (?P<any>\*) | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?) |
    (?P<word>true|false|null|set|ordered) | (?P<sign>[\[\]{}:,])
)''', re.X)


class Parser:
    def __init__(self, text):
        self.tokens, at = [], 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if not match:
                raise PatternError(f'cannot read the pattern at: {text[at:].strip()[:40]!r}')
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ''

    def next(self):
        if self.at == len(self.tokens):
            raise PatternError('the pattern ends too early')
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, sign):
        if self.next()[1] != sign:
            raise PatternError(f'expected {sign!r} before {self.peek()!r}')

    def list_until(self, end, item):
        items = []
        while self.peek() != end:
            items.append(item())
            if self.peek() != end:
                self.expect(',')
        self.next()
        return items

    def value(self):
        kind, text = self.next()
        if kind == 'string':
            return json.loads(text)
        if kind == 'number':
            return json.loads(text)
        if kind == 'regex':
            return Regex(text[1:-1].replace('\\/', '/'))
        if kind == 'capture':
            return Capture(text[1:-1])
        if kind == 'any':
            return ANYTHING
        if kind == 'rest':
            return REST
        if text in ('true', 'false', 'null'):
            return json.loads(text)
        if text == 'set':
            self.expect('[')
            return List(self.list_until(']', self.value), True)
        if text == '[':
            return List(self.list_until(']', self.value), False)
        if text == 'ordered':
            self.expect('{')
            return self.object(True)
        if text == '{':
            return self.object(False)
        raise PatternError(f'{text!r} is out of place')

    def object(self, is_ordered):
        def member():
            kind, text = self.next()
            if kind == 'rest':
                return REST
            if kind != 'string':
                raise PatternError(f'{text!r} where the name of a member was expected')
            self.expect(':')
            return json.loads(text), self.value()
        members = self.list_until('}', member)
        return Object([entry for entry in members if entry is not REST], REST in members, is_ordered)


def parse(text):
    parser = Parser(text)
    pattern = parser.value()
    if parser.at != len(parser.tokens):
        raise PatternError(f'{parser.peek()!r} after the end of the pattern')
    return pattern


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + '...'


def match(pattern, value, names, path=''):
    if pattern is ANYTHING:
        return None
    if isinstance(pattern, Regex):
        if isinstance(value, str) and pattern.compiled.fullmatch(value):
            return None
        return f'{path or "/"}: {shown(value)} does not match /{pattern.text}/'
    if isinstance(pattern, Capture):
        if pattern.name not in names:
            names[pattern.name] = value
            return None
        if names[pattern.name] == value:
            return None
        return f'{path or "/"}: {shown(value)} is not the <{pattern.name}> of before, {shown(names[pattern.name])}'
    if isinstance(pattern, Object):
        return match_object(pattern, value, names, path)
    if isinstance(pattern, List):
        return match_list(pattern, value, names, path)
    # bool is an int in Python and 1 == 1.0: types are compared too.
    if type(pattern) is type(value) and pattern == value:
        return None
    return f'{path or "/"}: expected {shown(pattern)}, was {shown(value)}'


def match_object(pattern, value, names, path):
    if not isinstance(value, dict):
        return f'{path or "/"}: expected an object, was {shown(value)}'
    for key, inner in pattern.members:
        if key not in value:
            return f'{path or "/"}: no member {key!r} in {shown(value)}'
        fault = match(inner, value[key], names, f'{path}/{key}')
        if fault:
            return fault
    wanted = [key for key, _ in pattern.members]
    others = [key for key in value if key not in wanted]
    if others and not pattern.is_open:
        return f'{path or "/"}: unexpected members {", ".join(map(repr, others))}'
    if pattern.is_ordered and [key for key in value if key in wanted] != wanted:
        return f'{path or "/"}: members in another order: {", ".join(value)}'
    return None


def match_list(pattern, value, names, path):
    if not isinstance(value, list):
        return f'{path or "/"}: expected a list, was {shown(value)}'
    items = [item for item in pattern.items if item is not REST]
    is_open = len(items) != len(pattern.items)
    if len(value) < len(items) or (len(value) > len(items) and not is_open):
        return f'{path or "/"}: expected {"at least " if is_open else ""}{len(items)} items, were {len(value)}: {shown(value)}'
    if pattern.is_set:
        left = list(enumerate(value))
        for item in items:
            for entry in left:
                trial = dict(names)
                if match(item, entry[1], trial, path) is None:
                    names.update(trial)
                    left.remove(entry)
                    break
            else:
                return f'{path or "/"}: item {items.index(item)} of the set is not there: {shown(value)}'
        return None
    # "..." stands for any number of items at its place.
    if is_open:
        place = pattern.items.index(REST)
        head, tail = pattern.items[:place], pattern.items[place + 1:]
        if REST in tail:
            raise PatternError('"..." twice in a list; use a set')
        pairs = list(zip(head, range(len(head)))) + [(item, len(value) - len(tail) + index)
                                                     for index, item in enumerate(tail)]
    else:
        pairs = list(zip(items, range(len(items))))
    for item, index in pairs:
        fault = match(item, value[index], names, f'{path}/{index}')
        if fault:
            return fault
    return None


def self_test():
    cases = [
        ('{"a": 1, ...}', {'a': 1, 'b': 2}, True), ('{"a": 1}', {'a': 1, 'b': 2}, False),
        ('[1, ..., 4]', [1, 2, 3, 4], True), ('[1, ...]', [2], False), ('set [2, 1]', [1, 2], True),
        ('set [2, 2]', [1, 2], False), ('[<x>, <x>]', [1, 1], True), ('[<x>, <x>]', [1, 2], False),
        ('/a.c/', 'abc', True), ('/a.c/', 'abcd', False), ('*', None, True), ('true', 1, False),
        ('ordered {"a": *, "b": *}', {'b': 1, 'a': 1}, False), ('{"a": null}', {}, False), ('[]', {}, False),
        ('1', 1.0, False), ('set [{"a": 1, ...}, ...]', [{'b': 1}, {'a': 1, 'b': 2}], True),
    ]
    for text, value, fits in cases:
        fault = match(parse(text), value, {})
        if (fault is None) != fits:
            raise SystemExit(f'self-test: pattern {text} on {value!r}: {fault}')
