import { Center, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** Where there is nothing yet: what would be here, and how it comes to be. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <Center py="xl">
      <Stack align="center" gap="xs" maw={480} w="100%" ta="center" style={{ overflowWrap: 'anywhere' }}>
        <Title order={3} size="h4">
          {title}
        </Title>
        <Text c="dimmed">{children}</Text>
        {action}
      </Stack>
    </Center>
  );
}
