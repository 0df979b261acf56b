"""Rows of results: each is printed when it is known, and all of them at the end as one Markdown table."""
import math
import sys


def percentile(values, share):
    """The smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values):
    return percentile(values, 0.5)


def milliseconds(seconds):
    value = seconds * 1000
    if abs(value) < 10:
        return f'{value:.1f}'
    return f'{value:,.0f}'


def spread(seconds):
    """p50 / p90 / p99 of a list of seconds."""
    return ' / '.join(milliseconds(percentile(seconds, share)) for share in (0.5, 0.9, 0.99)) + ' ms'


def ratio(value, base):
    if not base or value is None:
        return ''
    times = value / base
    return f'{times:.3g}×' if times < 100 else f'{times:,.0f}×'


class Table:
    HEADINGS = ('operation', 'what', 'result', 'ratio', 'goal')

    def __init__(self):
        self.rows = []
        self.missed = []

    def add(self, operation, what, result, compared='', goal='', met=None):
        """`goal` is words, `met` whether it was reached; both left out where nothing was promised."""
        if met is not None:
            goal = f'{goal}: {"met" if met else "MISSED"}'
            if not met:
                self.missed.append(f'{operation}, {what}: {result} ({goal})')
        row = (operation, what, result, compared, goal)
        self.rows.append(row)
        print('  '.join(cell for cell in row if cell), flush=True)

    def skip(self, operation, why):
        self.rows.append((operation, '', 'SKIPPED', '', why))
        print(f'SKIPPED {operation}: {why}', file=sys.stderr, flush=True)

    def to_markdown(self):
        lines = ['| ' + ' | '.join(self.HEADINGS) + ' |', '|' + ' --- |' * len(self.HEADINGS)]
        lines += ['| ' + ' | '.join(cell.replace('|', '\\|') for cell in row) + ' |' for row in self.rows]
        return '\n'.join(lines)
