# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The table of error codes in the documentation has what the code has."""

import inspect
import os
import re

import nova
from nova.api.openstack.compute import xloud_adjust
from nova import exception
from nova import test

TABLE = os.path.join(
    os.path.dirname(os.path.dirname(nova.__file__)),
    'doc/source/common/elastic-server-errors.txt')

# Nothing raises these: they group the others.
BASES = (exception.ServerAdjustInvalid, exception.ServerAdjustConflict,
         exception.ServerAdjustUnavailable)

ROW = re.compile(
    r'^   \* - ``(?P<code>xloud\.\w+)``\n'
    r'     - (?P<status>.+)\n'
    r'     - (?P<messages>(?:.*\n)+?)'
    r'     - (?P<remedy>(?:.*\n)+?)(?=   \* - |\Z)', re.MULTILINE)


def _sentences(error):
    """The regular expressions of what an error can say."""
    formats = [error.msg_fmt]
    if hasattr(error.msg_fmt, 'singular'):
        formats.append(error.msg_fmt.singular)
    return [re.sub(r'%\\\(\w+\\\)s', '.+', re.sub(
                r'%\\\(\w+\\\)d', r'\\d+', re.escape(text)))
            for text in formats]


class TestErrorCodeTable(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        if not os.path.exists(TABLE):
            self.skipTest('Nova is installed without its documentation.')
        with open(TABLE) as table:
            self.rows = {row['code']: row for row in ROW.finditer(
                table.read())}
        self.errors = [
            error for _name, error in inspect.getmembers(
                exception, inspect.isclass)
            if getattr(error, 'error_code', '').startswith('xloud.') and
            error not in BASES]

    def test_codes(self):
        """Each code has one row, and each row is of a code that exists."""
        codes = {error.error_code for error in self.errors}
        codes.update(xloud_adjust.ERROR_CODES.values())
        self.assertEqual(sorted(codes), sorted(self.rows))

    def test_statuses(self):
        """Each row has the status with which the API answers."""
        for error in self.errors:
            status = ('after 202'
                      if issubclass(error, exception.ServerAdjustFailed)
                      else str(error.code))
            self.assertIn(status, self.rows[error.error_code]['status'],
                          error.__name__)

    def test_messages(self):
        """Each row has all sentences that come with its code."""
        for error in self.errors:
            messages = ' '.join(
                self.rows[error.error_code]['messages'].split())
            self.assertTrue(
                any(re.search(sentence, messages)
                    for sentence in _sentences(error)),
                '%s: %s' % (error.__name__, error.msg_fmt))

    def test_remedies(self):
        """Each row says what to do."""
        for code, row in self.rows.items():
            self.assertRegex(row['remedy'], r'\w+.*\.', code)
