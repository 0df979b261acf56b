#!/usr/bin/env python3
"""Plays the console blocks of README.md against a real stormd: play_readme.py --bin FOLDER [--write]

Every line `$ COMMAND` of a ```console block is run, in order, in the project's folder, with the quick start's simulated
cloud at rest; what it prints must be what stands below it. Ids, times and durations may differ. `--write` puts what was
printed into README.md. Commands that end only with Ctrl-C (-f, -w, watch) are ended after a moment; what they print is not shown.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

from server import Failure, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = '127.0.0.1:28482'
SLOWNESS = float(os.environ.get('STORM_TEST_SLOWNESS', '1'))
FOLLOW_SECONDS = 1 * SLOWNESS
DISCOVERY_SECONDS = 30 * SLOWNESS
COMMAND_SECONDS = 60 * SLOWNESS
BLOCK = re.compile(r'^```console\n(.*?)^```$', re.M | re.S)
# What differs from run to run.
LOOSE = [(re.compile(r'\b(agent|res|group|app|proc|job|sub|view)-[0-9A-Za-z]{22}\b'), r'\1-ID'),
         (re.compile(r'\d{4}-\d\d-\d\dT[\d:.]+Z'), 'TIME'), (re.compile(r'\b\d+ ms\b'), 'N ms'),
         (re.compile(r'unchanged for \d+ s'), 'unchanged for N s')]


def loosened(text):
    for pattern, replacement in LOOSE:
        text = pattern.sub(replacement, text)
    return '\n'.join(line.rstrip() for line in text.rstrip('\n').splitlines())


def run(server, command):
    address = f'{server.host}:{server.port}'
    environment = server.environment()
    follows = (re.search(r' (-f|-w)$', command) and not command.startswith('stormctl import')) \
        or command.startswith('stormctl watch ')
    shell = command.replace(ADDRESS, address)
    if follows:
        shell = f'timeout --signal=INT {FOLLOW_SECONDS} {shell}'
    answer = subprocess.run(['bash', '-c', shell], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS, check=False)
    output = answer.stdout.decode(errors='replace').replace(address, ADDRESS)
    if follows:
        if answer.returncode not in (0, 124, 130) or 'error:' in output:
            raise Failure(f'$ {command}: exit code {answer.returncode}: {output[:500]}')
        return ''
    if answer.returncode != 0:
        raise Failure(f'$ {command}: exit code {answer.returncode}: {output[:500]}')
    return output.rstrip('\n') + '\n' if output else ''


def play(server, text, write):
    faults, count = [], 0

    def block(found):
        nonlocal count
        played = ''
        for part in re.split(r'^(?=\$ )', found[1], flags=re.M):
            if not part.strip():
                continue
            command, _, expected = part.partition('\n')
            count += 1
            output = run(server, command[2:])
            if loosened(output) == loosened(expected):
                output = expected
            elif not write:
                faults.append(f'{command}\n--- README.md says\n{expected}--- printed\n{output}')
            played += command + '\n' + output
        return '```console\n' + played + '```'

    return BLOCK.sub(block, text), faults, count


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--bin', required=True)
    arguments.add_argument('--write', action='store_true')
    options = arguments.parse_args()
    server = Server(options.bin, SLOWNESS)
    readme = ROOT / 'README.md'
    text = readme.read_text(encoding='utf-8')
    try:
        (server.folder / 'storm.yaml').write_text(
            'listen: ["127.0.0.1:0"]\n'
            f'storage: {{plugin: sqlite, config: {{path: "{server.folder}/storm.db"}}}}\nexecutors:\n'
            '  - {name: demo, plugin: simulated, config: {seed: 7, nodes: 3, services: 6, static: true}}\n',
            encoding='utf-8')
        server.start()
        deadline = time.monotonic() + DISCOVERY_SECONDS
        while 'live' not in run(server, 'stormctl agent get demo'):
            if time.monotonic() > deadline:
                raise Failure('the simulated cloud did not come')
            time.sleep(0.05)
        played, faults, count = play(server, text, options.write)
        server.stop()
    except Failure as failure:
        print(f'FAILED  README.md: {failure}\n{server.log_text()[-2000:]}')
        return 1
    finally:
        server.close()
    if options.write:
        readme.write_text(played, encoding='utf-8')
    print(*faults, f'{count} commands of README.md, {len(faults)} print something else', sep='\n')
    return 1 if faults or not count else 0


if __name__ == '__main__':
    sys.exit(main())
