import { BerthError, type Container } from '#client';
import { Anchor, Breadcrumbs, Button, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { Suspense, useEffect, useRef, useState, type ComponentType } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession, type Scope } from '../session/session';
import { lazily } from '../shell/lazily';
import { NewBot } from '../bots/new-bot';
import { Empty } from '../ui/empty';
import { Loaded, Loading } from '../ui/loading';
import { StatusBadge } from '../ui/status';
import { Actions } from './container-actions';
import { OperationProgress } from './operation-progress';
import { ShellsContext, usePageShells } from './terminal/shells';
import { useContainer } from './use-container';
import { Waiting } from './waiting';

interface TabProps {
  container: Container;
}
interface Tab {
  name: string;
  label: string;
  scope: Scope;
  content: ComponentType<TabProps>;
}

const TABS: Tab[] = [
  {
    name: 'container',
    label: 'Container',
    scope: 'containers:read',
    content: lazily(() => import('./container/container-tab').then((m) => m.ContainerTab)),
  },
  {
    name: 'snapshots',
    label: 'Snapshots',
    scope: 'containers:read',
    content: lazily(() => import('./snapshots/snapshots-tab').then((m) => m.SnapshotsTab)),
  },
  {
    name: 'terminal',
    label: 'Terminal',
    scope: 'workspace:exec',
    content: lazily(() => import('./terminal/terminal-tab').then((m) => m.TerminalTab)),
  },
  {
    name: 'files',
    label: 'Files',
    scope: 'workspace:files',
    content: lazily(() => import('./files/files-tab').then((m) => m.FilesTab)),
  },
  {
    name: 'tasks',
    label: 'Tasks',
    scope: 'workspace:exec',
    content: lazily(() => import('./tasks/tasks-tab').then((m) => m.TasksTab)),
  },
  {
    name: 'activity',
    label: 'Activity',
    scope: 'containers:read',
    content: lazily(() => import('./activity/activity-tab').then((m) => m.ActivityTab)),
  },
];

/** One bot. Its tab is part of the address, so that it can be shared. */
export function BotPage({ botId, tab = 'container' }: { botId: string; tab?: string | undefined }) {
  const query = useContainer(botId);
  const isUnknown = query.error instanceof BerthError && query.error.code === 'bot_not_found';
  const shells = usePageShells();
  return (
    <Stack>
      <Breadcrumbs styles={{ root: { flexWrap: 'wrap' }, breadcrumb: { whiteSpace: 'normal' } }}>
        <Anchor component={Link} href="/bots">
          Bots
        </Anchor>
        <Text className="mono" style={{ whiteSpace: 'normal' }}>
          {botId}
        </Text>
      </Breadcrumbs>
      <ShellsContext value={shells}>
        {isUnknown ? (
          <Unknown botId={botId} />
        ) : (
          <Loaded query={query}>{(container) => <Known container={container} tab={tab} />}</Loaded>
        )}
      </ShellsContext>
    </Stack>
  );
}

function Unknown({ botId }: { botId: string }) {
  const { may } = useSession();
  const [creating, setCreating] = useState(false);
  const create = may('containers:write') && <Button onClick={() => setCreating(true)}>Create its container</Button>;
  return (
    <>
      <Empty title="There is no such bot" action={create}>
        Nobody has made a container for “{botId}” yet, or not in this tenant.
      </Empty>
      {creating && <NewBot botId={botId} onClose={() => setCreating(false)} />}
    </>
  );
}

function Known({ container, tab }: { container: Container; tab: string }) {
  const [, go] = useLocation();
  const { may } = useSession();
  const { botId, status, operation } = container;
  const tabs = TABS.filter(({ scope }) => may(scope));
  const shown = tabs.some(({ name }) => name === tab) ? tab : 'container';
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [shown]);
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Group gap="sm">
          <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
            {botId}
          </Title>
          <StatusBadge status={status} />
        </Group>
        {may('containers:write') && <Actions container={container} />}
      </Group>
      {operation && <OperationProgress operation={operation} />}
      <Waiting container={container} />
      <Tabs
        value={shown}
        onChange={(next) => next && go(`/bots/${encodeURIComponent(botId)}/${next}`)}
        keepMounted={false}
      >
        <Tabs.List ref={list} style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
          {tabs.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
              {name === 'tasks' && container.tasks > 0 && ` (${container.tasks})`}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ name, content: Content }) => (
          <Tabs.Panel key={name} value={name} pt="md">
            <Suspense fallback={<Loading />}>
              <Content container={container} />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
