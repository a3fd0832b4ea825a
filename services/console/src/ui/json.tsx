import { Code } from '@mantine/core';

/** Data as it is, to be read and copied. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <Code block className="json" tabIndex={0} role="region" aria-label={label}>
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}
