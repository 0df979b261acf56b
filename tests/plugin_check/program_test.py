#!/usr/bin/env python3
"""The program itself: exit codes, reports, seeds, and that a broken file is told and not died of.

program_test.py PROGRAM FOLDER     FOLDER has executor-none.so
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wrong_test  # noqa: E402

PROGRAM, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()


class ProgramTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.plugin = self.scratch / 'executor-none.so'
        self.plugin.write_bytes((FOLDER / 'executor-none.so').read_bytes())
        self.manifest = self.scratch / 'executor-none.yaml'
        self.manifest.write_text(wrong_test.MANIFEST.format(
            kind='executor', library=self.plugin.name, interface='storm.executor/1'))

    def run_program(self, *words):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=300)

    def test_a_good_plugin_ends_with_0(self):
        answer = self.run_program('--only', 'static', '--only', 'load', '--strict', self.plugin)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        self.assertIn('ok       static.note', answer.stdout)
        self.assertIn('executor.wrong 1.0.0: 19 checks, 19 ok', answer.stdout)
        self.assertNotIn('\x1b', answer.stdout)

    def test_a_wrong_command_line_ends_with_2(self):
        for words in ([], ['no-such-file.so'], ['--only', 'static.nothing', self.plugin], ['--config', '{', self.plugin],
                      ['--config', '@no-such-file', self.plugin], ['--no-such-flag', self.plugin],
                      ['--only', 'storage', self.plugin]):
            answer = self.run_program(*words)
            self.assertEqual(answer.returncode, 2, words)
            self.assertNotEqual(answer.stderr, '', words)

    def test_without_a_manifest_only_that_is_said(self):
        self.manifest.unlink()
        answer = self.run_program('--json', self.plugin)
        self.assertEqual(answer.returncode, 1)
        report = json.loads(answer.stdout)
        self.assertEqual([one['id'] for one in report['checks']], ['static.manifest'])

    def test_a_manifest_that_says_otherwise_than_the_note_fails(self):
        self.manifest.write_text(self.manifest.read_text().replace('version: 1.0.0', 'version: 2.0.0'))
        answer = self.run_program('--json', '--only', 'static', '--only', 'load.plugin', self.plugin)
        report = json.loads(answer.stdout)
        failed = {one['id'] for one in report['checks'] if one['result'] == 'failed'}
        self.assertEqual(failed, {'static.manifest', 'static.note', 'load.plugin'})

    def test_a_file_that_is_cut_off_is_told_at_every_length(self):
        whole = self.plugin.read_bytes()
        for length in (0, 3, 16, 64, 200, len(whole) // 3, len(whole) // 2):
            self.plugin.write_bytes(whole[:length])
            answer = self.run_program('--json', '--only', 'static', self.plugin)
            self.assertEqual(answer.returncode, 1, length)
            texts = [found['message'] for one in json.loads(answer.stdout)['checks'] for found in one['findings']]
            self.assertFalse([text for text in texts if 'dies of' in text], length)

    def test_bytes_that_are_garbage_do_not_kill_the_static_checks(self):
        whole = self.plugin.read_bytes()
        for step in range(24):
            at = 16 + step * 37 % 48 if step % 2 else (len(whole) - 64 * (step + 1))
            self.plugin.write_bytes(whole[:at] + b'\xff' * 8 + whole[at + 8:])
            answer = self.run_program('--json', '--only', 'static.note', '--only', 'static.exports', self.plugin)
            self.assertIn(answer.returncode, (0, 1))
            self.assertNotIn('dies of', answer.stdout, at)

    def test_reports_say_the_same(self):
        junit = self.scratch / 'report.xml'
        words = ['--only', 'static', '--only', 'executor.operations', '--seed', '11', '--junit', junit, '--json', self.plugin]
        report = json.loads(self.run_program(*words).stdout)
        suite = xml.etree.ElementTree.parse(junit).getroot()
        self.assertEqual(report['seed'], 11)
        self.assertEqual(int(suite.get('tests')), len(report['checks']))
        self.assertEqual([f'{case.get("classname")}.{case.get("name")}' for case in suite.findall('testcase')],
                         [one['id'] for one in report['checks']])

    def test_a_warning_fails_only_when_it_is_strict(self):
        self.manifest.write_text(self.manifest.read_text().replace('summary: wrong on purpose\n', ''))
        self.assertEqual(self.run_program('--only', 'static.manifest', self.plugin).returncode, 0)
        self.assertEqual(self.run_program('--only', 'static.manifest', '--strict', self.plugin).returncode, 1)

    def test_a_folder_of_each_check_is_empty_and_goes(self):
        config = self.scratch / 'config.json'
        config.write_text('{"path": "@DIR@/x"}')
        answer = self.run_program('--json', '--only', 'life.create', '--config', f'@{config}', self.plugin)
        text = json.loads(answer.stdout)['checks'][0]['findings'][0]['message']
        self.assertIn('storm-plugin-check-', text)
        folder = pathlib.Path(text.split('"path": "')[1].split('/x"')[0])
        self.assertFalse(folder.exists())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
