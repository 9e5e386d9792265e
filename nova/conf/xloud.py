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
A server whose flavor has the extra specs ``minimum_cpu`` and
``minimum_memory`` can get more or fewer vCPUs and memory while it runs. These
options limit how many adjustments a compute service works on, how long a guest
has to comply, and how much memory guests can use.
""")

xloud_opts = [
    cfg.IntOpt(
        'max_concurrent_adjustments',
        default=10,
        min=1,
        help="""
How many adjustments a compute service works on at the same time.

While this many are in progress, the compute service refuses further ones with
HTTP 409 and the code ``xloud.too_many``. They can be requested again later. So
slow guests do not delay builds and migrations on the host.

Related options:

* ``[xloud] vcpu_timeout`` and ``[xloud] memory_timeout`` limit how long one
  adjustment can take
"""),
    cfg.StrOpt(
        'when_full',
        default='refuse',
        choices=[
            ('refuse', 'Refuse the adjustment with a conflict (HTTP 409)'),
            ('wait', 'Accept it, and grant it when the host has the capacity'),
            ('move', 'Live migrate the server to a host that has the '
                     'capacity, and adjust it there'),
        ],
        help="""
What to do with an adjustment for which the host of the server does not have
enough capacity.

This is read by the API, for requests without ``when_full`` and servers whose
flavor does not set the extra spec ``xloud:when_full``.

Possible values:

* ``refuse``
* ``wait``
* ``move``

Related options:

* ``[xloud] wait_timeout``
* ``[xloud] max_moves``
"""),
    cfg.IntOpt(
        'max_moves',
        default=0,
        min=0,
        max=4,
        help="""
How many other servers may be live migrated so that one server can grow.

If a server is to be moved in order to grow, but no other host has the capacity
for it, the conductor looks for the fewest and smallest servers on its host
that other hosts have the capacity for. They are live migrated there, and the
adjustment waits until they are gone.

This is read by the conductor. With 0, no other server is moved. Upgrade the
API, the conductors and the computes before it is set.

Related options:

* ``[xloud] when_full``
* ``[xloud] move_interval``
"""),
    cfg.IntOpt(
        'move_interval',
        default=3600,
        min=0,
        help="""
For how long a server is not moved again so that another one can grow, in
seconds.

Any live migration of it counts, also one that failed.

Related options:

* ``[xloud] max_moves``
"""),
    cfg.IntOpt(
        'wait_timeout',
        default=3600,
        min=1,
        help="""
How long an adjustment waits for capacity on the host of its server, in
seconds.

An adjustment that has not been granted by then fails.

Related options:

* ``[xloud] when_full``
"""),
    cfg.FloatOpt(
        'growth_weight_multiplier',
        default=1.0,
        help="""
How strongly the scheduler prefers hosts whose servers may grow less.

An elastic server is placed where the least has been promised to other servers
beyond what they have, in relation to what the host has. So hosts are less
likely to be full when their servers grow. The placement of servers that are
not elastic does not depend on it. A negative value prefers hosts that have
promised most; with 0 it does not matter.

This is read by the scheduler. The metadata
``xloud_growth_weight_multiplier`` of a host aggregate takes precedence.

Related options:

* ``[filter_scheduler] weight_classes`` has to include
  ``nova.scheduler.weights.elastic_growth.ElasticGrowthWeigher``, or all
  weighers, as by default
"""),
    cfg.IntOpt(
        'vcpu_timeout',
        default=30,
        min=1,
        help="""
How long to wait for a guest to plug or unplug vCPUs, in seconds.

The operating system of the guest has to move its tasks off a vCPU before it
can unplug it. If the guest has not complied in this time, the adjustment fails
and the server gets its previous size back.
"""),
    cfg.IntOpt(
        'memory_timeout',
        default=60,
        min=1,
        help="""
How long to wait for a guest to reach the requested memory, in seconds.

The more memory a guest returns to the host, the longer it needs, and it cannot
return memory that is in use. If the guest has not reached the requested memory
in this time, the adjustment fails and the server gets its previous size back.
"""),
    cfg.StrOpt(
        'memory_means',
        default='balloon',
        choices=[
            ('balloon', 'The guest is defined with its maximum, and its '
                        'balloon driver returns what is above its size'),
            ('virtio-mem', 'The guest is defined with its minimum, and a '
                           'device plugs the rest of its size'),
        ],
        help="""
How the memory of a new server is adjusted if neither its flavor nor its image
sets that.

A guest with a balloon can use its maximum until its balloon driver runs, and
Nova cannot verify what that driver reports. With virtio-mem a guest can use
only the memory that is plugged, unless its kernel is hostile. This needs a
driver in the guest, as Linux 5.8 and later have, and a host with libvirt 8.9
and QEMU 6.0, or later.

The API reads this option when a server is created or resized. Existing servers
keep what they have.

Possible values:

* ``balloon``
* ``virtio-mem``

Related options:

* The extra spec ``hw:mem_hotplug_virtio`` of the flavor takes precedence over
  the image properties ``hw_mem_hotplug_virtio`` and ``os_elastic_memory``, and
  those over this option
"""),
    cfg.IntOpt(
        'memory_floor_margin',
        default=64,
        min=0,
        help="""
How much usable memory a guest keeps when it shrinks, in MiB.

A guest whose memory shrinks below what it uses is killed: its kernel runs out
of memory and panics. The floor of a guest is what it has, less what its
balloon driver reports as usable, plus this margin. An adjustment to less than
the floor is refused, unless it is forced. While a guest shrinks, its usable
memory is watched: the shrink is stopped and undone when less than half of this
margin is usable.

The default covers the reserves of a Linux kernel, which are a few MiB for a
guest of up to 4 GiB, and what processes allocate between two reports of the
guest. Choose more for guests that allocate memory in large bursts.

