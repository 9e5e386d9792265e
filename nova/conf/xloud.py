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
``minimum_memory`` can be adjusted: they get more or less of both while they
run. These options limit how many adjustments a compute service works on, how
far the memory of a guest may shrink, and how long a guest has to comply.
""")

xloud_opts = [
    cfg.IntOpt(
        'max_concurrent_adjustments',
        default=10,
        min=1,
        help="""
How many adjustments a compute service works on at the same time.

An adjustment waits for its guest, which may take minutes to comply or never
do. While as many as this are in progress, further ones are refused with a
conflict (HTTP 409) and can be requested again later, so that slow guests do
not hold up builds and migrations on the host.

Related options:

* ``[xloud] vcpu_timeout`` and ``[xloud] memory_timeout`` limit how long one
  adjustment can take
"""),
    cfg.IntOpt(
        'vcpu_timeout',
        default=30,
        min=1,
        help="""
How long to wait for a guest to plug or unplug vCPUs, in seconds.

The operating system of the guest has to move its tasks off a vCPU before it
unplugs it. If that has not happened by then, the adjustment fails and the
server gets its previous size back.
"""),
    cfg.IntOpt(
        'memory_timeout',
        default=60,
        min=1,
        help="""
How long to wait for a guest to reach the requested memory, in seconds.

The balloon driver in the guest needs longer the more memory it returns to the
host, and cannot return what is in use. If the guest has not reached the
requested memory by then, the adjustment fails and the server gets its previous
size back.
"""),
    cfg.StrOpt(
        'memory_means',
        default='balloon',
        choices=[
            ('balloon', 'The guest has the maximum, and its balloon driver '
                        'gives back what it is not to have'),
            ('virtio-mem', 'The guest has the minimum, and a device plugs '
                           'what it has beyond that'),
        ],
        help="""
How the memory of a new server is adjusted, where neither its flavor nor its
image says so.

A guest with a balloon can touch its maximum until its driver runs, and gives
memory back on its word. With virtio-mem it has no memory but what was plugged.
Its operating system needs a driver for that, as in Linux 5.8 or later, and its
compute service libvirt 8.9 and QEMU 6.0.

This is read by the API, when a server is created or resized. It changes
nothing for a server that exists.

Possible values:

* ``balloon``
* ``virtio-mem``

Related options:

* the extra spec ``hw:mem_hotplug_virtio`` of the flavor decides before the
  image property ``hw_mem_hotplug_virtio``, and that before this option
"""),
    cfg.IntOpt(
        'memory_floor_margin',
        default=64,
        min=0,
        help="""
How much usable memory a shrink leaves to a guest, in MiB.

A guest whose memory shrinks below what it uses is killed: its kernel runs out
of memory and panics. The floor of a guest is what it has, less what its
balloon driver reports as usable, plus this margin. An adjustment to less than
the floor is refused, unless it is forced. While a guest shrinks, its usable
memory is watched: the shrink is stopped and undone when less than half of this
margin is left.

The default covers the reserves of a Linux kernel, which are a few MiB for a
guest of up to 4 GiB, and what processes allocate between two reports of the
guest. Choose more for guests that allocate memory in large bursts.

Possible values:

* A positive number of MiB
* 0: shrinks may use up all of the usable memory, which is not safe
"""),
    cfg.IntOpt(
        'guest_memory_overhead',
        default=256,
        min=0,
        help="""
How much more memory the process of a guest may have on its host than the guest
itself, in MiB.

What a balloon driver reports is only the word of the guest. The resident
memory of its process is what the host sees. When that exceeds the size of the
server by more than this, the server is accounted for what is above.

The default covers the devices, the video memory and the I/O buffers of QEMU
with KVM, which have 50 to 200 MiB in most guests. With
``[libvirt] virt_type = qemu`` the process also holds translated code, up to
1 GiB: use 1280 there.
"""),
    cfg.IntOpt(
        'memory_limit_overhead',
        min=1,
        help="""
How much more memory than its size the host lets a server with elastic memory
have, in MiB.

The process of each guest gets a limit from the kernel of its host, by libvirt
and the memory control group: the size of the server plus this. The limit is
raised before a server grows and lowered after it has shrunk. A guest that
takes more has its process swapped out and, if that does not help, **killed**.
Other guests keep their memory, whatever this one does.

Everything that the process has counts: the memory of the guest, that of the
emulator with its devices, video memory, I/O buffers and translated code, and
that of helpers such as swtpm. Too small an overhead kills guests that do
nothing wrong. Measure what your guests need: the largest difference of
resident memory and size among guests that have run for days under load. Use
twice that, and at least 512. Choose it at least 128 above
``[xloud] guest_memory_overhead``, so that what a guest takes too much is
accounted for, or acted on by ``[xloud] on_excess``, before it is killed.

With a balloon a guest has its maximum until its driver runs, and one that
touches that earlier, or has no driver, is killed. Limit guests with balloons
only if their images are known to have the driver.

Guests with devices of the host (PCI passthrough, SR-IOV, vDPA) have no limit,
since libvirt would also use it for how much memory they can lock. Huge pages
do not count.

Possible values:

* A positive number of MiB
* Not set, the default: no limit

Related options:

* ``[xloud] guest_memory_overhead``
* ``[xloud] reconcile_interval``: a guest that has come by live migration, or
  that was running before this was set, is limited by that task
"""),
    cfg.StrOpt(
        'on_excess',
        default='log',
        choices=[
            ('log', 'Log a warning and send an error notification'),
            ('pause', 'Also pause the server: its guest takes no more'),
            ('stop', 'Also stop the server: its memory is free again'),
        ],
        help="""
What to do with a server whose guest takes more than its host has.

A guest that takes more memory than its server is accounted for is accounted
for that as soon as it was seen twice. If its host has no capacity for it, the
host may run out of memory, and other guests suffer. With ``pause`` or ``stop``
the server is paused or stopped then. That is in the action log of the server,
and its user can unpause or start it; if it still takes too much it is paused
or stopped again.

With virtio-mem only a guest with a hostile kernel can take more than what is
plugged.

Related options:

* ``[xloud] reconcile_interval`` is how often guests are compared with what
  their servers are accounted for
* ``[xloud] guest_memory_overhead`` is what does not count
* ``[xloud] memory_limit_overhead`` has the kernel of the host limit guests
"""),
    cfg.IntOpt(
        'guest_query_timeout',
        default=5,
        min=1,
        help="""
How long to wait for the hypervisor to answer a question about one guest, in
seconds.

The monitor of a guest may not respond, for instance while its storage hangs.
After this time an adjustment of the server is refused, and its status lacks
what only the monitor knows, such as the floor of its memory.
"""),
    cfg.IntOpt(
        'guest_agent_timeout',
        default=5,
        min=1,
        help="""
How long to wait for an answer of the guest agent, in seconds.

The agent is asked to take vCPUs offline before they are unplugged, and to
bring added vCPUs online. Many guests do both without an agent.
"""),
    cfg.IntOpt(
        'reconcile_interval',
        default=60,
        min=-1,
        help="""
How often to compare the live size of elastic servers with what they are
accounted for, in seconds.

A guest may unplug a vCPU long after it was requested to, or have all of its
memory because it has no balloon driver. The server is then accounted for its
live size. The same task ends adjustments that were interrupted.

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
