import type { Node } from '#client';
import { Alert, Card, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { Fact, Facts } from '../ui/facts';
import { bytes } from '../ui/format';
import { StatusBadge } from '../ui/status';
import { When } from '../ui/when';

const MIB = 1024 * 1024;

/** One Docker host. */
export function NodeCard({ node }: { node: Node }) {
  const { id, status, engineVersion, capacity, reserved, containers, heartbeatAt } = node;
  return (
    <Card withBorder component="section" aria-label={`Node ${id}`}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
          {id}
        </Title>
        <StatusBadge status={status} />
      </Group>
      <Stack gap="sm">
        <WhatItMeans status={status} />
        <Bar
          name="CPUs"
          reserved={reserved.cpus}
          ceiling={capacity.maxCpus}
          has={capacity.cpus}
          shown={(n) => `${Number(n.toFixed(2))}`}
        />
        <Bar
          name="Memory"
          reserved={reserved.memoryMb}
          ceiling={capacity.maxMemoryMb}
          has={capacity.memoryMb}
          shown={(n) => bytes(n * MIB)}
        />
        <Facts>
          <Fact name="Containers">{containers}</Fact>
          <Fact name="Docker Engine">{engineVersion ?? 'not known yet'}</Fact>
          <Fact name="Heartbeat">{heartbeatAt ? <When at={heartbeatAt} /> : 'none yet'}</Fact>
        </Facts>
      </Stack>
    </Card>
  );
}

function WhatItMeans({ status }: { status: Node['status'] }) {
  switch (status) {
    case 'ready':
      return null;
    case 'down':
      return (
        <Alert color="red" variant="light" p="xs">
          Its worker is silent. Its containers may well run on, but nothing is known of them, and what is asked of them
          waits. Look whether the host is up, then at the worker’s log.
        </Alert>
      );
    case 'cordoned':
      return (
        <Alert color="yellow" variant="light" p="xs">
          It takes no new containers. Those that it has go on.
        </Alert>
      );
    case 'draining':
      return (
        <Alert color="yellow" variant="light" p="xs">
          It takes no new containers, and is being emptied.
        </Alert>
      );
  }
}

interface BarProps {
  name: string;
  reserved: number;
  ceiling: number | null;
  has: number;
  shown: (n: number) => string;
}

/** What is promised to bots, of what may be; without a ceiling, of what the host has. */
function Bar({ name, reserved, ceiling, has, shown }: BarProps) {
  const of = ceiling ?? has;
  const share = of > 0 ? (reserved / of) * 100 : 0;
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{name}</Text>
        <Text size="sm" c="dimmed">
          {shown(reserved)} promised of {shown(of)}
          {ceiling === null ? ', no ceiling' : `; the host has ${shown(has)}`}
        </Text>
      </Group>
      <Progress
        value={Math.min(100, share)}
        color={share > 100 ? 'orange' : share > 85 ? 'yellow' : undefined}
        aria-label={`${name} promised on this node`}
      />
      {share > 100 && (
        <Text size="xs" c="dimmed">
          More is promised than there is: bots share it, and are slower when all of them are busy.
        </Text>
      )}
    </div>
  );
}
