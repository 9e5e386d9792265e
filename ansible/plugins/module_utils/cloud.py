"""What the modules share: the options of a cloud, the connection to it, and how they fail."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import openstack
    import xloudclient
    from keystoneauth1.exceptions import ClientException

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

#: The names of options, where openstacksdk has others.
_NAMES = {
    'validate_certs': 'verify',
    'ca_cert': 'cacert',
    'client_cert': 'cert',
    'client_key': 'key',
}

#: What is set beside the name of a cloud.
_SETTINGS = ('auth', 'auth_type', 'region_name', 'api_timeout', *_NAMES)


def argument_spec(**options: Any) -> dict[str, Any]:
    """Return the options of a module, with those of the cloud among them."""
    return {
        'cloud': {'type': _cloud_name},
        'auth': {'type': 'dict', 'no_log': True},
        'auth_type': {'type': 'str'},
        'region_name': {'type': 'str'},
        'api_timeout': {'type': 'int'},
        'validate_certs': {'type': 'bool', 'aliases': ['verify']},
        'ca_cert': {'type': 'str', 'aliases': ['cacert']},
        'client_cert': {'type': 'str', 'aliases': ['cert']},
        'client_key': {'type': 'str', 'no_log': True, 'aliases': ['key']},
        'interface': {
            'type': 'str',
            'choices': ['admin', 'internal', 'public'],
            'default': 'public',
            'aliases': ['endpoint_type'],
        },
        'sdk_log_path': {'type': 'str'},
        'sdk_log_level': {'type': 'str', 'choices': ['INFO', 'DEBUG'], 'default': 'INFO'},
        **options,
    }


@contextlib.contextmanager
def connected(module: AnsibleModule) -> Iterator[xloudclient.Elastic]:
    """Yield the elastic servers and flavors of the cloud; an error of it ends the module."""
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib('python-xloudclient'), exception=IMPORT_ERROR)
    try:
        yield xloudclient.Elastic(_connect(module).compute)
    except openstack.exceptions.HttpException as error:
        fail(module, error.details or str(error), getattr(error, 'code', None))
    except openstack.exceptions.SDKException as error:
        fail(module, str(error), getattr(error, 'code', None))
    except ClientException as error:
        fail(module, str(error))


def fail(module: AnsibleModule, reason: str, code: str | None = None, **results: Any) -> None:
    """End the module with a reason, what to do about it, and the code of both."""
    remedy = xloudclient.remedy(code)
    words = [reason, remedy, f'({code})' if code else None]
    module.fail_json(
        msg=' '.join(word for word in words if word),
        code=code,
        reason=reason,
        remedy=remedy,
        **results,
    )


def parsed(module: AnsibleModule, option: str, parse: Any) -> int | None:
    """Return the value of an option that has a unit; one that cannot be read ends the module."""
    text = module.params[option]
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        module.fail_json(msg=f'{option}: {error}')


def _connect(module: AnsibleModule) -> openstack.connection.Connection:
    params = module.params
    if params['sdk_log_path']:
        debug = params['sdk_log_level'] == 'DEBUG'
        openstack.enable_logging(debug=debug, http_debug=debug, path=params['sdk_log_path'])
    settings = {_NAMES.get(name, name): params[name] for name in _SETTINGS}
    settings = {name: value for name, value in settings.items() if value is not None}
    return openstack.connect(cloud=params['cloud'], interface=params['interface'], **settings)


def _cloud_name(value: Any) -> str:
    """Return the name of a cloud; settings have secrets, which Ansible hides only in auth."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        # Else Ansible would show what was refused.
        value.clear()
    raise TypeError('it has to be the name of a cloud. Settings go into auth.')
