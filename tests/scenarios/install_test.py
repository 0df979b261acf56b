#!/usr/bin/env python3
"""What `cmake --install` puts where: programs that find their plugins and configuration, and manual pages.
usage: install_test.py BUILD_FOLDER"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

BUILD = os.path.abspath(sys.argv.pop(1))
SECONDS = 60


class InstallTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='storm-install-')
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        subprocess.run(['cmake', '--install', BUILD, '--prefix', self.root], check=True,
                       stdout=subprocess.DEVNULL, timeout=SECONDS)
        self.environment = {'PATH': os.environ['PATH'], 'HOME': self.root}

    def path(self, *steps):
        return os.path.join(self.root, *steps)

    def test_configuration_and_manual_pages_are_there(self):
        for name in (('etc', 'perfectstorm', 'stormd.yaml'), ('share', 'man', 'man8', 'stormd.8'),
                     ('share', 'man', 'man5', 'stormd.yaml.5'),
                     ('share', 'man', 'man1', 'stormctl.1'), ('bin', 'stormctl')):
            self.assertTrue(os.path.isfile(self.path(*name)), name)

    def test_the_installed_stormd_finds_its_configuration_and_plugins(self):
        if os.path.exists('/etc/perfectstorm/stormd.yaml'):
            self.skipTest('this machine has a configuration of its own')
        stormd = self.path('sbin', 'stormd')
        printed = subprocess.run([stormd, '--print-config'], env=self.environment, capture_output=True, text=True,
                                 check=True, timeout=SECONDS).stdout
        self.assertTrue(printed.startswith(f'# read {self.path("etc", "perfectstorm", "stormd.yaml")}\n'), printed)
        server = subprocess.Popen([stormd, '--ephemeral', '-p', '0'], env=self.environment, stdout=subprocess.PIPE,
                                  text=True)
        try:
            url = re.fullmatch(r'Listening at: (\S+)\n', server.stdout.readline())[1]
            query = '%7B%22type%22%3A%7B%22%24regex%22%3A%22a%22%7D%7D'   # by an operator from a plugin
            with urllib.request.urlopen(f'{url}/v1/resources?q={query}', timeout=SECONDS) as answer:
                self.assertEqual(answer.read(), b'[]')
        finally:
            server.terminate()
            server.wait(SECONDS)
            server.stdout.close()


if __name__ == '__main__':
    unittest.main()
