import type { Container } from '#client';
import { Alert, Badge, Button, Card, Code, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { useSession } from '../../session/session';
import { Copy } from '../../ui/copy';
import { Fact, Facts } from '../../ui/facts';
import { duration, shortId } from '../../ui/format';
import { adviceFor } from '../../ui/problem';
import { StatusBadge } from '../../ui/status';
import { useNow, When } from '../../ui/when';
import { Charts } from './charts';
import { EditContainer } from './edit-container';

/** All that is known of a container, and what it uses. */
export function ContainerTab({ container }: { container: Container }) {
  const { may } = useSession();
  const [editing, setEditing] = useState(false);
  const { botId, containerId, status, image, node, tasks, resources, network, env, labels, autoStopSeconds } =
    container;
  const { startedAt, createdAt, exit, lastError } = container;
  return (
    <Stack>
      {lastError && (
        <Alert color="red" title={`The last operation failed: ${lastError.code.replaceAll('_', ' ')}`}>
          {[lastError.message, adviceFor(lastError.code)].filter(Boolean).join(' ')}{' '}
          <Link href={`/operations?botId=${encodeURIComponent(botId)}&status=failed`}>See the operation</Link>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Group justify="space-between" mb="xs">
            <Title order={2} size="h5">
              Container
            </Title>
          </Group>
          <Facts>
            <Fact name="Container ID">
              {containerId ? <Copy value={containerId} shown={shortId(containerId)} label="container ID" /> : '–'}
            </Fact>
            <Fact name="Status">
              <StatusBadge status={status} />
            </Fact>
            <Fact name="Image">{image ? <Copy value={image.ref} label="image" /> : '–'}</Fact>
            <Fact name="Node">{node ?? '–'}</Fact>
            <Fact name="Tasks">
              {tasks === 0 ? (
                'none in the background'
              ) : (
                <Link href={`/bots/${encodeURIComponent(botId)}/tasks`}>{tasks} in the background</Link>
              )}
            </Fact>
            <Fact name="Uptime">
              {startedAt && (status === 'running' || status === 'paused') ? <Uptime since={startedAt} /> : '–'}
            </Fact>
            <Fact name="Created">{createdAt ? <When at={createdAt} /> : '–'}</Fact>
            <Fact name="Last exit">
              {exit ? (
                <>
                  code {exit.code}
                  {exit.oomKilled && ', out of memory'}
                  {exit.cause && `, ${exit.cause.replaceAll('_', ' ')}`}, <When at={exit.at} />
                </>
              ) : (
                'none yet'
              )}
            </Fact>
          </Facts>
        </Card>
        <Card withBorder>
          <Group justify="space-between" mb="xs">
            <Title order={2} size="h5">
              Settings
            </Title>
            {may('containers:write') && resources && (
              <Button size="compact-sm" variant="default" onClick={() => setEditing(true)}>
                Edit
              </Button>
            )}
          </Group>
          <Facts>
            <Fact name="CPUs">{resources?.cpus ?? '–'}</Fact>
            <Fact name="Memory">{resources ? `${resources.memoryMb} MiB` : '–'}</Fact>
            <Fact name="Processes">{resources ? `at most ${resources.pids}` : '–'}</Fact>
            <Fact name="Network">{network === 'none' ? 'none' : 'internet'}</Fact>
            <Fact name="Stops when idle">
              {autoStopSeconds === 0 ? 'never' : `after ${duration(autoStopSeconds * 1000)}`}
            </Fact>
            <Fact name="Environment">
              {env.length === 0 ? (
                'none'
              ) : (
                <Group gap={4}>
                  {env.map((name) => (
                    <Code key={name}>{name}</Code>
                  ))}
                </Group>
              )}
            </Fact>
            <Fact name="Labels">
              {Object.keys(labels).length === 0 ? (
                'none'
              ) : (
                <Group gap={4}>
                  {Object.entries(labels).map(([name, value]) => (
                    <Badge key={name} variant="default" tt="none">
                      {name}={value}
                    </Badge>
                  ))}
                </Group>
              )}
            </Fact>
          </Facts>
        </Card>
      </SimpleGrid>
      <Card withBorder>
        <Title order={2} size="h5" mb="xs">
          Paths
        </Title>
        {container.paths.length === 0 ? (
          <Text c="dimmed" size="sm">
            None now: volumes come with the container.
          </Text>
        ) : (
          <div className="scroll-x" tabIndex={0} role="region" aria-label="Paths">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>In the container</Table.Th>
                  <Table.Th>On the host</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {container.paths.map((path) => (
                  <Table.Tr key={path.container}>
                    <Table.Td>
                      <Copy value={path.container} label="container path" />
                    </Table.Td>
                    <Table.Td>
                      <Copy value={path.host} label="host path" />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Card>
      <Charts botId={botId} running={status === 'running'} />
      {editing && <EditContainer container={container} onClose={() => setEditing(false)} />}
    </Stack>
  );
}

function Uptime({ since }: { since: string }) {
  return <>{duration(Math.max(0, useNow() - Date.parse(since)))}</>;
}
