import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

/** What to look at before going on. Yellow words on yellow could not be read; these are as dark as all others. */
export function Warning({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <Alert color="yellow" title={title} role="alert" styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      {children}
    </Alert>
  );
}
