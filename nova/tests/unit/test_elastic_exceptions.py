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

"""The refusals and failures of adjustments, as their readers see them."""

import inspect
import re

from oslo_messaging._drivers import common as rpc_common
from oslo_serialization import jsonutils

import ddt

from nova import exception
from nova import test

BASES = (exception.ServerAdjustInvalid, exception.ServerAdjustConflict,
         exception.ServerAdjustUnavailable, exception.ServerAdjustFailed)

CLASSES = [error for _name, error in inspect.getmembers(exception)
           if inspect.isclass(error) and issubclass(error, BASES)]


@ddt.ddt
class TestAdjustExceptions(test.NoDBTestCase):

    @ddt.data(*CLASSES)
    def test_error_code(self, error):
        """Each has a code, which is the product's."""
        self.assertTrue(re.fullmatch('xloud(\\.[a-z]+(_[a-z]+)*)',
                                     error.error_code), error.error_code)

    def test_codes_by_status(self):
        """A code that clients look up stands for one kind of answer."""
        bases = {}
        for error in CLASSES:
            base, = (base for base in BASES if issubclass(error, base))
            bases.setdefault(error.error_code, set()).add(base)
        self.assertEqual(
            {'xloud.host_error': {exception.ServerAdjustUnavailable,
                                  exception.ServerAdjustFailed}},
            {code: kinds for code, kinds in bases.items() if len(kinds) > 1})

    @ddt.data(*CLASSES)
    def test_over_rpc(self, error):
        """The API gets what a compute raises, with its code and sentence."""
        names = re.findall(r'%\((\w+)\)', error.msg_fmt)
        original = error(**dict.fromkeys(names, 3))
        serialized = rpc_common.serialize_remote_exception(
            (type(original), original, None))
        remote = rpc_common.deserialize_remote_exception(
            jsonutils.dumps(jsonutils.loads(serialized)), ['nova.exception'])
        self.assertIsInstance(remote, error)
        self.assertEqual(error.error_code, remote.error_code)
        self.assertEqual(original.format_message(),
                         remote.message)
        self.assertNotIn('%(', remote.message)

    @ddt.data(
        (0, 'Its host has 0 vCPUs available; the request needs 3 more.'),
        (1, 'Its host has 1 vCPU available; the request needs 3 more.'),
        (2, 'Its host has 2 vCPUs available; the request needs 3 more.'),
    )
    @ddt.unpack
    def test_number(self, available, message):
        """A sentence agrees with its amount."""
        self.assertEqual(message, exception.ServerAdjustHostLacksVCPUs(
            available=available, requested=3).format_message())
