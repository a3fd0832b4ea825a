import { Group, Text } from '@mantine/core';

interface Series {
  name: string;
  values: number[];
}

const [WIDTH, HEIGHT] = [600, 120];
const COLOURS = ['var(--mantine-primary-color-filled)', 'var(--mantine-color-orange-6)'];

/**
 * Lines over time. Own, since it is a few lines of SVG where a library of charts weighs more than the rest of the page.
 */
export function Chart({
  times,
  series,
  format,
  atLeast,
}: {
  /** Milliseconds since the epoch. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
  /** What the top stands for, where nothing is higher. */
  atLeast: number;
}) {
  const [from, to] = [times[0] ?? 0, times.at(-1) ?? 1];
  const top = Math.max(atLeast, ...series.flatMap(({ values }) => values));
  const x = (time: number): number => (to === from ? WIDTH : ((time - from) / (to - from)) * WIDTH);
  const y = (value: number): number => HEIGHT - (value / top) * (HEIGHT - 4) - 2;
  const line = (values: number[]): string =>
    values.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(times[i] ?? to).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const seconds = Math.round((to - from) / 1000);
  const words = series
    .map(({ name, values }) => `${name} now ${format(values.at(-1) ?? 0)}, at most ${format(Math.max(...values))}`)
    .join('; ');
  return (
    <div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        width="100%"
        height={HEIGHT}
        role="img"
        aria-label={words}
      >
        {[0.25, 0.5, 0.75].map((part) => (
          <line
            key={part}
            x1={0}
            x2={WIDTH}
            y1={HEIGHT * part}
            y2={HEIGHT * part}
            stroke="var(--line)"
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {series.map(({ name, values }, i) => (
          <path
            key={name}
            d={line(values)}
            fill="none"
            stroke={COLOURS[i]}
            strokeWidth={2}
            vectorEffect="non-scaling-stroke"
          />
        ))}
      </svg>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          top: {format(top)}
        </Text>
        {series.length > 1 && (
          <Group gap="sm">
            {series.map(({ name }, i) => (
              <Text key={name} size="xs">
                <span aria-hidden style={{ color: COLOURS[i] }}>
                  ▬
                </span>{' '}
                {name}
              </Text>
            ))}
          </Group>
        )}
        <Text size="xs" c="dimmed">
          {seconds < 120 ? `last ${seconds} s` : `last ${Math.round(seconds / 60)} min`}
        </Text>
      </Group>
    </div>
  );
}
