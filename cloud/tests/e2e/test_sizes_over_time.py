"""Whatever happens to servers, all who add up what they have get the same sum."""

from __future__ import annotations

import collections
import concurrent.futures
import datetime
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keystoneauth1.exceptions
import openstack
import pytest

from cloud import errors, ini, waiting
from cloud.services import nova
from cloud.tests.e2e import invariants, metering, sampling
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.metering import Amounts, Period, Span
from cloud.tests.e2e.scripts import Scripts
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.test_crash import LOST
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = [pytest.mark.hosts(2), pytest.mark.usefixtures('forked', 'all_up')]

MINIMUM, MAXIMUM = Size(1, 256), Size(4, 768)

#: What happens to servers, and how often.
OPERATIONS = {'adjustment': 6, 'drift': 2, 'reboot': 1, 'move': 1}

#: In each round something happens to each of them; in the first, all that can happen.
SERVERS = len(OPERATIONS)

#: What dies in the middle of which of them. Nova itself leaves servers behind that were about to
#: be rebooted or moved then.
VICTIMS = ('nova-compute-1', 'nova-compute-2', 'nova-conductor')
SURVIVES = ('adjustment', 'drift')

#: How many rounds there are to each in which one of them dies.
ROUNDS = 3

#: Seconds until a service that was killed has put everything right.
RECOVERY = 180

#: Seconds between what sees a change first, and what sees it last.
LAG = 1

#: Seconds until a compute has said what its servers had: it looks once a minute.
AUDIT = 150


class Fate:
    """What happens to one server."""

    def __init__(self, server: str, seed: int) -> None:
        self.server = server
        self.world = World()
        self.chance = random.Random(seed)

    def befall(self, operation: str) -> bool:
        """Have something happen, and wait for its end; return whether it went well."""
        try:
            return bool(getattr(self, operation)())
        except (
            openstack.exceptions.SDKException,
            keystoneauth1.exceptions.ClientException,
            errors.CommandError,
        ) as error:
            print(f'{operation} of {self.server}: {str(error).splitlines()[0]}')
            return False

    def _size(self) -> Size:
        return Size(
            self.chance.randint(MINIMUM.vcpus, MAXIMUM.vcpus),
            self.chance.randrange(MINIMUM.memory_mb, MAXIMUM.memory_mb + 1, 64),
        )

    def adjustment(self) -> bool:
        size = self._size()
        status, _ = self.world.api.post_adjust(
            self.server,
            current_vcpus=size.vcpus,
            current_memory_mb=size.memory_mb,
            persist=self.chance.random() < 0.5,
        )
        if status != 202:
            return False
        return bool(self.world.api.adjusted(self.server, seconds=RECOVERY)['state'] == 'succeeded')

    def drift(self) -> bool:
        """Another operator uses virsh; Nova sees that within some seconds."""
        before = self.world.accounting.size(self.server)
        size = self._size()
        if size.vcpus != before.vcpus:
            self.world.guests.virsh(self.server, 'setvcpus', str(size.vcpus), '--live')
        else:
            self.world.guests.virsh(self.server, 'setmem', f'{size.memory_mb}M', '--live')
        return waiting.until(lambda: self.world.accounting.size(self.server) != before, 20)

    def _migrations(self) -> set[str]:
        answer = self.world.admin.compute.get(f'/os-migrations?instance_uuid={self.server}')
        return {entry['status'] for entry in answer.json()['migrations']}

    def reboot(self) -> bool:
        kind = self.chance.choice(['SOFT', 'HARD'])
        self.world.api.act(self.server, 'reboot', {'type': kind})
        self.world.api.wait(self.server, 'ACTIVE', RECOVERY)
        return True

    def move(self) -> bool:
        before = self.world.guests.host_of(self.server).host
        body = {'host': None, 'block_migration': 'auto'}
        self.world.api.act(self.server, 'os-migrateLive', body)
        self.world.api.wait(self.server, 'ACTIVE', RECOVERY)
        # Its source releases what it had after that.
        assert waiting.until(lambda: 'running' not in self._migrations(), RECOVERY)
        return self.world.guests.host_of(self.server).host != before


class History:
    """What servers have had, as the API says."""

    def __init__(self, scripts: Scripts, server: str) -> None:
        self.amounts = scripts.run(scripts.history, SERVER=server)
        self.periods = scripts.variables['periods']
        self.recorded = [
            Period(
                datetime.datetime.fromisoformat(period['start']).timestamp(),
                datetime.datetime.fromisoformat(period['end']).timestamp(),
                Size(period['vcpus'], period['memory_mb']),
            )
            for period in self.periods
        ]


@pytest.fixture
def listening(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripts]:
    """Have the scripts of the guide, one of which listens to notifications."""
    if not world.faults.parts('mariadb'):
        pytest.skip('needs `xcloud up --db mariadb`')
    monkeypatch.setenv('OS_CLOUD', 'xcloud')
    scripts = Scripts(PROJECT=world.api.project('admin'), TRANSPORT_URL=world.context.messaging())
    scripts.run(scripts.listener)
    yield scripts
    scripts.variables['listener'].stop()
    scripts.variables['listener'].wait()


def formatted(moment: datetime.datetime) -> str:
    return moment.strftime('%Y-%m-%dT%H:%M:%S')


