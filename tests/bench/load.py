"""Load from wrk, for a client in Python would be the bottleneck."""
import pathlib
import re
import shutil
import subprocess
from typing import NamedTuple

from stormd import Failure

SCRIPT = pathlib.Path(__file__).resolve().parent / 'wrk.lua'
RESULT = re.compile(r'^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$', re.M)
STOP_SECONDS = 60


class Load(NamedTuple):
    requests: int
    per_second: float
    p50: float
    p99: float


def why_not():
    return None if shutil.which('wrk') else 'wrk is missing (Debian package: wrk)'


def run_wrk(address, connections, seconds, *arguments):
    """One thread: the machine's other cores are for stormd."""
    command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '-s', SCRIPT, f'http://{address}', '--', *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds + STOP_SECONDS, check=False)
    found = RESULT.search(answer.stdout)
    if answer.returncode != 0 or not found:
        raise Failure(f'wrk: {answer.stdout}{answer.stderr}')
    requests, microseconds, p50, p99, refused, faults = (int(number) for number in found.groups())
    if refused or faults:
        raise Failure(f'wrk: {refused} answers were errors, {faults} requests failed, of {requests}')
    return Load(requests, requests / (microseconds / 1e6), p50 / 1e6, p99 / 1e6)
