import type { BotEvent, Container } from '#client';
import { Group, SegmentedControl, Stack, Switch, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Empty } from '../../ui/empty';
import { LoadOlder } from '../../ui/load-older';
import { Loaded, Loading } from '../../ui/loading';
import { Problem } from '../../ui/problem';
import { Rows } from '../../ui/rows';
import { ActivityRow } from './activity-row';
import { toldOf, type Subject } from './told';
import { useActivity } from './use-activity';

const SUBJECTS: { value: Subject; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'operations', label: 'Operations' },
  { value: 'container', label: 'Container' },
  { value: 'snapshots', label: 'Snapshots' },
  { value: 'tasks', label: 'Tasks' },
];

/** What has happened to the bot, newest first, live. */
export function ActivityTab({ container }: { container: Container }) {
  const { query, loadOlder } = useActivity(container.botId);
  return (
    <Loaded query={query}>
      {(events) => {
        if (events.length > 0) return <Told events={events} onOlder={loadOlder} />;
        if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
        if (query.isFetching) return <Loading />;
        return (
          <Empty title="Nothing has happened yet, or it is no longer kept">
            Every change of the bot is told here as it happens: who asked for it and why, and what was seen on its node.
          </Empty>
        );
      }}
    </Loaded>
  );
}

function Told({ events, onOlder }: { events: BotEvent[]; onOlder: (() => Promise<void>) | null }) {
  const [subject, setSubject] = useState<Subject>('all');
  const [everyStep, setEveryStep] = useState(false);
  const told = useMemo(() => toldOf(events, subject, everyStep), [events, subject, everyStep]);
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <div className="scroll-x" style={{ maxWidth: '100%' }}>
          <SegmentedControl
            size="xs"
            aria-label="What is told"
            data={SUBJECTS}
            value={subject}
            onChange={(value) => setSubject(value)}
          />
        </div>
        <Switch
          size="sm"
          label="Every step"
          checked={everyStep}
          onChange={(event) => setEveryStep(event.currentTarget.checked)}
        />
      </Group>
      {told.length === 0 ? (
        <Text c="dimmed" ta="center" py="md">
          Nothing of that kind among the last {events.length} events.
        </Text>
      ) : (
        <Rows kind="activity" label="Activity">
          {told.map((event) => (
            <ActivityRow key={event.version} event={event} />
          ))}
        </Rows>
      )}
      <LoadOlder onLoad={onOlder} end="That is all that is kept." />
    </Stack>
  );
}
