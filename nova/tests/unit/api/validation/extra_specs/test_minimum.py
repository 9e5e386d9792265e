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

import ddt

from nova.api.validation.extra_specs import minimum
from nova.api.validation.extra_specs import validators
from nova import elastic
from nova import exception
from nova import test


@ddt.ddt
class TestMinimumValidators(test.NoDBTestCase):

    def test_registered(self):
        """Each validator is found through its entry point."""
        names = [validator.name for validator in minimum.register()]
        self.assertEqual(
            {*elastic.EXTRA_SPECS, elastic.VIRTIO_MEM_EXTRA_SPEC,
             elastic.WHEN_FULL_EXTRA_SPEC, elastic.PRIORITY_EXTRA_SPEC,
             elastic.MOVABLE_EXTRA_SPEC},
            set(names))
        for validator in minimum.register():
            self.assertIs(validator, validators.VALIDATORS[validator.name])

    @ddt.data('1', '2', '4096')
    def test_good_value(self, value):
        for name in elastic.EXTRA_SPECS:
            validators.validate(name, value)

    @ddt.data(
        ('0', "Validation failed; '0' is less than the min value of '1'."),
        ('-1', "Validation failed; '-1' is less than the min value of '1'."),
        ('', "Validation failed; '' is not a valid integer value."),
        ('x', "Validation failed; 'x' is not a valid integer value."),
        ('1.5', "Validation failed; '1.5' is not a valid integer value."),
    )
    @ddt.unpack
    def test_bad_value(self, value, message):
        for name in elastic.EXTRA_SPECS:
            error = self.assertRaises(
                exception.ValidationError, validators.validate, name, value)
            self.assertEqual(message, error.format_message())

    @ddt.data(('xloud:when_full', 'wait', 'later'),
              ('xloud:when_full', 'move', 'moved'),
              ('xloud:when_full', 'refuse', ''),
              ('xloud:priority', '1000', '1001'),
              ('xloud:priority', '0', '-1'))
    @ddt.unpack
    def test_when_full(self, name, good, bad):
        validators.validate(name, good)
        self.assertRaises(
            exception.ValidationError, validators.validate, name, bad)
