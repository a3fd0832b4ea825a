import { List, Modal, Progress, Stack, Text } from '@mantine/core';
import { WORDS } from '../bot/actions';
import { endedOf, type Outcome } from './bulk';

/** What became of each of many. Closed, it goes on all the same. */
export function BulkSummary({ outcome, onClose }: { outcome: Outcome; onClose: () => void }) {
  const { verb, total, succeeded, failed, skipped } = outcome;
  const ended = endedOf(outcome);
  const isDone = ended === total;
  return (
    <Modal
      opened
      onClose={onClose}
      title={`${WORDS[verb]}: ${ended} of ${total}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Progress
          aria-label="How many have ended"
          value={total === 0 ? 100 : (100 * ended) / total}
          animated={!isDone}
        />
        <Text size="sm" role="status">
          {isDone ? 'Done. ' : ''}
          {succeeded} succeeded, {failed.length} failed
          {skipped.length > 0 && `, ${skipped.length} left alone since it is not possible for them now`}.
          {!isDone && ' It goes on if this is closed; Operations shows the rest.'}
        </Text>
        {failed.length > 0 && (
          <List size="sm">
            {failed.slice(0, 50).map(({ botId, reason }) => (
              <List.Item key={botId}>
                <b>{botId}</b>: {reason}
              </List.Item>
            ))}
          </List>
        )}
      </Stack>
    </Modal>
  );
}
