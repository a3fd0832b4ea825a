import type { Container } from '#client';
import { Button, Group, List, Modal, Paper, Progress, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { canDo, send, WORDS, type Verb } from '../bot/actions';
import { useSession } from '../session/session';
import { Confirm } from '../ui/confirm';
import { told } from '../ui/problem';

const WIDTH = 4;
type BulkVerb = Extract<Verb, 'start' | 'stop' | 'delete'>;
interface Outcome {
  verb: BulkVerb;
  total: number;
  succeeded: number;
  skipped: string[];
  failed: { botId: string; reason: string }[];
}

/** One command for many bots, and what became of each. */
export function BulkBar({ bots, onDone }: { bots: Container[]; onDone: () => void }) {
  const { client } = useSession();
  const [asking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [done, setDone] = useState(true);

  const run = async (verb: BulkVerb): Promise<void> => {
    const able = bots.filter((bot) => canDo(bot, verb));
    const result: Outcome = {
      verb,
      total: able.length,
      succeeded: 0,
      skipped: bots.filter((bot) => !canDo(bot, verb)).map(({ botId }) => botId),
      failed: [],
    };
    setDone(false);
    setOutcome(result);
    const queue = able.values();
    await Promise.all(
      Array.from({ length: WIDTH }, async () => {
        for (const { botId } of queue) {
          try {
            await client.operations.wait(await send(client, botId, verb));
            result.succeeded += 1;
          } catch (error) {
            result.failed.push({ botId, reason: told(error).detail });
          }
          setOutcome({ ...result });
        }
      }),
    );
    setDone(true);
  };
  const able = (verb: BulkVerb): number => bots.filter((bot) => canDo(bot, verb)).length;
  return (
    <Paper withBorder p="xs" role="region" aria-label="Picked bots">
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {bots.length} picked
        </Text>
        <Button size="compact-sm" disabled={able('start') === 0} onClick={() => void run('start')}>
          Start
        </Button>
        <Button size="compact-sm" variant="default" disabled={able('stop') === 0} onClick={() => void run('stop')}>
          Stop
        </Button>
        <Button size="compact-sm" color="red" disabled={able('delete') === 0} onClick={() => setAsking(true)}>
          Delete
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={onDone}>
          Pick none
        </Button>
      </Group>
      {asking && (
        <Confirm
          title={`Delete the containers of ${able('delete')} bots?`}
          action={`Delete ${able('delete')} containers`}
          typed={able('delete') > 1 ? 'delete' : null}
          onConfirm={async () => void run('delete')}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">
            What was installed or changed outside of their volumes is lost, unless snapshots hold it. Their snapshots
            and what is in /data stay.
          </Text>
        </Confirm>
      )}
      {outcome && (
        <Modal
          opened
          onClose={() => {
            setOutcome(null);
            if (done) onDone();
          }}
          title={`${WORDS[outcome.verb]}: ${outcome.succeeded + outcome.failed.length} of ${outcome.total}`}
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <Stack>
            <Progress
              aria-label="How many have ended"
              value={outcome.total === 0 ? 100 : (100 * (outcome.succeeded + outcome.failed.length)) / outcome.total}
              animated={!done}
            />
            <Text size="sm" role="status">
              {done ? 'Done. ' : ''}
              {outcome.succeeded} succeeded, {outcome.failed.length} failed
              {outcome.skipped.length > 0 &&
                `, ${outcome.skipped.length} left alone since it is not possible for them now`}
              .
            </Text>
            {outcome.failed.length > 0 && (
              <List size="sm">
                {outcome.failed.slice(0, 50).map(({ botId, reason }) => (
                  <List.Item key={botId}>
                    <b>{botId}</b>: {reason}
                  </List.Item>
                ))}
              </List>
            )}
          </Stack>
        </Modal>
      )}
    </Paper>
  );
}
