#!/usr/bin/env python3
"""Each plugin that is wrong in one way is caught by the check that is for it, and by no other.

wrong_test.py PROGRAM FOLDER [PLUGIN...]     FOLDER has KIND-VARIANT.so
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# What fails, each with a word of what is said. Where one fault shows in several places, in each of them.
EXPECTED = {
    'executor-none': {},
    'executor-no_flags': {'static.flags': 'nodelete'},
    'executor-search_path': {'static.search_path': '/opt/elsewhere'},
    'executor-thread_at_load': {'load.threads': '1 thread'},
    'executor-file_at_load': {'load.descriptors': '/dev/null'},
    'executor-signal_at_load': {'load.signals': 'signals'},
    'executor-environment_at_load': {'load.process': 'WRONG_EXECUTOR'},
    'executor-slow_load': {'load.time': 'ms of the processor'},
    'executor-forgetful_entry': {'load.entry': 'another descriptor'},
    'executor-eager_entry': {'load.entry': 'next major'},
    'executor-loose_iface': {'load.interfaces': 'compare ids whole'},
    'executor-leaks_memory': {'life.cycles': 'bytes behind'},
    'executor-leaks_descriptors': {'life.cycles': '/dev/null'},
    'executor-takes_anything': {'life.broken_config': 'no JSON'},
    'executor-dies_of_config': {'life.broken_config': 'SIGABRT'},
    'executor-fails_in_silence': {'life.broken_config': 'no reason', 'executor.operations': 'no reason'},
    'executor-needs_log': {'life.services_withheld': 'without storm.host.log/1'},
    'executor-reads_behind_host': {'life.newer_host': 'SIGSEGV'},
    'executor-keeps_config': {'life.borrowed': 'SIGSEGV'},
    'executor-leaves_thread': {'life.end': 'thread', 'life.cycles': 'thread'},
    'executor-calls_after_destroy': {'life.end': 'after destroy'},
    'executor-signal_in_start': {'life.process': 'signal'},
    'executor-nameless_thread': {'threads.classes': 'not announced'},
    'executor-describes_nothing': {'executor.describe': 'agent_type'},
    'executor-ignores_sink': {'executor.result_refused': 'did not take'},
    'executor-never_the_same': {'executor.sync_idempotent': 'thing-'},
    'executor-falling_revision': {'executor.revisions': 'lower revision'},
    'executor-ignores_fence': {'executor.publish_refused': 'STORM_E_FENCED'},
    'executor-fails_on_bookmark': {'executor.bookmark': 'what is this bookmark'},
    'executor-dies_in_invoke': {'executor.operations': 'SIGSEGV'},
    'executor-hangs_in_invoke': {'executor.operations': 'does not come back'},
    'executor-ends_in_invoke': {'executor.operations': 'code 3'},
    'executor-invokes_anything': {'executor.operations': 'succeeds'},
    'operator-none': {},
    'operator-nameless': {'operator.table': 'does not begin with $'},
    'operator-takes_garbage': {'operator.compile': 'no JSON'},
    'operator-lying_hint': {'operator.hint': 'leaves out'},
    'operator-false_exact': {'operator.hint': 'exact'},
    'operator-long_hint': {'operator.hint_size': 'behind the size'},
    'operator-slow': {'operator.bounded': 'of the processor'},
    'operator-stale_time': {'operator.time': 'not after'},
    'operator-waits_in_match': {'threads.classes': '[pure]'},
}
# What these do shows in many checks; that it does in this one is enough.
AMONG_OTHERS = {
    # stormd refuses to map these, so nothing of them can be tried.
    'executor-export_more': {'static.exports': 'wrong_something_else', 'static.cxx_names': 'std::'},
    'executor-export_cxx': {'static.exports': 'wrong_of_text', 'static.cxx_names': 'wrong_of_text(std::'},
    'executor-export_unique': {'static.gnu_unique': 'WrongShared::count', 'static.exports': 'WrongShared',
                               'static.cxx_names': 'WrongShared::count'},
    'executor-no_note': {'static.note': 'STORM_NOTE'},
    'executor-exec_stack': {'static.stack': 'noexecstack'},
    'executor-keeps_scope': {'executor.borrowed': 'SIGSEGV'},
    'executor-writes_output': {'life.create': 'standard output'},
    'executor-wrong_batch': {'executor.publishes': 'breaks a rule'},
    'executor-ignores_cancel': {'executor.cancel': 'after it was cancelled'},
    'operator-keeps_argument': {'operator.hint': 'SIGSEGV'},
    'operator-matches_anything': {'operator.values': 'does not exist'},
    'operator-counting': {'operator.shared': 'differ'},
}

MANIFEST = '''manifest: 1
id: {kind}.wrong
version: 1.0.0
summary: wrong on purpose
abi: {{major: 1, built: 0, min: 0}}
library: {library}
entry: storm_entry_wrong
runtime: native
provides: [{interface}]
needs: [storm.host.log/1, storm.host.calls/1, storm.host.threads/1]
'''
WORKERS = 4
INTERFACES = {'executor': 'storm.executor/1', 'operator': 'storm.queryop/1'}


def check(program, library, folder):
    kind = library.stem.split('-')[0]
    manifest = folder / (library.stem + '.yaml')
    manifest.write_text(MANIFEST.format(kind=kind, library=library, interface=INTERFACES[kind]))
    patience = os.environ.get('STORM_TEST_SLOWNESS', '1')
    words = [program, '--strict', '--json', '--seed', '7', '--patience', patience, '--manifest', manifest, library]
    # A sanitizer must not turn what kills a plugin into a mere exit code.
    environment = dict(os.environ, ASAN_OPTIONS='handle_segv=0:handle_abort=0:detect_leaks=0',
                       TSAN_OPTIONS='handle_segv=0:handle_abort=0')
    if library.stem == 'executor-slow_load':
        words[1:1] = ['--only', 'static', '--only', 'load']
    if library.stem in ('executor-hangs_in_invoke', 'operator-slow', 'executor-slow_load'):
        words[words.index('--patience') + 1] = '1'
    if library.stem == 'executor-hangs_in_invoke':
        words[1:1] = ['--only', 'executor', '--only', 'load']
    answer = subprocess.run(words, capture_output=True, text=True, timeout=900, env=environment)
    if answer.returncode not in (0, 1):
        raise SystemExit(f'{library.stem}: exit code {answer.returncode}: {answer.stderr}')
    report = json.loads(answer.stdout)
    failed = {one['id']: ' / '.join(found['message'] for found in one['findings'] if found['severity'] != 'note')
              for one in report['checks'] if one['result'] == 'failed'}
    if bool(failed) != (answer.returncode == 1) or bool(failed) != report['failed']:
        raise SystemExit(f'{library.stem}: exit code {answer.returncode} with {failed}')
    return failed


def faults_of(name, failed):
    among = name in AMONG_OTHERS
    expected = AMONG_OTHERS[name] if among else EXPECTED.get(name)
    faults = [f'{name}: {id} does not say "{word}": {failed.get(id, "it passes")}'
              for id, word in expected.items() if word not in failed.get(id, '')]
    if not among:
        faults += [f'{name}: {id} fails as well: {text}' for id, text in failed.items() if id not in expected]
    return faults


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    names = sys.argv[3:] or [*EXPECTED, *AMONG_OTHERS]
    missing = {file.stem for file in folder.glob('*.so')} - {*EXPECTED, *AMONG_OTHERS}
    faults = [f'{name}: no word of what has to catch it' for name in sorted(missing)]
    with tempfile.TemporaryDirectory() as scratch:
        # Most of it is waiting.
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            runs = pool.map(lambda name: check(program, (folder / f'{name}.so').resolve(), pathlib.Path(scratch)), names)
            for name, failed in zip(names, runs):
                print(f'{name}: {", ".join(failed) or "passes"}', flush=True)
                faults += faults_of(name, failed)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
