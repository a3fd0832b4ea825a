import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './console.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SessionGate } from './session/session-gate';
import { Shell } from './shell/shell';
import { resolver, theme } from './theme';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no place for the console');

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <SessionGate>
        <Shell />
      </SessionGate>
    </MantineProvider>
  </StrictMode>,
);
