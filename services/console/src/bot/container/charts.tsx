import type { Stats } from '#client';
import { Card, Group, SimpleGrid, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { bytes, percent } from '../../ui/format';
import { Chart } from './chart';

const EVERY_MS = 2_000;
/** Ten minutes. */
const KEPT = 300;

/** What a container uses, as it goes on; its history is kept for as long as the tab of the browser is. */
export function Charts({ botId, running }: { botId: string; running: boolean }) {
  const { client, cache } = useSession();
  const { data: history = [], isError } = useQuery({
    queryKey: [...keys.stats(botId), 'history'],
    queryFn: async ({ signal, queryKey }): Promise<Stats[]> => {
      const sample = await client.bots.container(botId).stats({ signal });
      return [...(cache.getQueryData<Stats[]>(queryKey) ?? []), sample].slice(-KEPT);
    },
    enabled: running,
    refetchInterval: EVERY_MS,
    gcTime: Infinity,
  });
  const last = history.at(-1);
  if (!last) {
    return (
      <Card withBorder>
        <Title order={2} size="h5">
          Use
        </Title>
        <Text c="dimmed" size="sm">
          {!running
            ? 'It is measured while the container runs.'
            : isError
              ? 'It cannot be measured now; trying again.'
              : 'Measuring …'}
        </Text>
      </Card>
    );
  }
  const times = history.map(({ at }) => Date.parse(at));
  const rate = (of: (stats: Stats) => number): number[] =>
    history.map((sample, i) => {
      const before = history[i - 1];
      if (!before) return 0;
      const seconds = (Date.parse(sample.at) - Date.parse(before.at)) / 1000;
      return seconds > 0 ? Math.max(0, (of(sample) - of(before)) / seconds) : 0;
    });
  const network = { received: rate((s) => s.network.rxBytes), sent: rate((s) => s.network.txBytes) };
  const block = { read: rate((s) => s.block.readBytes), written: rate((s) => s.block.writeBytes) };
  const perSecond = (n: number): string => `${bytes(n)}/s`;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <Measure title="CPU" now={percent(last.cpuPercent)}>
        <Chart
          times={times}
          series={[{ name: 'CPU', values: history.map((s) => s.cpuPercent) }]}
          format={percent}
          atLeast={5}
        />
      </Measure>
      <Measure
        title="Memory"
        now={`${bytes(last.memoryBytes)} of ${bytes(last.memoryLimitBytes)}, ${last.pids} processes`}
      >
        <Chart
          times={times}
          series={[{ name: 'Memory', values: history.map((s) => s.memoryBytes) }]}
          format={bytes}
          atLeast={last.memoryLimitBytes}
        />
      </Measure>
      <Measure
        title="Network"
        now={`${perSecond(network.received.at(-1) ?? 0)} in, ${perSecond(network.sent.at(-1) ?? 0)} out`}
      >
        <Chart
          times={times}
          series={[
            { name: 'in', values: network.received },
            { name: 'out', values: network.sent },
          ]}
          format={perSecond}
          atLeast={1000}
        />
      </Measure>
      <Measure
        title="Disk"
        now={`${perSecond(block.read.at(-1) ?? 0)} read, ${perSecond(block.written.at(-1) ?? 0)} written; holds ${bytes(last.disk.rootBytes ?? 0)} and ${bytes(last.disk.dataBytes ?? 0)} of data`}
      >
        <Chart
          times={times}
          series={[
            { name: 'read', values: block.read },
            { name: 'written', values: block.written },
          ]}
          format={perSecond}
          atLeast={1000}
        />
      </Measure>
    </SimpleGrid>
  );
}

function Measure({ title, now, children }: { title: string; now: string; children: React.ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Group justify="space-between" align="baseline" mb={4}>
        <Title order={2} size="h5">
          {title}
        </Title>
        <Text size="sm" c="dimmed">
          {now}
        </Text>
      </Group>
      {children}
    </Card>
  );
}