def live(world: World, fates: list[Fate], changes: int, chance: random.Random) -> list[Span]:
    """Have something happen to all servers until that were enough; return when services were dead.

    What one of them was about to record is recorded by the next one.
    """
    results: collections.Counter[tuple[str, bool]] = collections.Counter()
    deaths, outages = collections.Counter[str](), []
    with concurrent.futures.ThreadPoolExecutor(SERVERS) as pool:
        for number in itertools.count():
            if results.total() >= changes:
                break
            victim = chance.choice(VICTIMS) if number % ROUNDS == ROUNDS - 1 else ''
            possible = SURVIVES if victim else tuple(OPERATIONS)
            weights = [OPERATIONS[name] for name in possible]
            happening = chance.choices(possible, weights, k=SERVERS) if number else possible
            running = pool.map(Fate.befall, fates, happening)
            if victim:
                time.sleep(chance.uniform(0, 4))
                start = time.time()
                world.faults.kill(victim)
                world.faults.resume(victim)
            results.update(zip(happening, running, strict=True))
            if victim:
                invariants.check(world, RECOVERY)
                outages.append(Span(start, time.time()))
                deaths[victim] += 1
    invariants.check(world, RECOVERY)
    print(f'{results.total()} changes, by whether they went well: {dict(results)}')
    print(f'killed: {dict(deaths)}; {sum(end - start for start, end in outages):.0f} s of recovery')
    # Else nothing was tried.
    assert {name for name, went_well in results if went_well} == set(OPERATIONS)
    return outages


def audit(
    scripts: Scripts, host_options: Callable[[ini.Sections], None], servers: Sequence[str]
) -> tuple[datetime.datetime, dict[tuple[str, str], Any]]:
    """Have an audit period of the computes end; return when, and what they sent of servers."""
    end = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    end += datetime.timedelta(minutes=1)
    time.sleep(max(0, end.timestamp() - time.time()) + LAG)
    host_options(
        {
            'DEFAULT': {
                'instance_usage_audit': True,
                'instance_usage_audit_period': f'hour@{end.minute}',
            },
            'oslo_messaging_notifications': {'driver': 'messagingv2'},
        }
    )
    own: dict[tuple[str, str], Any] = {}

    def is_complete() -> bool:
        # They are also sent of servers that were deleted before.
        audits = scripts.variables['audits'].copy()
        own.update((key, audits[key]) for key in audits if key[0] in servers)
        return {server for server, _ in own} == set(servers)

    assert waiting.until(is_complete, AUDIT)
    for payload in own.values():
        assert payload['audit_period_ending'].startswith(str(end.replace(tzinfo=None)))
    return end, own


def test_all_sums_agree(
    world: World,
    create: Create,
    listening: Scripts,
    host_options: Callable[[ini.Sections], None],
    logs: Logs,
    pytestconfig: pytest.Config,
) -> None:
    """Placement, the history, the usage and the notifications say the same of what servers had."""
    logs.expect(LOST)
    seed = random.randrange(1 << 32)
    print(f'seed {seed}')
    first = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    servers = [create('elastic') for _ in range(SERVERS)]
    for server in servers:
        world.comes_up(server, MINIMUM)
    fates = [Fate(server, seed + number) for number, server in enumerate(servers)]
    with sampling.Sampler(world.context) as sampler:
        time.sleep(LAG)
        begin = time.time()
        outages = live(world, fates, pytestconfig.getoption('changes'), random.Random(seed))
        end, audits = audit(listening, host_options, servers)
    print(f'{len(sampler)} samples, at most {sampler.longest_pause():.2f} s apart')
    assert sampler.longest_pause() < LAG
    assert end - first < datetime.timedelta(hours=1), 'the audit period is shorter than this took'

    times = {'FIRST': formatted(first), 'LAST': formatted(end)}
    sums = {
        'usage': listening.run(listening.usage, **times),
        'notifications': listening.run(listening.audits, audits=audits),
    }
    histories = {server: History(listening, server) for server in servers}
    amounts = [history.amounts for history in histories.values()]
    sums['history'] = list(map(sum, zip(*amounts, strict=True)))
    for name, (vcpu_hours, gib_hours) in sums.items():
        print(f'{name:14}{vcpu_hours:.9f} vCPU hours, {gib_hours:.9f} GiB hours')
    assert sums['usage'] == pytest.approx(sums['history'], rel=1e-6)
    assert sums['notifications'] == pytest.approx(sums['history'], rel=1e-6)

    whole = Span(begin, end.timestamp())
    for server, history in histories.items():
        sampled = sampler.periods(server)
        for name, spans in (
            ('all the time', [whole]),
            ('while no service was dead', metering.between(whole, outages)),
        ):
            recorded, seen = metering.total(history.recorded, spans), metering.total(sampled, spans)
            print(f'{server} {name}: history {recorded}, placement {seen}')
        assert seen == Amounts(
            pytest.approx(recorded.vcpu_seconds, abs=LAG * MAXIMUM.vcpus),
            pytest.approx(recorded.memory_mb_seconds, abs=LAG * MAXIMUM.memory_mb),
        )
    assert sampling.breaks(world.context, servers) == []
    causes = {period['cause'] for history in histories.values() for period in history.periods}
    assert causes >= {'create', 'adjustment', 'drift'}
    nova.Control(world.context).manage('xloud', 'audit', '--history')
