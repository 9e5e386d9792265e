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

from oslo_config import cfg

xloud_group = cfg.OptGroup(
    'xloud',
    title='Elastic servers',
    help="""
Servers of a flavor with the extra specs ``minimum_cpu`` and
``minimum_memory`` can be given more or less of both while they run. These
options say how long a compute service waits for their guests, and how often it
looks what they have.
""")

xloud_opts = [
    cfg.IntOpt(
        'vcpu_timeout',
        default=30,
        min=1,
        help="""
How long to wait for a guest to take or give back vCPUs, in seconds.

A vCPU is given back by the operating system in the guest, which has to move
off it what runs there. If it has not done so by then, the server is put back
to what it had and the adjustment fails.
"""),
    cfg.IntOpt(
        'memory_timeout',
        default=60,
        min=1,
        help="""
How long to wait for a guest to take or give back memory, in seconds.

The balloon driver in the guest needs longer the more memory it gives back,
and cannot give back what is in use. If the guest does not have by then what
was asked for, the server is put back to what it had and the adjustment fails.
"""),
    cfg.IntOpt(
        'guest_agent_timeout',
        default=5,
        min=1,
        help="""
How long to wait for an answer of the guest agent, in seconds.

The agent is asked first to take vCPUs offline, and to bring added ones online.
It is not needed for either.
"""),
    cfg.IntOpt(
        'reconcile_interval',
        default=60,
        min=-1,
        help="""
How often to compare what elastic servers have with what they are counted for,
in seconds.

A guest may give a vCPU back long after it was asked to, or have all its memory
because it has no balloon driver. The server is then counted for what it has.
The same task ends an adjustment that nobody works on any more.

Possible values:

* A positive number of seconds
* 0: as often as other periodic tasks
* -1: never
"""),
]


def register_opts(conf):
    conf.register_group(xloud_group)
    conf.register_opts(xloud_opts, group=xloud_group)


def list_opts():
    return {xloud_group: xloud_opts}
