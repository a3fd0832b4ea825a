import type { Operation } from '#client';
import { Anchor } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import { kindOf, sentence } from '../ui/format';
import { StatusBadge } from '../ui/status';
import { When } from '../ui/when';
import { CancelOperation } from './cancel-operation';
import { Outcome } from './outcome';

export const OperationRow = memo(function OperationRow({ operation, href }: { operation: Operation; href: string }) {
  const { id, kind, botId, status, requestedBy, createdAt } = operation;
  return (
    <li data-operation={id}>
      <div>
        <StatusBadge status={status} busy={status === 'running'} />
      </div>
      <div>
        <Anchor component={Link} href={href} size="sm" fw={600}>
          {sentence(kindOf(kind))}
        </Anchor>
      </div>
      <div>
        <Anchor component={Link} href={`/bots/${encodeURIComponent(botId)}`} size="sm">
          {botId}
        </Anchor>
      </div>
      <div className="row-wide">
        <Outcome operation={operation} />
      </div>
      <div className="one-line quiet" title={requestedBy.name}>
        {requestedBy.name}
      </div>
      <div>
        <When at={createdAt} />
      </div>
      <div className="row-act">
        <CancelOperation operation={operation} compact />
      </div>
    </li>
  );
});
