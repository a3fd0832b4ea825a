import type { Operation } from '#client';
import { Alert, Anchor, Drawer, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import { OperationProgress } from '../bot/operation-progress';
import { Copy } from '../ui/copy';
import { Fact, Facts } from '../ui/facts';
import { duration, kindOf, sentence } from '../ui/format';
import { Json } from '../ui/json';
import { Loaded } from '../ui/loading';
import { adviceFor } from '../ui/problem';
import { StatusBadge } from '../ui/status';
import { When } from '../ui/when';
import { CancelOperation } from './cancel-operation';
import { requester } from './requester';
import { useOperation } from './use-operations';

/** All that is known of one operation. */
export function OperationDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useOperation(id);
  const { data } = query;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={data ? `${sentence(kindOf(data.kind))} of ${data.botId}` : 'Operation'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Loaded query={query}>{(operation) => <Known operation={operation} />}</Loaded>
    </Drawer>
  );
}

function Known({ operation }: { operation: Operation }) {
  const { id, botId, status, error, attempt, noop, position, params, result } = operation;
  const { createdAt, startedAt, finishedAt } = operation;
  const { reason } = params;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <StatusBadge status={status} busy={status === 'running'} />
        {status === 'queued' && <CancelOperation operation={operation} />}
      </Group>
      {status === 'running' && <OperationProgress operation={operation} />}
      {error && <Failure error={error} isOver={finishedAt !== null} />}
      {noop && <Text size="sm">Nothing was done: what was asked for held already.</Text>}
      <Facts>
        <Fact name="Bot">
          <Anchor component={Link} href={`/bots/${encodeURIComponent(botId)}`} size="sm">
            {botId}
          </Anchor>
        </Fact>
        <Fact name="Asked for by">{requester(operation.requestedBy)}</Fact>
        {typeof reason === 'string' && <Fact name="Reason">{reason}</Fact>}
        {status === 'queued' && <Fact name="Before it">{position === 0 ? 'none' : position}</Fact>}
        <Fact name="Attempts">{attempt}</Fact>
        <Fact name="Asked for">
          <When at={createdAt} />
          {startedAt && (
            <span className="quiet">
              , waited {duration(Math.max(0, Date.parse(startedAt) - Date.parse(createdAt)))}
            </span>
          )}
        </Fact>
        <Fact name="Started">{startedAt ? <When at={startedAt} /> : '–'}</Fact>
        <Fact name="Ended">
          {finishedAt ? <When at={finishedAt} /> : '–'}
          {startedAt && finishedAt && (
            <span className="quiet">
              , took {duration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)))}
            </span>
          )}
        </Fact>
        <Fact name="Operation ID">
          <Copy value={id} label="operation ID" />
        </Fact>
      </Facts>
      <Data title="What was asked for" value={params} />
      {result && <Data title="Result" value={result} />}
    </Stack>
  );
}

function Failure({ error, isOver }: { error: NonNullable<Operation['error']>; isOver: boolean }) {
  const { code, message, retryable } = error;
  const advice = adviceFor(code);
  return (
    <Alert
      color={code === 'cancelled' ? 'gray' : isOver ? 'red' : 'orange'}
      title={isOver ? sentence(code.replaceAll('_', ' ')) : 'The last attempt failed; it is tried again'}
    >
      <Text size="sm">{message}</Text>
      {advice && <Text size="sm">{advice}</Text>}
      {isOver && !advice && retryable && <Text size="sm">The same may succeed if it is asked for again.</Text>}
    </Alert>
  );
}

function Data({ title, value }: { title: string; value: Record<string, unknown> }) {
  if (Object.keys(value).length === 0) return null;
  return (
    <div>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      <Json value={value} label={title} />
    </div>
  );
}
