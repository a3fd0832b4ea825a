import type { BotEvent } from '#client';
import { Anchor, Text } from '@mantine/core';
import { IconActivity, IconBox, IconCamera, IconListCheck, type IconProps } from '@tabler/icons-react';
import { memo, type ComponentType } from 'react';
import { Link } from 'wouter';
import { requester } from '../../operations/requester';
import { adviceFor } from '../../ui/problem';
import { When } from '../../ui/when';
import { wordsOf, type Words } from './words';

const ICONS: Record<string, ComponentType<IconProps>> = {
  operation: IconActivity,
  container: IconBox,
  snapshot: IconCamera,
  task: IconListCheck,
};
const COLOURS: Record<Words['tone'], string> = {
  good: 'var(--mantine-color-teal-6)',
  bad: 'var(--mantine-color-red-6)',
  plain: 'var(--mantine-color-dimmed)',
  quiet: 'var(--mantine-color-dimmed)',
};

export const ActivityRow = memo(function ActivityRow({ event }: { event: BotEvent }) {
  const { botId, version, type, at, data } = event;
  const { title, detail, tone } = wordsOf(event);
  const [about = ''] = type.split('.');
  const Icon = ICONS[about] ?? IconActivity;
  const { operation, task } = data;
  const href = task
    ? `/bots/${encodeURIComponent(botId)}/tasks?task=${task.id}`
    : operation
      ? `/operations/${operation.id}`
      : null;
  const advice = type === 'operation.failed' && operation?.error ? adviceFor(operation.error.code) : null;
  return (
    <li data-event={type} data-version={version}>
      <Icon size={18} color={COLOURS[tone]} aria-hidden />
      <div>
        {href ? (
          <Anchor component={Link} href={href} size="sm" fw={tone === 'quiet' ? 400 : 600}>
            {title}
          </Anchor>
        ) : (
          <Text component="span" size="sm" fw={600}>
            {title}
          </Text>
        )}
        {operation && (
          <Text component="span" size="sm" c="dimmed">
            {' '}
            by {requester(operation.requestedBy)}
          </Text>
        )}
        {(detail ?? advice) && (
          <Text size="sm" c={tone === 'bad' ? undefined : 'dimmed'}>
            {[detail, advice].filter(Boolean).join(' ')}
          </Text>
        )}
      </div>
      <Text size="sm" c="dimmed" component="div">
        <When at={at} />
      </Text>
    </li>
  );
});
