#!/usr/bin/env python3
"""stormd stopped (SIGSTOP) while its swarm changes fast, then continued: what it does not read piles up in dockerd;
afterwards it says what dockerd says, and dockerd gives the memory back."""
import argparse
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'bench'))
from stormd import Failure, Stormd, memory_bytes, wait_until  # noqa: E402
from swarm_bed import SwarmBed  # noqa: E402

SKIPPED = 77
PAUSE_SECONDS = 25
FEW, MANY, LEFT = 10, 1010, 210
WARM_ROUNDS = 4
ROUND_SECONDS = 30
SCALES_MAX, SCALE_SECONDS = 4, 5
CONVERGE_SECONDS = 60
RELIEF_SECONDS = 90
MEGABYTE = 1_000_000
# What a stopped reader costs at least: rounds take some 2.5 seconds and 20 MB each, far less on a busy machine.
FILLED_MIN = 40 * MEGABYTE


def play_round(bed, service):
    """A thousand tasks that find no node come, are looked at by the manager, and go."""
    bed.scale(service, MANY)
    wait_until(f'{MANY} tasks', ROUND_SECONDS, lambda: sum(
        task['Status']['State'] == 'pending' for task in bed.docker.get('/tasks')) == MANY)
    # A manager leaves some at times until it is told again; how many there are does not matter here.
    for _ in range(SCALES_MAX):
        bed.scale(service, FEW)
        try:
            wait_until(f'{FEW} tasks', SCALE_SECONDS, lambda: len(bed.docker.get('/tasks')) == FEW)
            return
        except Failure:
            continue


def differences(bed, stormd):
    """Ids of tasks of which stormd and dockerd do not say the same."""
    theirs = {task['ID']: task for task in bed.docker.get('/tasks')}
    ours = {resource['snapshot']['ID']: resource
            for resource in stormd.find({'type': 'swarm-task'}, fields='snapshot,stale')}
    return [task for task in theirs.keys() | ours.keys()
            if task not in ours or ours[task]['stale'] or ours[task]['snapshot'] != theirs.get(task)]


def test(bed, stormd):
    service = bed.create('many', FEW, ['node.labels.none==1'])
    wait_until('the first tasks', CONVERGE_SECONDS, lambda: len(stormd.find({'type': 'swarm-task'})) == FEW)
    if stormd.metric('storm_swarm_tier') != 1:
        raise Failure('push is not on')
    for _ in range(WARM_ROUNDS):
        play_round(bed, service)
    before = memory_bytes(bed.pid)

    os.kill(stormd.pid, signal.SIGSTOP)
    rounds, end = 0, time.monotonic() + PAUSE_SECONDS
    while time.monotonic() < end:
        play_round(bed, service)
        rounds += 1
    bed.scale(service, LEFT)
    filled = memory_bytes(bed.pid)
    print(f'stopped for {rounds} rounds: dockerd grew from {before // MEGABYTE} to {filled // MEGABYTE} MB')
    if filled < before + FILLED_MIN:
        raise Failure('nothing piled up in dockerd: the test shows nothing')

    os.kill(stormd.pid, signal.SIGCONT)
    continued = time.monotonic()
    try:
        wait_until('the same tasks in stormd as in dockerd', CONVERGE_SECONDS, lambda: not differences(bed, stormd))
    except Failure as failure:
        raise Failure(f'{failure}: {len(differences(bed, stormd))} differ') from None
    print(f'continued: the same as dockerd after {time.monotonic() - continued:.1f} s')
    if any(line.startswith('storm_swarm_push_repairs_total') and float(line.rsplit(' ', 1)[1]) > 0
           for line in stormd.send('GET', '/metrics')[1].decode().splitlines()):
        raise Failure('the listing of each minute found what the stream had not told')

    # Its collector of garbage runs when something is allocated.
    end = time.monotonic() + RELIEF_SECONDS
    while memory_bytes(bed.pid) > (before + filled) / 2:
        if time.monotonic() > end:
            raise Failure(f'dockerd still has {memory_bytes(bed.pid) // MEGABYTE} MB after {RELIEF_SECONDS} s')
        play_round(bed, service)
    print(f'dockerd came down to {memory_bytes(bed.pid) // MEGABYTE} MB after {time.monotonic() - continued:.1f} s')
    wait_until('no difference at the end', CONVERGE_SECONDS, lambda: not differences(bed, stormd))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='the folder with bin/stormd')
    build = parser.parse_args().build
    why_not = SwarmBed.why_not()
    if why_not:
        print(f'SKIPPED, no test of a real swarm was run: {why_not}')
        return SKIPPED
    # In stormd itself, so that what is stopped is what reads from dockerd.
    in_process = ['plugins: {isolation: {swarm: in-process}}']
    with SwarmBed() as bed, Stormd(build, [bed.executor('required')], settings=in_process) as stormd:
        try:
            test(bed, stormd)
        except Failure as failure:
            print(f'FAILED: {failure}\n{stormd.log()}')
            return 1
        finally:
            os.kill(stormd.pid, signal.SIGCONT)
    print('passed')
    return 0


if __name__ == '__main__':
    sys.exit(main())