Possible values:

* A positive number of MiB
* 0: a shrink may take all usable memory, which is not safe
"""),
    cfg.IntOpt(
        'guest_memory_overhead',
        default=256,
        min=0,
        help="""
How far the resident memory of a guest's process may exceed the size of its
server, in MiB.

Nova cannot verify what the balloon driver of a guest reports, but the host
measures the resident memory of the guest's process. If two checks in a row
find that this exceeds the size of the server by more than the overhead, the
server is accounted for the resident memory less the overhead, up to the
maximum of its flavor.

The default covers the devices, the video memory and the I/O buffers of QEMU
with KVM, which take 50 to 200 MiB for most guests. With
``[libvirt] virt_type = qemu`` the process also has translated code, up to
1 GiB: set this option to 1280 there.

Related options:

* ``[xloud] reconcile_interval`` is how often this is checked
* ``[xloud] on_excess`` is for hosts without the capacity to account for it
"""),
    cfg.IntOpt(
        'memory_limit_overhead',
        min=1,
        help="""
How far the memory limit of a guest's process is above the size of its server,
in MiB.

The kernel of the host enforces the limit: libvirt puts the process of each
guest with elastic memory into a memory control group that is limited to the
size of the server plus this overhead. The limit is raised before a server
grows and lowered after it has shrunk. If a process reaches its limit, its
memory is swapped out; if that does not help, the process is **killed**. Other
guests keep their memory.

All memory of the process counts: that of the guest, that of QEMU with its
devices, video memory, I/O buffers and translated code, and that of helpers
such as swtpm. If the overhead is too small, guests are killed that use no more
than their size. So measure: among guests that have run for days under load,
find the largest difference between resident memory and size. Set the overhead
to twice that, and to at least 512. Also set it at least 128 above ``[xloud]
guest_memory_overhead``. Then a guest that takes too much is first accounted
for, or handled as ``[xloud] on_excess`` says, and killed only if it takes even
more.

A guest with a balloon can use its maximum until its balloon driver runs. It is
killed if it does so, at boot or because its image lacks the driver. Limit
guests with balloons only if all their images have the driver.

Guests with devices of the host (PCI passthrough, SR-IOV, vDPA) have no limit,
since libvirt would use it also as the limit of the memory that they can lock.
Explicit huge pages do not count.

Possible values:

* A positive number of MiB
* Not set, the default: no limit

Related options:

* ``[xloud] guest_memory_overhead``
* ``[xloud] reconcile_interval``: the periodic task limits guests that were
  live migrated to the host, or that were running before this option was set
"""),
    cfg.StrOpt(
        'on_excess',
        default='log',
        choices=[
            ('log', 'Log a warning and send an error notification'),
            ('pause', 'Also pause the server, so that it takes no more'),
            ('stop', 'Also stop the server, which frees its memory'),
        ],
        help="""
What to do with a server whose guest takes more memory than its host has
capacity for.

If two checks in a row find that a guest has more memory than its server is
accounted for, the server is accounted for that memory. If the host does not
have the capacity, it may run out of memory, and other guests suffer. With
``pause`` or ``stop`` the server is then paused or stopped. The action log of
the server shows that. Its user can unpause or start it; if its guest still
takes too much, it is paused or stopped again.

With virtio-mem only a guest with a hostile kernel can take more memory than is
plugged.

Related options:

* ``[xloud] reconcile_interval`` is how often guests are checked
* ``[xloud] guest_memory_overhead`` is how far the process of a guest may
  exceed the size of its server
* ``[xloud] memory_limit_overhead`` has the kernel of the host limit guests
"""),
    cfg.IntOpt(
        'guest_query_timeout',
        default=5,
        min=1,
        help="""
How long to wait for an answer of the hypervisor about one guest, in seconds.

The monitor of a guest may not respond, for instance while its storage hangs.
After this time the status of the server lacks what only the monitor can
provide, such as the floor of its memory. An adjustment waits five seconds
longer before it is refused: for so long, libvirt may keep an answer about one
guest back while it waits for another.
"""),
    cfg.IntOpt(
        'guest_agent_timeout',
        default=5,
        min=1,
        help="""
How long to wait for an answer of the guest agent, in seconds.

The agent takes vCPUs offline before they are unplugged, and brings added vCPUs
online. Many guests do both without an agent.
"""),
    cfg.IntOpt(
        'reconcile_interval',
        default=60,
        min=-1,
        help="""
How often to compare what the guests of elastic servers have with what the
servers are accounted for, in seconds.

A guest may unplug a vCPU long after that was requested, or have its maximum of
memory because it has no balloon driver. The server is then accounted for what
its guest has. The same task ends adjustments that were interrupted.

Possible values:

* A positive number of seconds
* 0: as often as other periodic tasks
* -1: never
"""),
    cfg.PortOpt(
        'metrics_port',
        help="""
The port on which the compute service serves metrics of its elastic servers, in
the format of Prometheus.

There are none unless this is set. They have no label for servers or projects.
The package ``prometheus-client`` has to be installed, as it is with
oslo.messaging.

Related options:

* ``[xloud] metrics_host`` is the address
* ``[xloud] reconcile_interval`` is how often the sizes in them are updated
"""),
    cfg.HostAddressOpt(
        'metrics_host',
        default='127.0.0.1',
        help="""
The address on which the compute service serves metrics.

They are served without authentication and in the clear, so choose an address
that only your monitoring reaches.

Related options:

* ``[xloud] metrics_port`` enables them
"""),
]


def register_opts(conf):
    conf.register_group(xloud_group)
    conf.register_opts(xloud_opts, group=xloud_group)


def list_opts():
    return {xloud_group: xloud_opts}
