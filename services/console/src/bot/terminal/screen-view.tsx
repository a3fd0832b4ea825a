import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { Shell } from './shell';

/** Puts a terminal's screen on the page, as large as there is room, and begins it when it is there. */
export function ScreenView({ shell, forReader, onLeave }: { shell: Shell; forReader: boolean; onLeave: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const { screen } = shell;
  useLayoutEffect(() => screen.paint(scheme, forReader), [screen, scheme, forReader]);
  useEffect(() => {
    screen.onLeave = onLeave;
  }, [screen, onLeave]);
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    screen.attach(place);
    shell.start();
    screen.focus();
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => screen.fit());
    });
    observer.observe(place);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      screen.detach();
    };
  }, [screen, shell]);
  return <div ref={box} className="screen" data-scheme={scheme} role="group" aria-label={shell.name} />;
}
