import type { ApiKey } from '#client';
import { Badge, Button, Code, Group, Text, Tooltip } from '@mantine/core';
import { When, useNow } from '../ui/when';
import { SCOPES } from './scopes';

export function KeyRow({ apiKey, isOwn, onRevoke }: { apiKey: ApiKey; isOwn: boolean; onRevoke: () => void }) {
  const { id, name, scopes, createdAt, expiresAt, lastUsedAt } = apiKey;
  const now = useNow();
  const hasExpired = expiresAt !== null && Date.parse(expiresAt) <= now;
  return (
    <li data-key={id}>
      <Group gap={6}>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        {isOwn && (
          <Badge variant="default" tt="none">
            yours
          </Badge>
        )}
      </Group>
      <Group gap={4} className="row-wide">
        {scopes.map((scope) => (
          <Tooltip key={scope} label={SCOPES[scope]}>
            <Code>{scope}</Code>
          </Tooltip>
        ))}
      </Group>
      <div>
        <span className="quiet">made </span>
        <When at={createdAt} />
      </div>
      <div>
        {lastUsedAt ? (
          <>
            <span className="quiet">used </span>
            <When at={lastUsedAt} />
          </>
        ) : (
          <span className="quiet">never used</span>
        )}
      </div>
      <div>
        {expiresAt === null ? (
          <span className="quiet">does not expire</span>
        ) : (
          <Tooltip label={new Date(expiresAt).toLocaleString()}>
            <time dateTime={expiresAt}>
              {hasExpired ? 'expired' : 'until'} {new Date(expiresAt).toLocaleDateString()}
            </time>
          </Tooltip>
        )}
      </div>
      <div className="row-act">
        <Button size="compact-sm" variant="default" aria-label={`Revoke ${name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </div>
    </li>
  );
}
