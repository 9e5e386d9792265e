"""The options with which every module finds its cloud."""

from __future__ import annotations


class ModuleDocFragment:
    """They have the names that they have in the collection openstack.cloud."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - The name of a cloud in C(clouds.yaml). Settings as a dictionary are refused, since Ansible would log their
        password. O(auth) and the other options take them.
      - Not needed if O(auth) is set, or if the environment has C(OS_CLOUD) or the other C(OS_*) variables.
    type: str
  auth:
    description:
      - What the authentication needs, such as C(auth_url), C(username), C(password) and C(project_name).
    type: dict
  auth_type:
    description:
      - The kind of authentication, if it is not by password.
    type: str
  region_name:
    description:
      - The region of the cloud.
    type: str
  api_timeout:
    description:
      - How many seconds to wait for a response of the cloud at most.
    type: int
  validate_certs:
    description:
      - Whether the certificates of the cloud have to be valid.
    type: bool
    aliases: [verify]
  ca_cert:
    description:
      - The path of the certificates of authorities to trust.
    type: str
    aliases: [cacert]
  client_cert:
    description:
      - The path of a client certificate.
    type: str
    aliases: [cert]
  client_key:
    description:
      - The path of the key of the client certificate.
    type: str
    aliases: [key]
  interface:
    description:
      - Which of the endpoints in the catalog of the cloud to use.
    type: str
    choices: [admin, internal, public]
    default: public
    aliases: [endpoint_type]
  sdk_log_path:
    description:
      - Where openstacksdk writes its log. By default it writes none.
    type: str
  sdk_log_level:
    description:
      - How much openstacksdk writes there.
    type: str
    choices: [INFO, DEBUG]
    default: INFO
requirements:
  - python >= 3.9
  - openstacksdk >= 3.0.0
  - python-xloudclient, from the folder C(client) of xloud-nova
notes:
  - The cloud must run xloud-nova.
  - The module runs where openstacksdk is installed, which usually is C(localhost); see C(delegate_to).
"""
